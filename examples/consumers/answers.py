"""What an answer of SaveImageStream means: an id, or a failure. Each uploader asks this module."""

from lxml import etree

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
LARGEST_ID = 2**31 - 1


class UploadError(Exception):
    """SuperOffice did not store the image."""


def read_answer(status: int, content_type: str, body: bytes) -> int:
    """Return the blob id."""
    if status != 200 or "xml" not in content_type:
        raise UploadError(f"HTTP {status}, {content_type}")
    try:
        parser = etree.XMLParser(resolve_entities=False, remove_comments=True)
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise UploadError("the answer is no XML") from None
    if root.getroottree().docinfo.doctype:
        raise UploadError("the answer has a document type")
    # Without this block nothing says that it failed; with it, only `true` and `1` say success.
    succeeded = root.findtext(f"{{*}}Header/{{{NS}}}Succeeded", "true").strip()
    if succeeded not in ("true", "1"):
        raise UploadError("Succeeded is false")
    if root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo/*") is not None:
        raise UploadError("the answer has an exception")
    children = root.findall("{*}Body/*")
    if len(children) != 1 or children[0].tag != f"{{{NS}}}SaveImageStreamResponse":
        raise UploadError("the answer is none of SaveImageStream")
    return check_id(children[0].findtext(f"{{{NS}}}Response"))


def check_id(value: object) -> int:
    """Return a blob id that can be attached: 0 would delete the picture of the person."""
    try:
        blob_id = int(str(value))
    except ValueError:
        raise UploadError("the answer has no blob id") from None
    if not 0 < blob_id <= LARGEST_ID:
        raise UploadError(f"the server gave the blob id {blob_id}")
    return blob_id


def check_text(description: str | None) -> None:
    """Refuse what XML cannot carry, before a request is sent."""
    if any(one < " " and one not in "\t\r\n" for one in description or ""):
        raise ValueError("the description has control characters")
