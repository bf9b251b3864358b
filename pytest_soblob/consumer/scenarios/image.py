"""Images that arrive byte for byte."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from pytest_soblob.consumer.outcomes import Failed, Refused, Saved
from pytest_soblob.consumer.pictures import PICTURES, picture, png_of_size
from pytest_soblob.consumer.scenario import Scenario, UnmetError
from pytest_soblob.consumer.stage import Stage
from pytest_soblob.consumer.unmet import not_saved
from pytest_soblob.consumer.values import Abilities, Upload

_MIB: Final = 1024 * 1024


# Bytes that are no picture.
BYTES: Final[Mapping[str, Callable[[], bytes]]] = {
    "not-an-image": lambda: b"This is no image.",
    "crlf-bytes": lambda: b"\r\n\n\r\r\n\x1a\x00 \r\n",
    "every-byte": lambda: bytes(range(256)) + bytes(range(255, -1, -1)),
    "length-1": lambda: b"\xff",
    "length-2": lambda: b"\xff\xfe",
    "length-3": lambda: b"\xff\xfe\xfd",
}
SIZES: Final = {
    "length-47k": 47_000,
    "length-49151": 49_151,
    "length-49152": 49_152,
    "length-49153": 49_153,
    "length-64k": 65_536,
    "length-70k": 70_000,
    "length-1mib": _MIB,
}


def _arrives(make: Callable[[], bytes], stage: Stage) -> None:
    stage.saved(Upload(image=make(), description="Portrait"))


def _not_a_picture(make: Callable[[], bytes], stage: Stage) -> None:
    call = Upload(image=make(), description="Portrait")
    if stage.abilities.images_only:
        stage.refused(call)
    else:
        stage.saved(call)


def _is_too_large(make: Callable[[], bytes], abilities: Abilities) -> str | None:
    limit = abilities.max_image_bytes
    fits = limit is None or len(make()) <= limit
    return None if fits else f"abilities.max_image_bytes is {limit:,}"


def _limit_is_missing(abilities: Abilities) -> str | None:
    return "abilities.max_image_bytes is None" if abilities.max_image_bytes is None else None


def _at_limit(stage: Stage) -> None:
    stage.saved(
        Upload(image=png_of_size(stage.abilities.max_image_bytes or 1), description="limit")
    )


def _over_limit(stage: Stage) -> None:
    size = (stage.abilities.max_image_bytes or 0) + 1
    stage.refused(Upload(image=png_of_size(size), description="limit"))


def _empty(stage: Stage) -> None:
    """Sent as it is, or refused before a request; a server may decline what is sent."""
    call = Upload(image=b"", description="empty")
    wanted = stage.abilities.empty_image
    if wanted == "refused":
        stage.refused(call)
        return
    outcome = stage.upload(call)
    if not stage.exchanges:
        if wanted == "either" and isinstance(outcome, Refused | Failed):
            return
        raise UnmetError("an empty image was neither sent nor refused", str(outcome))
    sent = stage.last_upload
    stage.arrived(call, sent)
    is_declined = isinstance(outcome, Failed) and sent.blob_id is None
    if not is_declined and outcome != Saved(sent.blob_id or 0):
        raise not_saved(outcome)


def _scenario(
    name: str,
    what: str,
    make: Callable[[], bytes],
    play: Callable[[Callable[[], bytes], Stage], None] = _arrives,
) -> Scenario:
    return Scenario(
        id=f"image.{name}",
        play=partial(play, make),
        played=f"an upload of {what}",
        expected="the image arrives byte for byte",
        production="the picture is lost, damaged, or another one",
        advice="hand the bytes to your SOAP library as they are, and let it encode them",
        source="XML Schema part 2, 3.2.16: base64Binary",
        not_due=partial(_is_too_large, make),
    )


SCENARIOS: Final = (
    *(_scenario(name, f"a picture: {name}", partial(picture, name)) for name in PICTURES),
    *(
        _scenario(name, f"bytes that are no picture: {name}", make, _not_a_picture)
        for name, make in BYTES.items()
    ),
    *(
        _scenario(name, f"{size:,} bytes", partial(png_of_size, size))
        for name, size in SIZES.items()
    ),
    Scenario(
        id="image.at-own-limit",
        play=_at_limit,
        played="an image as large as the client's own limit",
        expected="the image arrives byte for byte",
        production="images just below the limit are refused",
        advice="compare with <=, and count the bytes of the image, not of its base64",
        source="abilities.max_image_bytes",
        not_due=_limit_is_missing,
    ),
    Scenario(
        id="image.over-own-limit",
        play=_over_limit,
        played="an image of one byte more than the client's own limit",
        expected="the client refuses the call, and sends no request",
        production="the server refuses the request after it was sent as a whole",
        advice="compare the size before you build the request",
        source="abilities.max_image_bytes",
        not_due=_limit_is_missing,
        sends_nothing=True,
    ),
    Scenario(
        id="image.empty",
        play=_empty,
        played="an image of 0 bytes",
        expected="it is sent as it is, or refused before a request: see the ability empty_image",
        production="a person has a picture that nobody can open",
        advice="refuse an empty image, and say so",
        source="[page] the example has an empty Image",
        sends_nothing=True,
    ),
)
