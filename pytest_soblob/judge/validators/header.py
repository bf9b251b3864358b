"""Family `header`: placement, mustUnderstand, credentials, and the outcome in a response.

Sources: the header messages of Services86-BLOB.wsdl; the page (tickets, application tokens, blocks
beside Body); SOAP 1.1 section 4.2, SOAP 1.2 part 1 section 5.2.
"""

import re
from collections.abc import Iterator

from pytest_soblob._text import mask, nearest, quote
from pytest_soblob.contract import (
    SAVE_IMAGE_STREAM,
    Installation,
    Particle,
    Profile,
)
from pytest_soblob.judge.validators._content import iter_typed
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.violations import Violation
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12, WS_ADDRESSING
from pytest_soblob.soap.binding import find_child, is_nil, parse_boolean
from pytest_soblob.soap.envelope import WHITE_SPACE, Element, HeaderBlock, is_other_version, text_of

_TICKET = re.compile(r"(7T|8A):\S+")
_INVISIBLE = re.compile(r"[\s\ufeff\u200b\u2060]")
_PLUS = (
    "check for a + that became a space: write it as %2B where the ticket is sent in a form or URL"
)
_BESIDE_BODY = ("ApplicationToken", "Credentials")


def iter_violations(context: Context) -> Iterator[Violation]:
    """Judge the header blocks, in Header and beside Body."""
    declared = _declared_blocks(context)
    seen: set[str] = set()
    for block in context.envelope.header_blocks:
        yield from _iter_must_understand(context, block, known=block.name in declared)
        if not block.is_netserver:
            yield from _iter_foreign(context, block, declared)
            continue
        yield from _iter_placement(context, block)
        if block.name in declared:
            if block.name in seen:
                yield context.violation(
                    "header.block-duplicate", block.element, f"{block.name} occurs more than once"
                )
            seen.add(block.name)
            yield from iter_typed(context, "header", block.element, declared[block.name])
    yield from _iter_addressing(context)
    if context.kind == "request":
        yield from _iter_credentials(context)
        yield from _iter_application_token(context)
    elif context.envelope.fault is None:
        yield from _iter_success(context)


def _iter_addressing(context: Context) -> Iterator[Violation]:
    """Report WS-Addressing blocks once, at the first of them."""
    found = (b for b in context.envelope.header_blocks if b.namespace in WS_ADDRESSING)
    first = next(found, None)
    if first is not None:
        yield find_addressing(context, first.element)


def find_addressing(context: Context, first: Element) -> Violation:
    """Return the violation for the WS-Addressing blocks of a message.

    Args:
        context: The message.
        first: The first of the blocks.
    """

    def names() -> str:
        found = (b for b in context.envelope.header_blocks if b.namespace in WS_ADDRESSING)
        names = sorted({block.name for block in found})[:5]
        return f"the header has {', '.join(f'wsa:{name}' for name in names)}"

    return context.violation("header.ws-addressing", first, names)


def _declared_blocks(context: Context) -> dict[str, Particle]:
    operation = context.actual or context.operation or SAVE_IMAGE_STREAM
    request = context.kind == "request"
    blocks = operation.request_blocks if request else operation.response_blocks
    return {block.name: block for block in blocks}


def _iter_foreign(
    context: Context, block: HeaderBlock, declared: dict[str, Particle]
) -> Iterator[Violation]:
    """Judge a block in another namespace: allowed, unless it is one of ours in a wrong one."""
    if not block.namespace:
        yield context.violation(
            "header.block-unqualified",
            block.element,
            f"the header block {block.name} is in no namespace",
            expected=f"{block.name} in {NETSERVER}" if block.name in declared else "a namespace",
        )
    elif is_other_version(block.namespace) and block.name in declared:
        yield context.violation(
            "header.block-other-version",
            block.element,
            f"the header block {block.name} is in the namespace of another version",
            expected=NETSERVER,
            got=block.namespace,
        )


def _iter_placement(context: Context, block: HeaderBlock) -> Iterator[Violation]:
    documented = context.profile is Profile.DOCUMENTED
    if documented and block.in_header and block.name in _BESIDE_BODY:
        yield context.violation("header.inside-header", block.element, f"{block.name} is in Header")
    elif documented and not block.in_header and block.name == "TimeZone":
        yield context.violation("header.time-zone-outside-header", block.element)
    elif not block.in_header and not (documented and block.name in _BESIDE_BODY):
        page = ", which only the documentation page shows" if block.name in _BESIDE_BODY else ""
        yield context.violation(
            "header.outside-header",
            block.element,
            f"the header block {block.name} is a child of Envelope{page}",
            expected=f"{block.name} in Header",
        )


