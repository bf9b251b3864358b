"""The time that Hypothesis takes from the first failure of `assert_saved` to its report.

A client loses the last byte of each large image. Each example is uploaded and compared in this
process, with the `explain` phase and without it; the latter is the cost of shrinking alone, and
runs twice per round, as a null control. On Python 3.11 that phase traces each line that a failing
example runs, and it tries any number of further examples: so the figures compared are the CPU time
of one example. The floor is the same without an endpoint: the cost of Hypothesis' own tracing.
"""

import statistics
import time
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pytest_soblob import SaveImageStreamRequest, StubEndpoint, assert_saved

SIZES = (300, 100_000, 1_000_000)
AIM = 2.0


def run(rounds: int) -> dict[str, object]:
    """Print a table; return its figures."""
    print(f"\nfrom the first failure to the report, medians of {rounds} rounds\n")
    print("| images over | shrinking | again (null) | explained | an example costs | floor |")
    print("| --- | --- | --- | --- | --- | --- |")
    figures: dict[str, object] = {}
    for size in SIZES:
        upload, compare = _uploading(StubEndpoint(), size), _comparing(size)
        variants = {
            "shrinking": (upload, False),
            "again": (upload, False),
            "explained": (upload, True),
            "floor": (compare, False),
            "floor explained": (compare, True),
        }
        whole: dict[str, list[float]] = {name: [] for name in variants}
        each: dict[str, list[float]] = {name: [] for name in variants}
        for number in range(rounds):
            for name, (test, explain) in variants.items():
                spent_s, examples = _search(test, size, number, explain=explain)
                whole[name].append(spent_s)
                each[name].append(spent_s / examples)
        total = {name: statistics.median(times) for name, times in whole.items()}
        one = {name: statistics.median(times) for name, times in each.items()}
        ratio, floor = one["explained"] / one["shrinking"], one["floor explained"] / one["floor"]
        cells = (f"{total[name]:.3f} s" for name in ("shrinking", "again", "explained"))
        print(f"| {size:,} bytes | {' | '.join(cells)} | {ratio:.2f} times | {floor:.2f} |")
        figures[str(size)] = {**total, "ratio": ratio, "floor_ratio": floor}
    print(f"\ntarget: at most {AIM:g} times")
    return figures


def _lossy(image: bytes, size: int) -> bytes:
    return image[:-1] if len(image) > size else image


def _uploading(endpoint: StubEndpoint, size: int) -> Callable[[bytes], None]:
    def test(image: bytes) -> None:
        with endpoint.example():
            request = SaveImageStreamRequest(
                type="PersonImage", image=_lossy(image, size), ticket="7T:SoblobDrawnTicket=="
            )
            endpoint.handle(request.to_http_request())
            assert_saved(endpoint, image=image)

    return test


def _comparing(size: int) -> Callable[[bytes], None]:
    def test(image: bytes) -> None:
        assert (_lossy(image, size) == image) is True

    return test


def _search(
    test: Callable[[bytes], None], size: int, number: int, *, explain: bool
) -> tuple[float, int]:
    """Return the CPU seconds from the first failure on, and the number of examples run in them."""
    begun_s: list[float] = []
    phases = [phase for phase in Phase if explain or phase is not Phase.explain]

    @seed(number)
    @settings(phases=phases, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(min_size=1, max_size=40))
    def searched(pattern: bytes) -> None:
        if begun_s:
            begun_s.append(0)
        try:
            test(pattern * (size // 20))
        except AssertionError:
            if not begun_s:
                begun_s.append(time.process_time())
            raise

    try:
        searched()
    except AssertionError:
        return time.process_time() - begun_s[0], len(begun_s)
    raise SystemExit("no failure was found")
