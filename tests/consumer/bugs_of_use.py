"""Further planted bugs: in kinds of pictures, logging in, attaching, reading, and keeping state."""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from pytest_soblob.consumer import Upload
from tests.consumer.bugs import BUGS, Change, bug, pictured, reencoded, retried, written
from tests.consumer.uploader import NS, Uploader, UploadFailed


def saved_anew(is_meant: Callable[[bytes], bool], **options: Any) -> Change:
    return pictured(lambda b: reencoded(b, **options) if is_meant(b) else b)


def is_many(image: bytes) -> bool:
    try:
        return getattr(Image.open(BytesIO(image)), "n_frames", 1) > 1
    except OSError:
        return False


PICTURE_BUGS = (
    bug("16 bits made 8", "image.png-16bit", encoded=pictured(
        lambda b: b[:24] + b"\x08" + b[25:] if b[24:25] == b"\x10" else b)),
    bug("an interlaced PNG saved anew", "image.png-interlaced",
        encoded=saved_anew(lambda b: b[:4] == b"\x89PNG" and b[28:29] == b"\x01")),
    bug("the first frame of an APNG", "image.apng", encoded=saved_anew(lambda b: b"acTL" in b)),
    bug("a progressive JPEG saved anew", "image.jpeg-progressive",
        encoded=saved_anew(lambda b: b"\xff\xc2" in b and b[:2] == b"\xff\xd8")),
    bug("EXIF dropped", "image.jpeg-exif-6",
        encoded=saved_anew(lambda b: b"Exif" in b, quality="keep")),
    bug("the first frame of a GIF", "image.gif-animated",
        encoded=saved_anew(lambda b: b[:4] == b"GIF8" and is_many(b))),
    bug("the first page of a TIFF", "image.tiff-multipage",
        encoded=saved_anew(lambda b: b[:2] == b"II" and is_many(b))),
    bug("< for <=", "image.at-own-limit", most_bytes=1_999_999),
    bug("no limit of its own", "image.over-own-limit", most_bytes=10**9),
    bug("the last byte lost at some lengths", "property.any-image",
        encoded=pictured(lambda b: b[:-1] if len(b) % 5 == 0 else b), wide="an image in five"),
    bug("characters of the private planes become ?", "property.any-description",
        text=written(lambda t: re.sub("[\U00040000-\U0010ffff]", "?", t))),
    bug("the default type is left out", "upload.types.PersonImage",
        type=lambda self, c: "" if c.type == "PersonImage" and c.description is None
        else Uploader.type(self, c), wide="every upload of a portrait without a description"),
)  # fmt: skip


def save_with_the_ticket_once(self: Uploader, call: Upload) -> int:
    try:
        return Uploader.save(self, call)
    finally:
        self.ticket = "7T:another"


def keep_the_first(self: Uploader, ticket: str) -> None:
    if self.account is None:
        self.ticket = ticket


def log_in_without_end(self: Uploader, call: Upload) -> int:
    for _ in range(12):
        try:
            return Uploader.save(self, call)
        except UploadFailed:
            if self.account is None:
                raise
            try_to_log_in(self, *self.account)
    return Uploader.save(self, call)


def try_to_log_in(self: Uploader, user: str, password: str) -> None:
    try:
        Uploader.authenticate(self, user, password)
    except UploadFailed:
        return


def said_in(*texts: bytes) -> Change:
    """Take an answer with one of these texts for a success."""
    return lambda self, s, k, b: (
        5 if any(text in b for text in texts) else Uploader.read(self, s, k, b)
    )


LOG_IN_BUGS = (
    bug("the ticket with the first call only", "auth.ticket-sent",
        save=save_with_the_ticket_once, wide="every second call of a client"),
    bug("the first ticket for ever", "auth.ticket-not-kept-past-its-end",
        keep_ticket=keep_the_first),
    bug("a log-in that failed is nothing", "auth.wrong-password",
        authenticate=try_to_log_in),
    bug("logs in without an end", "auth.relogin-fails", save=log_in_without_end),
    *(
        bug(f"{what} is success", f"business.{name}", read=said_in(text))
        for name, what, text in (
            ("ticket-missing", "no ticket", b"has no ticket"),
            ("ticket-unknown", "an unknown ticket", b"The ticket is not one"),
            ("ticket-expired", "an expired ticket", b"The ticket has expired"),
            ("ticket-foreign", "a foreign ticket", b"issued by another"),
            ("token-unknown", "an unknown token", b"application token is not"),
            ("no-licence", "no licence", b"SoLicenseException"),
            ("bad-argument", "a bad argument", b"SoInvalidArgumentException"),
            ("not-an-image", "a picture that cannot be read", b"System.ArgumentException"))
    ),
    bug("a nil ExceptionInfo is success", "business.nil-exception-info",
        read=said_in(b'<n:ExceptionInfo xsi:nil="true"/><n:Succeeded>false')),
    bug("no header is success", "business.no-header",
        read=lambda self, s, k, b: 5 if s == 200 and b"Header>" not in b and b">0<" in b
        else Uploader.read(self, s, k, b)),
)  # fmt: skip


def attach_zero_after_failure(self: Uploader, call: Upload, person_id: int) -> None:
    try:
        blob_id = self.save(call)
    except UploadFailed:
        self.change_image(person_id, 0)
        raise
    self.change_image(person_id, blob_id)


def attach_whatever_stands_there(self: Uploader, call: Upload, person_id: int) -> None:
    _status, _, answer = self.send(self.build(call))
    root = self.parse(answer)
    self.check_header(root)
    self.change_image(person_id, int(root.findtext(f".//{{{NS}}}Response") or 0))


