"""Right clients in odd but legal spellings are green, and leaky ones are red by `secrets.*`."""

import base64
import http.client
import json
import logging
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from PIL import Image

from pytest_soblob.consumer import Abilities, NotUploaded, Result, Upload
from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.leaks import find_secret
from pytest_soblob.consumer.pictures import png_of_size
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS, find_scenario
from pytest_soblob.names import SOAP12
from pytest_soblob.settings import SoblobSettings
from tests.consumer.bugs import AUTH_BUGS
from tests.consumer.uploader import NS, SOAP, Uploader, UploadFailed


class DefaultNamespaces(Uploader):
    def enveloped(self, header: str, body: str) -> str:
        def own(text: str) -> str:
            return text.replace("<n:", "<").replace("</n:", "</").replace(">", f' xmlns="{NS}">', 1)

        token, _, credentials = header.partition("<n:Credentials")
        head = (own(token) if token else "") + own(f"<n:Credentials{credentials}")
        return (
            f'<Envelope xmlns="{SOAP}"><Header>{head}</Header><Body>{own(body)}</Body></Envelope>'
        )


class OddPrefixes(Uploader):
    def enveloped(self, header: str, body: str) -> str:
        text = super().enveloped(header, body)
        for old, new in (("s", "SOAP-ENV"), ("n", "ns0")):
            for before, after in (("<", ":"), ("</", ":"), ("xmlns:", "=")):
                text = text.replace(f"{before}{old}{after}", f"{before}{new}{after}")
        return text


class Cdata(Uploader):
    def text(self, description: str) -> str:
        inner = description.replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
        return f"<![CDATA[{inner}]]>"


class References(Uploader):
    def text(self, description: str) -> str:
        return "".join(f"&#x{ord(one):x};" for one in description)


class Utf16(Uploader):
    def build(self, call: Upload) -> bytes:
        head = '<?xml version="1.0" encoding="utf-16"?>'
        return (head + super().build(call).decode()).encode("utf-16")

    def headers(self) -> Mapping[str, str]:
        return {**super().headers(), "Content-Type": "text/xml; charset=utf-16"}


class Bom(Uploader):
    def build(self, call: Upload) -> bytes:
        return b"\xef\xbb\xbf" + super().build(call)


class WrappedBase64(Uploader):
    def encoded(self, image: bytes) -> str:
        return base64.encodebytes(image).decode()


