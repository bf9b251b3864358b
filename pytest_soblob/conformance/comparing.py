"""Two descriptions of a service: what differs, how bad that is, and what to do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pytest_soblob._text import clip, plural
from pytest_soblob.conformance.description import ANY, Description, OperationDescription, Part


class Weight(StrEnum):
    """How bad a difference is.

    `breaking`: a client of the expected contract fails, or loses a value. `risky`: some clients
    do. `harmless`: none does.
    """

    BREAKING = "breaking"
    RISKY = "risky"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference.

    Attributes:
        weight: How bad it is.
        where: The operation and the part, such as `SaveImageStream, request, Image`.
        what: What differs, in a few words.
        expected: What the contract has.
        found: What the WSDL has.
        notices: What a client of the contract notices.
        change: What to do.
    """

    weight: Weight
    where: str
    what: str
    expected: str
    found: str
    notices: str
    change: str

    def to_json(self) -> dict[str, str]:
        """Return the keys and values that `soblob check-wsdl --format json` prints."""
        return {name: str(getattr(self, name)) for name in self.__slots__}


_REGENERATE: Final = "generate the client anew from this WSDL, and run its tests"
_ASK: Final = "ask whoever runs the server, and check with one upload"
_NOTHING: Final = "nothing"


def compare(expected: Description, found: Description) -> list[Difference]:
    """Return the differences, the worst first.

    Args:
        expected: The contract. Operations of a service that `found` does not have are left out.
        found: The WSDL that is checked.
    """
    differences = [*_services(expected, found)]
    present = {expected.operations[n].service for n in found.operations if n in expected.operations}
    present |= {address.rpartition("/")[2].removesuffix(".svc") for address in found.addresses}
    for name, wanted in expected.operations.items():
        got = found.operations.get(name)
        if got is not None:
            differences += _operation(wanted, got)
        elif wanted.service in present:
            differences.append(
                _breaking(name, "the operation is missing", name, "no such operation",
                          "every call of it fails", _ASK)
            )  # fmt: skip
    new = sorted((set(found.more) | set(found.operations)) - {*expected.more, *expected.operations})
    if new:
        differences.append(
            _harmless("operations", f"{plural(len(new), 'operation')} added", "not in the contract",
                      clip(", ".join(new), 200))
        )  # fmt: skip
    order = list(Weight)
    return sorted(_merged(differences), key=lambda one: order.index(one.weight))


def _merged(differences: Iterable[Difference]) -> list[Difference]:
    """Return a difference that several operations share once, as that of the first of them."""
    shared: dict[Difference, list[Difference]] = {}
    for one in differences:
        _, comma, place = one.where.partition(", ")
        shared.setdefault(replace(one, where=place) if comma else one, []).append(one)
    merged = []
    for first, *others in shared.values():
        operation, _, place = first.where.partition(", ")
        where = f"{operation} and {len(others)} more, {place}" if others else first.where
        merged.append(replace(first, where=where))
    return merged


def _breaking(
    where: str, what: str, expected: str, found: str, notices: str, change: str = _REGENERATE
) -> Difference:
    return Difference(
        weight=Weight.BREAKING, where=where, what=what, expected=expected, found=found,
        notices=notices, change=change,
    )  # fmt: skip


def _risky(
    where: str, what: str, expected: str, found: str, notices: str, change: str = _REGENERATE
) -> Difference:
    return Difference(
        weight=Weight.RISKY, where=where, what=what, expected=expected, found=found,
        notices=notices, change=change,
    )  # fmt: skip


def _harmless(where: str, what: str, expected: str, found: str) -> Difference:
    return Difference(
        weight=Weight.HARMLESS, where=where, what=what, expected=expected, found=found,
        notices="nothing", change=_NOTHING,
    )  # fmt: skip


def _services(expected: Description, found: Description) -> Iterator[Difference]:
    if expected.version != found.version:
        yield _harmless("namespace", "another version", _version(expected), _version(found))
    known = {address.lower() for address in expected.addresses}
    for address in found.addresses:
        if address.lower() not in known and not _is_same_service(address, known):
            yield _risky("address", "another path", ", ".join(expected.addresses),
                         address or "no address",
                         "a client with a fixed path calls an address that may not exist",
                         "take the address from the WSDL, or correct it in the client")  # fmt: skip
    for name in found.others:
        if name not in expected.others:
            yield _risky("binding", "one more binding", "one binding, SOAP 1.1 over HTTP", name,
                         "a client that takes the last port speaks another protocol",
                         "name the port that the client is to use")  # fmt: skip


