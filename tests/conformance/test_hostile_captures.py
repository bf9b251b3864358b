"""Hostile exports: one clear line, exit 2, within 2 s of CPU time and 300 MiB, no traceback.

What costs is doubled: the CPU time may grow as the file does, and no faster.
"""

import base64
import json
from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from tests import mistakes
from tests.conformance import exports, zips
from tests.conformance.bounds import Used, measured
from tests.conformance.exports import Exchange
from tests.example_counts import FULL, at_length, untraced

RIGHT = Exchange(mistakes.http_request(), mistakes.http_response(mistakes.response()))
HAR = b'{"log": {"version": "1.2", "entries": ['
POSTMAN = b'{"info": {"_postman_id": "x"}, "item": ['
BURP = b'<items burpVersion="2026.1">'
SOAPUI = b"<con:soapui-project xmlns:con='http://eviware.com/soapui/config'>"
ENVELOPE = mistakes.request()
JSON_ENVELOPE = json.dumps(ENVELOPE).encode()
URL = json.dumps(f"{exports.HOST}{mistakes.TARGET}").encode()


def damaged_saz() -> bytes:
    data = bytearray(exports.saz([RIGHT] * 3))
    data[200:300] = b"\xff" * 100
    return bytes(data)


def packed() -> bytes:
    return exports.packed(exports.har([RIGHT] * 50))


def har_values(count: int) -> bytes:
    return HAR + b'{"x": [' + b"0," * count + b"0]}]}}"


def by_method(method: int) -> bytes:
    return zips.zip_of([zips.Packed("raw/1_c.txt", bytes(100), 100, method)])


# Nothing here has the content of its file: each is made when it is needed.
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a HAR that is cut off": (
        lambda: exports.har([RIGHT] * 3)[:-700], "it is no JSON after entry"),
    "a HAR that is deep": (lambda: HAR + b"[" * 1_000_000, "it is no JSON after entry 0"),
    "a HAR of other things": (
        lambda: b'{"log": {"creator": 1, "entries": [1, "x", null, [], {"request": 5, "response": '
        b'[]}, {"request": {"headers": 7, "url": {}, "postData": "x"}, '
        b'"response": {"status": "x"}}]}}',
        "without a message of the service (6 entries",
    ),
    "a HAR with a huge number": (
        lambda: HAR + b'{"time": 1' + b"0" * 100_000 + b"}]}}", "a number of more than 2,000"),
    "a HAR with many values in an entry": (lambda: har_values(400_001), "values in one place"),
    "a HAR of many entries": (
        lambda: HAR + b"{}," * 60_000 + b"{}]}}", "it has more than 50,000 entries: split it"),
    "a HAR with many values before its entries": (
        lambda: b'{"log": {"version": 1, "x": [' + b"0," * 500_000 + b'0], "entries": []}}',
        "values in one place"),
    "JSON of many values": (
        lambda: nested(b"x", 2_100_000), "more than 1,000,000 values: split it"),
    "a HAR without entries": (
        lambda: b'{"log": {"version": "1.2", "pages": []}}',
        "an HTTP archive (HAR) without a message of the service (no entry)"),
    "a HAR whose entries are no list": (
        lambda: b'{"log": {"version": "1.2", "entries": 5}}', "(no entry)"),
    "a HAR in what begins as UTF-16": (
        lambda: exports.har([RIGHT]).decode().encode("utf-16") + b"\x00\xd8\0\0",
        "it begins as UTF-16 and is not"),
    "a HAR that is not UTF-8": (
        lambda: HAR + b'{"x": "SECRET\xff"}]}}',
        "it is no JSON after entry 0: lexical error: invalid bytes in UTF8 string.\n"),
    "a Burp export that is cut off": (
        lambda: exports.burp([RIGHT] * 3)[:-700], "it is no XML after item"),
    "a Burp export with many attributes": (
        lambda: BURP + b"<item" + b"".join(b" a%d=''" % n for n in range(200_000)) + b"/></items>",
        "more than 1,000 attributes"),
    "a Burp export with attributes after a long one": (
        lambda: BURP + b"<item b='" + b"x" * 500_000 + b"'"
        + b"".join(b" a%d=''" % n for n in range(200_000)) + b"/></items>",
        "a tag has more than"),
    "a Burp export with a huge item": (
        lambda: BURP + b"<item>" + b"<a/>" * 100_000, "more than 10,000 elements in one"),
    "a Burp export of other elements": (
        lambda: BURP + b"<a/>" * 550_000, "more than 500,000 elements"),
    "a Burp export that is deep": (lambda: BURP + b"<a>" * 300, "nested more than 200 deep"),
    "a SoapUI project that is cut off": (
        lambda: exports.soapui([RIGHT])[:-300], "it is no XML after"),
    "a SoapUI project that is deep": (
        lambda: SOAPUI + b"<con:a name='x'>" * 300, "nested more than 200 deep"),
    "a Postman collection that is cut off": (
        lambda: exports.postman([RIGHT])[:-30], "it is no JSON"),
    "a deep Postman collection": (
        lambda: b'{"_postman_id": 1, "item": ' + b"[" * 100_000, "it is no JSON"),
    "a Postman collection of many values": (
        lambda: POSTMAN + b"[]," * 600_000 + b"[]]}", "more than 500,000 values"),
    "JSON lines that are cut off": (
        lambda: exports.json_lines([RIGHT] * 3)[:-30], "line 3 is no JSON"),
    "a damaged SAZ": (damaged_saz, "cannot be"),
    "a SAZ without its end": (lambda: exports.saz([RIGHT])[:-40], "cannot be read as a ZIP"),
    "a SAZ bomb": (
        lambda: zips.zip_of([zips.spaces("raw/1_c.txt", 300)]), "unpacks to more than"),
    "a SAZ of small bombs": (
        lambda: zips.zip_of([zips.spaces(f"raw/{n}_c.txt", 20) for n in range(20)]),
        "unpacks to more than"),
    "a SAZ by LZMA": (lambda: by_method(zips.LZMA), "is packed by method 14"),
    "a gzip that is cut off": (lambda: packed()[:-30], "it cannot be unpacked"),
    "a gzip bomb": (lambda: zips.gzip_of(400), "it unpacks to more than 40,000,000 bytes and 20"),
    "a gzip bomb of a HAR": (
        lambda: exports.packed(HAR) + zips.gzip_of(400), "it unpacks to more than 40,000,000"),
}  # fmt: skip


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Used]:
    folder = tmp_path_factory.mktemp("runs")
    runs = {}
    for number, (name, (make, _)) in enumerate(HOSTILE.items()):
        (folder / f"file-{number}").write_bytes(make())
        runs[name] = ["validate", f"file-{number}"]
    return dict(zip(runs, measured(folder, list(runs.values())), strict=True))


