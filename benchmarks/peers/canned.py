"""pytest-httpserver with one canned reply; clears its log on each line of standard input."""

import logging
import sys
from pathlib import Path

from pytest_httpserver import HTTPServer

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = HTTPServer(port=0)
server.expect_request("/Remote/Services86/BLOB.svc", method="POST").respond_with_data(
    Path(sys.argv[1]).read_bytes(), content_type="text/xml; charset=utf-8"
)
server.start()
print(server.port, flush=True)
for _ in sys.stdin:
    count = len(server.log)
    server.clear_log()
    print(count, flush=True)
server.stop()