def _is_same_service(address: str, known: Iterable[str]) -> bool:
    """Return whether an address ends in the name of a service that is known."""
    return any(one.rpartition("/")[2] == address.lower().rpartition("/")[2] and
               "/remote/" in address.lower() for one in known)  # fmt: skip


def _version(description: Description) -> str:
    return f"Services{description.version}" if description.version else "no version"


def _operation(wanted: OperationDescription, got: OperationDescription) -> Iterator[Difference]:
    name = wanted.name
    yield from _binding(wanted, got)
    yield from _element(f"{name}, request", wanted.request, got.request, sends=True)
    yield from _element(f"{name}, response", wanted.response, got.response, sends=False)
    yield from _blocks(
        f"{name}, request header", wanted.request_blocks, got.request_blocks, sends=True
    )
    yield from _blocks(
        f"{name}, response header", wanted.response_blocks, got.response_blocks, sends=False
    )


def _binding(wanted: OperationDescription, got: OperationDescription) -> Iterator[Difference]:
    name = wanted.name
    for what, one, other, notices in (
        ("another SOAPAction", wanted.action, got.action,
         "the server answers ActionNotSupported, or calls another operation"),
        ("another style", wanted.style, got.style, "the Body has another form"),
        ("another use of the request", wanted.use, got.use, "the Body is encoded otherwise"),
        ("another use of the response", wanted.response_use, got.response_use,
         "the Body is encoded otherwise"),
        ("another SOAP version", wanted.soap, got.soap, "the server answers 415"),
    ):  # fmt: skip
        if one != other:
            yield _breaking(name, what, one or "none", other or "none", notices)
    if wanted.output_action != got.output_action:
        yield _risky(
            name, "another action of the response", wanted.output_action or "none",
            got.output_action or "none", "only a client that checks WS-Addressing",
        )  # fmt: skip


def _blocks(
    where: str, wanted: Iterable[Part], got: Iterable[Part], *, sends: bool
) -> Iterator[Difference]:
    one, other = _by_name(wanted), _by_name(got)
    for name, part in one.items():
        if name in other:
            yield from _element(f"{where}, {name}", part, other[name], sends=sends)
        else:
            yield _breaking(
                where, f"the header part {name} is missing", name, "no such header part",
                f"a generated client cannot {'send' if sends else 'read'} it",
            )  # fmt: skip
    for name in sorted(set(other) - set(one)):
        part = other[name]
        if sends and part.min_occurs > 0 and not part.nillable:
            yield _breaking(where, f"a required header part {name} is new", "no such header part",
                            name, "a client that does not send it is rejected")  # fmt: skip
        else:
            yield _harmless(where, f"an optional header part {name} is new",
                            "no such header part", name)  # fmt: skip


def _by_name(parts: Iterable[Part]) -> Mapping[str, Part]:
    return {part.name: part for part in parts}


