"""Right clients in odd but legal spellings are green, and leaky ones are red by `secrets.*`."""

import base64
import http.client
import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace

import pytest

from pytest_soblob.consumer import Abilities, NotUploaded, Result, Upload
from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, find_scenario
from pytest_soblob.consumer.scenarios.secrets import find_secret
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


CLIENTS = (
    *(DefaultNamespaces, OddPrefixes, Cdata, References, Utf16, Bom, WrappedBase64, Chunked),
    *(Http10, RefusesEmpty, RetriesOnce, NeverRetries),
)
SOME = (
    *("upload.plain", "upload.no-error-rule", "image.every-byte", "image.length-49153"),
    *("image.empty", "description.none", "description.empty", "description.cr"),
    *("description.markup", "description.cdata-end", "description.astral", "description.spaces"),
    *("answer.succeeded-1", "auth.token-sent-online", "business.positive-id", "http.429"),
)


def consumer(kind: type[Uploader]) -> PythonConsumer:
    limited = type(kind.__name__, (kind,), {"timeout_s": 0.5})
    abilities = Abilities(timeout_s=0.5, max_image_bytes=2_000_000)
    if kind is RefusesEmpty:
        abilities = replace(abilities, empty_image="refused")
    if kind is NeverRetries:
        abilities = replace(abilities, retries="never")
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


def test_an_exception_with_the_ticket_in_it_is_not_shown() -> None:
    class Crashes(Uploader):
        def read(self, status: int, kind: str, body: bytes) -> int:
            raise KeyError(self.ticket)

    result = Runner(consumer(Crashes), GATE).gate()
    assert "KeyError" in result.got
    assert find_secret(result.got) is None
