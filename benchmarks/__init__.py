"""Measurements: `python -m benchmarks NAME`. Ratios from one interleaved run, no timed test."""