@untraced
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_export_is_one_line_and_exit_2(name: str, used: dict[str, Used]) -> None:
    run = used[name]
    assert (run.code, run.stdout) == (2, "")
    assert HOSTILE[name][1] in run.stderr
    assert run.stderr.count("\n") == 1
    assert len(run.stderr) < 1_500
    assert "SECRET" not in run.stderr
    assert run.cpu_s < 2
    assert run.peak_mib < 300


class Construct(NamedTuple):
    """Something that a file may have any number of.

    Attributes:
        make: A file with so many.
        number: A number that takes a measurable time.
    """

    make: Callable[[int], bytes]
    number: int


def entry(inside: bytes) -> bytes:
    return HAR + b'{"request": {"method": "POST", "url": %b, %b}}]}}' % (URL, inside)


def posted(text: bytes, media_type: bytes = b"text/xml") -> bytes:
    return entry(b'"postData": {"mimeType": "%b", "text": "%b"}' % (media_type, text))


def requests(name: bytes, count: int) -> bytes:
    item = b'{"name": "x", "request": {"method": "GET", "url": "http://h/"}},'
    return POSTMAN + b'{"name": "%b", "item": [' % name + item * count + b"{}]}]}"


def calls(name: bytes, count: int) -> bytes:
    call = b"<con:call><con:request>&lt;a/></con:request></con:call>"
    return SOAPUI + b"<con:i name='%b'>" % name + call * count + b"</con:i></con:soapui-project>"


def nested(key: bytes, count: int) -> bytes:
    """Values below a key that is long."""
    return b'{"a": %b, "%b": [' % (JSON_ENVELOPE, key) + b"0," * count + b"0]}"


def sessions(count: int) -> bytes:
    return zips.zip_of([zips.plain(f"raw/{n}_c.txt", b"GET / HTTP/1.1\r\n\r\n")
                        for n in range(count)])  # fmt: skip


def item(text: bytes) -> bytes:
    return BURP + b'<item><request base64="true">%b</request></item></items>' % text


