"""Hostile messages are judged within bounds, and nothing that they refer to is opened."""

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pybase64
import pytest
from lxml import etree

from pytest_soblob import SaveImageStreamRequest, StubEndpoint
from tests.example_counts import FULL, at_length
from tests.judge.hostile import HOSTILE, LISTED, MIB
from tests.mistakes import DESCRIPTION, TYPE, request

SMALLEST_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\b\0\0\0\0"
MOST_SECONDS = 6.0  # of the process, which others hardly slow down; a third to a half is usual
MOST_MIB = 300  # beyond the message itself
ROOT = Path(__file__).parents[2]
IN_ACCESS, IN_OPEN = 0x1, 0x20
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux's kernel")


@contextmanager
def watched(folder: Path) -> Iterator[int]:
    """Watch the files of a folder for being opened or read; yield the descriptor to poll."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        assert libc.inotify_add_watch(descriptor, os.fsencode(folder), IN_ACCESS | IN_OPEN) >= 0
        yield descriptor
    finally:
        os.close(descriptor)


def was_opened(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    """A file that must not be opened, alone in its folder."""
    folder = tmp_path / "bait"
    folder.mkdir()
    (folder / "bait.txt").write_text("secret of the host")
    return folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port to which nothing must connect."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/bait.txt"


def was_reached(listener: socket.socket) -> bool:
    return bool(select.select([listener], [], [], 0)[0])


def judge_apart(file: Path) -> dict[str, object]:
    """Judge a file in a process of its own, without coverage, which would distort the measure."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    result = subprocess.run(
        [sys.executable, "-m", "tests.judge.hostile", str(file)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    found: dict[str, object] = json.loads(result.stdout)
    return found


@at_length
@pytest.mark.slow
@linux
@pytest.mark.parametrize("name", HOSTILE if FULL else LISTED)
def test_a_hostile_message_stays_in_bounds(
    name: str, tmp_path: Path, bait: Path, listener: socket.socket
) -> None:
    file = tmp_path / "message.xml"
    text = HOSTILE[name]()
    text = text.replace("{file}", (bait / "bait.txt").as_uri()).replace("{url}", url_of(listener))
    file.write_text(text)
    try:
        with watched(bait) as opened:
            cost = judge_apart(file)
            assert not was_opened(opened)
    finally:
        file.unlink()
    assert not was_reached(listener)
    assert cost["opened"] == []
    assert isinstance(cost["seconds"], float)
    assert isinstance(cost["mib"], float)
    assert cost["seconds"] <= MOST_SECONDS
    assert cost["mib"] <= MOST_MIB
    assert isinstance(cost["text"], int)
    assert cost["text"] <= 16 * 1024


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("value", ["text/xml;", 'text/xml;a="', 'text/xml; charset="a;'])
def test_a_head_of_semicolons_stays_in_bounds(behaviour: str, value: str) -> None:
    """The standard library needs quadratic time for them: a minute for these."""
    right = SaveImageStreamRequest(type="PersonImage", image=SMALLEST_PNG, ticket="7T:x")
    request = right.to_http_request()
    headers = (("Content-Type", value + ";" * 240_000), *request.headers[1:])
    endpoint = StubEndpoint(behaviour=behaviour)
    started = time.process_time()
    endpoint.handle(replace(request, headers=headers))
    assert time.process_time() - started <= MOST_SECONDS
    assert len(endpoint.exchanges) == 1


@pytest.mark.slow
@linux
def test_a_right_message_of_100_mb_needs_no_memory_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "message.xml"
    text = pybase64.b64encode(SMALLEST_PNG + os.urandom(75 * MIB)).decode()
    file.write_text(request(TYPE, f"<n:Image>{text}</n:Image>", DESCRIPTION))
    try:
        cost = judge_apart(file)
    finally:
        file.unlink()
    assert cost["valid"]
    assert isinstance(cost["mib"], float)
    assert cost["mib"] <= 2


@linux
def test_a_file_that_is_opened_would_be_seen(bait: Path) -> None:
    message = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{(bait / "bait.txt").as_uri()}">]><a>&x;</a>'
    with watched(bait) as opened:
        assert not was_opened(opened)
        parser = etree.XMLParser(resolve_entities=True, load_dtd=True)
        assert etree.fromstring(message.encode(), parser).text == "secret of the host"
        assert was_opened(opened)


def test_a_connection_would_be_seen(listener: socket.socket) -> None:
    assert not was_reached(listener)
    with socket.create_connection(listener.getsockname()[:2]):
        assert was_reached(listener)


@pytest.mark.slow
@linux
def test_a_message_that_takes_much_memory_is_measured(tmp_path: Path) -> None:
    """The measure itself: a text of 40 MB takes tens of MiB."""
    file = tmp_path / "message.xml"
    file.write_text(HOSTILE["a text of 100 MB"]().replace("a" * 60 * MIB, "", 1))
    mib = judge_apart(file)["mib"]
    assert isinstance(mib, float)
    assert mib > 20
