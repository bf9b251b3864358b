"""The fixture `soblob_provider`, and its class `Provider`."""

import re
from pathlib import Path

import pytest

from pytest_soblob import BlobLinkType, ContractViolationError, Provider, SoblobError
from pytest_soblob.conformance.providers import Credentials, Options
from pytest_soblob.conformance.providers.pacing import Pace
from tests.conformance.providers import TICKET, Right, served

SUITE = """
    import pytest
    from pytest_soblob import ImageBytes

    def test_reads(soblob_provider):
        report = soblob_provider.verify(only=("refusal.no-*",))
        assert report.is_clean, report.to_text()

    def test_writes(soblob_provider):
        image = ImageBytes(format="GIF", width=3)
        blob_id = soblob_provider.upload(image, type="ProjectImage", description="of a test")
        assert soblob_provider.get_blob(blob_id) == image
"""
FAST = Options(rate=1e9, allow_writes=True, run_id="r1")


def test_without_a_url_it_is_a_skip(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*--soblob-url is not given*"])


def test_a_suite_verifies_and_uploads(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(SUITE)
    monkeypatch.setenv("SOBLOB_TICKET", TICKET)
    right = Right()
    with served(right) as url:
        result = pytester.runpytest_inprocess(f"--soblob-url={url}")
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(["*uploads are not allowed: *--soblob-allow-writes=yes*"])
        assert right.saves == 0
        given = (f"--soblob-url={url}", "--soblob-allow-writes=yes")
        pytester.runpytest_inprocess(*given).assert_outcomes(passed=2)
    assert right.saves == 1
    (text,) = right.descriptions.values()
    assert text.startswith("soblob-verify-")
    assert text.endswith(" of a test")


def test_a_wrong_value_is_misuse(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--soblob-allow-writes=maybe")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--soblob-allow-writes must be yes or no, not 'maybe'*"])


def test_a_provider_says_why_an_upload_fails() -> None:
    with served(Right()) as url:
        provider = Provider(url, Credentials(ticket="7T:wrongTicket=="), FAST)
        with pytest.raises(ContractViolationError, match="SoSessionException: log in") as raised:
            provider.upload()
        assert "wrongTicket" not in str(raised.value)
        with pytest.raises(ContractViolationError, match="blob 7 cannot be read"):
            provider.get_blob(7)


def test_a_provider_keeps_ids_and_limits() -> None:
    right = Right()
    with served(right) as url:
        options = Options(rate=1e9, allow_writes=True, max_uploads=2)
        provider = Provider(url, Credentials(ticket=TICKET), options)
        first = provider.upload(type=BlobLinkType.ProductImage)
        second = provider.upload()
        assert provider.blob_ids == (first, second)
        with pytest.raises(SoblobError, match="all 2 uploads are spent"):
            provider.upload()
    assert (right.saves, provider.url, provider.credentials.ticket) == (2, url, TICKET)
    assert len(set(right.images.values())) == 2


def test_arguments_are_checked() -> None:
    provider = Provider("http://127.0.0.1:1/BLOB.svc", Credentials(ticket=TICKET), FAST)
    with pytest.raises(SoblobError, match="image must be bytes, not a str"):
        provider.upload("text")  # type: ignore[arg-type]
    with pytest.raises(SoblobError, match="there is no type 'Portrait'"):
        provider.upload(type="Portrait")
    with pytest.raises(SoblobError, match="blob_id must be an int, not 'x'"):
        provider.get_blob("x")  # type: ignore[arg-type]
    with pytest.raises(SoblobError, match="must be an http or https URL"):
        Provider("BLOB.svc")
    assert TICKET not in repr(provider) + repr(provider.credentials)


def test_the_suite_of_the_documents_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (block,) = (one for one in blocks if "soblob_provider" in one)
    pytester.makepyfile(block)
    monkeypatch.setenv("SOBLOB_TICKET", TICKET)
    monkeypatch.setattr(Pace, "wait", lambda self: None)
    with served(Right()) as url:
        pytester.makeini(f"[pytest]\nsoblob_url = {url}\nsoblob_allow_writes = yes\n")
        pytester.runpytest_inprocess().assert_outcomes(passed=2)
