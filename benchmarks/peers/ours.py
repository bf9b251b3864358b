"""Our endpoint in a process of its own: prints its port, resets on each line of standard input."""

import sys

from pytest_soblob import StubEndpoint

with StubEndpoint() as endpoint:
    print(endpoint.base_url.rpartition(":")[2], flush=True)
    for _ in sys.stdin:
        errors = sum(v.is_error for e in endpoint.exchanges for v in e.violations)
        counts = (len(endpoint.exchanges), len(endpoint.blobs), errors)
        endpoint.reset()  # before the next call can arrive
        print(*counts, flush=True)
