"""The public names are those that downstream suites depend on; each loads, and none more."""

import subprocess
import sys

import pytest

import pytest_soblob
from pytest_soblob import strategies

PUBLIC = """
    BlobLinkType Profile Installation SaveImageStreamRequest SaveImageStreamResponse Fault
    ExceptionInfo TimeZone Violation Rule Severity HttpRequest HttpResponse Exchange Blob ImageBytes
    SoblobSettings EnvelopeValidator ContractViolationError SoblobError assert_valid_request
    assert_valid_response assert_saved StubEndpoint
    Account Right WcfHost ExpectedCall Limits
"""
STRATEGIES = """
    images descriptions blob_link_types tickets requests request_envelopes malformed_requests
    responses response_envelopes malformed_responses
"""


def test_all_names_the_public_names() -> None:
    assert set(pytest_soblob.__all__) == set(PUBLIC.split())


def test_strategies_names_the_strategies() -> None:
    assert set(strategies.__all__) == set(STRATEGIES.split())


@pytest.mark.parametrize("name", PUBLIC.split())
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    value = getattr(pytest_soblob, name)
    assert value.__doc__
    assert name in dir(pytest_soblob)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="SaveImage"):
        _ = pytest_soblob.SaveImage


def test_importing_the_package_imports_nothing_that_is_not_ours() -> None:
    code = (
        "import sys; before = set(sys.modules); import pytest_soblob;"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('pytest_soblob')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = result.stdout.strip()
    for heavy in ("lxml", "xmlschema", "zeep", "hypothesis", "PIL", "click", "http.server"):
        assert heavy not in loaded
