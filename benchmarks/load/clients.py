"""The clients: `python -m benchmarks.load.clients PORT CONNECTIONS SECONDS FILE`.

Each client sends images of various sizes over one connection, one after the other. The process
prints a line five times per second, and writes the results to the file, as JSON.
"""

import asyncio
import base64
import hashlib
import json
import random
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pytest_soblob import SaveImageStreamRequest
from pytest_soblob.names import SERVICE_PATHS

# Size of an image in bytes, and its weight in the random choice.
SIZES: Final = ((2_000, 70), (20_000, 20), (200_000, 8), (1_500_000, 2))
MARK: Final = base64.b64encode(b"here comes the image")
ANSWER: Final = re.compile(rb"<h:Succeeded[^>]*>true<.*<Response>(\d+)<", re.DOTALL)
LENGTH: Final = re.compile(rb"Content-Length: (\d+)")
NOISE: Final = random.Random(0).randbytes(2_000_000)


@dataclass
class Found:
    """The results of all clients together."""

    digests: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    image_bytes: int = 0


def parts() -> tuple[bytes, bytes, bytes]:
    """Return a request's head without its length, and the body before and after the image."""
    body = SaveImageStreamRequest(
        type="PersonImage",
        image=base64.b64decode(MARK),
        description="Portrait",
        ticket="7T:1234abcxyz==",
    )
    request = body.to_http_request()
    headers = (("Host", "127.0.0.1"), *request.headers)
    head = f"POST {SERVICE_PATHS['BLOB']} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers)
    before, _, after = request.body.partition(MARK)
    return head.encode(), before, after


async def client(port: int, number: int, end: float, found: Found) -> None:
    head, before, after = parts()
    sizes, weights = zip(*SIZES, strict=True)
    rng = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.monotonic() < end:
            size = rng.choices(sizes, weights)[0]
            at = rng.randrange(len(NOISE) - size)
            image = rng.randbytes(12) + NOISE[at : at + size]
            body = before + base64.b64encode(image) + after
            start = time.monotonic()
            writer.write(b"%bContent-Length: %d\r\n\r\n" % (head, len(body)))
            writer.write(body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(answer)
            assert length is not None
            answer += await reader.readexactly(int(length[1]))
            found.waits_s.append(time.monotonic() - start)
            stored = ANSWER.search(answer)
            blob_id = stored[1].decode() if stored else ""
            if not blob_id or blob_id in found.digests:
                found.errors.append(answer.decode())
            found.digests[blob_id] = hashlib.sha256(image).hexdigest()
            found.image_bytes += len(image)
    except (OSError, asyncio.IncompleteReadError) as error:
        found.errors.append(f"client {number}: {error!r}")
    finally:
        writer.close()


async def all_of_them(port: int, connections: int, seconds: float) -> Found:
    found = Found()
    end = time.monotonic() + seconds
    running = [
        asyncio.ensure_future(client(port, number, end, found)) for number in range(connections)
    ]
    while not all(task.done() for task in running):
        print(len(found.digests), flush=True)
        await asyncio.wait(running, timeout=0.2)
    await asyncio.gather(*running)
    return found


if __name__ == "__main__":
    port, connections, seconds, file = sys.argv[1:]
    found = asyncio.run(all_of_them(int(port), int(connections), float(seconds)))
    Path(file).write_text(json.dumps(vars(found)))
