"""A proxy in this process, and an upstream that answers with whatever bytes a test says."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from pytest_soblob import HttpRequest, HttpResponse
from pytest_soblob.conformance.forwarding import Upstream
from pytest_soblob.conformance.proxying import Proxy
from pytest_soblob.conformance.recording import Recorder
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.settings import SoblobSettings, WcfHost
from tests.wire import parse_message, to_bytes

PATH: Final = SERVICE_PATHS["BLOB"]
LARGEST_BODY: Final = 16 * 1024 * 1024


class Recording:
    """A running proxy, and what it has recorded."""

    def __init__(self, file: Path, proxy: Proxy, lines: list[str]) -> None:
        self.file = file
        self.proxy = proxy
        self.lines = lines

    @property
    def url(self) -> str:
        return self.proxy.url

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def on_disk(self) -> bytes:
        """All bytes of the recording: the lines and the bodies, with their names."""
        bodies = sorted(self.file.with_name(f"{self.file.name}.bodies").iterdir())
        return b"\n".join(
            [self.file.read_bytes(), *(b"%b\n%b" % (one.name.encode(), one.read_bytes())
                                       for one in bodies)]
        )  # fmt: skip


@contextmanager
def recording(folder: Path, upstream: str, **options: Any) -> Iterator[Recording]:
    """Record in a new file of a folder.

    Options: `host` (WcfHost), `largest_body`, `ca`, and those of `Upstream.of_url`.
    """
    host, ca = options.pop("host", WcfHost()), options.pop("ca", None)
    largest = options.pop("largest_body", LARGEST_BODY)
    file = folder / "recording.jsonl"
    settings = SoblobSettings(behaviour="wcf", wcf_host=host)
    recorder = Recorder(file, settings)
    lines: list[str] = []
    service = Upstream.of_url(upstream, ca, largest_body=largest, **options)
    proxy = Proxy(service, recorder, lines.append, largest_body=largest)
    proxy.start()
    try:
        yield Recording(file, proxy, lines)
    finally:
        proxy.stop()
        recorder.close()


class Raw:
    """What an upstream received, and where it is.

    Attributes:
        received: The bytes of each request.
        url: URL of its BLOB.svc.
    """

    def __init__(self, port: int) -> None:
        self.received: list[bytes] = []
        self.url = f"http://127.0.0.1:{port}{PATH}"


@contextmanager
def raw_upstream(answer: Callable[[bytes, Any], None]) -> Iterator[Raw]:
    """Serve connections of one request each.

    Args:
        answer: Called with the bytes of a request and the socket.
    """

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(30)
            data = b""
            while not _is_complete(data):
                piece = self.request.recv(65536)
                if not piece:
                    return
                data += piece
            raw.received.append(data)
            with suppress(OSError):  # the proxy has had enough
                answer(data, self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        raw = Raw(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield raw
        finally:
            server.shutdown()
            thread.join()


def _is_complete(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    lowered = head.lower()
    if b"\r\ntransfer-encoding:" in lowered:
        return body.endswith(b"0\r\n\r\n") and (body == b"0\r\n\r\n" or b"\r\n0\r\n\r\n" in body)
    length = lowered.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or 0)


def call(url: str, request: HttpRequest, raw: bytes | None = None) -> bytes:
    """Send a request on a connection of its own, and return all that is answered."""
    import socket

    host, _, port = url.partition("://")[2].partition("/")[0].partition(":")
    if raw is None:
        closing = HttpRequest(
            method=request.method,
            target=request.target,
            headers=(("Host", "h"), *request.headers, ("Connection", "close")),
            body=request.body,
        )
        raw = to_bytes(closing)
    data = b""
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(raw)
        while piece := client.recv(65536):
            data += piece
    return data


def answered(data: bytes) -> HttpResponse:
    """Return the response in the bytes of one."""
    found = parse_message(data)
    assert isinstance(found, HttpResponse)
    return found
