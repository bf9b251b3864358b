"""Exports that tools have made: each is read, and a fault is found where it is planted."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob.cli import main
from tests.command import runner

SPECIMENS = Path(__file__).with_name("specimens")
RAW = ["message 1", "message 2", "message 3", "message 4"]
PLACES = {
    "chromium.har": [f"entry {n}, {kind}" for n in (3, 4, 5) for kind in ("request", "response")],
    "mitmproxy.har": [f"entry {n}, {kind}" for n in (2, 3, 5) for kind in ("request", "response")],
    "tshark-follow-raw.txt": RAW,
    "curl-i.txt": [""],
}
REQUEST_FAULTS = [
    (b"PersonImage", b"PersonImagf"),
    (b"n:Description>", b"n:Descriptiom>"),
    (b"n:Credentials", b"n:Credentialz"),
]
RESPONSE_FAULTS = [
    (b"<Response>7", b"<Response>x"),
    (b">true</h:", b">trux</h:"),
    (b"Body>", b"Bodi>"),
]


def judged(file: Path) -> tuple[int, dict[str, list[str]], str]:
    """Exit code, the rules of errors by place, and standard error."""
    result = runner().invoke(main, ["validate", "--format", "json", str(file)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    found = {}
    for item in json.loads(result.stdout):
        place = item.get("where") or (
            "" if file.name == "curl-i.txt" else f"message {item['message']}"
        )
        found[place] = [one["rule"] for one in item["violations"] if one["severity"] == "error"]
    return result.exit_code, found, result.stderr


def spliced(data: bytes, at: tuple[int, int], new: bytes) -> bytes:
    return data[: at[0]] + new.hex().encode() + data[at[1] :]


def messages(data: bytes, name: str) -> list[tuple[bytes, Any]]:
    """Each message of the service, and a function from a changed one to the changed file."""
    if name == "curl-i.txt":
        return [(data, bytes)]
    if not name.endswith(".har"):
        # requests sends head and body on their own: a message is one line, or two of them.
        lines = re.finditer(rb"^\t?([0-9a-f]{200,})", data, re.MULTILINE)
        return [
            (bytes.fromhex(one[1].decode()), partial(spliced, data, one.span(1))) for one in lines
        ]
    found = []
    for number, entry in enumerate(json.loads(data)["log"]["entries"]):
        if "wsdl" in entry["request"]["url"] or entry["request"]["method"] != "POST":
            continue
        for side, part in (("request", "postData"), ("response", "content")):

            def changed(new: bytes, at: Any = (number, side, part)) -> bytes:
                whole = json.loads(data)
                whole["log"]["entries"][at[0]][at[1]][at[2]]["text"] = new.decode()
                return json.dumps(whole).encode()

            found.append((entry[side][part]["text"].encode(), changed))
    return found


@pytest.mark.parametrize("name", PLACES)
def test_a_specimen_is_read(name: str) -> None:
    code, found, _ = judged(SPECIMENS / name)
    assert code == 0
    assert found == {place: [] for place in PLACES[name]}


@pytest.mark.parametrize("name", PLACES)
def test_a_fault_in_a_specimen_is_found_at_its_message(name: str, tmp_path: Path) -> None:
    data = (SPECIMENS / name).read_bytes()
    planted = 0
    for text, changed in messages(data, name):
        is_request = b"<n:SaveImageStream" in text
        for old, new in REQUEST_FAULTS if is_request else RESPONSE_FAULTS:
            if old not in text:
                continue
            (tmp_path / name).write_bytes(changed(text.replace(old, new)))
            code, found, _ = judged(tmp_path / name)
            wrong = [place for place, rules in found.items() if rules]
            assert (code, len(wrong)) == (1, 1), (old, found)
            kinds = ("", "message 1", "message 3") if is_request else ("", "message 2", "message 4")
            assert wrong[0].endswith("request" if is_request else "response") or wrong[0] in kinds
            assert list(found) == PLACES[name]
            planted += 1
    assert planted >= 3 * len(PLACES[name])


def test_a_har_without_bodies_says_so() -> None:
    result = runner().invoke(main, ["validate", str(SPECIMENS / "chromium-without-bodies.har")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "entry 3, request is not judged: the export does not hold its body" in result.stderr
    assert result.stderr.count("\n") == 1


def test_how_each_was_made_is_said() -> None:
    readme = (SPECIMENS / "README.md").read_text()
    for file in SPECIMENS.iterdir():
        assert file.name == "README.md" or f"`{file.name}`" in readme
