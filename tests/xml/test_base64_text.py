"""Base64 text that is read in pieces says what a regular expression and a decoder say."""

import base64
import random
import re

import pytest

from pytest_soblob._xml import base64_text as _base64
from pytest_soblob._xml.base64_text import Base64Text
from tests.example_counts import at_length, either

# XML Schema part 2 (1.0), 3.2.16, without its white space.
LEXICAL = re.compile(
    r"(?:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]="
    r"|[A-Za-z0-9+/][AQgw]==))?"
)
SPACES = (" ", "\n", "\r\n", "\t", " " * 20, "\n\n", "\r")
WRONG = "=!-_Aé\x00Q"


def spell(chance: random.Random) -> str:
    """Base64, perhaps with white space, perhaps broken."""
    text = base64.b64encode(chance.randbytes(chance.randrange(80))).decode()
    for _ in range(chance.choice([0, 0, 1, 1, 5])):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(SPACES) + text[place:]
    if chance.random() < 0.4 and text:
        place = chance.randrange(len(text))
        text = chance.choice(
            [
                text[:place],
                text[:place] + text[place + 1 :],
                text[:place] + chance.choice(WRONG) + text[place:],
                text[:place] + chance.choice("=AQ") + text[place + 1 :],
                text + "=",
                text + text,
            ]
        )
    return text


@at_length
@pytest.mark.slow
@pytest.mark.parametrize("piece", [4, 16, 64 * 1024])
def test_whatever_the_size_of_a_piece(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_base64, "_PIECE", piece)
    monkeypatch.setattr(_base64, "_FEW", 8)
    chance = random.Random(piece)
    strict = 0
    for _ in range(either(800, 8_000)):
        text = spell(chance)
        compact = re.sub("[ \t\r\n]", "", text)
        is_strict = LEXICAL.fullmatch(compact) is not None
        sources = [Base64Text(text)]
        if text.isascii():
            data = f"<I>{text}</I>".encode()
            sources.append(Base64Text(data, 3, len(data) - 4))
        for found in sources:
            assert (found.decoded_size is not None) == is_strict, text
            assert found.lines == len(re.findall("\r\n|\r|\n", text))
            assert (len(found), found.text()) == (len(text), text)
            if not is_strict:
                assert (found.decode(), found.size, found.read(0, 9)) == (None, 0, b"")
                continue
            strict += 1
            decoded = base64.b64decode(compact)
            assert (found.size, found.decode()) == (len(decoded), decoded)
            offset, count = chance.randrange(len(decoded) + 1), chance.randrange(90)
            assert found.read(offset, count) == decoded[offset : offset + count]
    assert strict > either(400, 4_000)
