"""Each request that is taken is the same to h11 and to httptools, in whatever pieces it comes.

`SOBLOB_FRAMED=100000 pytest -s tests/http/test_framing.py` is the whole of it.
"""

import os
import random
import sys
from collections import Counter

import pytest

from tests.example_counts import at_length, either
from tests.http.framing import (
    EXPLAINED,
    Row,
    differences,
    is_read_alike,
    read,
    read_by_h11,
    read_by_httptools,
    stream,
)

STREAMS = int(os.environ.get("SOBLOB_FRAMED") or either(2_000, 10_000))


@at_length
@pytest.mark.slow
def test_no_difference_to_other_readers_is_unexplained(capfd: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    taken = 0
    for seed in range(STREAMS):
        data = stream(seed)
        rng = random.Random(seed)
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(3))
        assert is_read_alike(data, cuts), f"seed {seed}: {data!r}"
        assert is_read_alike(data, range(1, len(data))), f"seed {seed}: {data!r}"
        taken += len(read(data).messages)
        for difference in differences(data):
            row = difference.row
            assert row is not None, f"seed {seed}: {difference} of {data!r}"
            counts[row.what] += 1
    assert taken > STREAMS // 2  # else nothing has been compared
    with capfd.disabled():
        found = "".join(f"\n{count:8,} {what}" for what, count in counts.most_common())
        sys.stdout.write(f"\n{STREAMS:,} streams, {taken:,} requests taken, explained:{found}\n")


@pytest.mark.parametrize("row", EXPLAINED, ids=lambda row: row.what)
def test_each_row_of_the_table_is_so(row: Row) -> None:
    found = list(differences(row.example))
    assert {difference.reader for difference in found} <= set(row.readers)
    assert found
    assert all(row.explains(difference) for difference in found)


def test_each_reader_reads() -> None:
    """The oracle itself: what is right is the same to all, and what is not whole to none."""
    body = b"\r\nhi\r\n"
    right = b"POST /a HTTP/1.1\r\nHost: a\r\nX:  b \r\nContent-Length: 6\r\n\r\n%b" % body
    headers = (("Host", "a"), ("X", "b"), ("Content-Length", "6"))
    for reader in (read, read_by_h11, read_by_httptools):
        assert reader(right * 2).messages == [("POST", "/a", headers, body)] * 2
        assert reader(right[:-1]).messages == []
