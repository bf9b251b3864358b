"""A second opinion: the same message validated by libxml2's XML Schema and by xmlschema.

Neither library gives the correct verdict on these messages, so neither decides. Where one of them
differs from our verdict, a row of `disagreements` must explain it; a difference that no row
explains is a bug, of ours or of the library. Schemas come from the package only; xsi:schemaLocation
in a message is ignored.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from lxml import etree

from pytest_soblob._text import ascii_controls, clip, redact
from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.contract import Profile
from pytest_soblob.judge.disagreements import JUDGES, LibraryError, find_rows, ids
from pytest_soblob.judge.validators.xml import DEEPEST
from pytest_soblob.judge.violations import Verdict
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12, XSD
from pytest_soblob.soap.binding import XSI_TYPE
from pytest_soblob.soap.envelope import Paths, children, local_name

# xmlschema needs 175 times the size of the message in memory.
LARGEST_BYTES: Final = 1_000_000
_FILES: Final = {
    Profile.WSDL: (SOAP11, "soap11.xsd"),
    Profile.SOAP12: (SOAP12, "soap12.xsd"),
    Profile.DOCUMENTED: (SOAP12, "documented.xsd"),
}
# Families of rules that are not about the envelope's bytes.
_NOT_IN_THE_BYTES: Final = ("http", "flow")
_MOST_ERRORS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A message on which a library disagrees with the judge.

    Attributes:
        judge: `libxml2` or `xmlschema`.
        is_ours_stricter: True if we reject what the library accepts, False if it rejects what we
            accept.
        what: Our error rules, or the library's errors.
        rows: Ids of the rows that explain it; empty if it is unexplained.
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
        how = "accepts what we reject for" if self.is_ours_stricter else "rejects what we accept:"
        why = f"explained by {', '.join(self.rows)}" if self.rows else "NOT EXPLAINED"
        return f"{self.judge} {how} {'; '.join(self.what[:3])} ({why})"


def cross_check(data: bytes, verdict: Verdict) -> list[Disagreement]:
    """Return where the libraries disagree with a verdict, one item per library at most.

    Args:
        data: The bytes of the envelope. The libraries are not run, and the list is empty, if they
            are more than 1 MB, do not parse, or nest elements deeper than a WCF host reads.
        verdict: The verdict of `EnvelopeValidator` on it, without overridden severities.
    """
    root = _xml.parse(data).root if len(data) <= LARGEST_BYTES else None
    if root is None or verdict.profile is None or _is_deep(root):
        return []
    ours = {v.rule for v in verdict.errors if v.family not in _NOT_IN_THE_BYTES}
    found = (_compare(judge, root, verdict, ours) for judge in JUDGES)
    return [disagreement for disagreement in found if disagreement is not None]


def _compare(
    judge: str, root: etree._Element, verdict: Verdict, ours: set[str]
) -> Disagreement | None:
    ask = _ask_libxml2 if judge == "libxml2" else _ask_xmlschema
    errors = [e._replace(kind=verdict.kind) for e in ask(root, Profile(verdict.profile or ""))]
    if bool(errors) == bool(ours):
        return None
    rows = find_rows(judge, rules=ours) if ours else find_rows(judge, errors=errors)
    secrets = _secrets(root)
    what = sorted(ours) if ours else [_render(error, secrets) for error in errors]
    return Disagreement(
        judge=judge,
        is_ours_stricter=bool(ours),
        what=tuple(what),
        rows=ids(rows),
    )


def _render(error: LibraryError, secrets: Iterable[str]) -> str:
    return clip(ascii_controls(redact(f"{error.message} ({error.path})", secrets)), 300)


def _is_deep(root: etree._Element) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            return True
    return False


def _secrets(root: etree._Element) -> Iterable[str]:
    return {str(e.text) for e in root.iter("{*}Ticket", "{*}ApplicationToken", "{*}Password")}


def _ask_libxml2(root: etree._Element, profile: Profile) -> list[LibraryError]:
    # A copy without schema locations, which libxml2 would try to load.
    schema, tree = _libxml2_schema(profile), _without_hints(root)
    if schema.validate(tree):
        return []
    paths = Paths()
    entries = list(schema.error_log)[:_MOST_ERRORS]
    return [LibraryError(e.message, paths.path_of(_find(tree, e.path or "/"))) for e in entries]


def _find(root: etree._Element, path: str) -> etree._Element:
    """Return the element at one of libxml2's paths, such as `/e:Envelope/*[2]`.

    `*` is any element; prefixes are those of the message. For a text or an attribute, the nearest
    element above it is returned.
    """
    found = root
    for step in path.split("/")[2:]:
        name, _, index = step.rstrip("]").partition("[")
        prefix, _, local = name.rpartition(":")
        same = [
            child
            for child in children(found)
            if name == "*" or (child.prefix or "", local_name(child)) == (prefix, local)
        ]
        if len(same) < int(index or 1):
            return found
        found = same[int(index or 1) - 1]
    return found


def _ask_xmlschema(root: etree._Element, profile: Profile) -> list[LibraryError]:
    schema, tree, paths = _xmlschema_schema(profile), _without_hints(root), Paths()
    errors = []
    try:
        for error in islice(schema.iter_errors(tree, use_location_hints=False), _MOST_ERRORS):
            elem = tree if error.elem is None else error.elem
            errors.append(LibraryError(str(error.reason), paths.path_of(elem)))
    except (KeyError, ValueError, TypeError) as error:  # raised for an unknown xsi:type, e.g.
        words = str(error)
        path = paths.path_of(_typed(tree, words))
        errors.append(LibraryError(f"{type(error).__name__}: {words}", path))
    return errors


def _typed(root: etree._Element, words: str) -> etree._Element:
    """Return the element whose xsi:type an exception message quotes; the root if there is none."""
    for element in root.iter("*"):
        name = str(element.get(XSI_TYPE, "")).strip()
        prefix, _, local = name.rpartition(":")
        meant = f"{{{element.nsmap.get(prefix or None)}}}{local}"
        if element.get(XSI_TYPE) is not None and any(f"'{n}'" in words for n in (name, meant)):
            return element
    return root


def _without_hints(root: etree._Element) -> etree._Element:
    copied = _xml.parse(etree.tostring(root)).root
    assert copied is not None  # noqa: S101 -- it has just been serialised
    for element in copied.iter("*"):
        names = [name for name in element.attrib if "chemaLocation" in str(name)]
        for name in names:
            del element.attrib[name]
    return copied


def _driver(profile: Profile) -> bytes:
    """Return a schema that imports those of the envelope and of NetServer."""
    lines = (
        f'<xs:import namespace="{uri}" schemaLocation="{schema_file(file).as_uri()}"/>'
        for uri, file in (_FILES[profile], (NETSERVER, "netserver.xsd"))
    )
    return f'<xs:schema xmlns:xs="{XSD}">{"".join(lines)}</xs:schema>'.encode()


@cache
def _libxml2_schema(profile: Profile) -> etree.XMLSchema:
    root = _xml.parse(_driver(profile)).root
    assert root is not None  # noqa: S101 -- `_driver` is well-formed
    return etree.XMLSchema(root)


@cache
def _xmlschema_schema(profile: Profile) -> Any:
    import xmlschema  # takes a third of a second, and is needed only here

    # No fallback: xmlschema bundles schemas of its own, and one that it loads for a message would
    # apply to all later messages.
    return xmlschema.XMLSchema(
        _driver(profile).decode(), use_location_hints=False, use_fallback=False
    )