def _element(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    """Compare two elements of the same place.

    Args:
        where: The place.
        wanted: The contract's.
        got: The other one.
        sends: Whether a client sends it, or else reads it.
    """
    if (wanted.name, wanted.namespace) != (got.name, got.namespace):
        yield _breaking(where, "another name", f"{{{wanted.namespace}}}{wanted.name}",
                        f"{{{got.namespace}}}{got.name}", _unknown(sends))  # fmt: skip
        return
    if wanted.type != got.type:
        one, other = (part.type or "without a name" for part in (wanted, got))
        yield _breaking(where, "another type", one, other, "the value is read otherwise")
    yield from _occurrence(where, wanted, got, sends=sends)
    yield from _nillability(where, wanted, got, sends=sends)
    yield from _enumeration(where, wanted, got, sends=sends)
    yield from _facets(where, wanted, got, sends=sends)
    yield from _content(where, wanted, got, sends=sends)


def _unknown(sends: bool) -> str:
    if sends:
        return "a .NET host drops the element in silence"
    return "the client does not find the element"


def _occurrence(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    if (wanted.min_occurs, wanted.max_occurs) == (got.min_occurs, got.max_occurs):
        return
    one, other = _times(wanted), _times(got)
    narrowed = got.min_occurs > wanted.min_occurs or _most(got) < _most(wanted)
    if sends and narrowed:
        yield _breaking(where, "a narrowed occurrence", one, other,
                        "a call that leaves it out, or repeats it, is rejected")  # fmt: skip
    elif sends:
        yield _harmless(where, "a widened occurrence", one, other)
    elif narrowed:
        yield _breaking(where, "a narrowed occurrence", one, other,
                        "a client that validates refuses an answer of the contract")  # fmt: skip
    else:
        yield _risky(where, "a widened occurrence", one, other,
                     "the element may be missing, or come more than once")  # fmt: skip


def _most(part: Part) -> float:
    return float("inf") if part.max_occurs is None else part.max_occurs


def _times(part: Part) -> str:
    most = "unbounded" if part.max_occurs is None else str(part.max_occurs)
    return f"{part.min_occurs} to {most}"


def _nillability(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    if wanted.nillable == got.nillable:
        return
    one, other = (("nillable" if part.nillable else "not nillable") for part in (wanted, got))
    if sends and not got.nillable:
        yield _breaking(where, "it may not be nil any more", one, other,
                        "a call that sends nil is rejected")  # fmt: skip
    elif sends:
        yield _harmless(where, "it may be nil now", one, other)
    else:
        yield _risky(where, "it may be nil now" if got.nillable else "it may not be nil any more",
                     one, other, "a generated client has another type for it")  # fmt: skip


def _enumeration(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    if wanted.values == got.values:
        return
    if wanted.values is None or got.values is None:
        yield _risky(where, "an enumeration came or went", _values(wanted), _values(got),
                     "a generated client has another type for it")  # fmt: skip
        return
    removed = [value for value in wanted.values if value not in got.values]
    added = [value for value in got.values if value not in wanted.values]
    if removed:
        notices = (
            "a call with such a value is rejected" if sends else "nothing, if it is never sent"
        )
        yield _breaking(where, f"{plural(len(removed), 'value')} removed", _values(wanted),
                        f"without {clip(', '.join(removed), 200)}", notices)  # fmt: skip
    if added:
        what, listed = f"{plural(len(added), 'value')} added", clip(", ".join(added), 200)
        if sends:
            yield _harmless(where, what, _values(wanted), listed)
        else:
            yield _risky(where, what, _values(wanted), listed, "a client may not know it")


def _facets(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    new = [one for one in got.facets if one not in wanted.facets]
    gone = [one for one in wanted.facets if one not in got.facets]
    one, other = (clip(", ".join(part.facets) or "none", 200) for part in (wanted, got))
    if new and sends:
        yield _breaking(where, "a narrower value", one, other, "a value that was valid is rejected")
    elif new or (gone and not sends):
        yield _risky(where, "another restriction of the value", one, other,
                     "a client that validates may refuse the value")  # fmt: skip
    elif gone:
        yield _harmless(where, "a wider value", one, other)


def _values(part: Part) -> str:
    return "any text" if part.values is None else f"{len(part.values)} values"


def _content(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    if wanted.order != got.order:
        notices = "elements may come, or have to, in another order"
        before, after = wanted.order or "text", got.order or "text"
        yield _risky(where, "another kind of content", before, after, notices)
    one, other = _by_name(wanted.children), _by_name(got.children)
    for name, part in one.items():
        if name in other:
            yield from _element(f"{where}, {name}", part, other[name], sends=sends)
        elif name != ANY:  # the contract leaves the rest open
            yield _breaking(where, f"the element {name} is missing", name, "no such element",
                            _unknown(sends))  # fmt: skip
    kept = [name for name in other if name in one]
    if kept != [name for name in one if name in other]:
        yield _breaking(where, "another order of elements", ", ".join(one), ", ".join(other),
                        "a .NET host drops what comes out of order, in silence")  # fmt: skip
    yield from _new(where, wanted, got, sends=sends)


def _new(where: str, wanted: Part, got: Part, *, sends: bool) -> Iterator[Difference]:
    """Compare the elements that the contract does not have."""
    known = {part.name for part in wanted.children}
    last = max((i for i, part in enumerate(got.children) if part.name in known), default=-1)
    new = [(index, part) for index, part in enumerate(got.children) if part.name not in known]
    required = [part.name for _, part in new if sends and part.min_occurs > 0]
    between = [part.name for index, part in new if not sends and index < last]
    rest = [part.name for _, part in new if part.name not in (*required, *between)]
    for what, names, make in (
        ("required", required, _new_required),
        ("between others", between, _new_between),
        ("optional", rest, _harmless),
    ):
        if names:
            listed = clip(", ".join(names), 200)
            count = plural(len(names), "new element")
            yield make(where, f"{count}, {what}", "not in the contract", listed)


def _new_required(where: str, what: str, expected: str, found: str) -> Difference:
    return _breaking(where, what, expected, found, "a call without it is rejected")


def _new_between(where: str, what: str, expected: str, found: str) -> Difference:
    notices = "a client that reads by position reads another value"
    return _risky(where, what, expected, found, notices)
