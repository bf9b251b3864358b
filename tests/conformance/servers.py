"""A plain HTTP server on loopback, which answers GET as a test says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(handler: BaseHTTPRequestHandler, data: bytes, status: int = 200, **more: str) -> None:
    handler.send_response(status)
    for key, value in more.items():
        handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    try:
        handler.wfile.write(data)
    except ConnectionError:
        handler.close_connection = True
