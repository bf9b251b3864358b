"""The cost of a verdict, compared with lxml's parser and XML Schema, and with xmlschema.

lxml and xmlschema only decide whether a message is valid by our XSDs; ours reports all findings,
warnings and notes included. Memory is what a process of its own needs in addition to the message.
"""

import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import xmlschema
from lxml import etree

from benchmarks._interleaved import medians
from pytest_soblob import (
    EnvelopeValidator,
    HttpRequest,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
)
from pytest_soblob._http import parse_message
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.names import NETSERVER, SOAP11
from pytest_soblob.soap.binding import Spelling

KB, MB = 1_000, 1_000_000
# Image bytes, columns at which base64 is wrapped, and the target: times as fast as lxml.
REQUESTS = (
    ("1 kB", KB, 0, 1 / 4),
    ("100 kB", 100 * KB, 0, 6),
    ("1 MB", MB, 0, 20),
    ("1 MB, wrapped at 76", MB, 76, 5),
    ("10 MB", 10 * MB, 0, 20),
    ("100 MB", 100 * MB, 0, 20),
)
_PIECE_BYTES = 64 * KB  # of a chunk, as written by Pillow
_ROUNDS = {100 * MB: 5, 10 * MB: 9}
_LARGEST_FOR_XMLSCHEMA = 100 * KB
_DRIVER = f"""<schema xmlns="http://www.w3.org/2001/XMLSchema">
<import namespace="{SOAP11}" schemaLocation="{schema_file("soap11.xsd")}"/>
<import namespace="{NETSERVER}" schemaLocation="{schema_file("netserver.xsd")}"/></schema>"""
_RECORDED = Path(__file__).parents[1] / "tests" / "clients" / "recorded"
_MEMORY = """
import json, resource, sys
from pathlib import Path
from pytest_soblob import EnvelopeValidator
def peak():
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM")) * 1024
judge = EnvelopeValidator("request", "wsdl").judge
judge(Path(sys.argv[1]).read_bytes())
data = Path(sys.argv[2]).read_bytes()
Path("/proc/self/clear_refs").write_text("5")
before = peak()
assert judge(data).violations == ()
print(peak() - before)
"""


def png(size: int) -> bytes:
    """Return a PNG of about that many bytes: grey noise, which does not compress."""
    side = max(int(size**0.5), 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + os.urandom(side) for _ in range(side))  # each without a filter
    pixels = zlib.compress(rows, 0)  # noise has this size at any level
    pieces = [pixels[at : at + _PIECE_BYTES] for at in range(0, len(pixels), _PIECE_BYTES)]
    chunks = [chunk(b"IDAT", piece) for piece in pieces]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def request(size: int, wrap: int = 0) -> bytes:
    message = SaveImageStreamRequest(
        type="PersonImage",
        image=png(size),
        description="Portrait of Ada",
        ticket="7T:SoblobDrawnTicket==",
        application_token="token",
    )
    return message.to_bytes("wsdl", Spelling(wrap=wrap))


def judges(kind: str) -> dict[str, Callable[[bytes], object]]:
    ours = EnvelopeValidator(kind, "wsdl")
    schema = etree.XMLSchema(etree.fromstring(_DRIVER))
    second = xmlschema.XMLSchema(_DRIVER)

    def lxml_judge(data: bytes) -> None:
        parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
        assert schema.validate(etree.fromstring(data, parser))

    def our_judge(data: bytes) -> None:
        assert ours.judge(data).violations == ()

    return {
        "ours": our_judge,
        "lxml": lxml_judge,
        "xmlschema": lambda data: second.validate(data.decode()),
    }


def compare(data: bytes, size: int, kind: str, rounds: int) -> dict[str, float]:
    """Return the median seconds of each candidate; ours and lxml run twice."""
    found = judges(kind)
    calls = {
        "ours": lambda: found["ours"](data),
        "lxml": lambda: found["lxml"](data),
        "ours again": lambda: found["ours"](data),
        "lxml again": lambda: found["lxml"](data),  # between ours and ours, so no cache is warm
    }
    if size <= _LARGEST_FOR_XMLSCHEMA:
        calls["xmlschema"] = lambda: found["xmlschema"](data)
    in_a_row = 50 if size <= KB else 20 if size <= 100 * KB else 1
    repeat = {name: 1 if name == "xmlschema" else in_a_row for name in calls}
    return medians(calls, rounds, repeat)


