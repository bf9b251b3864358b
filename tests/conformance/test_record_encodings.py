"""Bodies in a wrong encoding, compressed twice or no text: kept without secrets, or not kept."""

import base64
import bz2
import codecs
import encodings
import gzip
import json
import pkgutil
import quopri
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob import HttpRequest, HttpResponse, ImageSpec
from pytest_soblob.conformance import encodings as encodings_of_bodies
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.images.encoding import encode
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.settings import SoblobSettings
from tests import mistakes

SECRET = "hunter2CorrectHorse"
TYPE = "text/xml; charset=utf-8"
NAMED = mistakes.request(mistakes.TYPE, f"<n:Password>{SECRET}</n:Password>", mistakes.IMAGE)
PLAIN = NAMED.encode()
OK = mistakes.response().encode()
WITHOUT_FILE = ("mbcs", "oem")  # of Windows


@dataclass
class Record:
    """A recorder, and what it has written."""

    folder: Path
    recorder: Recorder

    def exchange(self, body: bytes, content_type: str = TYPE, *, headers: Any = (),
                 answer: bytes = OK, answered: str = TYPE) -> dict[str, Any]:  # fmt: skip
        sent = HttpRequest(headers=(("Content-Type", content_type), *headers), body=body)
        got = HttpResponse(headers=(("Content-Type", answered),), body=answer)
        line = self.recorder.record(Passed(request=sent, response=got)).line
        with (self.folder / "lines").open("a", encoding="utf-8") as lines:
            lines.write(line)
        text = (self.folder / "recording.jsonl").read_text(encoding="utf-8")
        item: dict[str, Any] = json.loads(text.splitlines()[-1])
        return item

    def body(self, message: dict[str, Any]) -> bytes:
        name: str = message["body"]
        return (self.folder / "recording.jsonl.bodies" / name).read_bytes()

    def has(self, *spellings: bytes) -> list[bytes]:
        """Which of these are on the disk."""
        files = [file.read_bytes() for file in self.folder.rglob("*") if file.is_file()]
        return [one for one in spellings if any(one in data for data in files)]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    recorder = Recorder(tmp_path / "recording.jsonl", SoblobSettings(behaviour="wcf"))
    yield Record(tmp_path, recorder)
    recorder.close()


def python_names() -> list[str]:
    names = [one.name for one in pkgutil.iter_modules(encodings.__path__)]
    return sorted({*names, "cp65001", "x-unknown", "IBM-1047"} - {"aliases", *WITHOUT_FILE})


def test_whatever_encoding_is_declared_no_secret_is_kept(record: Record) -> None:
    """All that Python knows: some end with an error, and some read ASCII as other letters."""
    short = b"<a><Password>" + SECRET.encode() + b"</Password></a>"
    for name in python_names():
        for body in (short, f'<?xml version="1.0" encoding="{name}"?>'.encode() + short):
            record.exchange(body, f"text/xml; charset={name}", answer=body, answered="text/xml")
            try:
                other = SECRET.encode(name)
            except (LookupError, ValueError):
                other = b"--"
            assert record.has(SECRET.encode(), other if len(other) > 8 else b"--") == [], name


def test_what_is_written_in_such_an_encoding_is_not_kept_either(record: Record) -> None:
    for name in ("cp037", "cp500", "cp875", "cp1026", "cp1140", "cp273", "cp424"):
        written = f"<a><Password>{SECRET}</Password></a>".encode(name)
        for kind in ("text/xml", f"text/xml; charset={name}", "application/octet-stream"):
            assert "not_kept" in record.exchange(written, kind)["request"]
        assert record.has(SECRET.encode(name)) == []
    seven = f"<a><Password>{SECRET}</Password></a>".encode("utf-7")
    seven = seven.replace(b"<", b"+ADw-").replace(b">", b"+AD4-")
    for kind in ("text/xml", "text/xml; charset=utf-7"):
        assert "not_kept" in record.exchange(seven, kind)["request"]


def test_the_encodings_of_one_byte_have_ascii_as_it_is() -> None:
    for name in encodings_of_bodies._SINGLE_BYTE:
        assert codecs.lookup(name).name == name
        assert bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii")
        assert min(bytes(range(128, 256)).decode(name, "ignore"), default="\x80") >= "\x80"


def test_one_charset_costs_no_more_than_another(record: Record) -> None:
    """Python's punycode is quadratic, and its idna has no error handlers."""
    body = b"a" * 500_000 + b"-" + b"b" * 500_000
    for name in ("punycode", "idna"):
        item = record.exchange(body, f"text/xml; charset={name}")
        assert "encoding" in item["request"]["not_kept"]


def mime(coding: str, body: bytes, more: bytes = b"") -> tuple[bytes, str]:
    head = f"--B\r\nContent-Type: text/xml\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode()
    return head + body + b"\r\n" + more + b"--B--\r\n", 'multipart/related; boundary="B"'


