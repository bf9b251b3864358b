"""What a red scenario says: what is wrong, what production does, what to change; 80 columns."""

import pytest

from pytest_soblob.consumer import Result
from pytest_soblob.consumer.report import summarize
from pytest_soblob.consumer.runner import Runner
from pytest_soblob.consumer.scenarios import GATE, find_scenario
from tests.consumer.bugs import Bug
from tests.consumer.bugs_of_use import ALL_BUGS
from tests.consumer.test_bugs import consumer

SOME = [bug for bug in ALL_BUGS if not find_scenario(bug.own).waits][::6]


def own(bug: Bug) -> Result:
    return Runner(consumer(bug.client()), GATE).run(find_scenario(bug.own))


@pytest.mark.parametrize("bug", SOME, ids=lambda bug: bug.name)
def test_a_report_fits_80_columns(bug: Bug) -> None:
    text = summarize([own(bug)], again='pytest -k "TestUploader and {}"')
    long = [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()]
    assert long == []
    for label in ("played", "expected", "production", "try", "source", "again"):
        assert f"\n   {label:<11}" in text


@pytest.mark.parametrize(
    ("name", "reason", "production", "advice"),
    [
        (
            "no SOAPAction",
            "the server declined a request that breaks the contract: http.soap-action-missing",
            "nothing can be uploaded",
            "`soblob rules http.soap-action-missing` explains the rule",
        ),
        (
            "returns None",
            "the client returned something that is no blob id",
            "the caller stores no id, and nobody finds the image again",
            "return the number that stands in Response, as an integer",
        ),
        (
            "crash on a nil Response",
            "the client crashed instead of reporting the failure",
            "the caller gets an error that it does not catch, and the job stops",
            "treat a nil Response as a failure",
        ),
        (
            "comments cut the text",
            "the id 74565 was read as 74",
            "ChangePersonImage(74) shows another picture",
            "read the answer with an XML parser, not by a pattern",
        ),
        (
            "control characters sent",
            "a request was sent for a call that the client had to refuse",
            "the server answers 400, and the log does not say why",
            "check the text for characters below U+0020 before you build the request",
        ),
        (
            "strip",
            "the description arrived altered: it looks like strip(): white space at both ends is "
            "gone",
            "people read a text that nobody wrote",
            "hand the text as it is to an XML library, and let it escape",
        ),
    ],
)
def test_a_bug_is_told_in_these_words(name: str, reason: str, production: str, advice: str) -> None:
    (bug,) = (one for one in ALL_BUGS if one.name == name)
    result = own(bug)
    assert (result.reason, result.production, result.advice) == (reason, production, advice)
