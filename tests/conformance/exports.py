"""Exports as tools write them, of exchanges of ours, after each format's public description.

HAR: the HAR 1.2 specification. Burp: the DTD at the head of its files. SAZ: Fiddler's description
of its archive. SoapUI: its configuration schema. Postman: the schema of collections 2.1.
"""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from pytest_soblob import HttpRequest, HttpResponse
from pytest_soblob._http import to_bytes

HOST = "https://netserver.example/Cust12345"
SOAPUI = "http://eviware.com/soapui/config"


class Exchange(NamedTuple):
    """A request and its response."""

    request: HttpRequest
    response: HttpResponse


def pairs(headers: Sequence[tuple[str, str]], name: str = "name") -> list[dict[str, str]]:
    return [{name: key, "value": value} for key, value in headers]


def har(exchanges: Sequence[Exchange]) -> bytes:
    entries = [har_entry(*exchange) for exchange in exchanges]
    log = {"version": "1.2", "creator": {"name": "a tool", "version": "1"}, "pages": []}
    return json.dumps({"log": log | {"entries": entries}}, indent=1).encode()


def har_entry(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "method": request.method,
        "url": f"{HOST}{request.target}",
        "httpVersion": "HTTP/2.0",
        "headers": [{"name": ":authority", "value": "netserver.example"}, *pairs(request.headers)],
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        media_type = request.header("Content-Type") or ""
        asked["postData"] = {"mimeType": media_type, "text": request.body.decode()}
    answered = {
        "status": response.status,
        "statusText": response.reason_phrase,
        "httpVersion": "HTTP/2.0",
        # As they were sent, though the text below is decoded.
        "headers": pairs([*response.headers, ("Content-Encoding", "gzip")]),
        "content": {
            "size": len(response.body),
            "mimeType": response.header("Content-Type") or "",
            "text": response.body.decode("latin-1"),
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": 99,
        "cookies": [],
    }
    timings = {"send": 1, "wait": 1, "receive": 1}
    both = {"request": asked, "response": answered}
    return {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "time": 1,
        "cache": {},
        "timings": timings,
    } | both


def har_in_base64(exchanges: Sequence[Exchange]) -> bytes:
    data = json.loads(har(exchanges))
    for entry in data["log"]["entries"]:
        content = entry["response"]["content"]
        body = content["text"].encode("latin-1")
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return json.dumps(data).encode()


DTD = """<!DOCTYPE items [
<!ELEMENT items (item*)>
<!ATTLIST items burpVersion CDATA "">
<!ATTLIST items exportTime CDATA "">
<!ELEMENT item (time, url, host, port, protocol, method, path, extension, request, status,
responselength, mimetype, response, comment)>
<!ELEMENT request (#PCDATA)>
<!ATTLIST request base64 (true|false) "false">
<!ELEMENT response (#PCDATA)>
<!ATTLIST response base64 (true|false) "false">
]>
"""


def burp(exchanges: Sequence[Exchange], *, in_base64: bool = True) -> bytes:
    def written(message: HttpRequest | HttpResponse) -> str:
        data = to_bytes(message)
        if in_base64:
            return f'base64="true"><![CDATA[{base64.b64encode(data).decode()}]]>'
        return 'base64="false">' + escape(data.decode("latin-1"))

    items = [
        f"<item><time>x</time><url><![CDATA[{HOST}{request.target}]]></url>"
        f"<method><![CDATA[{request.method}]]></method>"
        f"<request {written(request)}</request><status>{response.status}</status>"
        f"<response {written(response)}</response><comment></comment></item>"
        for request, response in exchanges
    ]
    head = f'<?xml version="1.0"?>\n{DTD}<items burpVersion="2026.1" exportTime="x">\n'
    return f"{head}{chr(10).join(items)}\n</items>\n".encode()


def burp_as_text(exchanges: Sequence[Exchange]) -> bytes:
    return burp(exchanges, in_base64=False)


def saz(exchanges: Sequence[Exchange]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("_index.htm", "<html>")
        package.writestr("[Content_Types].xml", "<Types/>")
        for number, exchange in enumerate(exchanges, 1):
            name = f"raw/{number:04}"
            package.writestr(f"{name}_s.txt", to_bytes(exchange.response))
            package.writestr(f"{name}_c.txt", to_bytes(exchange.request))
            package.writestr(f"{name}_m.xml", "<Session/>")
    return file.getvalue()


def soapui(exchanges: Sequence[Exchange]) -> bytes:
    def named(number: int, exchange: Exchange) -> str:
        text = exchange.request.body.decode()
        return (
            f'<con:call name="Request {number}"><con:settings/><con:encoding>UTF-8</con:encoding>'
            f"<con:endpoint>{HOST}{escape(exchange.request.target)}</con:endpoint>"
            f"<con:request><![CDATA[{text}]]></con:request></con:call>"
        )

    def mocked(number: int, exchange: Exchange) -> str:
        text = exchange.response.body.decode("latin-1")
        return (
            f'<con:response name="Response {number}" httpResponseStatus="200"><con:settings/>'
            f"<con:responseContent>{escape(text)}</con:responseContent></con:response>"
        )

    calls = "".join(named(number, one) for number, one in enumerate(exchanges, 1))
    mocks = "".join(mocked(number, one) for number, one in enumerate(exchanges, 1))
    wsdl = "<wsdl:definitions xmlns:wsdl='x'/>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<con:soapui-project name="Blobs" '
        f"xmlns:con={quoteattr(SOAPUI)}><con:settings/><con:interface name="
        f'"BasicHttpBinding_BLOB"><con:definitionCache><con:part><con:content><![CDATA[{wsdl}]]>'
        f'</con:content></con:part></con:definitionCache><con:operation name="SaveImageStream">'
        f'{calls}</con:operation></con:interface><con:mockService name="Mock">'
        f'<con:mockOperation name="SaveImageStream">{mocks}</con:mockOperation>'
        "</con:mockService></con:soapui-project>"
    ).encode()


def postman(exchanges: Sequence[Exchange]) -> bytes:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    items = []
    for number, (request, response) in enumerate(exchanges, 1):
        asked: dict[str, Any] = {
            "method": request.method,
            "header": [*pairs(request.headers, "key"),
                       {"key": "X-Off", "value": "x", "disabled": True}],
            "url": {"raw": "{{server}}" + request.target, "host": ["{{server}}"], "path": ["x"]},
        }  # fmt: skip
        if request.body:
            options = {"raw": {"language": "xml"}}
            asked["body"] = {"mode": "raw", "raw": request.body.decode(), "options": options}
        saved = {
            "name": "Saved",
            "originalRequest": asked,
            "status": response.reason_phrase,
            "code": response.status,
            "header": pairs(response.headers, "key"),
            "body": response.body.decode("latin-1"),
        }
        items.append({"name": f"Request {number}", "request": asked, "response": [saved]})
    folder = {"name": "BLOB", "item": items}
    info = {"_postman_id": "x", "name": "Blobs", "schema": schema}
    return json.dumps({"info": info, "item": [folder]}).encode()


def json_lines(exchanges: Sequence[Exchange]) -> bytes:
    lines = [
        {"at": "2026-01-01", "call": {"url": request.target, "request": request.body.decode()},
         "response": f"got: {response.body.decode('latin-1')} end"}
        for request, response in exchanges
    ]  # fmt: skip
    return "\n".join(json.dumps(line) for line in lines).encode() + b"\n"


Writer = Callable[[Sequence[Exchange]], bytes]
WRITERS: dict[str, Writer] = {
    "har": har,
    "har in base64": har_in_base64,
    "burp": burp,
    "burp as text": burp_as_text,
    "saz": saz,
    "soapui": soapui,
    "postman": postman,
    "json": json_lines,
}
PLACES = {
    "har": ("entry {}, request", "entry {}, response"),
    "har in base64": ("entry {}, request", "entry {}, response"),
    "burp": ("item {}, request", "item {}, response"),
    "burp as text": ("item {}, request", "item {}, response"),
    "saz": ("session {}, request", "session {}, response"),
    "soapui": ("BasicHttpBinding_BLOB > SaveImageStream > Request {}, request",
               "Mock > SaveImageStream > Response {}, response"),
    "postman": ("BLOB > Request {}, request", "BLOB > Request {} > Saved, response"),
    "json": ("line {}, field call.request, request", "line {}, field response, response"),
}  # fmt: skip


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
