"""What follows an upload: attaching the image to a person."""

from functools import partial
from typing import Final

from pytest_soblob.consumer.answers import envelope, respond
from pytest_soblob.consumer.outcomes import Failed
from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.stage import PLAIN, Stage

_PERSON: Final = 42


def _attach_calls(stage: Stage) -> list[str]:
    return [
        str(one.operation)
        for one in stage.exchanges
        if one.operation in ("ChangePersonImage", "ChangeProjectImage")
    ]


def _never_attached(failure: str | None, stage: Stage) -> None:
    if failure is None:
        text = envelope(stage.profile, body="<n:Response>0</n:Response>")
        stage.endpoint.reply(response=respond(stage.profile, text), times=None)
    else:
        stage.endpoint.fail(failure, times=None)
    outcome = stage.session.attach(stage.fit(PLAIN), _PERSON)
    calls = _attach_calls(stage)
    if calls:
        raise UnmetError("a failed upload was attached", f"{len(calls)} x {calls[0]}")
    if not isinstance(outcome, Failed):
        raise UnmetError("the failure was not told", str(outcome or "no exception"))


def _attached(stage: Stage) -> None:
    blob_id = stage.next_id()
    outcome = stage.session.attach(stage.fit(PLAIN), _PERSON)
    if outcome is not None:
        raise UnmetError("a right flow failed", str(outcome))
    got = stage.endpoint.person_images.get(_PERSON)
    if got != blob_id:
        raise UnmetError(f"blob {got} was attached instead of {blob_id}", f"blob {got}")


_NEEDS: Final = frozenset({Need.ATTACH})
_DELETES: Final = "ChangePersonImage(0) deletes the picture of the person"

SCENARIOS: Final = (
    Scenario(
        id="flow.failed-never-attached",
        play=partial(_never_attached, "no-rights"),
        played="an upload that fails (Succeeded false, Response 0)",
        expected="ChangePersonImage is not called, and the caller is told of the failure",
        production=_DELETES,
        advice="stop after a failed upload",
        source="vendor documentation of ChangeProjectImage: id 0 removes the picture",
        needs=_NEEDS,
    ),
    Scenario(
        id="flow.zero-never-attached",
        play=partial(_never_attached, None),
        played="an upload that is answered by Succeeded true and blob id 0",
        expected="ChangePersonImage is not called, and the caller is told of the failure",
        production=_DELETES,
        advice="take an id of 0 or less for a failure",
        source="vendor documentation of ChangeProjectImage: id 0 removes the picture",
        needs=_NEEDS,
    ),
    Scenario(
        id="flow.attach-is-of-this-upload",
        play=_attached,
        played="an upload that succeeds",
        expected="ChangePersonImage carries the id of this upload",
        production="the person gets the picture of somebody else",
        advice="pass on the id that the upload returned",
        source="[page] SaveImageStream stores the image without linking it",
        needs=_NEEDS,
    ),
)