PACKED = {
    "gzip in gzip": (gzip.compress(gzip.compress(PLAIN, mtime=0)), "gzip"),
    "gzip in gzip with a time": (gzip.compress(gzip.compress(PLAIN, mtime=1_700_000_000)), "gzip"),
    "bz2 in deflate": (zlib.compress(bz2.compress(PLAIN)), "deflate"),
    "zlib": (zlib.compress(PLAIN), None),
    "deflate": (zlib.compress(PLAIN)[2:-4], None),
    "zlib as identity": (zlib.compress(PLAIN), "identity"),
    "gzip after a line end": (b"\n" + gzip.compress(PLAIN), None),
    "gzip after markup": (b"<a>" + gzip.compress(PLAIN), None),
    "bz2": (bz2.compress(PLAIN), None),
    "short zlib": (zlib.compress(f"<Password>{SECRET}</Password>".encode()), None),
}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("kind", [TYPE, "text/xml; charset=windows-1251", "application/gzip"])
def test_what_is_not_text_after_one_decoding_is_not_kept(
    record: Record, name: str, kind: str
) -> None:
    body, coding = PACKED[name]
    headers = () if coding is None else (("Content-Encoding", coding),)
    request = record.exchange(body, kind, headers=headers)["request"]
    assert request["body"] is None
    assert request["not_kept"].startswith("it is ")


def test_a_part_in_a_transfer_encoding_is_not_kept(record: Record) -> None:
    for body, kind in (
        mime("base64", base64.encodebytes(PLAIN)),
        mime("quoted-printable", quopri.encodestring(PLAIN.replace(b"hunter", b"h=75nter"))),
        mime("x-uuencode", PLAIN),
        mime("binary", OK, b"--B\r\nContent-Type: application/gzip\r\n\r\n" + gzip.compress(PLAIN)
             + b"\r\n"),
        mime("binary", NAMED.encode("utf-16-le")),
        mime("binary", b"--C\r\nContent-Transfer-Encoding: base64\r\n\r\n"
             + base64.encodebytes(PLAIN) + b"\r\n--C--"),
    ):  # fmt: skip
        for declared in (kind, "text/plain"):
            assert record.exchange(body, declared)["request"]["body"] is None, body[:200]


def test_a_picture_in_a_part_is_kept(record: Record) -> None:
    picture = encode(ImageSpec(format="PNG", width=30, height=20))
    for coding, written in (("binary", picture), ("base64", base64.encodebytes(picture))):
        more = f"--B\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode() + written + b"\r\n"
        body, kind = mime("binary", OK, more)
        assert record.body(record.exchange(body, kind)["request"]) == body
    broken = picture[:60] + gzip.compress(PLAIN)
    more = b"--B\r\nContent-Transfer-Encoding: binary\r\n\r\n" + broken + b"\r\n"
    assert record.exchange(*mime("binary", OK, more))["request"]["body"] is None


def test_text_of_any_language_is_kept(record: Record) -> None:
    for text in ("Größe\u2009\u20ac", "Привет, мир", "こんにちは世界", "\U0001f600\U0001f601" * 9):
        for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"):
            body = f"<a>{text}</a>".encode(name)
            assert record.body(record.exchange(body, "text/xml")["request"]) == body
    for text, name in (("Größe\x80", "iso-8859-1"), ("Привет, мир", "windows-1251")):
        body = f"<a>{text}</a>".encode(name)
        assert record.body(record.exchange(body, f"text/xml; charset={name}")["request"]) == body
    undeclared = "<a>Größe, façade</a>".encode("latin-1")
    assert record.body(record.exchange(undeclared)["request"]) == undeclared


def test_what_fails_in_the_search_or_in_the_judge_does_not_end_the_recording(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError(SECRET)

    monkeypatch.setattr("pytest_soblob.conformance.redacting.redact_markup", fail)
    request = record.exchange(PLAIN)["request"]
    assert request["not_kept"] == "the search for secrets in it failed: RecursionError"
    monkeypatch.setattr("pytest_soblob.conformance.redacting.secrets_in", fail)
    assert "search" in record.exchange(PLAIN)["request"]["not_kept"]
    monkeypatch.setattr(EnvelopeValidator, "judge", fail)
    item = record.exchange(PLAIN)
    assert item["not_compared"] == "the judging failed: RecursionError"
    assert item["verdicts"] == {"request": None, "response": None}
    assert record.has(SECRET.encode()) == []


def test_no_reason_has_a_known_secret(record: Record) -> None:
    """Names of codings are compared in lower case."""
    headers = (("Content-Encoding", SECRET), ("Authorization", f"SOTicket {SECRET}"))
    item = record.exchange(b"xyz", headers=headers)
    assert "which is not supported" in item["request"]["not_kept"]
    assert record.has(SECRET.encode(), SECRET.lower().encode()) == []
