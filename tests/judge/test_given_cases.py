"""Every input of `../shared/cases`, with its expected verdict."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from pytest_soblob import ContractViolationError, assert_valid_request
from pytest_soblob.cli import main
from tests.command import runner

CASES = Path(__file__).parents[3] / "shared" / "cases"
DAMAGED = {"payload.image-damaged": "warning"}
# File, its rules with their severities, and the exit code.
EXPECTED: dict[str, tuple[dict[str, str], int]] = {
    "twice-heic.xml": ({"payload.base64-twice": "error"}, 1),
    "thrice-png.xml": ({"payload.base64-twice": "error"}, 1),
    "gif-read-as-text.xml": (DAMAGED, 0),
    "bmp-read-as-ascii.xml": ({**DAMAGED, "payload.image-format": "note"}, 0),
    "jpeg-lf-to-crlf.xml": (DAMAGED, 0),
    "png-no-idat.xml": (DAMAGED, 0),
    "jpeg-soi-eoi.xml": (DAMAGED, 0),
    "gif-no-image.xml": (DAMAGED, 0),
    "bmp-os2-huffman.xml": ({"payload.image-format": "note"}, 0),
    "tiff-bytecount-too-large.xml": ({}, 0),
    "tiff-no-bytecounts-cut.xml": ({"payload.image-truncated": "warning"}, 0),
    "png-raw-profile-exif.xml": ({"payload.orientation": "warning"}, 0),
    "description-150-emoji.xml": ({"payload.description-too-long": "warning"}, 0),
    "declaration-utf8-no-hyphen.xml": ({"xml.encoding-unusual": "error"}, 1),
    "charset-utf8-no-hyphen.http": ({"http.charset-unusual": "error"}, 1),
    "http2-answer.http": ({}, 0),
    "http2-request-line.txt": ({}, 0),
    "connect-then-answer.http": ({}, 0),
    "gzip-answer.http": ({}, 0),
    "gzip-request.http": ({"http.request-compressed": "error"}, 1),
    "fault-with-400.http": ({"http.fault-status": "warning"}, 0),
    "fault-detail-text.xml": ({"fault.text-between-children": "error"}, 1),
    "faultcode-xsitype-string.xml": ({"fault.xsi-type-wrong": "error"}, 1),
    "faultstring-nil.xml": ({"fault.nil-not-allowed": "error"}, 1),
    "change-person-image.xml": ({}, 0),
    "login.xml": ({}, 0),
    "white-space-before-declaration.xml": ({"xml.not-well-formed": "error"}, 1),
    "two-documents.xml": ({"xml.after-root": "error"}, 1),
}
# A part of the text: the cause, or the remedy.
SAID = {
    "gif-read-as-text.xml": "text",
    "bmp-read-as-ascii.xml": "ASCII",
    "jpeg-lf-to-crlf.xml": "translated to CR LF",
    "gzip-request.http": "uncompressed",
    "description-150-emoji.xml": "300 as .NET counts",
    "white-space-before-declaration.xml": "remove what precedes <?xml",
    "two-documents.xml": "split the file",
    "thrice-png.xml": "three times",
    "twice-heic.xml": "HEIC",
}
# A request and the answer to it.
OF_TWO = ("fiddler-session.txt", "wireshark-follow.txt")
# Exports: where the message stands in each, and the exit code.
EXPORTS = {
    "session.har": ("entry 1, request", 1),
    "burp.xml": ("item 1, request", 0),
    "soapui-project.xml": ("SaveImageStream > Request 1, request", 0),
    "log.json": ("line 1, field request, request", 0),
}
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not at hand")


def validate(name: str, *arguments: str) -> Result:
    return runner().invoke(main, ["validate", "--profile", "wsdl", *arguments, str(CASES / name)])


def test_no_case_is_left_out() -> None:
    there = {path.name for path in CASES.iterdir()} - {"README.md"}
    assert there == {*EXPECTED, *OF_TWO, *EXPORTS}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_command_says_what_is_expected(name: str) -> None:
    expected, code = EXPECTED[name]
    result = validate(name, "--cross-check", "--format", "json")
    (entry,) = json.loads(result.stdout)
    assert {v["rule"]: v["severity"] for v in entry["violations"]} == expected
    assert result.exit_code == code
    assert all(other["explained_by"] for other in entry["cross_check"])


@pytest.mark.parametrize("name", SAID)
def test_the_text_has_the_cause_or_the_remedy(name: str) -> None:
    assert SAID[name] in " ".join(validate(name).stdout.split())


@pytest.mark.parametrize("name", OF_TWO)
def test_both_messages_of_a_file_are_judged(name: str) -> None:
    result = validate(name, "--format", "json")
    entries = json.loads(result.stdout)
    assert [(e["message"], e["kind"], e["violations"]) for e in entries] == [
        (1, "request", []),
        (2, "response", []),
    ]
    assert result.exit_code == 0


@pytest.mark.parametrize("name", EXPORTS)
def test_the_messages_of_an_export_are_judged(name: str) -> None:
    """Before exports were read they were named, in one line, with exit code 2."""
    result, (where, code) = validate(name), EXPORTS[name]
    assert f"{where}: " in result.stdout
    assert result.exit_code == code


@pytest.mark.parametrize("name", ["change-person-image.xml", "login.xml"])
def test_the_assertion_takes_other_operations(name: str) -> None:
    data = (CASES / name).read_bytes()
    assert_valid_request(data, profile="wsdl")
    with pytest.raises(ContractViolationError, match="other-operation"):
        assert_valid_request(data, profile="wsdl", operation="SaveImageStream")
