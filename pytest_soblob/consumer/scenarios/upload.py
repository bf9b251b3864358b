"""What every upload has to do: arrive as given, and hand its id on."""

from functools import partial
from typing import Final

from pytest_soblob._basics.numbers import LARGEST_INT
from pytest_soblob.consumer.outcomes import Saved
from pytest_soblob.consumer.pictures import png_of_size
from pytest_soblob.consumer.scenario import Scenario, UnmetError
from pytest_soblob.consumer.stage import PNG, Stage
from pytest_soblob.consumer.values import Abilities, Upload
from pytest_soblob.contract import BlobLinkType, Profile
from pytest_soblob.stub.exchange import Exchange

_WSDL: Final = "Services86-BLOB.wsdl, SaveImageStream"


def _plain(stage: Stage) -> None:
    blob_id = stage.next_id()
    stage.saved(blob_id=blob_id)


def _twice(stage: Stage) -> None:
    first, second = stage.next_id(), stage.next_id()
    if stage.saved(blob_id=first) == stage.saved(blob_id=second):
        raise UnmetError("two uploads got the same id", f"twice blob id {first}")


def _type(name: str, stage: Stage) -> None:
    stage.saved(Upload(image=PNG, type=name))


def _type_is_not_due(name: str, abilities: Abilities) -> str | None:
    return None if name in abilities.types else f"abilities.types leaves {name} out"


def _ids(stage: Stage) -> None:
    for description in ("first", "second", "third"):
        blob_id = stage.next_id()
        stage.saved(Upload(image=PNG, description=description), blob_id=blob_id)


def _largest_id(stage: Stage) -> None:
    stage.endpoint.reply(blob_id=LARGEST_INT)
    stage.saved(blob_id=LARGEST_INT)


def _no_error_rule(stage: Stage) -> None:
    for call in (
        Upload(image=PNG),
        Upload(image=PNG, description="Kari & Ola <3"),
        Upload(image=png_of_size(6_000), description="x" * 254),
    ):
        stage.upload(call)


def _no_other_soap_form(stage: Stage) -> None:
    stage.endpoint.fail("http-415", times=None)
    outcome = stage.upload()
    forms = {_soap_version(exchange) for exchange in stage.exchanges}
    if isinstance(outcome, Saved):
        raise UnmetError(f"a failure was handed on as blob id {outcome.blob_id}", str(outcome))
    if len(forms) > 1:
        raise UnmetError("the client tried another SOAP version", f"{len(forms)} forms")


def _soap_version(exchange: Exchange) -> bool:
    return exchange.profile == Profile.WSDL


SCENARIOS: Final = (
    Scenario(
        id="upload.plain",
        play=_plain,
        played="a PNG of one pixel with a short description, answered by a blob id",
        expected="the upload arrives as given, and its blob id is returned",
        production="nothing can be uploaded",
        advice="have the client upload to `soblob serve`, which logs what is wrong with a request",
        source=_WSDL,
    ),
    Scenario(
        id="upload.twice-same",
        play=_twice,
        played="the same upload twice, answered by two ids",
        expected="two requests, and two ids",
        production="a picture that was removed is handed out from a cache",
        advice="do not cache ids by content: SaveImageStream stores anew each time",
        source="[page] SaveImageStream stores an image without linking it",
    ),
    *(
        Scenario(
            id=f"upload.types.{name}",
            play=partial(_type, str(name)),
            played=f"an upload of type {name}, without a description",
            expected=f"`<Type>{name}</Type>` arrives",
            production="the image is stored as another kind, or the call is refused",
            advice="send the name of the type, not its number",
            source="Services86-BLOB.wsdl, simpleType BlobLinkType",
            not_due=partial(_type_is_not_due, str(name)),
        )
        for name in BlobLinkType
    ),
    Scenario(
        id="upload.id-is-handed-on",
        play=_ids,
        played="three uploads, answered by ids over 65,536 that are not in sequence",
        expected="each call returns the id of its own answer",
        production="ChangePersonImage shows the picture of another person",
        advice="return the number that stands in Response",
        source=f"{_WSDL}Response: Response is an xs:int",
    ),
    Scenario(
        id="upload.id-largest",
        play=_largest_id,
        played=f"an upload, answered by the largest id, {LARGEST_INT}",
        expected=f"{LARGEST_INT} is returned",
        production="the id is cut or turns negative, and shows another picture",
        advice="keep blob ids in an integer of 32 bits or more",
        source="XML Schema part 2, 3.3.17: xs:int",
    ),
    Scenario(
        id="upload.no-error-rule",
        play=_no_error_rule,
        played="uploads with no description, with markup, and with 254 characters",
        expected="no request breaks a rule of level error",
        production="the server refuses the call, or drops a value in silence",
        advice="`soblob rules RULE` explains each rule",
        source="docs/rules.md",
    ),
    Scenario(
        id="upload.no-other-soap-form",
        play=_no_other_soap_form,
        played="415, as WCF answers SOAP 1.2, to every request",
        expected="the client fails, and does not try another SOAP version",
        production="each upload costs two requests, and the log blames the wrong one",
        advice="take the SOAP version from the WSDL",
        source="Services86-BLOB.wsdl: one binding, SOAP 1.1",
    ),
)