def _iter_must_understand(
    context: Context, block: HeaderBlock, *, known: bool
) -> Iterator[Violation]:
    soap = context.envelope.soap_namespace
    relay = block.element.get(f"{{{SOAP12}}}relay")
    if soap == SOAP12 and relay is not None and parse_boolean(relay) is None:
        yield context.violation(
            "header.must-understand-value",
            block.element,
            f"relay is {quote(relay, 40)}",
            expected="0 or 1 or true or false",
            got=quote(relay),
        )
    value = block.element.get(f"{{{soap}}}mustUnderstand")
    if value is None:
        return
    stripped = value.strip(WHITE_SPACE)
    allowed = ("0", "1") if soap == SOAP11 else ("0", "1", "true", "false")
    if stripped not in allowed:
        yield context.violation(
            "header.must-understand-value",
            block.element,
            f"mustUnderstand is {quote(value, 40)}",
            expected=" or ".join(allowed),
            got=quote(value),
        )
    if parse_boolean(stripped) and not (known and block.is_netserver):
        yield context.violation(
            "header.not-understood",
            block.element,
            f"{block.name} must be understood, but it is unknown to NetServer",
        )


def _iter_credentials(context: Context) -> Iterator[Violation]:
    operation = context.actual or context.operation or SAVE_IMAGE_STREAM
    if not operation.needs_credentials:
        return
    block = context.envelope.find_block("Credentials")
    if block is None:
        where = context.envelope.headers[0] if context.envelope.headers else context.envelope.root
        beside = context.profile is Profile.DOCUMENTED
        yield context.violation(
            "header.credentials-missing",
            where,
            "the request has no Credentials" + _near(context),
            expected="Credentials with a Ticket " + ("beside Body" if beside else "in Header"),
        )
        return
    if is_nil(block.element):
        yield context.violation("header.credentials-missing", block.element, "Credentials is nil")
        return
    ticket = find_child(block.element, "Ticket")
    if ticket is None or is_nil(ticket) or not text_of(ticket).strip():
        how = "missing" if ticket is None else "nil" if is_nil(ticket) else "empty"
        yield context.violation(
            "header.ticket-missing",
            block.element if ticket is None else ticket,
            f"the ticket is {how}",
            expected="7T:... or 8A:...",
        )
        return
    yield from _iter_ticket(context, block, text_of(ticket))


def _iter_ticket(context: Context, block: HeaderBlock, text: str) -> Iterator[Violation]:
    element = find_child(block.element, "Ticket")
    assert element is not None  # noqa: S101 -- the caller has read its text
    hidden = _INVISIBLE.search(text)
    if hidden is not None:
        around = (text[: hidden.start()].strip(), text[hidden.end() :].strip())
        was_plus = hidden[0] == " " and all(around) and "+" not in text
        yield context.violation(
            "header.ticket-white-space",
            element,
            f"character {hidden.start() + 1} of {len(text):,} is U+{ord(hidden[0]):04X}",
            expected="no white space and no byte order mark",
            change=_PLUS if was_plus else None,
        )
    if not _TICKET.fullmatch(_INVISIBLE.sub("", text)):
        yield context.violation(
            "header.ticket-shape", element, expected="7T:... or 8A:...", got=quote(mask(text), 40)
        )


def _near(context: Context) -> str:
    """Return a hint at a misspelt Credentials, since an unknown block is not a violation."""
    near = nearest("Credentials", (block.name for block in context.envelope.header_blocks))
    # Credentials in another namespace has a violation of its own.
    return f"; is {near} meant as Credentials?" if near not in (None, "Credentials") else ""


def _iter_application_token(context: Context) -> Iterator[Violation]:
    if context.installation is not Installation.ONLINE:
        return
    envelope = context.envelope
    block = envelope.find_block("ApplicationToken")
    if block is not None and not is_nil(block.element) and text_of(block.element).strip():
        return
    how = "missing" if block is None else "nil" if is_nil(block.element) else "empty"
    where = block.element if block else (envelope.headers or (envelope.root,))[0]
    yield context.violation("header.application-token-missing", where, f"ApplicationToken is {how}")


def _iter_success(context: Context) -> Iterator[Violation]:
    envelope = context.envelope
    succeeded = envelope.find_block("Succeeded")
    exception = envelope.find_block("ExceptionInfo")
    if succeeded is None:
        if context.profile is not Profile.DOCUMENTED:
            where = envelope.headers[0] if envelope.headers else envelope.root
            yield context.violation("header.succeeded-missing", where)
        return
    value = parse_boolean(text_of(succeeded.element))
    has_exception = exception is not None and not is_nil(exception.element)
    if value is False and not has_exception:
        yield context.violation("header.failure-without-exception", succeeded.element)
    elif value is True and exception is not None and has_exception:
        yield context.violation("header.success-with-exception", exception.element)
