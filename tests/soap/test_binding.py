"""Conversion between values and elements, with independent oracles."""

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from pytest_soblob.contract import Particle
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.binding import (
    NIL,
    Spelling,
    is_nil,
    parse_base64,
    parse_boolean,
    parse_int,
    read,
    write,
)

INT = re.compile(r"[ \t\r\n]*[+-]?[0-9]+[ \t\r\n]*")


@given(
    st.text("0123456789+-_ \n.eE\u0661\uff11", max_size=8)
    | st.integers(-(2**33), 2**33).map(str)
    | st.integers(0, 9).map("{:060d}".format)
)
@example("1_000")
@example("\u0661")
@example("+007")
@example(" -0 ")
@example("2147483648")
@example("-2147483648")
@example("9" * 100_000)
def test_an_int_is_what_the_specification_says(text: str) -> None:
    expected = None
    if INT.fullmatch(text) and len(text) < 100:
        expected = int(text)
        expected = expected if -(2**31) <= expected < 2**31 else None
    assert parse_int(text) == expected


@pytest.mark.parametrize("text", ["True", "TRUE", "yes", "", "01", "\u2003true", "no"])
def test_texts_that_are_not_booleans(text: str) -> None:
    assert parse_boolean(text) is None


def test_booleans() -> None:
    assert [parse_boolean(text) for text in ("true", " 1\n", "false", "0\t")] == [
        True, True, False, False,
    ]  # fmt: skip


@given(st.binary(max_size=100), st.integers(1, 80))
def test_base64_with_white_space_anywhere(data: bytes, columns: int) -> None:
    text = base64.b64encode(data).decode()
    wrapped = "\r\n\t ".join(text[i : i + columns] for i in range(0, len(text), columns))
    assert parse_base64(wrapped) == data


@pytest.mark.parametrize("text", ["!!!!", "AA", "\uff21AAA", "A" * 5])
def test_texts_that_are_not_base64(text: str) -> None:
    assert parse_base64(text) is None


TEXT = st.none() | st.text("ab <&>\r\n\t]é😀", max_size=10)
PAIR = st.fixed_dictionaries({"Key": TEXT, "Value": TEXT})
EXCEPTION: st.SearchStrategy[dict[str, object]] = st.deferred(
    lambda: st.fixed_dictionaries(
        dict.fromkeys(("Message", "StackTrace", "FriendlyText", "ExceptionType", "Source"), TEXT)
        | {
            "InnerException": st.none() | EXCEPTION,
            "Parameters": st.none()
            | st.fixed_dictionaries(
                {"SoExceptionInfoParametersKeyValuePair": st.lists(PAIR, max_size=2)}
            ),
        }
    )
)


@given(EXCEPTION, st.booleans(), st.booleans())
def test_what_is_written_is_read(value: dict[str, object], nil: bool, cdata: bool) -> None:
    root = etree.Element("root", nsmap={"ns": NETSERVER})
    particle = Particle("ExceptionInfo", "SoExceptionInfo", nillable=True)
    written = write(root, particle, value, Spelling(nil=nil, cdata=cdata))
    assert written is not None
    again = etree.fromstring(etree.tostring(root, encoding="utf-8"))[0]
    assert read(again, "SoExceptionInfo") == value


def test_nil_and_absent_are_none() -> None:
    element = etree.Element("a")
    assert read(None, "string") is None
    element.set(NIL, " 1 ")
    assert is_nil(element)
    assert read(element, "string") is None


def test_the_repr_of_a_spelling_has_what_differs_from_the_default() -> None:
    assert repr(Spelling()) == "Spelling()"
    assert repr(Spelling(wrap=76, nil=True)) == "Spelling(nil=True, wrap=76)"
