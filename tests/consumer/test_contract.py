"""The suite as a team inherits it, in runs of pytest of its own, with the text that is read."""

import pytest

from tests.consumer.conftest import DELETES, Run


def test_a_right_client_is_green_and_what_is_not_due_is_said(run: Run) -> None:
    result = run("-k", "upload. or business or flow or auth or what", "-rs")
    result.assert_outcomes(passed=47, skipped=6)
    result.stdout.fnmatch_lines(
        [
            "upload 22/22  auth 6/6 (3 not due)  business 18/18",
            "not due           auth.* (3)           authenticate() is not defined",
            "not due           flow.* (3)           attach() is not defined",
        ]
    )


def test_a_failure_handed_on_says_what_production_does(run: Run) -> None:
    result = run("-k", "positive-id or id-zero", before=DELETES, client="Careless")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "business.positive-id   must   a failure was handed on as blob id 4711",
            "   played     HTTP 200, Succeeded false, Response 4711 (SoSentryException)",
            "   expected   the client tells its caller that the upload failed; got blob id",
            "              4711",
            "   production ChangePersonImage(4711) shows another person's photo",
            "   try        test that Succeeded is true before you read Response",
            "business.id-zero   must   a failure was handed on as 0",
            "   production ChangePersonImage(0) deletes the picture of the person",
        ]
    )


@pytest.mark.parametrize(
    ("save", "why"),
    [
        ("1", "an id was returned, and no request came"),
        ("None", "no request came: the client returned something that is no blob id"),
        ("__import__('time').sleep(9)", "no request came: the call did not end"),
    ],
)
def test_a_client_that_does_nothing_passes_nothing(run: Run, save: str, why: str) -> None:
    result = run("-k", "business or description.none or image.empty", save=save)
    assert result.parseoutcomes().keys() - {"warnings"} == {"failed", "deselected"}
    result.stdout.fnmatch_lines([f"not run: the plain upload does not work: {why}"])


def test_what_is_expected_to_fail_has_to(run: Run) -> None:
    more = 'expected_failures = {"business.id-zero": "JIRA-1", "upload.plain": "JIRA-2"}'
    result = run("-k", "id-zero or plain", "-rx", more=more, before=DELETES, client="Careless")
    result.assert_outcomes(failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*it was expected to fail (JIRA-2), and passed*", "XFAIL *JIRA-1"])


def test_what_is_deselected_is_not_played(run: Run) -> None:
    more = 'deselected = {"answer.utf1*": "our gateway re-encodes"}'
    result = run("-k", "answer.utf16 or answer.bom", "-rs", more=more)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * deselected: our gateway re-encodes"])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            'deselected = {"answer.utf17": "x"}',
            "*no scenario 'answer.utf17'; did you mean 'answer.utf16'?",
        ),
        ('deselected = {"answer.utf16": " "}', "*'answer.utf16' needs a reason"),
        (
            'deselected = {"flow.zero-never-attached": "x"}',
            "*is never due: attach() is not defined",
        ),
        ("def test_scenario(self): pass", "*overrides test_scenario of the kit*"),
        ("failures = (3,)", "*failures must be exception classes, not 3"),
    ],
)
def test_the_guard(run: Run, more: str, says: str) -> None:
    result = run("-k", "what_the_team_says", more=more)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([says])


def test_a_coroutine_is_awaited(run: Run) -> None:
    asynchronous = """
import asyncio
async def save(uploader, call):
    await asyncio.sleep(0)
    return uploader.save(call)
"""
    result = run("-k", "plain or positive-id", save="save(uploader, call)", before=asynchronous)
    result.assert_outcomes(passed=2)


CLOSES = """
import asyncio
LOOPS = []
class Closes(Uploader):
    def save(self, call):
        self.loop = asyncio.get_running_loop()
        return super().save(call)
    async def aclose(self):
        assert asyncio.get_running_loop() is self.loop
        LOOPS.append(self.loop)
async def save(uploader, call):
    return uploader.save(call)
"""


def test_close_ends_a_client_in_the_loop_of_its_calls(run: Run) -> None:
    more = "async def close(self, uploader): await uploader.aclose()"
    more += "\n    def test_zz(self): assert len({id(one) for one in LOOPS}) == len(LOOPS) == 2"
    result = run(
        *("-k", "upload.plain or business.no-rights or zz"),
        more=more,
        before=CLOSES,
        client="Closes",
        save="save(uploader, call)",
    )
    result.assert_outcomes(passed=3)


def test_a_close_that_goes_wrong_fails_a_scenario_that_passed(run: Run) -> None:
    result = run("-k", "upload.plain", more="def close(self, uploader): 1 / 0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "upload.plain   must   close() of the test class went wrong",
            "*got a*",
            "   try        let close() end the client, whatever state it is in",
        ]
    )
