"""Answers in odd but legal dress, which mean success, and wrong ones, which do not."""

from collections.abc import Callable
from functools import partial
from gzip import compress
from typing import Final

from pytest_soblob.consumer.answers import (
    ID,
    envelope,
    fault,
    other_version,
    page,
    respond,
    unprefixed,
    with_doctype,
    with_entities,
    with_unknown_block,
)
from pytest_soblob.consumer.outcomes import Saved
from pytest_soblob.consumer.scenario import Level, Scenario, UnmetError
from pytest_soblob.consumer.stage import PLAIN, Stage
from pytest_soblob.consumer.unmet import not_saved
from pytest_soblob.contract import Profile
from pytest_soblob.wire import HttpResponse

Make = Callable[[Profile], HttpResponse]

_NIL_INFO: Final = '<n:ExceptionInfo xsi:nil="true"/>'
_EXTRA: Final = '<n:ExtraInfo xsi:nil="true"/>'
_DONE: Final = "<n:Succeeded>true</n:Succeeded>"
_RESPONSE: Final = f"<n:Response>{ID}</n:Response>"


def _text(change: Callable[[str], str], blocks: str = _DONE, body: str = _RESPONSE) -> Make:
    return lambda profile: respond(profile, change(envelope(profile, blocks=blocks, body=body)))


def _as_is(text: str) -> str:
    return text


def _blocks(blocks: str) -> Make:
    return _text(_as_is, blocks=blocks)


def _body(body: str) -> Make:
    return _text(_as_is, body=body)


def _in(charset: str, mark: str = "") -> Make:
    return lambda profile: respond(profile, mark + envelope(profile), charset)