GROWING: Final = {
    "HAR: entries": Construct(
        lambda n: HAR + b'{"request": {"method": "GET", "url": "/"}},' * n + b"{}]}}", 8_000),
    "HAR: a number of long texts": Construct(
        lambda n: HAR + b'{"x": [' + (b'"' + b"A" * 100_000 + b'",') * n + b"1]}]}}", 80),
    "HAR: keys before the entries": Construct(
        lambda n: b'{"log": {"version": 1, "x": {'
        + b",".join(b'"k%d": 1' % i for i in range(n)) + b'}, "entries": []}}', 90_000),
    "HAR: values in an entry": Construct(har_values, 90_000),
    "HAR: headers": Construct(
        lambda n: entry(b'"headers": [' + b'{"name": "a", "value": "b"},' * n + b"{}]"), 8_000),
    "HAR: a long text": Construct(lambda n: posted(b"A" * n), 8_000_000),
    "HAR: escapes": Construct(lambda n: posted(b"\\u4e2d" * n), 800_000),
    "HAR: lone surrogates": Construct(lambda n: posted(b"\\ud800" * n), 300_000),
    "HAR: pairs of surrogates": Construct(lambda n: posted(b"\\ud83d\\ude00" * n), 200_000),
    "HAR: backslashes": Construct(lambda n: posted(b"\\\\" * n), 2_000_000),
    "HAR: white space": Construct(lambda n: HAR + b" " * n + b"]}}", 10_000_000),
    "HAR: punycode": Construct(
        lambda n: posted(b"".join(b"\\u%04x" % (0x4e00 + i % 9000) for i in range(n)),
                         b"text/xml; charset=punycode"), 8_000),
    "HAR: beginnings of a declaration": Construct(lambda n: posted(b"<?xml " * n), 400_000),
    "HAR: beginnings of an envelope": Construct(lambda n: posted(b"<Envelope" * n), 400_000),
    "HAR: quotes": Construct(lambda n: posted(b'\\"' * n), 2_000_000),
    "HAR: a long URL": Construct(
        lambda n: HAR + b'{"request": {"url": "' + b"/" * n + b'"}}]}}', 2_000_000),
    "Postman: requests below a long name": Construct(
        lambda n: requests(b"x" * (n * 10), n), 3_000),
    "Postman: folders": Construct(
        lambda n: POSTMAN + b'{"name": "x", "item": []},' * n + b"{}]}", 20_000),
    "SoapUI: calls below a long name": Construct(lambda n: calls(b"x" * (n * 10), n), 3_000),
    "SoapUI: other elements": Construct(
        lambda n: SOAPUI + b"<a/>" * n + b"</con:soapui-project>", 100_000),
    "SoapUI: unique names": Construct(
        lambda n: SOAPUI + b"".join(b"<a%d/>" % i for i in range(n)) + b"</con:soapui-project>",
        100_000),
    "SoapUI: comments": Construct(
        lambda n: SOAPUI + b"<!---->" * n + b"</con:soapui-project>", 500_000),
    "SoapUI: namespaces": Construct(
        lambda n: SOAPUI + b"".join(b"<a xmlns:p%d='%d'/>" % (i, i) for i in range(n))
        + b"</con:soapui-project>", 50_000),
    "Burp: items": Construct(
        lambda n: BURP + b"<item><request>GET / HTTP/1.1\r\n\r\n</request></item>" * n
        + b"</items>", 8_000),
    "Burp: base64 with blanks": Construct(lambda n: item(b"Q Q = =\n" * n), 500_000),
    "Burp: a long text": Construct(lambda n: item(base64.b64encode(bytes(n))), 8_000_000),
    "Burp: no end of a tag": Construct(lambda n: BURP + b"<a " + b"b " * n, 100_000),
    "Burp: a DTD that does not end": Construct(
        lambda n: b"<!DOCTYPE items [" + b"<!DOCTYPE items [" * n + BURP, 200_000),
    "JSON: lines": Construct(lambda n: b'{"a": "x"}\n' * n + JSON_ENVELOPE, 30_000),
    "JSON: fields below a long name": Construct(
        lambda n: nested(b"x" * (n * 10), n), 20_000),
    "JSON: fields of a large line": Construct(lambda n: nested(b"x", n), 600_000),
    "JSON: envelopes in a line": Construct(
        lambda n: b'{"%b": [' % (b"x" * n) + b'"<Envelope></Envelope>",' * n + b"1]}", 60),
    "JSON: beginnings of a declaration": Construct(
        lambda n: b'{"a": %b, "b": "' % JSON_ENVELOPE + b"<?xml " * n + b'"}', 400_000),
    "JSON: beginnings of an end": Construct(
        lambda n: b'{"b": "<Envelope>' + b"</" * n + b'"}', 400_000),
    "SAZ: sessions": Construct(sessions, 3_000),
    "SAZ: names of slashes": Construct(
        lambda n: zips.zip_of([zips.plain("raw/" * 10_000, b"")] * n), 20),
}  # fmt: skip
_SHORT_S: Final = 0.15  # below which a difference says nothing
_MOST_GROWTH: Final = 2.5


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Used, Used]]:
    """What each construct took, and twice as much of it."""
    folder = tmp_path_factory.mktemp("grown")
    runs = []
    for at, (make, number) in enumerate(GROWING.values()):
        for times in (1, 2):
            file = folder / f"{at}-{times}"
            file.write_bytes(make(number * times if FULL else number * times // 10))
            runs.append(["validate", "--format", "jsonl", file.name])
    found = measured(folder, runs)
    return dict(zip(GROWING, zip(found[::2], found[1::2], strict=True), strict=True))


@untraced
@at_length
@pytest.mark.slow
@pytest.mark.parametrize("name", GROWING)
def test_twice_as_much_takes_no_more_than_twice_the_time(
    name: str, grown: dict[str, tuple[Used, Used]]
) -> None:
    one, two = grown[name]
    assert "Traceback" not in two.stderr
    assert two.code in (0, 1, 2)
    assert two.cpu_s < max(one.cpu_s * _MOST_GROWTH, _SHORT_S), (one, two)
    assert two.cpu_s < 2
    assert two.peak_mib < 300
