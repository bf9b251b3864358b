"""What a verdict costs: ours, lxml's parse and XML Schema, and xmlschema, on the same bytes.

lxml and xmlschema say only whether a message is valid by our XSDs; ours says all that there is to
say, warnings and notes included. Memory is what a process of its own needs above the message.
"""

import os
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
from pytest_soblob import EnvelopeValidator, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob._schemas import schema_file
from pytest_soblob.binding import Spelling
from pytest_soblob.names import NETSERVER, SOAP11

KB, MB = 1_000, 1_000_000
# Image bytes, columns at which base64 is wrapped, what has to be reached: times as fast as lxml.
REQUESTS = (
    ("1 kB", KB, 0, 1 / 4),
    ("100 kB", 100 * KB, 0, 6),
    ("1 MB", MB, 0, 20),
    ("1 MB, wrapped at 76", MB, 76, 5),
    ("10 MB", 10 * MB, 0, 20),
    ("100 MB", 100 * MB, 0, 20),
)
_ROUNDS = {100 * MB: 5, 10 * MB: 9}
_LARGEST_FOR_XMLSCHEMA = 100 * KB
_DRIVER = f"""<schema xmlns="http://www.w3.org/2001/XMLSchema">
<import namespace="{SOAP11}" schemaLocation="{schema_file("soap11.xsd")}"/>
<import namespace="{NETSERVER}" schemaLocation="{schema_file("netserver.xsd")}"/></schema>"""
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
    """A PNG of about that many bytes: grey noise, whose pixels nobody has to decode."""
    side = max(int(size**0.5), 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = os.urandom(size)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


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
    """Return median seconds, ours twice."""
    found = judges(kind)
    calls = {
        "ours": lambda: found["ours"](data),
        "lxml": lambda: found["lxml"](data),
        "ours again": lambda: found["ours"](data),
        "lxml again": lambda: found["lxml"](data),  # between ours and ours: nobody's cache is warm
    }
    if size <= _LARGEST_FOR_XMLSCHEMA:
        calls["xmlschema"] = lambda: found["xmlschema"](data)
    in_a_row = 50 if size <= KB else 20 if size <= 100 * KB else 1
    repeat = {name: 1 if name == "xmlschema" else in_a_row for name in calls}
    return medians(calls, rounds, repeat)


def memory(size: int) -> int:
    """Return how many bytes a process needs above the message, at its peak."""
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
          f"{'null':>7}{'ours is':>12}   wanted")  # fmt: skip
    times = {}
    for name, size, wrap, wanted in REQUESTS:
        found = compare(request(size, wrap), size, "request", _ROUNDS.get(size, rounds))
        _print_row(name, found, f"{wanted:g} x" if wanted >= 1 else "0.25 x")
        figures[name] = found
        times[name] = found["ours"]
    response = SaveImageStreamResponse(blob_id=4711, succeeded=True).to_bytes("wsdl")
    figures["response"] = found = compare(response, KB, "response", rounds)
    _print_row("a response", found, "0.5 x")
    figures["10 to 100 MB"] = growth = times["100 MB"] / times["10 MB"]
    figures["memory at 100 MB"] = extra = memory(100 * MB)
    print(f"from 10 to 100 MB time grows {growth:.1f} times (wanted: 7.5 to 12.5)")
    print(f"memory above the message at 100 MB: {extra / 2**20:.2f} MiB (wanted: at most 2)")
    return figures


def _print_row(name: str, found: dict[str, float], wanted: str) -> None:
    slow = f"{found['xmlschema'] * 1e3:8.2f} ms" if "xmlschema" in found else "-"
    print(f"{name:<26}{found['ours'] * 1e3:7.3f} ms{found['lxml'] * 1e3:8.3f} ms{slow:>11}"
          f"{found['ours again'] / found['ours']:7.2f}{found['lxml'] / found['ours']:10.2f} x"
          f"   {wanted}")  # fmt: skip
