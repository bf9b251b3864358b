"""Verification of a running provider: probes, what they find, and a report.

`verify_provider` sends the probes; it stores nothing unless writes are allowed.
"""

from pytest_soblob.conformance.providers.report import Report
from pytest_soblob.conformance.providers.values import Credentials, Finding, Options
from pytest_soblob.conformance.providers.verifying import verify_provider

__all__ = ["Credentials", "Finding", "Options", "Report", "verify_provider"]
