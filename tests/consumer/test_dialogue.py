"""What a worker may write to its standard output: whatever it is, each call gets one clear line."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_soblob.consumer.credentials import TICKET
from pytest_soblob.consumer.dialogue import Call, Dialogue, Lines
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Garbled,
    Hung,
    NoId,
    Outcome,
    Refused,
    Saved,
)

LATE = Hung(10.0)
KEYS = st.sampled_from(["call", "saved", "failed", "refused", "crashed", "", "level"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(KEYS, VALUES | st.integers(-1, 5), max_size=4).map(
    lambda value: json.dumps(value).encode()
)
LINES = st.one_of(
    OBJECTS,
    st.binary(max_size=30),
    st.builds(lambda a, b, cut: (a + b)[:cut], OBJECTS, OBJECTS, st.integers(0, 60)),
    st.builds(lambda start, count: start * count, st.sampled_from([b"[", b'{"call":']), st.just(9)),
)


def asked(*lines: bytes, open_calls: int = 1) -> list[Outcome | None]:
    """The outcomes of calls 1, 2, ... once these lines are read."""
    dialogue = Dialogue()
    calls = [Call(None) for _ in range(open_calls)]
    for number, call in enumerate(calls, 1):
        assert dialogue.begin(number, call)
    for line in lines:
        dialogue.take(line + b"\n")
    return [call.outcome for call in calls]


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (b'{"call": 1, "saved": 7}', Saved(7)),
        (b'\xef\xbb\xbf {"saved": 7, "call": 1}\r', Saved(7)),
        (b'{"call": 1, "failed": "boom"}', Failed("boom")),
        (b'{"call": 1, "refused": "too large"}', Refused("too large")),
        # Languages that write every field of a type.
        (b'{"call": 1, "saved": 7, "failed": null, "refused": null}', Saved(7)),
        (b'{"call": 1, "saved": 7, "failed": "", "refused": ""}', Saved(7)),
        (b'{"call": 1, "saved": null, "failed": "boom", "refused": null}', Failed("boom")),
        (b'{"call": 1, "saved": 0, "failed": "boom", "refused": ""}', Failed("boom")),
        (b'{"call": 1, "saved": 7, "failed": false}', Saved(7)),
        (b'{"call": 1, "failed": ""}', Failed("")),
        (b'{"call": 1, "failed": {"code": 3}}', Failed("{'code': 3}")),
    ],
)
def test_answers(line: bytes, outcome: Outcome) -> None:
    assert asked(line) == [outcome]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b'{"call": 1, "saved": 0}', "0, which is no blob id"),
        (b'{"call": 1, "saved": null}', "None, which is no blob id"),
        (b'{"call": 1, "saved": true}', "True, which is no blob id"),
        (b'{"call": 1, "saved": 7.0}', "7.0, which is no blob id"),
        (b'{"call": 1, "saved": -' + b"9" * 5000 + b"}", "a number of 5,000 digits, which is no"),
        (b'{"call": 1, "saved": [' + b"9" * 5000 + b"]}", "[a number of 5,000 digits], which is"),
    ],
)
def test_answers_without_an_id(line: bytes, shown: str) -> None:
    (outcome,) = asked(line)
    assert isinstance(outcome, NoId)
    assert str(outcome).startswith(shown)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b'{"call": true, "saved": 7}', "its call is not the number of a call that was asked for"),
        (b'{"call": 2, "saved": 7}', "its call is not the number of a call that was asked for"),
        (b'{"call": "1", "saved": 7}', "its call is not the number of a call that was asked for"),
        (b'{"call": [], "saved": 7}', "its call is not the number of a call that was asked for"),
        (b'{"call": 1, "saved": 7', "the line is no JSON: Expecting ',' delimiter, column 23"),
        (b"{'call': 1, 'saved': 7}", "the line is no JSON: Expecting property name"),
        (b'{"call": 1, "failed": "\xff"}', "the line is no JSON: it is not in UTF-8"),
        (b'{"call": 1, "failed": ' + b"[" * 99_999, "no JSON: it is nested too deeply"),
        (b'{"call": 1}', "an answer has to hold saved, failed or refused"),
        (b'{"call": 1, "saved": 7, "failed": "boom"}', "it holds both saved and failed"),
        (b'{"call": 1, "failed": "' + b"x" * 2_000_000, "the line is longer than 1,000,000 bytes"),
    ],
    ids=range(11),
)
def test_a_line_that_is_no_answer_ends_the_call_that_waits(line: bytes, wrong: str) -> None:
    (outcome,) = asked(line)
    assert isinstance(outcome, Garbled)
    assert wrong in str(outcome)
    assert len(str(outcome)) < 250


@pytest.mark.parametrize(
    "line", [b"saved 7", b"", b"[1]", b'{"level": "info", "msg": "sending"}', b"\x1b[32mok\x1b[0m"]
)
def test_what_is_no_answer_at_all_is_passed_over_and_named_when_the_call_hangs(line: bytes) -> None:
    assert asked(line, b'{"call": 1, "saved": 7}') == [Saved(7)]
    dialogue = Dialogue()
    dialogue.begin(1, Call(None))
    dialogue.take(line + b"\n")
    shown = str(dialogue.end(1, LATE))
    assert shown.startswith("nothing: the call had not ended after 10 s")
    assert ("is no answer" in shown) == bool(line)
    assert shown.isprintable()


def test_a_bad_line_while_several_calls_are_open_ends_none_of_them() -> None:
    lines = (b'{"call": 9, "saved": 1}', b'{"call": 2, "saved": 7}', b'{"call": 1, "saved": 8}')
    assert asked(*lines, open_calls=2) == [Saved(8), Saved(7)]


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    line = b'{"call": 1, "saved": 7}'
    assert asked(line, b'{"call": 1, "failed": "x"}', b'{"call": 2, "saved": 8}', open_calls=2) == [
        Saved(7),
        Saved(8),
    ]


def test_the_last_line_may_lack_its_end() -> None:
    dialogue = Dialogue()
    one, two = Call(None), Call(None)
    dialogue.begin(1, one)
    dialogue.begin(2, two)
    dialogue.take(b'{"call": 1, "saved": 7}')
    dialogue.close("the worker has ended: exit 3")
    assert one.outcome == Saved(7)
    assert two.outcome == Crashed("the worker has ended: exit 3")
    assert not dialogue.begin(3, Call(None))


def test_calls_of_others_beside_a_call_are_noted() -> None:
    dialogue = Dialogue()
    mine, also_mine, other, later = (Call(owner) for owner in ("me", "me", "you", "you"))
    dialogue.begin(1, mine)
    dialogue.begin(2, also_mine)
    dialogue.end(2, LATE)
    dialogue.begin(3, other)
    assert [one.shared for one in (mine, also_mine, other)] == [True, False, True]
    dialogue.end(1, LATE)
    dialogue.end(3, LATE)
    dialogue.begin(4, later)
    assert not later.shared


def test_no_secret_is_shown_of_a_line() -> None:
    (outcome,) = asked(b'{"call": 1, ' + TICKET.encode() + b"}")
    assert TICKET[5:] not in str(outcome)


@given(lines=st.lists(LINES, max_size=5), sizes=st.lists(st.integers(1, 9), max_size=9))
@example(lines=[b'{"call": 1, "saved": 1e999}'], sizes=[1])
@example(lines=[b'{"call": 1, "saved": NaN}'], sizes=[])
@example(lines=[b'{"call": 1, "failed": "\\ud800"}'], sizes=[])
def test_whatever_is_written_each_call_has_one_outcome(
    lines: list[bytes], sizes: list[int]
) -> None:
    """Nothing raises, in whatever pieces it comes, and each text is one printable line."""
    whole, pieces = Dialogue(), Dialogue()
    calls: dict[Dialogue, list[Call]] = {}
    for dialogue in (whole, pieces):
        calls[dialogue] = [Call(number) for number in (1, 2)]
        for number, call in enumerate(calls[dialogue], 1):
            dialogue.begin(number, call)
    data = b"\n".join(lines)
    whole.take(data)
    for size in sizes:
        pieces.take(data[:size])
        data = data[size:]
    pieces.take(data)
    for dialogue in (whole, pieces):
        dialogue.close("the worker has ended")
    shown = [[str(call.outcome) for call in calls[dialogue]] for dialogue in (whole, pieces)]
    assert shown[0] == shown[1]
    for text in shown[0]:
        assert text.isprintable()
        assert 0 < len(text) < 300


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")), max_size=6),
    size=st.integers(1, 20),
)
def test_lines_are_cut_as_split_does_and_long_ones_are_shortened(
    lines: list[bytes], size: int
) -> None:
    reader, found, data = Lines(limit=8), list[bytes](), b"\n".join(lines)
    for start in range(0, len(data), size):
        found += reader.feed(data[start : start + size])
    found += reader.finish()
    expected = [line[:9] for line in lines]
    if expected and not expected[-1]:
        expected.pop()  # after the last line end
    assert found == expected
