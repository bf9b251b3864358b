import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# pytester forgets what an inner run imported. C extensions and libraries whose parts know each
# other must not be imported twice, so they are imported here, once.
import coverage
import httptools
import lxml.etree
import PIL.Image
import pytest
import requests
import trustme
import zeep
from hypothesis import HealthCheck, core, settings

# The kit is among them: each run would import it anew, and `typing` keeps some of its classes in
# caches, so that a process grew by 5 MB with each. That it can be imported is seen in processes.
import pytest_soblob.consumer
import pytest_soblob.plugin
import pytest_soblob.strategies
import pytest_soblob.transports
from pytest_soblob import *  # noqa: F403 -- each is imported when it is asked for
from tests import mistakes
from tests.once import Once

__all__ = ["PIL", "httptools", "lxml", "mistakes", "pytest_soblob", "requests", "trustme", "zeep"]

pytest_plugins = ["pytester"]

settings.register_profile("dev", deadline=None)
# Derandomised, so that a red run is red again; a slow machine is no failing health check.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

ROOT = Path(__file__).parents[1]


def pytest_runtest_setup(item: pytest.Item) -> None:
    traced = coverage.Coverage.current() is not None
    if traced and item.get_closest_marker("untraced") is not None:
        pytest.skip("coverage would be what is measured")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT as at a terminal: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def once() -> Once:
    """Values that are made once in a run."""
    return Once()


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No thread of an endpoint and no socket outlives the suite, in each worker of its own."""
    before = _sockets()
    seed = core.global_force_seed
    yield
    # An inner run's `--hypothesis-seed` sets it for the whole process: later tests replay nothing.
    assert core.global_force_seed == seed
    # An inner run that was red: pytest keeps its error for a debugger, and so the client's sockets.
    for name in ("last_exc", "last_value", "last_traceback"):
        vars(sys).pop(name, None)
    gc.collect()
    threads = [thread.name for thread in threading.enumerate() if "soblob" in thread.name]
    assert not threads, f"threads that nobody stopped: {threads}"
    left = _sockets() - before
    assert not left, f"sockets that nobody closed: {left}"


def _sockets() -> set[str]:
    """Return this process's sockets, such as `socket:[12345]`; none where there is no /proc."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):  # the one that lists them is gone by now
            found.add(str(entry.readlink()))
    return {name for name in found if name.startswith("socket:")}