def _declared(text: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'


def _prefixes(text: str) -> str:
    for prefix, other in (("s", "soapenv"), ("n", "a1")):
        for before in ("<", "</", "xmlns:"):
            after = "=" if before == "xmlns:" else ":"
            text = text.replace(f"{before}{prefix}{after}", f"{before}{other}{after}")
    return text


def _comments(text: str) -> str:
    return text.replace(str(ID), f"{str(ID)[:2]}<!-- of the answer -->{str(ID)[2:]}")


_BY_NAMESPACE: Final = "compare names by namespace and local name, never by prefix"
_BY_PARSER: Final = "read the answer with an XML parser, not by a pattern"
_NUMBER: Final = "read Response as an xs:int: cut white space, and allow a sign"
_NAMESPACES: Final = "Namespaces in XML 1.0"

# What a right client reads as success: what is played, the answer, what to change, the source.
RIGHT: Final[dict[str, tuple[str, Make, str, str]]] = {
    "succeeded-1": (
        "Succeeded written as 1",
        _blocks("<n:Succeeded>1</n:Succeeded>"),
        "read Succeeded as an xs:boolean: true and 1 both say yes",
        "XML Schema part 2, 3.2.2: xs:boolean",
    ),
    "prefixes": ("other prefixes", _text(_prefixes), _BY_NAMESPACE, _NAMESPACES),
    "no-prefix": (
        "default namespaces, no prefix at all",
        _text(unprefixed),
        _BY_NAMESPACE,
        _NAMESPACES,
    ),
    "nil-exception-info": (
        "a nil ExceptionInfo",
        _blocks(_NIL_INFO + _DONE),
        "an ExceptionInfo with xsi:nil tells of no failure: look at Succeeded",
        "XML Schema part 1, 2.6.2: xsi:nil",
    ),
    "absent-exception-info": (
        "no ExceptionInfo",
        _blocks(_DONE),
        "take Succeeded true for success where there is no ExceptionInfo",
        "Services86-BLOB.wsdl: header blocks of the response",
    ),
    "block-order": (
        "the header blocks in another order",
        _blocks(_DONE + _EXTRA + _NIL_INFO),
        "look for header blocks by name, not by position",
        "SOAP 1.1, section 4.2: the children of Header have no order",
    ),
    "comments": ("a comment inside the number", _text(_comments), _BY_PARSER, "XML 1.0, 2.5"),
    "cdata": (
        "the number in a CDATA section",
        _body(f"<n:Response><![CDATA[{ID}]]></n:Response>"),
        _BY_PARSER,
        "XML 1.0, 2.7",
    ),
    "references": (
        "the number in character references",
        _body("<n:Response>" + "".join(f"&#{ord(c)};" for c in str(ID)) + "</n:Response>"),
        _BY_PARSER,
        "XML 1.0, 4.1",
    ),
    "white-space-in-id": (
        "white space around the number",
        _body(f"<n:Response>\n\t {ID} \n</n:Response>"),
        _NUMBER,
        "XML Schema part 2, 4.3.6: white space of numbers is collapsed",
    ),
    "plus-sign-id": (
        "a plus sign before the number",
        _body(f"<n:Response>+{ID}</n:Response>"),
        _NUMBER,
        "XML Schema part 2, 3.3.13.1: a number may have a sign",
    ),
    "utf16": (
        "UTF-16",
        _in("utf-16"),
        "hand the bytes of the answer to the XML parser, and let it find the encoding",
        "XML 1.0, 4.3.3: a parser reads UTF-8 and UTF-16",
    ),
    "bom": (
        "UTF-8 with a byte order mark",
        _in("utf-8", "\ufeff"),
        "hand the bytes of the answer to the XML parser, and let it skip the mark",
        "XML 1.0, 4.3.3",
    ),
    "declaration": ("an XML declaration", _text(_declared), _BY_PARSER, "XML 1.0, 2.8"),
    "no-succeeded-block": (
        "no response header block, and an id over 0",
        _blocks(""),
        "where no header block says otherwise, take an id over 0 for success",
        "[page] the response of the example has no header block",
    ),
    "unknown-block": (
        "a header block of somebody else",
        _text(with_unknown_block),
        "skip header blocks that you do not know, but for those with mustUnderstand",
        "SOAP 1.1, section 4.2.3",
    ),
}


def _right(make: Make, stage: Stage) -> None:
    stage.endpoint.reply(response=make(stage.profile))
    read_as_success(stage)


def read_as_success(stage: Stage) -> None:
    """Upload, and expect that an answer with the id `answers.ID` is read as success.

    Raises:
        UnmetError: It is not, or the upload did not arrive as given.
    """
    outcome = stage.upload()
    if not isinstance(outcome, Saved):
        raise not_saved(outcome, "a right answer was not read as success")
    if outcome.blob_id != ID:
        raise UnmetError(
            f"the id {ID} was read as {outcome.blob_id}",
            str(outcome),
            production=f"ChangePersonImage({outcome.blob_id}) shows another picture",
        )
    stage.arrived(PLAIN, stage.last_upload)


def _delivered(name: str, stage: Stage) -> None:
    stage.endpoint.fail(name)
    stage.saved()


def _one_byte_writes(stage: Stage) -> None:
    stage.endpoint.fail("slow-body", bytes_per_s=4_000)
    stage.saved()


def _long_header(stage: Stage) -> None:
    response = respond(stage.profile, envelope(stage.profile))
    more = (*response.headers, ("X-Trace", "a" * 7_000))
    _right(lambda profile: HttpResponse(status=200, headers=more, body=response.body), stage)


def _gzip_if_asked(stage: Stage) -> None:
    plain = respond(stage.profile, envelope(stage.profile))
    stage.endpoint.reply(response=plain)
    stage.upload()
    if "gzip" not in (stage.last_upload.request.header("Accept-Encoding") or ""):
        return
    packed = HttpResponse(
        status=200,
        headers=(*plain.headers, ("Content-Encoding", "gzip")),
        body=compress(plain.body, mtime=0),
    )
    _right(lambda profile: packed, stage)


def _wrong(make: Make, stage: Stage) -> None:
    stage.endpoint.reply(response=make(stage.profile), times=None)
    stage.failed()


def _played(name: str, stage: Stage) -> None:
    stage.endpoint.fail(name, times=None)
    stage.failed()


_INFO: Final = (
    "<n:ExceptionInfo><n:Message>no</n:Message>"
    "<n:ExceptionType>SuperOffice.Exceptions.SoSentryException</n:ExceptionType>"
    "</n:ExceptionInfo>"
)
_SECOND: Final = f"{_RESPONSE}</n:SaveImageStreamResponse><n:SaveImageStreamResponse>{_RESPONSE}"

_BY_TYPE: Final = "look at Content-Type before you read the body"
_MEDIA_TYPES: Final = "SOAP 1.1, section 6; SOAP 1.2 part 2, section 7.1.4"
_NO_ENTITIES: Final = "switch document types and entities off in your XML parser"
_NO_DOCTYPE: Final = "SOAP 1.1, section 3: a message has no document type declaration"

# What a right client does not read as success; likewise.
WRONG: Final[dict[str, tuple[str, Make, str, str]]] = {
    "exception-info-alone": (
        "an ExceptionInfo without Succeeded",
        _blocks(_INFO),
        "take an ExceptionInfo for a failure, whatever else stands there",
        "[page], [wsdl]: Succeeded and ExceptionInfo are the only sign of a failure",
    ),
    "fault-200": (
        "a fault with status 200",
        fault,
        "look for a Fault in Body, whatever the HTTP status",
        "SOAP 1.1, section 4.4; SOAP 1.2 part 1, section 5.4",
    ),
    "html-200": (
        "an HTML page with status 200",
        page("text/html", b"<html>Log in</html>"),
        _BY_TYPE,
        _MEDIA_TYPES,
    ),
    "json-200": (
        "JSON with status 200",
        page("application/json", b'{"Response": 74565}'),
        _BY_TYPE,
        _MEDIA_TYPES,
    ),
    "empty-200": (
        "status 200 and no body",
        page("text/xml; charset=utf-8", b""),
        "take an answer without a body for a failure",
        "Services86-BLOB.wsdl: SaveImageStreamResponse",
    ),
    "doctype": ("a document type declaration", _text(with_doctype), _NO_ENTITIES, _NO_DOCTYPE),
    "entity-bomb": (
        "entities that grow to 10 million blanks before the id",
        _text(with_entities),
        _NO_ENTITIES,
        _NO_DOCTYPE,
    ),
    "two-body-children": (
        "two responses in one Body",
        _body(_SECOND),
        "check that Body has one child",
        "WS-I Basic Profile 1.1, R9981",
    ),
    "other-version": (
        "a response in the names of Services87",
        other_version,
        "compare the wrapper's namespace too, not its local name alone",
        "Services86-BLOB.wsdl, targetNamespace",
    ),
}


def _scenario(
    name: str,
    what: str,
    play: Callable[[Stage], None],
    advice: str,
    source: str,
    *,
    right: bool,
    level: Level = Level.MUST,
) -> Scenario:
    return Scenario(
        id=f"answer.{name}",
        play=play,
        played=f"HTTP 200: {what}",
        expected="the id is returned" if right else "the client tells its caller of the failure",
        production=(
            "a stored image is taken for lost, and uploaded again"
            if right
            else "a failure is handed on as success"
        ),
        advice=advice,
        source=source,
        level=level,
    )


_LIBRARY: Final = "let an HTTP library read the answer, to its end"
# What a client does that takes no risk, though it refuses a right answer.
_SHOULD: Final = ("no-succeeded-block",)

SCENARIOS: Final = (
    *(
        _scenario(
            name,
            what,
            partial(_right, make),
            advice,
            source,
            right=True,
            level=Level.SHOULD if name in _SHOULD else Level.MUST,
        )
        for name, (what, make, advice, source) in RIGHT.items()
    ),
    _scenario(
        "chunked",
        "in chunks",
        partial(_delivered, "chunked"),
        _LIBRARY,
        "RFC 9112, section 7.1",
        right=True,
    ),
    _scenario(
        "one-byte-writes",
        "in many small pieces",
        _one_byte_writes,
        _LIBRARY,
        "RFC 9112, section 6.2",
        right=True,
    ),
    _scenario(
        "long-header",
        "with a header field of 7,000 characters",
        _long_header,
        "raise the limit that your HTTP library sets for header fields",
        "RFC 9110, section 5.4",
        right=True,
    ),
    _scenario(
        "gzip-if-asked",
        "compressed, where the client takes gzip",
        _gzip_if_asked,
        "send Accept-Encoding only where you unpack the answer by its Content-Encoding",
        "RFC 9110, section 12.5.3",
        right=True,
    ),
    *(
        _scenario(name, what, partial(_wrong, make), advice, source, right=False)
        for name, (what, make, advice, source) in WRONG.items()
    ),
    _scenario(
        "truncated",
        "half of an envelope",
        partial(_played, "truncated"),
        "take what your XML parser cannot read for a failure",
        "XML 1.0, 2.1: well-formed documents",
        right=False,
    ),
    _scenario(
        "other-operation",
        "the answer of GetPersonImage",
        partial(_played, "other-operation"),
        "check the name of Body's child before you read Response",
        "Services86-BLOB.wsdl: SaveImageStreamResponse",
        right=False,
    ),
)
