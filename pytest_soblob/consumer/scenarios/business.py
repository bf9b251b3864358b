"""Business failures: HTTP 200, and a response that says that nothing was done."""

from collections.abc import Callable
from functools import partial
from typing import Final

from pytest_soblob.consumer.answers import envelope, respond
from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.stage import Stage
from pytest_soblob.soap.messages import ExceptionInfo
from pytest_soblob.stub.failures import FAILURES

_SOURCE: Final = "[page], [wsdl]: Succeeded and ExceptionInfo are the only sign of a failure"
_ID: Final = 4711
_INFO: Final = ExceptionInfo(
    message="The call failed, as the scenario has it.",
    friendly_text="The call failed.",
    exception_type="SuperOffice.Exceptions.SoSentryException",
)
_FAILED: Final = "<n:Succeeded>false</n:Succeeded>"
_NIL_INFO: Final = '<n:ExceptionInfo xsi:nil="true"/>'
_ZERO: Final = "<n:Response>0</n:Response>"
_DONE: Final = "<n:Succeeded>true</n:Succeeded>"


def _named(name: str, stage: Stage) -> None:
    stage.endpoint.fail(name, times=None)
    stage.failed()


def _positive_id(stage: Stage) -> None:
    stage.endpoint.reply(blob_id=_ID, exception_info=_INFO, times=None)
    stage.failed()


def _answered(blocks: str, body: str, stage: Stage) -> None:
    text = envelope(stage.profile, blocks=blocks, body=body)
    stage.endpoint.reply(response=respond(stage.profile, text), times=None)
    stage.failed()


def _scenario(
    name: str, play: Callable[[Stage], None], played: str, production: str, advice: str
) -> Scenario:
    return Scenario(
        id=f"business.{name}",
        play=play,
        played=played,
        expected="the client tells its caller that the upload failed",
        production=production,
        advice=advice,
        source=_SOURCE,
    )


_DELETES: Final = "ChangePersonImage(0) deletes the picture of the person"
_TEST: Final = "test that Succeeded is true before you read Response"

SCENARIOS: Final = (
    *(
        _scenario(
            failure.name,
            partial(_named, failure.name),
            f"HTTP 200, Succeeded false, Response 0: {failure.sentence}",
            _DELETES,
            _TEST,
        )
        for failure in FAILURES.values()
        if failure.group == "business" and failure.suits("SaveImageStream")
    ),
    _scenario(
        "no-exception-info",
        partial(_answered, _FAILED, _ZERO),
        "HTTP 200, Succeeded false, Response 0, no ExceptionInfo",
        _DELETES,
        "test Succeeded, not ExceptionInfo",
    ),
    _scenario(
        "nil-exception-info",
        partial(_answered, _NIL_INFO + _FAILED, _ZERO),
        "HTTP 200, Succeeded false, Response 0, ExceptionInfo nil",
        _DELETES,
        "test Succeeded, not ExceptionInfo",
    ),
    _scenario(
        "no-header",
        partial(_answered, "", _ZERO),
        "HTTP 200, no response header block, Response 0",
        _DELETES,
        "take an id of 0 or less for a failure",
    ),
    _scenario(
        "positive-id",
        _positive_id,
        f"HTTP 200, Succeeded false, Response {_ID} (SoSentryException)",
        f"ChangePersonImage({_ID}) shows another person's photo",
        _TEST,
    ),
    _scenario(
        "id-zero",
        partial(_answered, _DONE, _ZERO),
        "HTTP 200, Succeeded true, Response 0",
        _DELETES,
        "take an id of 0 or less for a failure",
    ),
    _scenario(
        "id-negative",
        partial(_answered, _DONE, "<n:Response>-1</n:Response>"),
        "HTTP 200, Succeeded true, Response -1",
        "ChangePersonImage(-1) fails, or shows nothing",
        "take an id of 0 or less for a failure",
    ),
    _scenario(
        "no-response",
        partial(_answered, _DONE, ""),
        "HTTP 200, Succeeded true, no Response",
        "a missing id is read as 0, and ChangePersonImage(0) deletes the picture",
        "treat a missing Response as a failure",
    ),
    _scenario(
        "nil-response",
        partial(_answered, _DONE, '<n:Response xsi:nil="true"/>'),
        "HTTP 200, Succeeded true, Response nil",
        "a nil id is read as 0, and ChangePersonImage(0) deletes the picture",
        "treat a nil Response as a failure",
    ),
    _scenario(
        "id-beyond-int",
        partial(_answered, _DONE, f"<n:Response>{2**31 + 5}</n:Response>"),
        f"HTTP 200, Succeeded true, Response {2**31 + 5}",
        "the id wraps round to a negative one, or to that of another picture",
        "check that the id fits an xs:int",
    ),
)
