"""Where libraries judge otherwise than we do, as data: which rules or words, who is right, and why.

`cross_check` asks this table to explain each difference; `docs/verdicts.md` is written from it.
Each row is reached by a message of `tests/test_cross_check.py`, which fails if it no longer is.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

JUDGES: Final = ("libxml2", "xmlschema")
DECODERS: Final = ("base64.b64decode(validate=True)", "pybase64.b64decode(validate=True)")
_LIBXML2: Final = ("libxml2",)
_XMLSCHEMA: Final = ("xmlschema",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One known disagreement.

    Attributes:
        id: Short name.
        judges: Who differs from us.
        they: What they do.
        we: What we do.
        why: What the specification says, with its section, in our words.
        right: Who is right: `we`, `they`, or `both`, where each answers another question.
        rules: Our rules: errors that they do not see, or warnings where they say nothing.
        pattern: Matches their words where they refuse what we accept; empty otherwise.
    """

    id: str
    judges: tuple[str, ...] = JUDGES
    they: str
    we: str
    why: str
    right: str = "we"
    rules: frozenset[str] = frozenset()
    pattern: str = ""


def _rules(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROWS: Final = (
    Row(
        id="base64-alphabet",
        judges=_LIBXML2,
        they="accept some values with characters outside the alphabet: `!!!`, `_-_-`, `QUJD.`",
        we="refuse every character outside it",
        why="XML Schema part 2 (1.0), 3.2.16, lets A-Z, a-z, 0-9, +, /, = and white space stand in "
        "a base64Binary, in groups of four; libxml2 skips what it does not know",
        rules=_rules("payload.base64-alphabet payload.base64-url-safe"),
    ),
    Row(
        id="int-digits",
        judges=_XMLSCHEMA,
        they="accept `1_000`, Arabic and full-width digits as an xs:int, as Python's `int` does",
        we="refuse them",
        why="XML Schema part 2, 3.3.13 and 3.3.17: an optional sign and decimal digits, #x30 to "
        "#x39",
        rules=_rules("body.not-an-integer header.not-an-integer"),
    ),
    Row(
        id="text-in-body",
        judges=_XMLSCHEMA,
        they="accept text beside the elements of Header or Body",
        we="refuse it",
        why="XML Schema part 1, 3.4.4: a complex type that is not mixed has no character children "
        "but white space; SOAP 1.1 section 4 and SOAP 1.2 part 1, 5 allow elements only",
        rules=_rules("envelope.text"),
    ),
    Row(
        id="xsi-type-white-space",
        judges=_LIBXML2,
        they="refuse white space around the name in xsi:type",
        we="take it away first",
        why="XML Schema part 2, 4.3.6: the white space of a QName is collapsed before its value is "
        "looked at; part 1, 2.6.1, makes xsi:type a QName",
        pattern=r"The QName value '\s+\S.*|The QName value '.*\s+' has no corresponding",
    ),
    Row(
        id="comment-in-value",
        judges=_XMLSCHEMA,
        they="take a comment inside a simple value for a child element, where lxml parsed it",
        we="read the value as if the comment were not there",
        why="XML 1.0, 2.5: comments are no part of the character data; XML Schema part 1, 3.4.4, "
        "looks at element and character children only",
        pattern=r"simple content element can't have child elements",
    ),
    Row(
        id="soap-attributes-on-blocks",
        they="refuse mustUnderstand, actor, role and relay on a NetServer header block",
        we="allow them on every block",
        why="SOAP 1.1, 4.2.2 and 4.2.3, and SOAP 1.2 part 1, 5.2.2 to 5.2.4, let any header block "
        "carry them; the vendor's types do not mention them, and Axis, gSOAP and soap4r send them",
        pattern=r"attribute '?\{http://(schemas\.xmlsoap\.org/soap/envelope/"
        r"|www\.w3\.org/2003/05/soap-envelope)\}\w+'?|"
        r"^'\{http://(schemas\.xmlsoap\.org/soap/envelope/|www\.w3\.org/2003/05/soap-envelope)\}"
        r"\w+' attribute not allowed",
    ),
    Row(
        id="attribute-on-block",
        they="refuse any other attribute on a header block or inside it",
        we="warn",
        why="XML Schema part 1, 3.4.4, is theirs; WCF's reader passes over attributes that it does "
        "not know, and nothing is lost (WCF: XmlSerializer and DataContractSerializer)",
        right="both",
        pattern=r"The attribute '[^']+' is not allowed|^'[^']+' attribute not allowed for element "
        r"\(.*(Credentials|ApplicationToken|TimeZone|ExceptionInfo|ExtraInfo|Succeeded)",
    ),
    Row(
        id="time-zone-beside-body",
        they="refuse a TimeZone as a child of Envelope in the page's form",
        we="warn",
        why="the documentation page shows ApplicationToken and Credentials there and says nothing "
        "of TimeZone, which the WSDL puts into Header: our XSD follows the page to the letter",
        right="both",
        pattern=r"TimeZone",
    ),
    Row(
        id="body-is-open",
        they="accept any element, any number of them, or none in Body, and a fault of the other "
        "SOAP "
        "version",
        we="refuse what is not the one operation, its response, or a fault that a client sees",
        why="the XSDs of SOAP 1.1 and 1.2 leave Body open (xs:any, lax); which element must stand "
        "in it is said by the WSDL's messages, and WS-I Basic Profile 1.1 R9981 allows one child",
        rules=_rules(
            "body.empty body.second-child body.other-operation body.unknown-operation "
            "body.operation-unqualified body.operation-other-version body.fault-in-request "
            "body.response-in-request envelope.soap-version-mixed"
        ),
    ),
    Row(
        id="header-is-open",
        they="accept any header block, any number of them, or none",
        we="refuse a request without credentials, doubled and misnamed blocks, and blocks that "
        "nobody understands",
        why="the XSDs of SOAP leave Header open (xs:any, lax); credentials are asked for by the "
        "documentation page, mustUnderstand by SOAP 1.1, 4.2.3, and SOAP 1.2 part 1, 2.4",
        rules=_rules(
            "header.credentials-missing header.ticket-missing header.application-token-missing "
            "header.block-doubled header.block-unqualified header.block-other-version "
            "header.not-understood"
        ),
    ),
    Row(
        id="response-missing",
        they="accept a response without a Response, even where Succeeded is true",
        we="refuse it after a success",
        why="the WSDL has minOccurs 0, but the documentation page returns the blob id, and a "
        "client that goes on without one removes a picture (ChangePersonImage)",
        rules=_rules("body.response-missing"),
    ),
    Row(
        id="encoded-twice",
        they="accept base64 of base64",
        we="refuse it where the inner text is an image",
        why="XML Schema sees the outer layer only (part 2, 3.2.16); the server would store text",
        rules=_rules("payload.base64-twice"),
    ),
    Row(
        id="not-in-the-tree",
        they="are given the tree, so they see no processing instruction, no comment outside it, "
        "and "
        "not in which encoding it was",
        we="refuse processing instructions, comments outside in SOAP 1.2, and UTF-16 that no "
        "declaration names, as WCF does",
        why="XML 1.0, 4.3.3; SOAP 1.1, 3, SOAP 1.2 part 1, 5, and WS-I Basic Profile 1.1 R1009; "
        "XML Schema part 1 "
        "judges elements and attributes",
        rules=_rules(
            "xml.processing-instruction xml.comment-outside-envelope xml.utf16-undeclared"
        ),
    ),
    Row(
        id="limit-of-a-team",
        they="know no limit of size or number",
        we="refuse what is larger than the limit that a team sets, and more attributes, "
        "namespaces or elements than anybody sends in earnest",
        why="no schema has one; WCF's MaxReceivedMessageSize is 65,536 bytes unless configured, "
        "and "
        "its MaxNameTableCharCount 16,384 characters",
        rules=_rules("payload.message-too-large xml.too-many-nodes"),
    ),
    Row(
        id="nothing-to-store",
        they="say nothing of a wholly empty SaveImageStream, a missing or nil or empty Image, a "
        "missing Type or Description, a Response that is 0 or negative",
        we="warn",
        why="the WSDL makes every part optional (minOccurs 0, nillable), and the page's example "
        "has an empty Image and a 0: legal, and hardly ever meant",
        rules=_rules(
            "body.type-missing body.image-missing body.description-missing payload.image-empty "
            "body.response-not-positive"
        ),
    ),
    Row(
        id="pad-bits",
        judges=DECODERS,
        they="accept `AB==`, whose four unused bits are not zero",
        we="refuse it, as libxml2 and xmlschema do",
        why="XML Schema part 2 (1.0), 3.2.16: the last group must be one of those that an encoder "
        "can write (its production B16 and B04)",
        rules=_rules("payload.base64-pad-bits"),
    ),
    Row(
        id="white-space",
        judges=DECODERS,
        they="refuse white space between the characters",
        we="allow it, as libxml2 and xmlschema do",
        why="XML Schema part 2 (1.0), 3.2.16: white space may stand anywhere; clients wrap at 60 "
        "or 76 columns",
        pattern="non-base64",
    ),
)


def find_rows(
    judge: str, *, rules: AbstractSet[str] = frozenset(), said: Sequence[str] = ()
) -> tuple[Row, ...]:
    """Return the rows that explain a difference, none where something stays unexplained.

    Args:
        judge: Who differs.
        rules: Our error rules, where it accepts; each must be in a row.
        said: Its words, where we accept; each must be matched by a row.
    """
    known = [row for row in ROWS if judge in row.judges]
    found: list[Row] = []
    for rule in sorted(rules):
        row = next((row for row in known if rule in row.rules), None)
        if row is None:
            return ()
        found.append(row)
    for words in said:
        row = next((r for r in known if r.pattern and re.search(r.pattern, words)), None)
        if row is None:
            return ()
        found.append(row)
    return tuple(dict.fromkeys(found))


def render_verdicts() -> str:
    """Return `docs/verdicts.md`."""
    parts = [_HEAD]
    for row in ROWS:
        rules = ", ".join(f"`{rule}`" for rule in sorted(row.rules)) or "none: we accept"
        parts.append(
            f"## {row.id}\n\n"
            f"| | |\n| --- | --- |\n"
            f"| who differs | {', '.join(row.judges)} |\n"
            f"| they | {row.they} |\n"
            f"| we | {row.we} |\n"
            f"| the specification | {_cell(row.why)} |\n"
            f"| who is right | {row.right} |\n"
            f"| our rules | {rules} |\n"
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def ids(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the rows' ids."""
    return tuple(row.id for row in rows)


_HEAD = """# Where libraries judge otherwise

No single library gives the right verdict on these messages. `soblob validate --cross-check` puts
each message before libxml2's XML Schema (through lxml) and before xmlschema, with the kit's own
XSDs; wherever one of them accepts what the kit refuses, or refuses what it accepts, one of the rows
below has to explain it. What no row explains is a bug: exit code 1.

This file is written from `pytest_soblob/disagreements.py`; a test keeps the two equal.
"""
