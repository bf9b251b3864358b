"""Each example as somebody who has copied it runs it; the careless one is red as expected."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.example_counts import NIGHTLY, untraced

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(pytester: pytest.Pytester, name: str, *options: str) -> pytest.RunResult:
    shutil.copytree(EXAMPLES / name, pytester.path / name)
    folder = pytester.path / name
    return pytester.runpytest_subprocess(
        "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", *options, folder
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("zeep_uploader", 6),
        ("requests_uploader", 9),
        ("session_uploader", 4),
        ("property_tests", 1),
        ("stateful_sessions", 3),
    ],
)
def test_example_is_green(pytester: pytest.Pytester, name: str, passed: int) -> None:
    run(pytester, name).assert_outcomes(passed=passed)


@pytest.mark.slow
def test_the_careless_session_is_caught(pytester: pytest.Pytester) -> None:
    result = run(pytester, "careless_uploader", "-k", "session")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*test_an_expired_ticket_is_used_on*",
            "*1. flow.ticket-used-after-expiry*ns:Credentials*",
            "*the ticket was reported as expired, but is still used",
            "*change    authenticate again when a call fails with SoSessionException, and use*",
            "*test_what_is_refused_is_sent_again_and_again*",
            "*1. flow.retried-twice*",
            "*the same image and description have failed 2 times*",
            "*test_what_is_stored_already_is_sent_again*",
            "*Left contains one more item: <Blob 70001: PersonImage, *",
            "*1 x warning flow.retry-after-unknown-outcome: An image was sent again while*",
        ]
    )


@pytest.mark.slow
def test_the_careless_example_is_red_for_the_right_reason(pytester: pytest.Pytester) -> None:
    result = run(pytester, "careless_uploader", "-k", "not session")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*test_blob_id_0_after_a_failed_save*",
            "*1. flow.no-blob-id-after-failed-save*ns:BlobId*",
            "*the client called ChangePersonImage with blob id 0 after SaveImageStream had failed*",
            "*real server this removes the picture of person 42",
            "*change    use Response as a blob id only if the status is 200*",
            "*test_no_blob_id_after_a_failed_save*",
            "*1. flow.no-blob-id-after-failed-save*",
            "*client called ChangePersonImage with no blob id after SaveImageStream had failed*",
            "*real server this removes the picture of person 42",
            "FAILED *::test_blob_id_0_after_a_failed_save*",
            "FAILED *::test_no_blob_id_after_a_failed_save*",
        ]
    )


@pytest.mark.slow
def test_the_example_with_dask_is_green(pytester: pytest.Pytester) -> None:
    # Looked for, not imported: pytester forgets it again, and importlib.metadata with it.
    if find_spec("distributed") is None:
        pytest.skip("needs the extra: pytest-soblob[dask]")
    run(pytester, "archive_with_dask").assert_outcomes(passed=4)


@pytest.mark.slow
def test_the_example_with_dask_skips_without_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(sitecustomize="import sys; sys.modules['dask'] = None")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    result = run(pytester, "archive_with_dask", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs dask: pip install 'pytest-soblob?dask?'*"])


def test_every_example_is_here() -> None:
    folders = {file.name for file in EXAMPLES.iterdir() if (file / "pyproject.toml").exists()}
    assert folders == {
        "zeep_uploader", "requests_uploader", "careless_uploader", "property_tests",
        "archive_with_dask", "session_uploader", "stateful_sessions", "consumers",
    }  # fmt: skip


# Most of their time is spent in subprocesses and in waits.
@untraced
@pytest.mark.slow
@pytest.mark.parametrize("name", ["TestRequests", "TestHttpx", "TestZeep", "TestSuds"])
def test_a_consumer_is_green_in_all_scenarios(pytester: pytest.Pytester, name: str) -> None:
    outcomes = run(pytester, "consumers", "-k", name).parseoutcomes()
    assert not {"failed", "errors"} & set(outcomes), outcomes
    assert outcomes["passed"] > 170


AT_NIGHT = pytest.mark.skipif(not NIGHTLY, reason="190 JVMs: SOBLOB_NIGHTLY=1")


@untraced
@pytest.mark.slow
@pytest.mark.parametrize("name", ["shell", "php", pytest.param("java", marks=AT_NIGHT), "node"])
def test_a_consumer_in_another_language_is_green_or_skipped(
    pytester: pytest.Pytester, name: str
) -> None:
    outcomes = run(pytester, "consumers", "-k", f"test_{name}").parseoutcomes()
    assert not {"failed", "errors"} & set(outcomes), outcomes
    assert outcomes.get("passed", 0) + outcomes.get("skipped", 0) == 1
