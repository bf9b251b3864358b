"""Text for people; above all, that no secret is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soblob._text import (
    DRAWN_MARK,
    ascii_controls,
    character,
    clip,
    elide_base64,
    find_suspects,
    is_secret_name,
    mask,
    plural,
    quote,
    redact,
)

SECRET = st.text("ABCDEFabcdef0123456789", min_size=8, max_size=40)
WRAPPINGS = (
    "<n:Ticket>{}</n:Ticket>",
    "<Ticket>{}</Ticket>",
    '<n:Ticket id="1">\n {}\n</n:Ticket>',
    "<n:Ticket><![CDATA[{}]]></n:Ticket>",
    "<n:Ticket><!-- x -->{}</n:Ticket>",
    "<n:Ticket>{}",
    "<n:Ticket>{}&</n:Ticket>",
    "<ApplicationToken>{}</ApplicationToken>",
    "<x:MyPassword>{}</x:MyPassword>",
    "<n:Tickt>{}</n:Tickt>",
    "<n:AppTokn>{}</n:AppTokn>",
    "<n:Crede{}</n:Ticket>",
    "<n:Ticket>7T:</n:Ticket>{}</n:Ticket>",
    "<n:Ticket>{}…",
    '<n:Credentials Ticket="{}"/>',
    "<n:Credentials ticket='{}'/>",
    '{{"ticket": "{}"}}',
    '{{"token":"{}',
)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_secret_is_known_by_the_name_of_what_holds_it(wrapping: str) -> None:
    @given(SECRET, st.integers(1, 3))
    def check(secret: str, times: int) -> None:
        shown = redact(wrapping.format(secret) * times)
        assert secret[3:] not in shown

    check()


@given(
    st.sampled_from(("7T:", "8A:")), SECRET, st.sampled_from(("{}", "got '{}'", "a {} b", "[{}]"))
)
def test_a_ticket_is_known_by_its_shape(prefix: str, body: str, around: str) -> None:
    shown = redact(around.format(prefix + body))
    assert body[2:] not in shown
    assert f"{prefix}{body[:2]}…" in shown


@given(SECRET, SECRET)
def test_known_secrets_go_wherever_they_stand(secret: str, longer: str) -> None:
    shown = redact(f"x{secret}y {secret}{longer} z", [secret, secret + longer])
    assert secret not in shown
    assert longer not in shown


@given(st.text(max_size=80))
def test_text_without_secrets_stays(text: str) -> None:
    if not is_secret_name(text) and not any(shape in text for shape in ("7T:", "8A:", "://")):
        assert redact(text) == text


def test_what_a_strategy_drew_may_be_shown() -> None:
    drawn = f"7T:{DRAWN_MARK}abcd=="
    assert (mask(drawn), redact(f"<Ticket>{drawn}</Ticket>")) == (
        drawn,
        f"<Ticket>{drawn}</Ticket>",
    )


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("7T:1234abcdef", "7T:12…"),
        ("8A:x", "8A:…"),
        ("1234567-1234-9876", "12…"),
        ("short", "…"),
        ("", ""),
        ("7T:", "7T:"),
    ],
)
def test_mask(secret: str, shown: str) -> None:
    assert mask(secret) == shown


def test_suspects_stand_before_the_end_tag_of_a_secret() -> None:
    text = "<Header><HeaderCredenT:4711Leaked==</n:Ticket><a>b</a>"
    assert "4711Leaked" in find_suspects(text)
    assert find_suspects("<a>b</a>") == set()


def test_short_known_secrets_do_not_make_a_text_unreadable() -> None:
    assert redact("a cat sat", ["a", "", " "]) == "a cat sat"


def test_clip_quote_and_plural() -> None:
    assert (clip("abc", 3), clip("abcd", 3)) == ("abc", "ab…")
    assert quote("x" * 100, 10) == "'xxxxxxxxx…' of 100 characters"
    assert quote("\x1b[2J\u202e\ud800\n") == "'\\x1b[2J\\u202e\\ud800\\n'"
    assert character("-") == "'-' (U+002D)"
    assert character("\x00") == "'\\x00' (U+0000)"
    assert (plural(1, "place"), plural(1200, "place")) == ("1 place", "1,200 places")


@given(st.text(max_size=50))
def test_nothing_acts_on_a_terminal(text: str) -> None:
    assert ascii_controls(text).isprintable()


def test_base64_is_elided_and_words_are_not() -> None:
    assert elide_base64("A" * 100 + "==") == "AAAAAAAAAAAA…(102 characters)"
    assert elide_base64("a word, an_identifier and 1234567890") == (
        "a word, an_identifier and 1234567890"
    )
