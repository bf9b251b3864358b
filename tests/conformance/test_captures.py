"""`soblob validate` reads exports of tools: each message is judged, with where it came from."""

import gzip
import json
import os
import pty
import re
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soblob import (
    ContractViolationError,
    HttpRequest,
    HttpResponse,
    SoblobError,
    assert_valid_request,
    assert_valid_response,
)
from pytest_soblob._http import to_bytes
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.cli import main
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes, judge_file
from pytest_soblob.conformance.captures.json_values import iter_values
from pytest_soblob.conformance.captures.variables import OF_POSTMAN, fill_in
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.settings import SoblobSettings
from tests import mistakes
from tests.cli.conftest import command as command_line
from tests.cli.conftest import everything_on
from tests.command import runner
from tests.conformance import exports, zips
from tests.conformance.bounds import measured
from tests.conformance.exports import PLACES, WRITERS, Exchange
from tests.example_counts import FULL, at_length, either

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "validate.schema.json").read_text())
RIGHT = Exchange(mistakes.http_request(), mistakes.http_response(mistakes.response()))
FAULTY_REQUESTS = [
    mistakes.request(mistakes.IMAGE, mistakes.TYPE, mistakes.DESCRIPTION),
    mistakes.request(mistakes.TYPE, mistakes.IMAGE, "<n:Text>x</n:Text>"),
    mistakes.request(mistakes.TYPE, mistakes.TYPE, mistakes.IMAGE),
    mistakes.request(mistakes.TYPE, "<n:Image>!!!!</n:Image>"),
    mistakes.request(mistakes.TYPE, "<n:Image>_-_-</n:Image>"),
    mistakes.request("<n:Type>Portrait</n:Type>", mistakes.IMAGE),
    mistakes.request().replace("Services86", "Services85"),
    mistakes.request().replace(mistakes.CREDENTIALS, ""),
]
FAULTY_RESPONSES = [
    mistakes.response("<n:Response>x</n:Response>"),
    mistakes.response("<n:Response>1</n:Response><n:Response>1</n:Response>"),
    mistakes.response("<n:Result>1</n:Result>"),
    mistakes.response().replace(mistakes.SUCCEEDED, "<n:Succeeded>yes</n:Succeeded>"),
]
OTHERS = [
    Exchange(
        HttpRequest(method="GET", target="/app.js"),
        HttpResponse(headers=(("Content-Type", "text/javascript"),), body=b"go('\xe9')"),
    ),
    Exchange(
        HttpRequest(target="/api/v1/Person", headers=(("Content-Type", "application/json"),),
                    body=b'{"Firstname": "Ann"}'),
        HttpResponse(headers=(("Content-Type", "application/json"),), body=b"{}"),
    ),
    Exchange(
        HttpRequest(method="GET", target=f"{mistakes.TARGET}?wsdl"),
        HttpResponse(headers=(("Content-Type", "text/xml"),), body=b"<definitions/>"),
    ),
]  # fmt: skip


def with_body(exchange: Exchange, side: str, body: str) -> Exchange:
    message = replace(getattr(exchange, side), body=body.encode())
    return exchange._replace(**{side: message})


