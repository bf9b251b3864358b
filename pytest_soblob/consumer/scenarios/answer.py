"""Answers in odd but legal dress, which mean success, and wrong ones, which do not."""

from collections.abc import Callable
from functools import partial
from gzip import compress
from typing import Final

from pytest_soblob.consumer.answers import ID, envelope, respond, unprefixed, with_unknown_block
from pytest_soblob.consumer.outcomes import Saved
from pytest_soblob.consumer.scenario import Scenario, UnmetError
from pytest_soblob.consumer.stage import PLAIN, Stage
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


# What a right client reads as success, with the id.
RIGHT: Final[dict[str, tuple[str, Make]]] = {
    "succeeded-1": ("Succeeded written as 1", _blocks("<n:Succeeded>1</n:Succeeded>")),
    "prefixes": ("other prefixes", _text(_prefixes)),
    "no-prefix": ("default namespaces, no prefix at all", _text(unprefixed)),
    "nil-exception-info": ("a nil ExceptionInfo", _blocks(_NIL_INFO + _DONE)),
    "absent-exception-info": ("no ExceptionInfo", _blocks(_DONE)),
    "block-order": ("the header blocks in another order", _blocks(_DONE + _EXTRA + _NIL_INFO)),
    "comments": ("a comment inside the number", _text(_comments)),
    "cdata": ("the number in a CDATA section", _body(f"<n:Response><![CDATA[{ID}]]></n:Response>")),
    "references": (
        "the number in character references",
        _body("<n:Response>" + "".join(f"&#{ord(c)};" for c in str(ID)) + "</n:Response>"),
    ),
    "white-space-in-id": (
        "white space around the number",
        _body(f"<n:Response>\n\t {ID} \n</n:Response>"),
    ),
    "plus-sign-id": ("a plus sign before the number", _body(f"<n:Response>+{ID}</n:Response>")),
    "utf16": ("UTF-16", _in("utf-16")),
    "bom": ("UTF-8 with a byte order mark", _in("utf-8", "\ufeff")),
    "declaration": ("an XML declaration", _text(_declared)),
    "no-succeeded-block": ("no response header block", _blocks("")),
    "unknown-block": ("a header block of somebody else", _text(with_unknown_block)),
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
        raise UnmetError("a right answer was not read as success", str(outcome))
    if outcome.blob_id != ID:
        raise UnmetError(f"the id {ID} was read as {outcome.blob_id}", str(outcome))
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


def _page(kind: str, body: bytes) -> Make:
    headers = (("Content-Type", kind),)
    return lambda profile: HttpResponse(status=200, headers=headers, body=body)


def _fault(profile: Profile) -> HttpResponse:
    if profile is Profile.WSDL:
        inner = "<faultcode>s:Server</faultcode><faultstring>no</faultstring>"
    else:
        inner = (
            "<s:Code><s:Value>s:Receiver</s:Value></s:Code>"
            '<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason>'
        )
    text = envelope(profile, blocks="", wrapper="", body=f"<s:Fault>{inner}</s:Fault>")
    return respond(profile, text)


def _doctype(text: str) -> str:
    return f"<!DOCTYPE s:Envelope>{text}"


def _bomb(text: str) -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else " "}">' for i in range(8))
    return f"<!DOCTYPE x [{entities}]>" + text.replace(str(ID), f"&e7;{ID}")


def _other_version(profile: Profile) -> HttpResponse:
    """The names of Services87, which is another contract."""
    return respond(profile, envelope(profile).replace("Services86", "Services87"))


_INFO: Final = (
    "<n:ExceptionInfo><n:Message>no</n:Message>"
    "<n:ExceptionType>SuperOffice.Exceptions.SoSentryException</n:ExceptionType>"
    "</n:ExceptionInfo>"
)
_SECOND: Final = f"{_RESPONSE}</n:SaveImageStreamResponse><n:SaveImageStreamResponse>{_RESPONSE}"

# What a right client does not read as success.
WRONG: Final[dict[str, tuple[str, Make]]] = {
    "exception-info-alone": ("an ExceptionInfo without Succeeded", _blocks(_INFO)),
    "fault-200": ("a fault with status 200", _fault),
    "html-200": ("an HTML page with status 200", _page("text/html", b"<html>Log in</html>")),
    "json-200": ("JSON with status 200", _page("application/json", b'{"Response": 74565}')),
    "empty-200": ("status 200 and no body", _page("text/xml; charset=utf-8", b"")),
    "doctype": ("a document type declaration", _text(_doctype)),
    "entity-bomb": ("entities that grow to 10 million blanks before the id", _text(_bomb)),
    "two-body-children": ("two responses in one Body", _body(_SECOND)),
    "other-version": ("a response in the names of Services87", _other_version),
}


def _scenario(name: str, what: str, play: Callable[[Stage], None], *, right: bool) -> Scenario:
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
        advice=(
            "read answers with an XML parser and by namespace, not by prefix or by pattern"
            if right
            else "check status, Content-Type, the wrapper's name and Succeeded before Response"
        ),
        source=(
            "XML 1.0; Namespaces in XML; XML Schema part 2"
            if right
            else "SOAP 1.1 sections 3 and 4; Services86-BLOB.wsdl"
        ),
    )


SCENARIOS: Final = (
    *(
        _scenario(name, what, partial(_right, make), right=True)
        for name, (what, make) in RIGHT.items()
    ),
    _scenario("chunked", "in chunks", partial(_delivered, "chunked"), right=True),
    _scenario("one-byte-writes", "in many small pieces", _one_byte_writes, right=True),
    _scenario("long-header", "with a header field of 7,000 characters", _long_header, right=True),
    _scenario(
        "gzip-if-asked", "compressed, where the client takes gzip", _gzip_if_asked, right=True
    ),
    *(
        _scenario(name, what, partial(_wrong, make), right=False)
        for name, (what, make) in WRONG.items()
    ),
    _scenario("truncated", "half of an envelope", partial(_played, "truncated"), right=False),
    _scenario(
        "other-operation",
        "the answer of GetPersonImage",
        partial(_played, "other-operation"),
        right=False,
    ),
)
