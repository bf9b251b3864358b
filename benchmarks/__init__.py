"""Benchmarks: `python -m benchmarks NAME`. Each reports ratios from one interleaved run."""