def memory(size: int) -> int:
    """Return how many bytes a process needs at its peak in addition to the message."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.xml"), Path(folder, "large.xml")
        small.write_bytes(request(KB))
        large.write_bytes(request(size))
        command = [sys.executable, "-c", _MEMORY, str(small), str(large)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)


def run(rounds: int) -> dict[str, object]:
    """Print a table and return the figures, times in seconds."""
    figures: dict[str, object] = {}
    print(f"{'request with an image of':<26}{'ours':>10}{'lxml':>11}{'xmlschema':>11}"
          f"{'null':>7}{'ours is':>12}   target")  # fmt: skip
    times = {}
    for name, size, wrap, target in REQUESTS:
        found = compare(request(size, wrap), size, "request", _ROUNDS.get(size, rounds))
        _print_row(name, found, f"{target:g} x" if target >= 1 else "0.25 x")
        figures[name] = found
        times[name] = found["ours"]
    response = SaveImageStreamResponse(blob_id=4711, succeeded=True).to_bytes("wsdl")
    figures["response"] = found = compare(response, KB, "response", rounds)
    _print_row("a response", found, "0.5 x")
    figures["10 to 100 MB"] = growth = times["100 MB"] / times["10 MB"]
    figures["memory at 100 MB"] = extra = memory(100 * MB)
    print(f"time from 10 to 100 MB: {growth:.1f} times (target: 7.5 to 12.5)")
    print(
        f"memory in addition to the message at 100 MB: {extra / 2**20:.2f} MiB (target: at most 2)"
    )
    figures["recorded clients"] = compare_clients(rounds)
    return figures


def compare_clients(rounds: int) -> dict[str, float]:
    """Print and return the cost of judging the requests of real clients, as multiples of lxml's.

    Each request is judged with its head; rule and severity of all findings are read, not their
    texts, which are built on first access. lxml parses and validates the body; it only parses
    requests that it cannot validate, such as SOAP 1.2. The result of a stack is the median of its
    requests.
    """
    ours = EnvelopeValidator("request", operation=None)
    schema = etree.XMLSchema(etree.fromstring(_DRIVER))
    ratios: dict[str, list[float]] = {}
    nulls = []
    for file in sorted(_RECORDED.glob("*.http")):
        message = parse_message(file.read_bytes())
        assert isinstance(message, HttpRequest)

        def judge(message: HttpRequest = message) -> object:
            return [(v.rule, v.severity) for v in ours.judge(message).violations]

        def validate(data: bytes = message.body) -> object:
            parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
            return schema.validate(etree.fromstring(data, parser))

        found = medians({"ours": judge, "lxml": validate, "again": judge}, rounds, 20)
        stack = re.sub(r"-1\.[12]-.*", "", file.stem)
        ratios.setdefault(stack, []).append(found["ours"] / found["lxml"])
        nulls.append(found["again"] / found["ours"])
    stacks = {stack: statistics.median(found) for stack, found in ratios.items()}
    for stack, ratio in sorted(stacks.items()):
        print(f"{stack:<12}{ratio:6.2f} times lxml ({len(ratios[stack])} requests)")
    middle, worst = statistics.median(stacks.values()), max(stacks.values())
    print(f"median of the stacks {middle:.2f} (target: at most 3), the worst {worst:.2f} (6)")
    print(f"null control {statistics.median(nulls):.2f}")
    return stacks


def _print_row(name: str, found: dict[str, float], target: str) -> None:
    slow = f"{found['xmlschema'] * 1e3:8.2f} ms" if "xmlschema" in found else "-"
    print(f"{name:<26}{found['ours'] * 1e3:7.3f} ms{found['lxml'] * 1e3:8.3f} ms{slow:>11}"
          f"{found['ours again'] / found['ours']:7.2f}{found['lxml'] / found['ours']:10.2f} x"
          f"   {target}")  # fmt: skip
