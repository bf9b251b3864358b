"""A second opinion: the same message through libxml2's XML Schema and through xmlschema.

No library gives the right verdict on these messages, so neither is the judge here. But where one
of them differs from ours, a row of `disagreements` must say why; whatever no row explains is a bug,
of ours or of theirs. Schemas come from the package only: what a message says in xsi:schemaLocation
is not followed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob._schemas import schema_file
from pytest_soblob._text import ascii_controls, clip, redact
from pytest_soblob.contract import Profile
from pytest_soblob.disagreements import JUDGES, find_rows, ids
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12, XSD
from pytest_soblob.validators.xml import DEEPEST
from pytest_soblob.violations import Verdict

# xmlschema needs 175 times the message in memory.
LARGEST_BYTES: Final = 1_000_000
_FILES: Final = {
    Profile.WSDL: (SOAP11, "soap11.xsd"),
    Profile.SOAP12: (SOAP12, "soap12.xsd"),
    Profile.DOCUMENTED: (SOAP12, "documented.xsd"),
}
# What is judged outside the envelope's bytes.
_NOT_IN_THE_BYTES: Final = ("http", "flow")
_MOST_ERRORS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Where a library says otherwise.

    Attributes:
        judge: `libxml2` or `xmlschema`.
        is_ours_stricter: Whether we refuse what it accepts; otherwise it refuses what we accept.
        what: Our error rules, or what the library said.
        rows: Ids of the rows that explain it; empty where nothing does.
    """

    judge: str
    is_ours_stricter: bool
    what: tuple[str, ...]
    rows: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the keys and values that `soblob validate --cross-check` prints as JSON."""
        return {
            "judge": self.judge,
            "accepts": self.is_ours_stricter,
            "what": list(self.what),
            "explained_by": list(self.rows),
        }

    def __str__(self) -> str:
        how = "accepts what we refuse for" if self.is_ours_stricter else "refuses what we accept:"
        why = f"explained by {', '.join(self.rows)}" if self.rows else "NOT EXPLAINED"
        return f"{self.judge} {how} {'; '.join(self.what[:3])} ({why})"


def cross_check(data: bytes, verdict: Verdict) -> list[Disagreement]:
    """Return where the libraries differ from a verdict.

    Args:
        data: The envelope's bytes. Over 1 MB, or what does not parse, or is nested deeper than a
            WCF host reads, is not handed on: the list is empty.
        verdict: What `EnvelopeValidator` says of it, without a team's own severities.
    """
    root = _xml.parse(data).root if len(data) <= LARGEST_BYTES else None
    if root is None or verdict.profile is None or _is_deep(root):
        return []
    ours = {v.rule for v in verdict.errors if v.family not in _NOT_IN_THE_BYTES}
    found = (_compare(judge, root, Profile(verdict.profile), ours) for judge in JUDGES)
    return [disagreement for disagreement in found if disagreement is not None]


def _compare(
    judge: str, root: etree._Element, profile: Profile, ours: set[str]
) -> Disagreement | None:
    said = (_ask_libxml2 if judge == "libxml2" else _ask_xmlschema)(root, profile)
    if bool(said) == bool(ours):
        return None
    rows = find_rows(judge, rules=ours) if ours else find_rows(judge, said=said)
    secrets = _secrets(root)
    what = sorted(ours) if ours else [clip(ascii_controls(redact(s, secrets)), 300) for s in said]
    return Disagreement(
        judge=judge,
        is_ours_stricter=bool(ours),
        what=tuple(what),
        rows=ids(rows),
    )


def _is_deep(root: etree._Element) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            return True
    return False


def _secrets(root: etree._Element) -> Iterable[str]:
    return {str(e.text) for e in root.iter("{*}Ticket", "{*}ApplicationToken", "{*}Password")}


def _ask_libxml2(root: etree._Element, profile: Profile) -> list[str]:
    # A copy without hints to other schemas: libxml2 would try to load what they name.
    schema = _libxml2_schema(profile)
    if schema.validate(_without_hints(root)):
        return []
    return [entry.message for entry in list(schema.error_log)[:_MOST_ERRORS]]


def _ask_xmlschema(root: etree._Element, profile: Profile) -> list[str]:
    schema = _xmlschema_schema(profile)
    errors = schema.iter_errors(_without_hints(root), use_location_hints=False)
    said = []
    try:
        for error in islice(errors, _MOST_ERRORS):
            said.append(f"{error.reason} ({error.path})")
    except (KeyError, ValueError, TypeError) as error:  # as it does for an unknown xsi:type
        said.append(f"{type(error).__name__}: {error}")
    return said


def _without_hints(root: etree._Element) -> etree._Element:
    copied = _xml.parse(etree.tostring(root)).root
    assert copied is not None  # noqa: S101 -- it has just been written
    for element in copied.iter("*"):
        names = [name for name in element.attrib if "chemaLocation" in str(name)]
        for name in names:
            del element.attrib[name]
    return copied


def _driver(profile: Profile) -> bytes:
    """A schema that brings the envelope and NetServer's names together."""
    lines = (
        f'<xs:import namespace="{uri}" schemaLocation="{schema_file(file).as_uri()}"/>'
        for uri, file in (_FILES[profile], (NETSERVER, "netserver.xsd"))
    )
    return f'<xs:schema xmlns:xs="{XSD}">{"".join(lines)}</xs:schema>'.encode()


@cache
def _libxml2_schema(profile: Profile) -> etree.XMLSchema:
    root = _xml.parse(_driver(profile)).root
    assert root is not None  # noqa: S101 -- it is ours
    return etree.XMLSchema(root)


@cache
def _xmlschema_schema(profile: Profile) -> Any:
    import xmlschema  # a third of a second, wanted for this only

    return xmlschema.XMLSchema(_driver(profile).decode(), use_location_hints=False)
