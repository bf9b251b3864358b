"""`soblob generate`: envelopes, HTTP messages or images in files, for suites in any language."""

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from pytest_soblob._text import plural
from pytest_soblob.cli.corpus import Corpus, Made
from pytest_soblob.cli.output import echo, new_progress_bar, wants_progress_bar
from pytest_soblob.contract import Profile
from pytest_soblob.errors import SoblobError

_SUFFIXES: Final = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "BMP": "bmp", "TIFF": "tif",
                    "WEBP": "webp"}  # fmt: skip
_MADE_WITH: Final = ("pytest-soblob", "hypothesis", "pillow")
_PROFILES: Final = ("wsdl", "soap12", "documented")
_OF_IMAGES: Final = ("damaged", "contact_sheet")
_OF_MESSAGES: Final = ("kind", "malformed", "spellings", "profile")


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
    help="Kind of the messages; not for images.",
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
    help="Form of the messages; may be repeated; not for images. Default: all three.",
)
@click.option(
    "--contact-sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write one PNG with the images, 2,000 at most, to FILE, which must not exist.",
)
@click.pass_context
def generate(context: click.Context, /, folder: Path, **options: Any) -> None:
    """Write generated messages or images to files, with a manifest.

    DIR is created; it must be empty, and nothing is overwritten. `manifest.json` in it says what
    each file is, with its SHA-256 and the versions of what it was made with. It is there once all
    files are.
    """
    try:
        _check(options, {name for name in options if _is_given(context, name)})
        with _open(folder, options) as corpus:
            _write(corpus, options)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    echo(f"{plural(corpus.written, 'file')} in {folder}, seed {options['seed']}")
    sheet = corpus.sheet
    if sheet is not None and sheet.shown < sheet.count:
        echo(f"the contact sheet shows the first {sheet.shown:,} of {sheet.count:,} images")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _check(options: Mapping[str, Any], given: Collection[str]) -> None:
    chosen = [name for name in ("damaged", "malformed", "spellings") if options[name]]
    if len(chosen) > 1:
        raise SoblobError(f"--{chosen[0]} and --{chosen[1]} exclude each other")
    images = options["what"] == "images"
    for name in _OF_IMAGES if not images else _OF_MESSAGES:
        if name in given:
            option = f"--{name.replace('_', '-')}"
            other = "messages, not for images" if images else "--what images"
            raise SoblobError(f"{option} is for {other}")


def _open(folder: Path, options: Mapping[str, Any]) -> Corpus:
    facts = {
        "seed": options["seed"],
        "what": options["what"],
        "made_with": {name: _version(name) for name in _MADE_WITH},
    }
    return Corpus(folder, facts, options["contact_sheet"], options["count"])


def _write(corpus: Corpus, options: Mapping[str, Any]) -> None:
    from pytest_soblob.strategies.corpus import draw_each

    describe: Callable[[int, Any], Made] = _image if options["what"] == "images" else _message
    count = options["count"]
    with ExitStack() as stack:
        bar = stack.enter_context(new_progress_bar(count, "writing")) if _has_bar(count) else None

        def take(value: Any) -> None:
            made = describe(corpus.written, value)
            corpus.write(_as_http(made, value) if options["what"] == "http" else made)
            if bar is not None:
                bar.update(1)

        draw_each(_strategy(options), count, options["seed"], take)


def _has_bar(count: int) -> bool:
    return count > 1 and wants_progress_bar()


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


def _image(number: int, value: Any) -> Made:
    picture = getattr(value, "image", value)
    facts = {"image": repr(value)}
    if picture is not value:
        facts |= {"damage": value.damage, "opener": value.opener}
    suffix = _SUFFIXES.get(picture.spec.format, "bin")
    return Made(path=f"{number:05}.{suffix}", data=bytes(value), facts=facts)


def _message(number: int, value: Any) -> Made:
    facts = {"message": repr(value), "profile": str(value.profile)}
    rule = getattr(value, "rule", None)
    if rule is not None:
        facts |= {"rule": rule, "installation": str(value.installation)}
    folder = "" if rule is None else f"{rule}/"
    return Made(path=f"{folder}{number:05}.xml", data=bytes(value), facts=facts)


def _as_http(made: Made, value: Any) -> Made:
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
    return Made(path=f"{made.path.removesuffix('.xml')}.http", data=data, facts=made.facts)


def _status(message: Any) -> int:
    """Return the HTTP status that SOAP binds the message to (SOAP 1.2 part 2, 7.5.2.2)."""
    from pytest_soblob.soap.messages import Fault

    if not isinstance(message, Fault):
        return 200
    return 400 if message.code.rpartition("}")[2] == "Sender" else 500


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