class Chunked(Uploader):
    def request(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> None:
        pieces = (body[at : at + 1_000] for at in range(0, len(body), 1_000))
        connection.request("POST", path, pieces, dict(headers), encode_chunked=True)


class Http10(Uploader):
    def request(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> None:
        vars(connection).update(_http_vsn=10, _http_vsn_str="HTTP/1.0")
        super().request(connection, path, body, headers)


class RefusesEmpty(Uploader):
    def check(self, call: Upload) -> None:
        super().check(call)
        if not call.image:
            raise NotUploaded("there is no image")


class RetriesOnce(Uploader):
    """Sends again only what the server has declined, and so has not stored."""

    def send(self, body: bytes) -> tuple[int, str, bytes]:
        answer = super().send(body)
        return super().send(body) if answer[0] in (401, 429) else answer


class NeverRetries(Uploader):
    pass


class Soap12(Uploader):
    def enveloped(self, header: str, body: str) -> str:
        return super().enveloped(header, body).replace(SOAP, SOAP12)

    def headers(self) -> Mapping[str, str]:
        action = f"{NS}/BLOB/SaveImageStream"
        return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}

    def read(self, status: int, kind: str, body: bytes) -> int:
        if "application/soap+xml" not in kind or SOAP.encode() in body:
            raise UploadFailed("no SOAP 1.2")
        return super().read(status, kind, body)


class Documented(Soap12):
    """Header blocks are children of Envelope, as on the documentation page."""

    def enveloped(self, header: str, body: str) -> str:
        head = f'<s:Envelope xmlns:s="{SOAP12}" xmlns:n="{NS}">'
        return f"{head}{header}<s:Body>{body}</s:Body></s:Envelope>"


class OnSite(Uploader):
    """Knows no application token."""

    def token(self) -> str:
        return ""


class FollowsRedirects(Uploader):
    """Posts again where the server says, if that is the same server."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        self.location = ""
        answer = super().post(url, body, headers)
        if answer[0] in (302, 307) and self.location.startswith("/"):
            return super().post(urljoin(url, self.location), body, headers)
        return answer

    def taken(self, answer: http.client.HTTPResponse) -> bytes:
        self.location = answer.getheader("Location") or ""
        return super().taken(answer)


class LogsInByItself(Uploader):
    """Gets a ticket of its own for each call."""

    def save(self, call: Upload) -> int:
        self.check(call)
        self.authenticate(self.target.user, self.target.password)
        return super().save(call)


class TakesSmallImages(Uploader):
    most_bytes = 500


class TakesProducts(Uploader):
    """Refuses each other type."""

    def check(self, call: Upload) -> None:
        super().check(call)
        if call.type not in ("ProductImage", "Thumbnail"):
            raise NotUploaded("this is no picture of a product")


class LooksAtPictures(Uploader):
    """Refuses what Pillow takes for damaged, or for no picture at all."""

    def check(self, call: Upload) -> None:
        super().check(call)
        try:
            Image.open(BytesIO(call.image)).verify()
        except (OSError, SyntaxError) as error:
            raise NotUploaded(f"the image cannot be read: {error}") from None


CLIENTS = (
    *(DefaultNamespaces, OddPrefixes, Cdata, References, Utf16, Bom, WrappedBase64, Chunked),
    *(Http10, RefusesEmpty, RetriesOnce, NeverRetries, Soap12, Documented, OnSite),
    *(FollowsRedirects, LooksAtPictures, LogsInByItself, TakesSmallImages, TakesProducts),
)
# Long enough for the largest image on a busy machine, in each spelling.
LIMIT_S = 1.0
MOST_BYTES = 1_100_000
# What a team says about its client where it differs from most.
ABILITIES: dict[type[Uploader], dict[str, Any]] = {
    RefusesEmpty: {"empty_image": "refused"},
    LooksAtPictures: {"images_only": True, "empty_image": "refused"},
    OnSite: {"online": False},
    NeverRetries: {"retries": "never"},
    TakesSmallImages: {"memory": True},
    TakesProducts: {"types": ("ProductImage", "Thumbnail")},
}
SOME = (
    *("upload.plain", "upload.no-error-rule", "image.every-byte", "image.length-49153"),
    *("image.empty", "description.none", "description.empty", "description.cr"),
    *("description.markup", "description.cdata-end", "description.astral", "description.spaces"),
    *("answer.succeeded-1", "auth.token-sent-online", "business.positive-id", "http.429"),
    *("auth.ticket-sent", "auth.ticket-with-plus-and-slash", "retry.not-for-ever"),
    *("image.jpeg-cmyk", "load.threads-8-unmixed", "load.memory-flat", "upload.types.Thumbnail"),
    *("http.redirect-302", "http.redirect-307", "http.redirect-elsewhere", "secrets.not-in-url"),
)


def consumer(kind: type[Uploader]) -> PythonConsumer:
    most = min(kind.most_bytes, MOST_BYTES)
    limited = type(kind.__name__, (kind,), {"timeout_s": LIMIT_S, "most_bytes": most})
    abilities = Abilities(timeout_s=LIMIT_S, max_image_bytes=most)
    abilities = replace(abilities, **ABILITIES.get(kind, {}))
    return PythonConsumer(
        connect_to=lambda target: nullcontext(limited(target)),
        upload=lambda uploader, call: uploader.save(call),
        failures=(UploadFailed,),
        abilities=abilities,
    )


def reds(results: list[Result]) -> list[tuple[str, str, str]]:
    wrong = (Status.FAILED, Status.NOT_RUN)
    return [(one.scenario.id, one.reason, one.got) for one in results if one.status in wrong]


@pytest.mark.parametrize("kind", CLIENTS)
def test_an_odd_client_is_green_in_some_scenarios(kind: type[Uploader]) -> None:
    runner = Runner(consumer(kind), GATE)
    assert reds([runner.run(find_scenario(name)) for name in SOME]) == []


@pytest.mark.parametrize(
    ("kind", "profile"), [(Soap12, "soap12"), (Documented, "documented"), (Uploader, "wsdl")]
)
def test_a_client_is_answered_in_the_profile_asked_for(kind: type[Uploader], profile: str) -> None:
    played = replace(consumer(kind), settings=SoblobSettings(profile=profile))
    runner = Runner(played, GATE)
    assert reds([runner.run(one) for one in SCENARIOS.values() if one.group == "answer"]) == []


class TriesTwice(Uploader):
    def send(self, body: bytes) -> tuple[int, str, bytes]:
        answer = super().send(body)
        return super().send(body) if answer[0] == 503 else answer


@pytest.mark.parametrize(
    ("retries", "says"),
    [
        ("once-if-not-stored", ""),
        ("never", "the client sent an upload 2 times; the ability retries says never"),
    ],
)
def test_a_client_that_never_retries_does_not(retries: str, says: str) -> None:
    played = replace(consumer(TriesTwice), abilities=Abilities(retries=retries))
    assert Runner(played, GATE).run(find_scenario("retry.not-for-ever")).reason == says


@pytest.mark.parametrize("size", [1, 67, 78, 79, 80, 500, 70_000])
def test_a_picture_has_the_size_asked_for_and_is_whole(size: int) -> None:
    made = png_of_size(size)
    assert len(made) == size
    if size >= 67:
        Image.open(BytesIO(made)).verify()  # raises where it is damaged


class FailsOnEmpty(Uploader):
    """Tells of an empty image as a command does, which has one way to fail."""

    def check(self, call: Upload) -> None:
        if not call.image:
            raise UploadFailed("there is no image")


@pytest.mark.parametrize(
    ("kind", "wanted", "check", "is_green"),
    [
        (Uploader, "either", "none", True),
        (Uploader, "sent", "none", True),
        (Uploader, "sent", "recognised", True),  # the server declines it, and the client says so
        (Uploader, "either", "recognised", True),
        (Uploader, "refused", "none", False),
        (RefusesEmpty, "either", "none", True),
        (RefusesEmpty, "refused", "none", True),
        (RefusesEmpty, "sent", "none", False),
        (FailsOnEmpty, "either", "none", True),
        (FailsOnEmpty, "refused", "none", True),
        (FailsOnEmpty, "sent", "none", False),
    ],
)
def test_an_empty_image_is_sent_or_refused(
    kind: type[Uploader], wanted: str, check: str, *, is_green: bool
) -> None:
    played = replace(
        consumer(kind),
        abilities=Abilities(empty_image=wanted),
        settings=SoblobSettings(image_check=check),
    )
    result = Runner(played, GATE).run(find_scenario("image.empty"))
    assert result.passed is is_green, result


def test_tokens_of_the_teams_own_settings_are_not_those_of_the_suite() -> None:
    settings = SoblobSettings(application_tokens=("of-the-team",))
    runner = Runner(replace(consumer(Uploader), settings=settings), GATE)
    assert reds([runner.run(find_scenario(name)) for name in SOME]) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLIENTS)
def test_an_odd_client_is_green(kind: type[Uploader]) -> None:
    assert reds(play_all(consumer(kind), Choice({}, {}), jobs=2)) == []


class PrintsToStandardError(Uploader):
    def build(self, call: Upload) -> bytes:
        data = super().build(call)
        print(data.decode(), file=sys.stderr)  # noqa: T201 -- that is the leak
        return data


class TellsInACause(Uploader):
    def send(self, body: bytes) -> tuple[int, str, bytes]:
        answer = super().send(body)
        if answer[0] != 200:
            raise UploadFailed("it failed") from ValueError(self.ticket)
        return answer


LEAKY = (
    *((bug.own, bug.client()) for bug in AUTH_BUGS if bug.own.startswith("secrets.")),
    ("secrets.not-in-output", PrintsToStandardError),
    ("secrets.not-in-exception", TellsInACause),
)


@pytest.mark.parametrize(("own", "kind"), LEAKY)
def test_a_leak_is_red_and_the_report_shows_no_secret(own: str, kind: type[Uploader]) -> None:
    result = Runner(consumer(kind), GATE).run(find_scenario(own))
    assert result.status is Status.FAILED
    assert find_secret(describe(result) + json.dumps(result.to_json()) + repr(result)) is None


def test_where_a_secret_stands_is_shown_without_it() -> None:
    result = Runner(consumer(PrintsToStandardError), GATE).run(find_scenario(LEAKY[-2][0]))
    assert result.got.endswith("<n:ApplicationToken>***' in the output (standard error)")
    assert find_secret(result.got) is None


class LogsInLines(Uploader):
    """Logs as zeep does at DEBUG: a head line, and the envelope below."""

    def build(self, call: Upload) -> bytes:
        data = super().build(call)
        logging.getLogger("library.transport").debug("POST to the server:\n%s", data.decode())
        return data


def test_the_logger_that_tells_a_secret_is_named() -> None:
    result = Runner(consumer(LogsInLines), GATE).run(find_scenario("secrets.not-in-logs"))
    assert result.got.startswith("'DEBUG library.transport: POST to the")
    assert result.got.endswith("<n:ApplicationToken>***' in the log")


class FollowsByGet(Uploader):
    """Follows a redirect as most HTTP libraries do: 302 with GET, and 307 with POST again."""

    def send(self, body: bytes) -> tuple[int, str, bytes]:
        try:
            answer = requests.post(self.target.url, body, headers=dict(self.headers()), timeout=1)
        except requests.RequestException as error:
            raise UploadFailed(type(error).__name__) from None
        return answer.status_code, answer.headers.get("Content-Type", ""), answer.content


class BelievesTheAnswer(FollowsByGet):
    def read(self, status: int, kind: str, body: bytes) -> int:
        return 5 if status == 500 else super().read(status, kind, body)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (FollowsByGet, ""),
        (BelievesTheAnswer, "blob id 5 was returned, and nothing is stored"),
    ],
)
def test_a_redirect_that_is_followed_by_get_may_fail(kind: type[Uploader], says: str) -> None:
    result = Runner(consumer(kind), GATE).run(find_scenario("http.redirect-302"))
    assert (result.reason, result.passed) == (says, not says)


def test_an_exception_with_the_ticket_in_it_is_not_shown() -> None:
    class Crashes(Uploader):
        def read(self, status: int, kind: str, body: bytes) -> int:
            raise KeyError(self.ticket)

    result = Runner(consumer(Crashes), GATE).gate()
    assert "KeyError" in result.got
    assert find_secret(result.got) is None
