"""Measurements: `python -m benchmarks NAME`. Ratios from one interleaved run; never a timed test."""
