"""Recognises files that wrap messages in a format that is not read, and says how to extract them.

They are recognised by their beginning, so that a user gets no advice about an envelope for a file
that has none. The messages themselves are not examined here.
"""

import re
from typing import Final, NamedTuple

_LOOKED_AT: Final = 64 * 1024
_PROLOG: Final = r"(?:\s++|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->)*+"
_JQ: Final = "for example with `jq -r '%s' FILE | soblob validate -`"
_START: Final = r"(?:[A-Z]{3,20} \S{1,2000}+ HTTP/\d|HTTP/\d(?:\.\d)? \d{3})"
_BEGINS: Final = re.compile(_START)


class _Kind(NamedTuple):
    """A kind of file: its name, a pattern for its beginning, and how to extract a message."""

    name: str
    begins: re.Pattern[str]
    how: str


def _kind(name: str, begins: str, how: str) -> _Kind:
    return _Kind(name, re.compile(rf"\A{begins}", re.DOTALL), how)


_JSON: Final = (
    _kind("a report of soblob verify", r'\{\s*"url"\s*:\s*"[^"]*+"\s*,\s*"run"\s*:\s*"[^"]*+"\s*,'
          r'\s*"ended"\s*:',
          "it has no whole message; write the messages to files with --save-bodies"),
    _kind("a result of soblob validate", r'(?:\[\s*)?\{\s*"file"\s*:\s*"[^"]*+"\s*,\s*"message"\s*:'
          r'\s*\d+\s*,',
          "it has no whole message; name the file that was judged"),
    _kind("an Insomnia export", r'\{.*?"_type"\s*:\s*"export"',
          "extract the body of a request, " + _JQ % ".resources[0].body.text"),
    _kind("a Charles session (JSON)", r'\[\s*\{\s*"status"\s*:\s*"[A-Z]+"\s*,\s*"method"',
          "extract a body, " + _JQ % ".[0].request.body.text"),
    _kind("tshark's JSON", r'\[\s*\{\s*"_index"\s*:',
          "write the stream: tshark -r FILE.pcap -q -z follow,tcp,raw,0 > FILE.txt"),
)  # fmt: skip
_MARKUP: Final = (
    _kind("a WSDL, and no message", _PROLOG + r"<(?:[\w.-]+:)?definitions\b",
          "compare it with the contract by `soblob check-wsdl FILE`"),
    _kind("a trace log of WCF (svclog)", _PROLOG + r"<(?:[\w.-]+:)?(?:E2ETraceEvent|"
          r"MessageLogTraceRecord)\b",
          "extract the envelope from a <MessageLogTraceRecord>: Service Trace Viewer shows it "
          "under Message"),
    _kind("a Charles session (XML)", _PROLOG + r"<charles-session\b",
          "save a request or an answer from Charles: 'Save Request...', 'Save Response...'"),
    _kind("a JMeter file", _PROLOG + r"<(?:jmeterTestPlan|testResults)\b",
          "extract the envelope from the sampler's body"),
    _kind("a dissection of Wireshark's (PDML)", _PROLOG + r"<(?:pdml|psml)\b",
          "save the stream instead: Follow > TCP Stream, Save as Raw"),
)  # fmt: skip
_TEXT: Final = (
    _kind("what curl -v shows", r"(?:[*{}] [^\n]*\n)*+[<>] " + _START,
          "it leaves out the request's body: save the answer with curl -i -o FILE, and the request "
          "from the file that --data-binary sends"),
    _kind("what curl --trace writes", r"(?:== Info: |[<=]= ?Info: |[<=]= (?:Send|Recv) |"
          r"\d\d:\d\d:\d\d\.\d{6} (?:==|=>|<=|[*<>]) |=> Send |<= Recv )",
          "save the answer with curl -i -o FILE, and the request from the file that --data-binary "
          "sends"),
    _kind("a curl command", r"curl(?:\.exe)?\s+\S",
          "judge the file or text that it sends with --data"),
    _kind("a hex dump", r"(?:0x)?[0-9a-fA-F]{4,8}:?[ \t]+(?:[0-9a-fA-F]{2,4}[ \t]+){8}",
          "save the stream as text or raw: Wireshark's Follow > TCP Stream, Save as Raw; or turn "
          "the dump back with xxd -r"),
    _kind("a stream as tshark shows it", r"=+\r?\nFollow: ",
          "write its bytes, with raw in place of ascii: tshark -r FILE.pcap -q -z follow,tcp,raw,0 "
          "> FILE.txt; or Wireshark's Follow > TCP Stream, Save as Raw"),
    _kind("a stream as YAML, from Wireshark", r"# Packet \d|peers:\r?\n",
          "save it as Raw instead: Follow > TCP Stream, Show data as Raw"),
    _kind("a stream as C arrays, from Wireshark", r"(?:/\*[^*]*\*/\s*)?char peer\d_",
          "save it as Raw instead: Follow > TCP Stream, Show data as Raw"),
    _kind("text of tcpdump or ngrep",
          r"(?:\d\d:\d\d:\d\d\.\d+ IP6? |(?:interface|filter): [^\n]*\n|[TU] [\d.:]+ -> )",
          "write the packets to a file instead (tcpdump -w FILE.pcap), and save the stream from "
          "Wireshark: Follow > TCP Stream, Save as Raw"),
    _kind("text of mitmdump", r"[\d.:\[\]a-fA-F]{3,60}: [A-Z]{3,20} https?://\S+",
          "export the message itself: in mitmproxy `:export.file raw @focus FILE`, or "
          "`mitmdump --set save_stream_file` and then that"),
    _kind("a mitmproxy flow file", r"\d{2,12}:\d{1,3}:[a-z_]+;",
          "export a flow: mitmproxy -r FILE, then `:export.file raw @focus message.http`"),
    _kind("a request for an editor's HTTP client",
          r"(?:###[^\n]*\n|(?:#|//|@)[^\n]*\n|\s)*+(?:POST|PUT|GET) (?:https?://|\{\{)[^\s]*+[ \t]*"
          r"(?:\r?\n|\Z)",
          "judge the envelope below it alone, or end the request line with HTTP/1.1 and give the "
          "Content-Length"),
    _kind("a packet capture", "(?:\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|"
          "\xa1\xb2\x3c\x4d|\n\r\r\n)",
          "save the stream: Wireshark's Follow > TCP Stream, Save as Raw; or "
          "tshark -r FILE -q -z follow,tcp,raw,0 > FILE.txt"),
    _kind("a ZIP that is no Fiddler archive", "PK\x03\x04|PK\x05\x06",
          "unpack it, and judge the files in it"),
    _kind("a Charles session", "\xac\xed\x00\x05",
          "save a request or an answer from Charles: 'Save Request...', 'Save Response...'"),
)  # fmt: skip
_UTF16_HTTP: Final = (
    "an HTTP message in UTF-16, as PowerShell's > writes it, and not the bytes that were sent: "
    "let the tool write the file itself, as curl -i -o FILE does"
)


def find_export(data: bytes) -> str | None:
    """Return what a file is and how to proceed, in one line; None if it may be a message itself.

    Args:
        data: Complete content of the file.
    """
    text = _text_of(data[:_LOOKED_AT])
    if text[:1] in ("{", "["):
        if text[:1] == "[" and text[1:2].isdigit():
            return None
        return _find(_JSON, text)
    if text[:1] == "<" and not text.startswith("< "):
        return _find(_MARKUP, text)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and _BEGINS.match(text):
        return _UTF16_HTTP
    # The magic number of a packet capture contains white space.
    return _find(_TEXT, text) or _find(_TEXT, data[:4].decode("latin-1"))


def _text_of(data: bytes) -> str:
    """Return the beginning of a file without byte order mark and blanks, one character per byte."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data[: len(data) & ~1].decode("utf-16", "replace").lstrip()
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").lstrip(" \t\r\n")


def _find(kinds: tuple[_Kind, ...], text: str) -> str | None:
    found = next((kind for kind in kinds if kind.begins.match(text)), None)
    return None if found is None else f"{found.name}: {found.how}"
