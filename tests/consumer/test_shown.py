"""What a run prints of a client that shows its credentials, or writes for a terminal."""

import pytest

from tests.consumer.conftest import Run

TICKET = "c29ibG9iQ29uc3VtZXJUaWNrZXQ"
WARNS = """
import warnings
class Warns(Uploader):
    def build(self, call):
        warnings.warn(f"no cache for {self.ticket} of {self.token()}")
        return super().build(call)
"""


@pytest.mark.parametrize(
    "workers", [(), pytest.param(("-n", "1"), marks=pytest.mark.slow)], ids=["here", "xdist"]
)
def test_warnings_of_a_client_are_listed_without_secrets(run: Run, workers: tuple[str]) -> None:
    names = "upload.plain or token-sent"
    result = run("-k", names, *workers, "-W", "default", before=WARNS, client="Warns")
    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(["*UserWarning: no cache for 7T:c2…*"])
    assert TICKET not in result.stdout.str()
    assert "consumer-application-token" not in result.stdout.str()


ESCAPES = """
class Odd:
    def __repr__(self):
        return "\\x1b[2J\\x1b]0;title\\x07" + "\\u202e" + "x" * 10000
class Fails(Uploader):
    def save(self, call):
        super().save(call)
        return Odd()
"""


def test_what_acts_on_a_terminal_is_escaped(run: Run) -> None:
    result = run("-k", "upload.plain", before=ESCAPES, client="Fails")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert r"\x1b[2J\x1b]0;title\x07\u202exxx" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "x" * 300 not in text


RAISES = """
class Raises(Uploader):
    def build(self, call):
        raise UploadFailed("x" * 180 + self.ticket + self.ticket)
"""


@pytest.mark.parametrize(
    "before", [RAISES, RAISES.replace("180", "185"), RAISES.replace("180", "170")]
)
def test_half_a_ticket_at_the_end_of_a_text_is_not_shown(run: Run, before: str) -> None:
    result = run("-k", "upload.plain", before=before, client="Raises")
    result.assert_outcomes(failed=1)
    assert TICKET[6:12] not in result.stdout.str()


def test_a_scenario_that_is_not_run_says_what_the_plain_upload_did(run: Run) -> None:
    result = run("-k", "business.no-rights", save="1 / 0")
    result.assert_outcomes(failed=1)
    crash = "got        a crash (ZeroDivisionError: division by zero, in test_uploader.py,"
    result.stdout.fnmatch_lines(
        [
            "not run: the plain upload does not work: no request came: the client crashed before*",
            f"   {crash}",
            "NOT RUN 1 scenarios: *",
            f"   {crash}",
        ]
    )


def test_what_the_plain_upload_did_is_summed_up_once(run: Run) -> None:
    result = run("-k", "business.no-rights or upload.plain", save="1 / 0")
    summary = result.stdout.str().partition("soblob: consumer contract")[2]
    assert " ".join(summary.split()).count("ZeroDivisionError") == 1
