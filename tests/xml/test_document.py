"""The one parser: it takes any bytes, and opens nothing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_soblob import EnvelopeValidator
from pytest_soblob._xml.document import Document, _new_parser, parse
from tests import mistakes
from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import at_length, either

RIGHT = mistakes.request().encode()


def rule(data: bytes) -> str | None:
    problem = parse(data).problem
    return None if problem is None else problem.rule


@at_length
@settings(max_examples=either(150, 500))
@given(
    st.binary(max_size=100)
    | st.tuples(st.integers(0, len(RIGHT)), st.binary(max_size=6), st.integers(0, 6)).map(
        lambda cut: RIGHT[: cut[0]] + cut[1] + RIGHT[cut[0] + cut[2] :]
    )
    | st.text(max_size=60).map(lambda text: f"<?xml version='1.0'?><a>{text}".encode("utf-16"))
)
def test_any_bytes_are_a_tree_or_a_problem(data: bytes) -> None:
    document = parse(data)
    assert (document.root is None) is (document.problem is not None)
    if document.problem is not None:
        assert document.problem.rule.startswith("xml.")
        assert len(document.problem.message) <= 250
    for kind in ("request", "response"):
        EnvelopeValidator(kind).judge(data)


DTD = '<!DOCTYPE a [<!ENTITY x "{}">]><a b="&x;">&x;</a>'
DTDS = {
    "plain": DTD.format("y").encode(),
    "after a declaration": b"<?xml version='1.0'?>\n" + DTD.format("y").encode(),
    "after comments and instructions": b"<!-- a --><?b c?>\n<!-- <a> -->"
    + DTD.format("y").encode(),
    "with a BOM": b"\xef\xbb\xbf" + DTD.format("y").encode(),
    "in UTF-16": DTD.format("y").encode("utf-16"),
    "in UTF-16 without a BOM": f"<?xml version='1.0' encoding='UTF-16'?>{DTD}".encode("utf-16-le"),
    "in latin-1": b"<?xml version='1.0' encoding='latin1'?>" + DTD.format("\xe9").encode("latin-1"),
    "billion laughs": (
        b'<!DOCTYPE a [<!ENTITY l0 "ha">'
        + b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 10))
        + b"]><a>&l9;</a>"
    ),
    "external subset": b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
}


@pytest.mark.parametrize("name", DTDS)
def test_a_dtd_is_refused_before_it_is_read(name: str) -> None:
    assert rule(DTDS[name]) == "xml.doctype"


def test_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read me")
    data = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode()
    document = parse(data)
    assert document.root is None
    assert "do not read me" not in repr(document.problem)


def test_the_parser_by_itself_reads_no_file_and_expands_nothing(tmp_path: Path) -> None:
    """Should a DTD ever come past the two checks that refuse it: they hide what the parser does."""
    secret = tmp_path / "secret"
    secret.write_text("do not read me")
    for entity in (f'SYSTEM "{secret.as_uri()}"', '"do not read me"'):
        data = f"<!DOCTYPE a [<!ENTITY x {entity}>]><a>&x;</a>".encode()
        root = etree.fromstring(data, _new_parser())
        assert root.text is None
        assert [type(child) for child in root] == [etree._Entity]


@pytest.mark.parametrize("encoding", ["UTF-7", "utf-32", "IBM037", "ISO-2022-JP", "x-unknown"])
def test_encodings_that_could_hide_markup_are_refused(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode()
    assert rule(data) == "xml.encoding-unsupported"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<a/>".encode("utf-32"), "xml.encoding-unsupported"),
        ("<a/>".encode("utf-32-be"), "xml.encoding-unsupported"),
        ("<a/>".encode("cp037"), "xml.not-xml"),
        (b"\xef\xbb\xbf", "xml.empty"),
        (b"\xff\xfe", "xml.empty"),
        (b" \n", "xml.empty"),
        (b"<abcd>\x00</abcd>", "xml.character-illegal"),
        (b"<a b='1' b='2'/>", "xml.attribute-duplicate"),
        (b"<a/><b/>", "xml.after-root"),
        (b"<a>\xff</a>", "xml.bytes-not-in-encoding"),
        (b"<a>&#0;</a>", "xml.character-illegal"),
        (b"<xml:a:b/>", "xml.not-well-formed"),
    ],
    ids=range(12),
)
def test_what_is_no_document(data: bytes, expected: str) -> None:
    assert rule(data) == expected


def test_ninety_thousand_levels_are_told_and_crash_nothing() -> None:
    deep = mistakes.request("<n:x>" * 90_000 + "</n:x>" * 90_000).encode()
    for data in (deep, deep[:360_000]):
        (violation,) = EnvelopeValidator().judge(data).errors
        # Newer versions of libxml2 refuse it, older ones leave it to the judge.
        assert violation.rule in ("xml.too-deep", "xml.not-well-formed")


def test_a_problem_has_its_place() -> None:
    problem = parse(b"<a>\n  <b>&nope;</b>\n</a>").problem
    assert problem is not None
    assert (problem.line, problem.column is not None) == (2, True)


def test_a_text_of_twelve_megabytes_is_read() -> None:
    root = parse(b"<a>" + b"x" * 12_000_000 + b"</a>").root
    assert root is not None
    assert len(root.text or "") == 12_000_000


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["<!--x-->", "<?x y?>", " ", "<!-- ", "<?x "])
def test_the_prolog_takes_linear_time(unit: str) -> None:
    assert (
        growth(lambda count: spent_s(lambda: parse((unit * count).encode() + b"<a/>")), 40_000)
        <= MOST_GROWTH
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16le", "iso-8859-1", "us-ascii"]
)
def test_where_a_start_tag_begins(encoding: str) -> None:
    declared = "" if encoding == "utf-16" or "sig" in encoding else f" encoding='{encoding}'"
    e = "e" if encoding == "us-ascii" else "é"
    text = f"<?xml version='1.0'{declared}?><a\n x='{e}'\n>\r\n <b/>{e}<b\n\n/>\r<c/></a>"
    document = parse(text.encode(encoding))
    assert document.root is not None
    first = 22 + len(declared)
    places = [document.position_of(element) for element in document.root.iter()]
    assert places == [(1, first), (4, 2), (4, 7), (7, 1)]


def test_where_only_libxml2_reads_there_is_a_line() -> None:
    document = parse("<?xml version='1.0' encoding='koi8-r'?><a>\n<b/></a>".encode("koi8-r"))
    assert document.root is not None
    assert document.position_of(document.root[0]) == (2, None)
    assert document.source_of(document.root[0]) is None


def test_what_stands_between_two_tags() -> None:
    document = parse(b"<a><b x='>'>&#13;\r\n<c/><![CDATA[x]]></b></a>")
    assert document.root is not None
    assert document.source_of(document.root[0]) == "&#13;\r\n<c/><![CDATA[x]]>"
    assert document.source_of(document.root[0][0]) is None


def test_encoding_is_the_boms_the_declared_or_utf_8() -> None:
    assert parse("<a/>".encode("utf-16")).encoding == "utf-16-le"
    assert parse("<a/>".encode("utf-16-be")).encoding == "utf-16-be"
    assert parse(b"<?xml version='1.0' encoding='latin1'?><a>\xe9</a>").text.endswith("é</a>")
    assert parse(b"<a/>").encoding == "utf-8"
    assert Document(b"\xff", declared_encoding="nope").text == "ÿ"