def attach_the_one_before(self: Uploader, call: Upload, person_id: int) -> None:
    before = self.last_id or 1
    self.save(call)
    self.change_image(person_id, before)


FLOW_BUGS = (
    bug("a failed upload is attached as 0", "flow.failed-never-attached",
        attach=attach_zero_after_failure),
    bug("an id of 0 is attached", "flow.zero-never-attached", attach=attach_whatever_stands_there),
    bug("the image before is attached", "flow.attach-is-of-this-upload",
        attach=attach_the_one_before),
)  # fmt: skip


def refusing(text: bytes) -> Change:
    """Fail at an answer that has this text."""

    def parse(self: Uploader, body: bytes) -> Any:
        if text in body:
            raise UploadFailed("the answer is no XML")
        return Uploader.parse(self, body)

    return parse


def taking(is_wrong: Callable[[http.client.HTTPResponse], object]) -> Change:
    """Fail at an answer whose head is so."""

    def taken(self: Uploader, answer: http.client.HTTPResponse) -> bytes:
        if is_wrong(answer):
            raise UploadFailed("this answer cannot be read")
        return Uploader.taken(self, answer)

    return taken


def succeeded_last(self: Uploader, root: Any) -> None:
    blocks = root.findall("{*}Header/*")
    if len(blocks) > 2 and blocks[0].tag == f"{{{NS}}}Succeeded":
        raise UploadFailed("Succeeded is not where it belongs")
    Uploader.check_header(self, root)


def take_by_length(self: Uploader, answer: http.client.HTTPResponse) -> bytes:
    return answer.read(int(answer.getheader("Content-Length") or 0))


def keep_closed(self: Uploader, answer: http.client.HTTPResponse) -> bytes:
    if vars(self).get("closed"):
        raise UploadFailed("the connection is closed")
    vars(self)["closed"] = answer.getheader("Connection") == "close"
    return Uploader.taken(self, answer)


READING_BUGS = (
    bug("default namespaces are not read", "answer.no-prefix", parse=refusing(b"<Envelope")),
    bug("the order of blocks matters", "answer.block-order", check_header=succeeded_last),
    bug("CDATA is not read", "answer.cdata", parse=refusing(b"<![CDATA[")),
    bug("references are not read", "answer.references", parse=refusing(b"&#")),
    bug("an XML declaration is not read", "answer.declaration", parse=refusing(b"<?xml")),
    bug("chunks are not read", "answer.chunked", taken=taking(lambda a: a.chunked)),
    bug("one read", "answer.one-byte-writes", taken=lambda self, answer: answer.read1(100_000),
        wide="whatever comes in pieces"),
    bug("header fields of 4,096 characters", "answer.long-header",
        taken=taking(lambda a: any(len(value) > 4_096 for _, value in a.getheaders()))),
    bug("asks for gzip and cannot read it", "answer.gzip-if-asked",
        headers=lambda self: {**Uploader.headers(self), "Accept-Encoding": "gzip"}),
    bug("HTTP/1.0 is not read", "http.http-1.0", taken=taking(lambda a: a.version == 10)),
    bug("Content-Length is always there", "http.http-1.0", taken=take_by_length),
    bug("a closed connection is used again", "http.connection-close", taken=keep_closed),
)  # fmt: skip


def save_in_two_steps(self: Uploader, call: Upload) -> int:
    vars(self)["call"] = call
    time.sleep(0.01)  # another thread comes between
    return Uploader.save(self, vars(self)["call"])


def save_fifty(self: Uploader, call: Upload) -> int:
    vars(self)["count"] = vars(self).get("count", 0) + 1
    if vars(self)["count"] > 50:
        raise UploadFailed("no connection is free")
    return Uploader.save(self, call)


def build_and_keep(self: Uploader, call: Upload) -> bytes:
    body = Uploader.build(self, call)
    vars(self).setdefault("kept", []).append(body)
    return body


def post_on_a_kept_connection(
    self: Uploader, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str, bytes]:
    """Take the answer before for that of a call whose connection was reset."""
    kept = vars(self)
    parts = urlsplit(url)
    with kept.setdefault("lock", Lock()):
        if "connection" not in kept:
            kept["connection"] = http.client.HTTPConnection(
                str(parts.hostname), parts.port, timeout=1
            )
        try:
            self.request(kept["connection"], parts.path, body, headers)
            answer = kept["connection"].getresponse()
            kind = answer.getheader("Content-Type") or ""
            kept["answer"] = (answer.status, kind, self.taken(answer))
        except self.errors as error:
            kept.pop("connection").close()
            if "answer" not in kept:
                raise UploadFailed(type(error).__name__) from None
        status, kind, data = kept["answer"]
        return status, kind, data


def close_kept(self: Uploader) -> None:
    if "connection" in vars(self):
        vars(self)["connection"].close()


STATE_BUGS = (
    bug("the answer before after a reset", "time.stale-keep-alive", post=post_on_a_kept_connection,
        __del__=close_kept, wide="it bounds each read only"),
    bug("the call in an attribute", "load.threads-8-unmixed", save=save_in_two_steps),
    bug("fifty connections", "load.hundred-uploads", save=save_fifty),
    bug("requests are kept", "load.memory-flat", build=build_and_keep),
    bug("retries after its limit", "retry.saved-but-slow", send=retried(1), wide="every failure"),
    bug("a limit for each read only", "time.dribble", limits_whole_call=False),
    bug("a reset is a crash", "time.reset-during-request",
        errors=(TimeoutError, ConnectionRefusedError, http.client.IncompleteRead)),
)  # fmt: skip

ALL_BUGS = (
    *BUGS, *PICTURE_BUGS, *LOG_IN_BUGS, *FLOW_BUGS, *READING_BUGS, *STATE_BUGS
)  # fmt: skip
