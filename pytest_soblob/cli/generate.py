"""`soblob generate`: envelopes, HTTP messages or images in files, for suites in any language."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import click

from pytest_soblob.cli.output import echo
from pytest_soblob.contract import Profile
from pytest_soblob.errors import SoblobError

_SUFFIXES: Final = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "BMP": "bmp", "TIFF": "tif",
                    "WEBP": "webp"}  # fmt: skip
_MADE_WITH: Final = ("pytest-soblob", "hypothesis", "pillow")
_PROFILES: Final = ("wsdl", "soap12", "documented")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One file to write.

    Attributes:
        path: Its path below the folder.
        data: Its bytes.
        facts: What the manifest says about it.
    """

    path: str
    data: bytes
    facts: Mapping[str, object]


@click.command("generate")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--what",
    type=click.Choice(["envelopes", "http", "images"]),
    default="envelopes",
    show_default=True,
    help="What the files hold: SOAP envelopes, raw HTTP messages, or images.",
)
@click.option(
    "--kind",
    type=click.Choice(["request", "response"]),
    default="request",
    show_default=True,
    help="Kind of the messages.",
)
@click.option("--damaged", is_flag=True, help="Images that are damaged or are no images.")
@click.option("--malformed", is_flag=True, help="Messages that break one rule, a folder per rule.")
@click.option("--spellings", is_flag=True, help="One message in many legal forms.")
@click.option(
    "--count", type=click.IntRange(1, 100_000), default=100, show_default=True,
    help="Number of files.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True,
    help="The same seed gives the same bytes.",
)  # fmt: skip
@click.option(
    "--profile",
    type=click.Choice(_PROFILES),
    multiple=True,
    help="Form of the messages; may be repeated. Default: all three.",
)
@click.option(
    "--contact-sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write one PNG with all images to FILE.",
)
def generate(folder: Path, **options: Any) -> None:
    """Write generated messages or images to files, with a manifest.

    DIR is created; it must be empty. `manifest.json` in it says what each file is, with its SHA-256
    and the versions of what it was made with.
    """
    try:
        _check(options)
        made = list(_make(options))
        _write(folder, made, options)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    echo(f"{len(made)} files in {folder}, seed {options['seed']}")


def _check(options: Mapping[str, Any]) -> None:
    chosen = [name for name in ("damaged", "malformed", "spellings") if options[name]]
    if len(chosen) > 1:
        raise SoblobError(f"--{chosen[0]} and --{chosen[1]} exclude each other")
    images = options["what"] == "images"
    if options["damaged"] and not images:
        raise SoblobError("--damaged is for --what images")
    if images and chosen and not options["damaged"]:
        raise SoblobError(f"--{chosen[0]} is for messages, not for images")
    if options["contact_sheet"] is not None and not images:
        raise SoblobError("--contact-sheet is for --what images")


def _make(options: Mapping[str, Any]) -> Iterator[_Made]:
    from pytest_soblob.strategies.corpus import draw_many

    drawn = draw_many(_strategy(options), options["count"], options["seed"])
    describe: Callable[[int, Any], _Made] = _image if options["what"] == "images" else _message
    for number, value in enumerate(drawn):
        made = describe(number, value)
        yield _as_http(made, value) if options["what"] == "http" else made


def _strategy(options: Mapping[str, Any]) -> Any:
    from pytest_soblob import strategies as soblob_st

    profiles = tuple(Profile(name) for name in options["profile"] or _PROFILES)
    is_request = options["kind"] == "request"
    if options["what"] == "images":
        return soblob_st.damaged_images() if options["damaged"] else soblob_st.images()
    if options["malformed"]:
        make = soblob_st.malformed_requests if is_request else soblob_st.malformed_responses
        return make(profiles=profiles)
    if options["spellings"]:
        message = soblob_st.requests() if is_request else soblob_st.responses()
        return soblob_st.spellings(message, profiles=profiles)
    make_right = soblob_st.request_envelopes if is_request else soblob_st.response_envelopes
    return make_right(profiles=profiles)


def _image(number: int, value: Any) -> _Made:
    picture = getattr(value, "image", value)
    facts = {"image": repr(value)}
    if picture is not value:
        facts |= {"damage": value.damage, "opener": value.opener}
    suffix = _SUFFIXES.get(picture.spec.format, "bin")
    return _Made(path=f"{number:05}.{suffix}", data=bytes(value), facts=facts)


def _message(number: int, value: Any) -> _Made:
    facts = {"message": repr(value), "profile": str(value.profile)}
    rule = getattr(value, "rule", None)
    if rule is not None:
        facts |= {"rule": rule, "installation": str(value.installation)}
    folder = "" if rule is None else f"{rule}/"
    return _Made(path=f"{folder}{number:05}.xml", data=bytes(value), facts=facts)


def _as_http(made: _Made, value: Any) -> _Made:
    """Return the message as it stands on the wire, head and all."""
    from pytest_soblob._http import looks_like_http, to_bytes
    from pytest_soblob._xml.document import parse
    from pytest_soblob.soap.messages import SaveImageStreamRequest, to_http_response

    data = made.data
    if not looks_like_http(data):  # a message that breaks a rule of HTTP is whole already
        is_request = isinstance(value.message, SaveImageStreamRequest)
        plain = (
            value.message.to_http_request(value.profile)
            if is_request
            else to_http_response(data, value.profile, _status(value.message))
        )
        charset = "utf-16" if parse(data).encoding.startswith("utf-16") else "utf-8"
        headers = tuple((name, text.replace("utf-8", charset)) for name, text in plain.headers)
        if is_request:
            headers = (("Host", "localhost"), *headers, ("Content-Length", str(len(data))))
        data = to_bytes(replace(plain, headers=headers, body=data))
    return _Made(path=f"{made.path.removesuffix('.xml')}.http", data=data, facts=made.facts)


def _status(message: Any) -> int:
    """Return the HTTP status that SOAP binds the message to (SOAP 1.2 part 2, 7.5.2.2)."""
    from pytest_soblob.soap.messages import Fault

    if not isinstance(message, Fault):
        return 200
    return 400 if message.code.rpartition("}")[2] == "Sender" else 500


def _write(folder: Path, made: Sequence[_Made], options: Mapping[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SoblobError(f"{folder} is not empty")
        for one in made:
            path = folder / one.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(one.data)
        manifest = json.dumps(_manifest(made, options), ensure_ascii=False, indent=1)
        (folder / "manifest.json").write_text(f"{manifest}\n", encoding="utf-8")
        if options["contact_sheet"] is not None:
            from pytest_soblob.images.contact_sheet import contact_sheet

            options["contact_sheet"].write_bytes(contact_sheet([one.data for one in made]))
    except OSError as error:
        raise SoblobError(f"{error.filename} cannot be written: {error.strerror}") from None


def _manifest(made: Sequence[_Made], options: Mapping[str, Any]) -> dict[str, object]:
    return {
        "seed": options["seed"],
        "what": options["what"],
        "made_with": {name: _version(name) for name in _MADE_WITH},
        "files": [
            {
                "file": one.path,
                "bytes": len(one.data),
                "sha256": hashlib.sha256(one.data).hexdigest(),
                **one.facts,
            }
            for one in made
        ],
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
