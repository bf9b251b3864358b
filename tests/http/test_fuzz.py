"""Streams of bytes that were requests once: cut, spliced, repeated, flipped, chunked wrongly.

Each is sent on a connection of its own, and the sending half is closed. Whatever it is, the server
answers or closes within two seconds, stores nothing from a request that was not complete, and takes
the next good one. What is complete is said by h11, another HTTP parser than ours.
`SOBLOB_FUZZED=50000 pytest -s tests/http/test_fuzz.py` is the whole of it.
"""

import os
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import h11
import pytest

from pytest_soblob import SaveImageStreamRequest, StubEndpoint
from pytest_soblob.soap.messages import ChangePersonImageRequest, GetBlobStreamRequest
from pytest_soblob.wire import HttpRequest
from tests.example_counts import at_length, either
from tests.sockets import connect, hosted
from tests.wire import to_bytes

STREAMS = int(os.environ.get("SOBLOB_FUZZED") or either(600, 2500))
PATIENCE_S = 2.0
TICKET = "7T:x"
# Some are so large that they are received past the parser.
IMAGE_BYTES = (*(1, 60, 900) * 6, 300_000)


def chunked(request: HttpRequest, rng: random.Random) -> bytes:
    """The same request in chunks."""
    head = to_bytes(HttpRequest(target=request.target, headers=request.headers)).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    pieces = []
    body = request.body
    while body:
        size = rng.randint(1, len(body))
        pieces.append(b"%x\r\n%b\r\n" % (size, body[:size]))
        body = body[size:]
    return head + b"".join(pieces) + b"0\r\n\r\n"


def good(rng: random.Random) -> bytes:
    """A right request."""
    upload = SaveImageStreamRequest(
        type="PersonImage",
        image=rng.randbytes(rng.choice(IMAGE_BYTES)),
        description=str(rng.random()),
        ticket=TICKET,
    )
    others = (
        ChangePersonImageRequest(person_id=1, blob_id=70001, ticket=TICKET),
        GetBlobStreamRequest(blob_id=70001, ticket=TICKET),
    )
    message = rng.choice((upload, upload, upload, *others))
    request = message.to_http_request(rng.choice(("wsdl", "wsdl", "soap12", "documented")))
    more = rng.choice(((), (("Expect", "100-continue"),), (("Connection", "close"),)))
    request = hosted(request, *more)
    return chunked(request, rng) if rng.random() < 0.4 else to_bytes(request)


def mutate(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Do one thing to a stream; return what, and what came of it."""
    head = data.find(b"\r\n\r\n")
    match rng.randrange(9):
        case 0:
            return "cut", data[: rng.randrange(len(data))]
        case 1:
            at = rng.randrange(len(data))
            return "cut inside", data[:at] + data[at + rng.randint(1, 40) :]
        case 2:
            other = good(rng)
            return "spliced", data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]
        case 3:
            return "repeated", data * rng.randint(2, 4)
        case 4:
            at = rng.randrange(max(head, 1))
            return "head flipped", data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[
                at + 1 :
            ]
        case 5:
            at = rng.randrange(len(data))
            return "byte put in", data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]
        case 6:
            end = rng.choice((b"\r\n", b"\n", b"\r", b"\r\n \r\n", b"\x00", b": "))
            lines = data.split(b"\r\n")
            at = rng.randrange(len(lines))
            return "line end", b"\r\n".join(lines[:at]) + end + b"\r\n".join(lines[at:])
        case 7:
            sizes = (b"-1", b"zz", b"ffffffffffffffff", b"0x5", b"", b"1;a=b", b"+3", b"00000005")
            broken = data.replace(b"\r\n\r\n", b"\r\n\r\n" + rng.choice(sizes) + b"\r\n", 1)
            return "chunk size", broken
    word = rng.choice(
        (
            b"Content-Length: 5",
            b"Transfer-Encoding: chunked",
            b"Content-Length: 99",
            b"Connection: close",
            b"Upgrade: h2c\r\nConnection: Upgrade",
            b"X: \r\n y",
        )
    )
    return "header put in", data.replace(b"\r\n", b"\r\n" + word + b"\r\n", 1)  # fmt: skip


def stream(seed: int) -> tuple[str, bytes]:
    rng = random.Random(seed)
    data = b"".join(good(rng) for _ in range(rng.choice((1, 1, 2))))
    kinds = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        if data:
            kind, data = mutate(data, rng)
            kinds.append(kind)
    return " and ".join(kinds), data


def complete_bodies(data: bytes) -> set[bytes]:
    """The bodies of the requests that h11 finds complete, one behind the other."""
    found: set[bytes] = set()
    # Empty lines before a request are passed over (RFC 9112, 2.2); h11 wants them right.
    while data := data.lstrip(b"\r\n"):
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(data)
        body = b""
        try:
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event in (h11.NEED_DATA, h11.PAUSED):
                    return found
                if isinstance(event, h11.Data):
                    body += bytes(event.data)
        except h11.RemoteProtocolError:
            return found
        found.add(body)
        data = connection.trailing_data[0]
    return found


@pytest.fixture(params=["strict", "wcf"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint(behaviour=request.param).start()
    yield endpoint
    endpoint.discard_findings()
    endpoint.close()


def talk(endpoint: StubEndpoint, data: bytes) -> bytes:
    """Send a stream, close the sending half, return all that comes until the end."""
    received = b""
    with connect(endpoint, PATIENCE_S) as connection:
        end = time.monotonic() + PATIENCE_S
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # it was closed: that is an answer, too
        assert time.monotonic() < end, "not within two seconds"
    return received


@at_length
def test_any_stream_is_answered_or_closed_and_nothing_incomplete_is_stored(
    endpoint: StubEndpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    threads = set(threading.enumerate())
    counts: Counter[str] = Counter()
    rng = random.Random(0)
    for seed in range(STREAMS // 2):
        kind, data = stream(seed)
        received = talk(endpoint, data)
        counts[received[9:12].decode("latin-1") or "closed"] += 1
        bodies = complete_bodies(data)
        for exchange in endpoint.exchanges:
            if not exchange.request.body and exchange.request.header("Expect"):
                assert exchange.blob_id is None  # refused by its head, while the client waits
                continue
            assert exchange.request.body in bodies, f"seed {seed}, {kind}: {data!r}"
        endpoint.reset()
        if seed % 10 == 0:
            answer = talk(endpoint, to_bytes(upload(rng)))
            assert answer.startswith(b"HTTP/1.1 200 "), f"after seed {seed}, {kind}: {data!r}"
            assert len(endpoint.blobs) == 1
            endpoint.reset()
    assert endpoint._breakdowns.take() is None
    assert set(threading.enumerate()) <= threads
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    with capfd.disabled():
        said_of_them = f"{STREAMS // 2:,} streams, {endpoint.settings.behaviour}: {dict(counts)}"
        sys.stdout.write(f"\n{said_of_them}\n")


def upload(rng: random.Random) -> HttpRequest:
    return hosted(
        SaveImageStreamRequest(
            type="PersonImage", image=b"\x89PNG", description=str(rng.random()), ticket=TICKET
        ).to_http_request()
    )


def test_the_oracle_sees_what_is_not_complete() -> None:
    rng = random.Random(1)
    whole = to_bytes(upload(rng))
    body = whole.partition(b"\r\n\r\n")[2]
    assert complete_bodies(whole) == {body}
    assert complete_bodies(whole[:-1]) == set()
    assert complete_bodies(chunked(upload(rng), rng)[:-3]) == set()
    assert len(complete_bodies(whole + to_bytes(upload(rng)))) == 2