def validate(folder: Path, data: bytes, *options: str) -> tuple[int, str, str]:
    file = folder / "session"
    file.write_bytes(data)
    result = runner().invoke(main, ["validate", *options, str(file)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def judged(folder: Path, data: bytes) -> tuple[int, dict[str, dict[str, Any]], str]:
    """Exit code, the items of JSON by where they came from, and standard error."""
    code, out, err = validate(folder, data, "--format", "json")
    items = json.loads(out)
    jsonschema.validate(items, SCHEMA)
    assert [item["message"] for item in items] == list(range(1, len(items) + 1))
    return code, {item.get("where", ""): item for item in items}, err


def errors(violations: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(one["rule"] for one in violations if one["severity"] == "error")


def of_an_envelope(body: str, kind: str) -> list[str]:
    verdict = judge_bytes(body.encode(), JudgeSettings(kind=kind))
    return sorted(one.rule for one in verdict.violations if one.severity == "error")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("pack", [bytes, exports.packed], ids=["plain", "gz"])
def test_right_messages_are_valid_and_other_traffic_is_passed_over(
    name: str, pack: Any, tmp_path: Path
) -> None:
    data = WRITERS[name]([OTHERS[0], RIGHT, *OTHERS[1:], RIGHT])
    code, items, err = judged(tmp_path, pack(data))
    assert code == 0
    asked, answered = PLACES[name]
    wanted = [place.format(number) for number in (2, 5) for place in (asked, answered)]
    assert sorted(items) == sorted(wanted)
    assert [items[place]["kind"] for place in wanted] == ["request", "response"] * 2
    assert all(errors(item["violations"]) == [] for item in items.values())
    assert "of other traffic passed over" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", WRITERS)
def test_a_fault_is_found_at_its_message(name: str, tmp_path: Path) -> None:
    """Twelve of each format: one message is wrong, at another place each time."""
    faults = [("request", body) for body in FAULTY_REQUESTS]
    faults += [("response", body) for body in FAULTY_RESPONSES]
    assert len(faults) == 12
    for at, (side, body) in enumerate(faults):
        exchanges = [*[RIGHT] * (at % 4), with_body(RIGHT, side, body), *OTHERS, RIGHT]
        code, items, _ = judged(tmp_path, WRITERS[name](exchanges))
        wrong = {place: errors(item["violations"]) for place, item in items.items()}
        wrong = {place: rules for place, rules in wrong.items() if rules}
        place = PLACES[name][side == "response"].format(at % 4 + 1)
        expected = of_an_envelope(body, side)
        assert expected
        assert code == 1
        assert list(wrong) == [place], body
        assert set(expected) <= set(wrong[place])


def test_text_names_the_place(tmp_path: Path) -> None:
    code, out, err = validate(tmp_path, exports.har([RIGHT, *OTHERS]))
    assert code == 0
    assert out.splitlines() == [
        f"{tmp_path}/session, entry 1, request: valid request (profile wsdl), no findings",
        f"{tmp_path}/session, entry 1, response: valid response (profile wsdl), no findings",
    ]
    assert err == f"soblob: {tmp_path}/session: 3 entries of other traffic passed over\n"


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "soapui"])
def test_a_file_without_a_message_of_the_service_is_exit_2(name: str, tmp_path: Path) -> None:
    code, out, err = validate(tmp_path, WRITERS[name](OTHERS))
    assert (code, out) == (2, "")
    assert ("no message of the service" if name == "json" else "message of the service (") in err
    assert err.count("\n") == 1


def edited_har(change: Any) -> bytes:
    data = json.loads(exports.har([RIGHT, RIGHT]))
    change(data["log"]["entries"][0])
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1}', "this is JSON without an envelope in it: no message of the service"),
        (b"\xef\xbb\xbf [1,\n 2]\n", "this is JSON without an envelope in it"),
        (b'{"a": 1}\n{"a": 2', "this is JSON without an envelope in it"),
        ('{"findings": []}'.encode("utf-16"), "this is JSON without an envelope in it"),
        (schema_file("BLOB.wsdl").read_bytes(), "this is a WSDL, and no message: compare it with"),
        (schema_file("BLOB.wsdl").read_text().encode("utf-16"), "`soblob check-wsdl FILE`"),
        (b"", "this is a recording of soblob record without an exchange"),
    ],
)
def test_a_file_that_is_no_message_is_exit_2(data: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(data)
    if not data:
        (tmp_path / "r.jsonl.bodies").mkdir()
    result = runner().invoke(main, ["validate", str(file)])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr


def test_a_report_of_ours_is_no_message(tmp_path: Path) -> None:
    cut = mistakes.request()[:99]
    report = {"url": "http://h/x", "run": "e0", "ended": "complete", "findings": [{"got": cut}]}
    code, out, err = validate(tmp_path, json.dumps(report, indent=2).encode())
    assert (code, out) == (2, "")
    assert "this is a report of soblob verify: it has no whole message" in err
    wrong = exports.har([with_body(RIGHT, "request", FAULTY_REQUESTS[0])])
    for form in ("json", "jsonl"):
        result = validate(tmp_path, wrong, "--format", form)[1]
        code, out, err = validate(tmp_path, result.encode())
        assert (code, out) == (2, "")
        assert "this is a result of soblob validate: it has no whole message" in err


@pytest.mark.parametrize("data", [b"", b"{", b"{a: 1}", b"[" * 100_000, b'"x"'])
def test_what_is_no_json_is_judged_as_a_message(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sent"
    file.write_bytes(data)
    result = runner().invoke(main, ["validate", str(file)])
    assert (result.exit_code, result.stderr) == (1, "")
    assert "INVALID" in result.stdout


def test_a_body_that_the_har_does_not_hold_is_named(tmp_path: Path) -> None:
    def drop(entry: Any) -> None:
        del entry["request"]["postData"]
        del entry["response"]["content"]["text"]

    code, items, err = judged(tmp_path, edited_har(drop))
    assert code == 0
    assert list(items) == ["entry 2, request", "entry 2, response"]
    assert "entry 1, request is not judged: the export does not hold its body" in err
    assert "entry 1, response is not judged: the export does not hold its body" in err


def test_a_decoded_body_is_not_decoded_again(tmp_path: Path) -> None:
    """What is base64 in a HAR is the body as the browser saw it, whatever Content-Encoding says."""

    def pack(entry: Any) -> None:
        content = entry["response"]["content"]
        packed = gzip.compress(content["text"].encode())
        content |= {"text": packed.hex(), "encoding": ""}

    code, items, _ = judged(tmp_path, edited_har(pack))
    assert code == 1
    assert errors(items["entry 1, response"]["violations"])
    assert errors(items["entry 2, response"]["violations"]) == []


def test_wrong_base64_in_a_har_is_an_error_of_that_message(tmp_path: Path) -> None:
    def spoil(entry: Any) -> None:
        entry["response"]["content"]["encoding"] = "base64"

    code, items, _ = judged(tmp_path, edited_har(spoil))
    assert code == 1
    assert errors(items["entry 1, response"]["violations"]) == ["http.malformed"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_text_is_judged_in_the_encoding_in_which_it_was_sent(encoding: str, tmp_path: Path) -> None:
    def change(entry: Any) -> None:
        post = entry["request"]["postData"]
        post["text"] = f'<?xml version="1.0" encoding="{encoding}"?>{post["text"]}'
        post["mimeType"] = f"text/xml; charset={encoding}"
        entry["request"]["headers"] = [
            one | {"value": post["mimeType"]} if one["name"] == "Content-Type" else one
            for one in entry["request"]["headers"]
        ]

    code, items, _ = judged(tmp_path, edited_har(change))
    assert (code, errors(items["entry 1, request"]["violations"])) == (0, [])


def test_an_http_fault_of_a_har_is_found(tmp_path: Path) -> None:
    def change(entry: Any) -> None:
        headers = entry["request"]["headers"]
        entry["request"]["headers"] = [h for h in headers if h["name"] != "SOAPAction"]

    code, items, _ = judged(tmp_path, edited_har(change))
    assert (code, errors(items["entry 1, request"]["violations"])) == (
        1,
        ["http.soap-action-missing"],
    )


def test_entities_of_a_burp_export_are_never_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    burp = exports.burp_as_text([RIGHT]).decode()
    dtd = f'<!ENTITY x SYSTEM "file://{tmp_path}/secret"><!ENTITY y "&x;&x;">'
    data = burp.replace("\n]>", f"\n{dtd}]>").replace("Portrait", "&x;&y;")
    code, out, err = validate(tmp_path, data.encode())
    assert (code, out) == (2, "")
    assert "SECRET" not in err
    assert "it is no XML after item 0" in err


def test_a_single_json_document_and_a_string_are_read(tmp_path: Path) -> None:
    log = {"calls": [{"soap": mistakes.request()}, {"out": {"response": mistakes.response()}}]}
    code, items, _ = judged(tmp_path, json.dumps(log, indent=2).encode())
    assert code == 0
    assert list(items) == [
        "line 1, field calls[0].soap, request",
        "line 1, field calls[1].out.response, response",
    ]
    assert judged(tmp_path, json.dumps(mistakes.request()).encode())[0] == 0


def test_lines_without_an_envelope_are_counted_as_they_are_passed_over(tmp_path: Path) -> None:
    line = json.dumps({"m": mistakes.request()})
    log = ["{}", "[1]", "", line, "no JSON", "", "", "{}", line, line, "", "1", ""]
    for end in ("\n", "\n\n\n", "\n2\n\n"):
        for first in ("{}\n", ""):
            text = first + "\n".join(log) + end
            code, items, err = judged(tmp_path, text.encode())
            numbers = [n for n, one in enumerate(text.split("\n"), 1) if "Envelope" in one]
            assert [f"line {n}, field m, request" for n in numbers] == list(items)
            others = sum(1 for one in text.split("\n") if one and "Envelope" not in one)
            assert (code, f": {others} lines of other traffic" in err) == (0, True)


def test_each_envelope_of_a_text_is_judged(tmp_path: Path) -> None:
    both = f"sent {mistakes.request()} got\n<?xml version='1.0'?>{mistakes.response()} in 5 ms"
    code, items, _ = judged(tmp_path, json.dumps({"m": both}).encode())
    assert code == 0
    assert [(where, item["kind"]) for where, item in items.items()] == [
        ("line 1, field m, request", "request"),
        ("line 1, field m, envelope 2, response", "response"),
    ]
    assert_valid_request(tmp_path / "session")
    assert_valid_response(tmp_path / "session")
    inside = mistakes.request().replace("Portrait", "<![CDATA[</e:Envelope> ]]>")
    assert judged(tmp_path, json.dumps({"m": inside}).encode())[0] == 0
    cut = judged(tmp_path, json.dumps({"m": mistakes.request()[:-9]}).encode())
    assert (cut[0], len(cut[1])) == (1, 1)


def test_any_order_in_a_saz_is_read_and_another_zip_is_named(tmp_path: Path) -> None:
    source, out = BytesIO(exports.saz([RIGHT])), BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            new.writestr(name, old.read(name))
    assert out.getvalue()[30:].startswith(b"[Content_Types].xml")
    code, items, _ = judged(tmp_path, out.getvalue())
    assert (code, list(items)) == (0, ["session 1, request", "session 1, response"])
    code, stdout, err = validate(tmp_path, zips.zip_of([zips.plain("a.har", b"x")]))
    assert (code, stdout) == (2, "")
    assert "this is a ZIP that is no Fiddler archive: unpack it" in err


def test_a_collection_of_version_1_is_named(tmp_path: Path) -> None:
    data = {"_postman_id": "x", "name": "y", "requests": [], "order": []}
    code, _, err = validate(tmp_path, json.dumps(data).encode())
    assert code == 2
    assert "a collection of version 1: export it as Collection v2.1" in err


TEXTS = [name for name in WRITERS if name != "saz"]
MARKED = {
    "UTF-8 with a mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16, big-endian": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "UTF-16 that is declared": lambda data: (
        data.decode().replace('"UTF-8"', '"UTF-16"').replace('<?xml version="1.0"?>',
        "<?xml version='1.0' encoding='utf-16'?>").encode("utf-16")),
}  # fmt: skip


@pytest.mark.parametrize("mark", MARKED)
@pytest.mark.parametrize("name", TEXTS)
def test_an_export_may_be_saved_in_utf_16(name: str, mark: str, tmp_path: Path) -> None:
    """As editors and shells do on Windows; the messages in it are what they were."""
    exchanges = [RIGHT, with_body(RIGHT, "request", FAULTY_REQUESTS[5]), *OTHERS]
    plain = judged(tmp_path, WRITERS[name](exchanges))
    assert judged(tmp_path, MARKED[mark](WRITERS[name](exchanges))) == plain
    assert plain[0] == 1


@pytest.mark.parametrize("name", ["har", "postman", "json"])
@pytest.mark.parametrize("lone", ["\\ud800", "\\udfff", "\\uD83D\\u0041"])
def test_a_lone_surrogate_is_never_made_a_character(name: str, lone: str, tmp_path: Path) -> None:
    changed = WRITERS[name]([RIGHT, RIGHT]).decode().replace("Portrait", f"Port{lone}rait", 1)
    code, items, _ = judged(tmp_path, changed.encode())
    wrong = [place for place, item in items.items() if errors(item["violations"])]
    assert (code, wrong) == (1, [PLACES[name][0].format(1)])
    pair = WRITERS[name]([RIGHT]).decode().replace("Portrait", "\\ud83d\\uDE00 \\\\ud800", 1)
    assert judged(tmp_path, pair.encode())[0] == 0


@pytest.mark.parametrize("name", ["har", "postman", "json"])
def test_lone_surrogates_in_every_text_end_in_no_traceback(name: str, tmp_path: Path) -> None:
    texts = re.sub(rb'": "', rb'": "\\ud800', WRITERS[name]([RIGHT]))
    for data in (texts, re.sub(rb'"([a-zA-Z]+)": ', rb'"\1\\udc00": ', texts)):
        for form in ("text", "json"):
            code, _, err = validate(tmp_path, data, "--format", form)
            assert code in (0, 1, 2)  # of JSON, what stands before an envelope is no part of it
            assert "Traceback" not in err


@at_length
@given(data=st.data())
@settings(max_examples=either(30, 300), deadline=None)
def test_json_is_read_alike_in_pieces_of_any_size(data: st.DataObject) -> None:
    """What is lone is told as `json` tells it, wherever a piece ends."""
    pieces = [
        "\\\\",
        '\\"',
        "\\ud83d",
        "\\ude00",
        "\\uD800",
        "\\u0041",
        "\\n",
        "u",
        "d800",
        "\u4e2d",
    ]
    inside = "".join(data.draw(st.lists(st.sampled_from(pieces), max_size=30)))
    text = json.dumps({"a": 1})[:-1] + f', "b": "{inside}"}}'
    size = data.draw(st.integers(1, 40))
    raw = BytesIO(text.encode())

    class Few:
        def read(self, _: int = -1) -> bytes:
            return raw.read(size)

    (found,) = iter_values(Few())
    told = json.loads(text)["b"]
    assert found["b"] == "".join("\uffff" if "\ud800" <= c <= "\udfff" else c for c in told)


def test_a_namespace_with_a_brace_is_no_traceback(tmp_path: Path) -> None:
    odd = exports.soapui([RIGHT]).replace(b"http://eviware.com/soapui", b"http:}//eviware.com")
    code, _, err = validate(tmp_path, odd)
    assert (code, err.count("\n")) == (2, 1)


PIECES = (
    b"\0", b"\xff", b"<", b">", b'"', b"\\", b"{", b"]", b"\\ud800", b"&#0;", b"&x;", b"}",
    b"null", b"-1", b"1e999", b"9" * 30, b"\x1f\x8b\x08", b"<!DOCTYPE items [", b"<![CDATA[",
    b"HTTP/1.1 200 OK\r\n\r\n", b"Content-Length: 5\r\n", b"encoding='utf-16'", b"\xef\xbb\xbf",
    b"]]>", b"PK\5\6",
)  # fmt: skip


@at_length
@given(data=st.data())
@settings(max_examples=either(60, 300), deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_export_never_ends_in_a_traceback(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    export = bytearray(WRITERS[name]([RIGHT, OTHERS[0]]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(export)))
        cut = data.draw(st.sampled_from([0, 0, 1, 40, 500]))
        export[at : at + cut] = data.draw(st.sampled_from([b"", *PIECES]))
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(export)
    outcome = judge_file(str(file), JudgeSettings(output="json"))
    assert outcome.is_read or "\n" not in outcome.text


def edited_burp(side: str) -> bytes:
    data = exports.burp([RIGHT, RIGHT]).decode()
    return re.sub(f"(?s)<{side} base64.*?</{side}>", f"<{side}></{side}>", data, count=1).encode()


def edited_saz(side: str) -> bytes:
    source, out = BytesIO(exports.saz([RIGHT, RIGHT])), BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != f"raw/0001_{side[0].replace('r', 'c') if side == 'request' else 's'}.txt":
                new.writestr(name, old.read(name))
    return out.getvalue()


def without(side: str, **more: Any) -> bytes:
    def change(entry: Any) -> None:
        entry[side] = more

    return edited_har(change)


LACKING = {
    "HAR, no answer": (without("response", status=0, _error="net::ERR_FAILED"),
                       "entry 1, response", "the export does not hold it (net::ERR_FAILED)"),
    "HAR, no response": (without("response"), "entry 1, response", "the export does not hold it"),
    "HAR, no text": (without("response", status=200, content={"mimeType": "text/xml"}),
                     "entry 1, response", "the export does not hold its body"),
    "HAR, no text and a size of -1": (
        without("response", status=200, content={"size": -1}, bodySize=-1),
        "entry 1, response", "the export does not hold its body"),
    "HAR, a size on the wire only": (
        without("response", status=200, content={"size": 0, "text": ""}, bodySize=786),
        "entry 1, response", "the export does not hold its body"),
    "HAR, the beginning of a text": (
        without("response", status=200, content={"size": 5000, "text": "<s:Envelope"}),
        "entry 1, response", "the export holds 11 of 5,000 bytes of its body"),
    "HAR, no text of a request": (
        without("request", method="POST", url=f"{exports.HOST}{mistakes.TARGET}", bodySize=-1),
        "entry 1, request", "the export does not hold its body"),
    "Burp, response": (edited_burp("response"), "item 1, response", "the export does not hold it"),
    "Burp, request": (edited_burp("request"), "item 1, request", "the export does not hold it"),
    "SAZ, response": (edited_saz("response"), "session 1, response", "the export does not hold it"),
    "SAZ, request": (edited_saz("request"), "session 1, request", "the export does not hold it"),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
def test_a_message_that_the_export_does_not_hold_is_named(name: str, tmp_path: Path) -> None:
    data, place, why = LACKING[name]
    code, items, err = judged(tmp_path, data)
    assert (code, len(items)) == (0, 3)
    assert place not in items
    assert f"{place} is not judged: {why}\n" in err
    assert err.count("\n") == 1
    kind = place.rpartition(", ")[2]
    asserted = {"request": assert_valid_request, "response": assert_valid_response}
    with pytest.warns(UserWarning, match=re.escape(f"{place}: {why}")):
        asserted.pop(kind)(tmp_path / "session")
    asserted.popitem()[1](tmp_path / "session")


def with_variables(name: str, **changes: str) -> bytes:
    """An export whose first request has a variable in the place of each text."""
    sent = RIGHT.request.body.decode()
    for new, old in changes.items():
        assert old in sent
        sent = sent.replace(old, f"{{{{{new}}}}}" if name == "postman" else f"${{#Project#{new}}}")
    changed = Exchange(replace(RIGHT.request, body=sent.encode()), RIGHT.response)
    data = WRITERS[name]([changed, RIGHT])
    if name == "soapui":
        values = "".join(
            f"<con:property><con:name>{new}</con:name><con:value>{old}</con:value></con:property>"
            for new, old in changes.items() if new != "unknown"
        )  # fmt: skip
        end = "</con:soapui-project>"
        properties = f"<con:properties>{values}</con:properties>"
        return data.decode().replace(end, properties + end).encode()
    collection = json.loads(data)
    collection["variable"] = [{"key": k, "value": v if k != "unknown" else ""}
                              for k, v in changes.items()]  # fmt: skip
    return json.dumps(collection).encode()


VARIABLES = {"postman": "{{%s}}", "soapui": "${#Project#%s}"}


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_are_filled_in(name: str, tmp_path: Path) -> None:
    data = with_variables(name, type="PersonImage", image=mistakes.PNG, ticket=mistakes.TICKET)
    code, out, err = validate(tmp_path, data)
    assert (code, err, out.count(": valid request")) == (0, "", 2)
    wrong = with_variables(name, type="PersonImage").replace(b"PersonImage", b"Kitchen", 99)
    code, out, err = validate(tmp_path, wrong.replace(b"Kitchen</n:Type>", b"PersonImage</n:Type>"))
    assert code == 1
    assert "Kitchen" in out


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_without_a_value_is_named_and_not_judged(name: str, tmp_path: Path) -> None:
    code, out, err = validate(tmp_path, with_variables(name, unknown=mistakes.PNG))
    shown = VARIABLES[name] % "unknown"
    assert f"request is not judged: its variable {shown} has no value in the export\n" in err
    assert (code, out.count(": valid request"), "INVALID" in out) == (0, 1, False)


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_that_never_end_are_named(name: str, tmp_path: Path) -> None:
    data = with_variables(name, a="PersonImage").decode()
    own = (VARIABLES[name] % "a") * 2
    for before in ('"value": "PersonImage"', "<con:value>PersonImage<"):
        data = data.replace(before, before.replace("PersonImage", own))
    err = validate(tmp_path, data.encode())[2]
    assert f"its variable {VARIABLES[name] % 'a'} has no value" in err
    with pytest.raises(SoblobError, match="over 40,000,000 characters"):
        fill_in("{{a}}" * 1_000, OF_POSTMAN, {"a": "{{a}}" * 20_000}.get)


@pytest.mark.parametrize("url", ["{{base}}/BLOB.svc", "{{base}}"])
def test_a_variable_of_the_path_is_filled_in(url: str, tmp_path: Path) -> None:
    collection = json.loads(exports.postman([RIGHT]))
    item = collection["item"][0]["item"][0]
    item["response"] = []
    item["request"]["url"] = url
    _, _, err = validate(tmp_path, json.dumps(collection).encode())
    assert "its variable {{base}} has no value" in err
    value = f"https://h.example/Remote/Services86{'/BLOB.svc' if url == '{{base}}' else ''}"
    collection["item"][0]["variable"] = [{"key": "base", "value": value}]
    assert validate(tmp_path, json.dumps(collection).encode())[0] == 0
    for host in ("{{server}}", "https://{{host}}:{{port}}"):
        item["request"]["url"] = f"{host}/Remote/Services86/BLOB.svc"
        assert validate(tmp_path, json.dumps(collection).encode())[::2] == (0, "")


def test_properties_of_a_test_case_are_its_own(tmp_path: Path) -> None:
    sent = RIGHT.request.body.decode().replace("PersonImage", "${#TestCase#type}")
    cases = "".join(
        f'<con:testCase name="{name}"><con:properties><con:property><con:name>type</con:name>'
        f"<con:value>{value}</con:value></con:property></con:properties><con:testStep name='s'>"
        f"<con:config><con:request name='r'><con:request><![CDATA[{sent}]]></con:request>"
        "</con:request></con:config></con:testStep></con:testCase>"
        for name, value in (("one", "PersonImage"), ("two", "Kitchen"))
    )
    project = exports.soapui([RIGHT]).decode()
    end = "</con:soapui-project>"
    data = project.replace(end, f'<con:testSuite name="T">{cases}</con:testSuite>{end}')
    code, items, err = judged(tmp_path, data.encode())
    assert (code, err) == (1, "")
    found = {where: item["valid"] for where, item in items.items() if where.startswith("T > ")}
    assert found == {"T > one > s > r, request": True, "T > two > s > r, request": False}


def test_the_request_of_a_saved_example_is_judged(tmp_path: Path) -> None:
    collection = json.loads(exports.postman([RIGHT]))
    saved = collection["item"][0]["item"][0]["response"][0]
    saved["originalRequest"] = json.loads(json.dumps(saved["originalRequest"]))
    saved["originalRequest"]["body"]["raw"] = FAULTY_REQUESTS[0]
    code, items, _ = judged(tmp_path, json.dumps(collection).encode())
    assert code == 1
    assert {where: item["valid"] for where, item in items.items()} == {
        "BLOB > Request 1, request": True,
        "BLOB > Request 1 > Saved, request": False,
        "BLOB > Request 1 > Saved, response": True,
    }


@pytest.mark.parametrize("name", ["har", "burp", "saz"])
def test_a_preflight_of_a_browser_is_passed_over(name: str, tmp_path: Path) -> None:
    asked = (("origin", "https://a.example"), ("access-control-request-method", "POST"))
    request = replace(RIGHT.request, method="OPTIONS", headers=asked, body=b"")
    allowed = HttpResponse(status=200, headers=(("Access-Control-Allow-Origin", "*"),))
    data = WRITERS[name]([Exchange(request, allowed), RIGHT])
    code, out, err = validate(tmp_path, data)
    assert (code, out.count(": valid")) == (0, 2)
    assert re.search("1 (entry|item|session) of other traffic passed over\n", err)
    other = Exchange(replace(request, headers=asked[:1]), allowed)
    assert "http.method" in validate(tmp_path, WRITERS[name]([other, RIGHT]))[1]


HTML = b"<html><body>no</body></html>"
PLAIN = (("Content-Type", "text/plain"),)
XML = (("Content-Type", "text/xml"),)


@pytest.mark.parametrize("name", ["har", "burp", "saz", "raw", "recording"])
@pytest.mark.parametrize(
    ("answer", "is_judged"),
    [
        (HttpResponse(status=415, headers=(("Content-Length", "0"),)), False),
        (HttpResponse(status=413), False),
        (HttpResponse(status=307, headers=(("Location", "/x"),)), False),
        (HttpResponse(status=503, headers=PLAIN, body=b"busy"), False),
        (HttpResponse(status=404, headers=(("Content-Type", "text/html"),), body=HTML), False),
        (HttpResponse(status=500, headers=XML, body=b"no"), True),
        (HttpResponse(status=500, headers=PLAIN, body=mistakes.response().encode()), True),
        (HttpResponse(status=200, headers=PLAIN, body=b"ok"), True),
        (HttpResponse(status=200), True),
    ],
    ids=lambda one: f"{one.status} {one.body[:9]!r}" if isinstance(one, HttpResponse) else "",
)
def test_an_answer_of_http_alone_is_not_judged_as_soap(
    name: str, answer: HttpResponse, is_judged: bool, tmp_path: Path
) -> None:
    answer = replace(answer, headers=(*answer.headers, ("Date", "Sun, 29 Nov 2026 16:00:00 GMT")))
    if name == "raw":
        data = to_bytes(RIGHT.request) + to_bytes(answer)
    elif name == "recording":
        recorder = Recorder(tmp_path / "session", SoblobSettings(behaviour="wcf"))
        recorder.record(Passed(request=RIGHT.request, response=answer))
        recorder.close()
        data = (tmp_path / "session").read_bytes()
        assert (json.loads(data)["verdicts"]["response"] is not None) is is_judged
    else:
        data = WRITERS[name]([Exchange(RIGHT.request, answer)])
        data = data.replace(b'"bodySize": 99', b'"bodySize": 0')
    code, out, err = validate(tmp_path, data)
    assert code == (1 if is_judged else 0), out + err
    assert out.count(": valid request") == 1
    assert (" response, " in out or " response (" in out) is is_judged
    if not is_judged and name != "raw":
        assert f"response is not judged: it has the status {answer.status}, and no env" in err


def test_an_answer_of_http_alone_in_a_file_of_its_own_is_exit_2(tmp_path: Path) -> None:
    for answer in (HttpResponse(status=415), HttpResponse(status=404, headers=PLAIN, body=HTML)):
        code, out, err = validate(tmp_path, to_bytes(answer))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert f"this is an answer with status {answer.status} and without an envelope" in err
    assert validate(tmp_path, to_bytes(HttpResponse(status=200)))[0] == 1
    assert validate(tmp_path, b"")[0] == 1


def test_a_body_that_is_empty_is_judged(tmp_path: Path) -> None:
    data = without("response", status=200, content={"size": 0, "text": ""}, bodySize=0)
    code, items, err = judged(tmp_path, data)
    assert (code, err) == (1, "")
    assert errors(items["entry 1, response"]["violations"])


def test_of_many_that_are_not_held_the_rest_is_counted(tmp_path: Path) -> None:
    log = json.loads(exports.har([RIGHT] * 30))
    for entry in log["log"]["entries"][:-1]:
        entry["response"] = {}
    code, items, err = judged(tmp_path, json.dumps(log).encode())
    assert (code, len(items)) == (0, 31)
    assert err.count("\n") == 21
    assert "9 more are not judged" in err


def test_the_assertions_read_what_the_command_reads(tmp_path: Path) -> None:
    """What is passed over, and what is refused by name, is decided once."""
    raw = tmp_path / "raw.http"
    raw.write_bytes(b"".join(to_bytes(one) for one in (*OTHERS[2], *RIGHT)))
    assert_valid_request(raw)
    (tmp_path / "a.pcap").write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(100))
    with pytest.raises(SoblobError, match=r"a\.pcap: this is a packet capture: save the stream"):
        assert_valid_request(tmp_path / "a.pcap")
    with pytest.raises(SoblobError, match=r"none\.har: No such file"):
        assert_valid_request(tmp_path / "none.har")


@pytest.mark.parametrize("name", WRITERS)
def test_the_assertions_take_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "session"
    file.write_bytes(WRITERS[name]([RIGHT, *OTHERS]))
    assert_valid_request(file)
    assert_valid_response(file)
    file.write_bytes(WRITERS[name]([RIGHT, with_body(RIGHT, "response", FAULTY_RESPONSES[0])]))
    assert_valid_request(file)
    with pytest.raises(ContractViolationError) as error:
        assert_valid_response(file)
    assert PLACES[name][1].format(2) in str(error.value)


def test_the_assertions_say_if_a_file_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "session").write_bytes(exports.har(OTHERS))
    with pytest.raises(SoblobError, match="session has no request of the service"):
        assert_valid_request(tmp_path / "session")
    (tmp_path / "one.xml").write_text(mistakes.request())
    assert_valid_request(tmp_path / "one.xml")


def write_large_har(file: Path, entries: int, image_bytes: int) -> None:
    """A HAR in which one message in the middle is wrong, written without holding it."""
    text = "QUJD" * (image_bytes // 3)
    upload = mistakes.request(mistakes.TYPE, f"<n:Image>{text}</n:Image>", mistakes.DESCRIPTION)
    right = exports.har_entry(*with_body(RIGHT, "request", upload))
    wrong = exports.har_entry(*with_body(RIGHT, "request", upload.replace("QUJD", "Q!JD", 1)))
    with file.open("w") as out:
        out.write('{"log": {"version": "1.2", "creator": {}, "entries": [')
        for number in range(1, entries + 1):
            out.write("," if number > 1 else "")
            json.dump(wrong if number == entries // 2 else right, out)
        out.write("]}}")


def test_a_large_export_shows_a_progress_bar(tmp_path: Path) -> None:
    write_large_har(tmp_path / "large.har", 30, 150_000)
    terminal, child = pty.openpty()
    process = subprocess.Popen(
        command_line("validate", "large.har"),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=child,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(child)
    shown = everything_on(terminal)
    assert process.wait(60) == 1
    assert b"judging" in shown
    assert b"100%" in shown


@at_length
@pytest.mark.skipif(not FULL, reason="needs SOBLOB_FULL=1")
def test_a_thousand_entries_of_200_mb_take_flat_memory(tmp_path: Path) -> None:
    write_large_har(tmp_path / "small.har", 10, 150_000)
    write_large_har(tmp_path / "large.har", 1_000, 150_000)
    assert (tmp_path / "large.har").stat().st_size > 200_000_000
    runs = [["validate", "--format", "jsonl", f"{name}.har"] for name in ("small", "large")]
    small, large = measured(tmp_path, runs)
    items = [json.loads(line) for line in large.stdout.splitlines()]
    assert len(items) == 2_000
    assert [one["where"] for one in items if errors(one["violations"])] == ["entry 500, request"]
    assert large.peak_mib < small.peak_mib + 25
