"""Our HTTP server alone with a canned reply, without judging or recording: the upper bound."""

import sys
from pathlib import Path

from pytest_soblob._http.server import Handlers, Server
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_CANNED = Delivery(
    response=HttpResponse(
        headers=(("Content-Type", "text/xml; charset=utf-8"),), body=Path(sys.argv[1]).read_bytes()
    )
)
count = 0


def answer(request: HttpRequest, connection: int) -> Delivery:
    global count  # noqa: PLW0603 -- local to this script
    count += 1
    return _CANNED


server = Server(Handlers(handle=answer), "127.0.0.1", 0)
server.start()
print(server.port, flush=True)
for _ in sys.stdin:
    print(count, flush=True)
    count = 0
server.stop()
