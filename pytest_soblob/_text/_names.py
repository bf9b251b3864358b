"""Names that denote a secret, and their values, in text that may be XML, JSON, a form or a header.

Each character is examined a bounded number of times, whatever the text: a name is read once, from
its identifying part to its end, and the search continues after its value.
"""

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]

# Parts of a name, common misspellings included (Tickt, Tokn); they match anywhere in it.
_STEMS: Final = "tick|tok|passw|passord|kennwort|secret|creden"
# Whole words of a name (`userPwd`, `x-api-key`, `AUTH`); author and passport do not match.
_WORDS: Final = (
    "pwd|pass(?:phrase|code)?|o?auth(?:ori[sz]ation)?|bearer|(?:set-?)?cookie|jwt"
    "|(?:api|access|private|session)[-_. ]?key|session[-_. ]?id|saml[-_. ]?(?:response|request|art)"
)
_BEGINS: Final = r"(?:(?<![^\W\d_])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]))"
_ENDS: Final = r"(?:(?![^\W\d_])|(?<=[a-z])(?=[A-Z]))"
# Each match contains one of these. Most texts contain none and need no further search.
_HINTS: Final = (
    "tick",
    "tok",
    "passw",
    "secret",
    "creden",
    "pwd",
    "pass",
    "auth",
    "bearer",
    "api",
    "cookie",
    "kennwort",
    "jwt",
    "access",
    "private",
    "session",
    "saml",
)
_SECRET_PART: Final = rf"(?:(?i:{_STEMS})|{_BEGINS}(?i:{_WORDS}){_ENDS})"
_NAME: Final = re.compile(rf"{_SECRET_PART}[\w.-]*+")
_REST_OF_NAME: Final = re.compile(r"[\w.:-]*+")
_LONGEST_NAME: Final = 100
_REST_OF_TAG: Final = re.compile(r"[^<>]*+")
_ATTRIBUTE: Final = re.compile(
    r"(?<![\w.:-])([\w.:-]++)\s*+=\s*+(?:\"([^\"]*+)|'([^']*+)|([^\s\"'<>/]{4,}+))"
)
# Never secret: namespace declarations, and the attributes of XML Schema and SOAP.
_OF_XML: Final = re.compile(
    r"xmlns(?::.*)?|(?:.*:)?(?:nil|type|schemaLocation|mustUnderstand|actor|role|relay|"
    r"encodingStyle|lang|space)",
    re.DOTALL,
)
_LONGEST_BEFORE_END: Final = 300
_PAIR: Final = re.compile(r"\\{0,3}[\"']?\s*+[=:]\s*+\\{0,3}([\"']?)")
# Unquoted values: in a header line, a form, or an attribute without quotation marks.
_BARE: Final = re.compile(r"[^\s\"'<>&;,]{4,}+")
_LINE: Final = re.compile(r"[^\r\n\"'<>]*+")
# The values of these headers have several words: the scheme, then the secret.
_HEADERS: Final = re.compile(r"(?i:(?:set-?)?cookie|o?auth(?:ori[sz]ation)?)\Z")
_SCHEME: Final = re.compile(r"(?i:basic|bearer|digest|negotiate|ntlm|soticket|apikey)\s")


def is_secret_name(name: str) -> bool:
    """Whether an element, attribute, header or field of that name holds a secret."""
    return _NAME.search(name) is not None


def find_named(text: str) -> Iterator[Span]:
    """Yield the spans that a name marks as secret, in order except where they overlap."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return
    at = 0
    while (name := _NAME.search(text, at)) is not None:
        at = name.end()
        opening = _opening_of(text, name.start())
        if opening == "</":
            yield _before_end_tag(text, text.rfind("<", 0, name.start()))
        elif opening == "<":
            for span in _in_element(text, name.end()):
                yield span
                at = max(at, span[1])
        elif (pair := _in_pair(text, name)) is not None:
            yield pair
            at = pair[1]


def _opening_of(text: str, start: int) -> str:
    """Return what precedes a name: `<`, `</` or an empty string."""
    backwards = text[max(start - _LONGEST_NAME, 0) : start][::-1]
    length = _REST_OF_NAME.match(backwards)
    before = backwards[length.end() if length else 0 :][:2]
    return "</" if before == "/<" else before[:1] if before[:1] == "<" else ""


def _before_end_tag(text: str, tag: int) -> Span:
    """Return the text before an end tag, whose name is known even if the start tag is broken."""
    first = max(tag - _LONGEST_BEFORE_END, 0)
    return max(first, text.rfind("<", first, tag) + 1, text.rfind(">", first, tag) + 1), tag


def _in_element(text: str, end_of_name: int) -> Iterator[Span]:
    """Yield the values of the attributes, and the content of the element."""
    tag = _REST_OF_TAG.match(text, end_of_name)
    end = end_of_name if tag is None else tag.end()
    for attribute in _ATTRIBUTE.finditer(text, end_of_name, end):
        if _OF_XML.fullmatch(attribute[1]) is None:
            yield attribute.span(attribute.lastindex or 0)
    if text[end : end + 1] == ">" and text[end - 1] != "/":
        # Markup in the content (CDATA, comments, a child) is masked with it.
        close = text.find("</", end)
        yield end + 1, len(text) if close < 0 else close


def _in_pair(text: str, name: re.Match[str]) -> Span | None:
    """Return the value after `name=`, `name: ` or `"name": "`, None if there is none."""
    pair = _PAIR.match(text, name.end())
    if pair is None:
        return None
    start = pair.end()
    if pair[1]:
        end = text.find(pair[1], start)
        return start, len(text) if end < 0 else end
    whole_line = _HEADERS.match(name[0]) or _SCHEME.match(text, start)
    value = (_LINE if whole_line else _BARE).match(text, start)
    return None if value is None else value.span()
