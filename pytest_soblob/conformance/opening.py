"""Opening of a file that is judged: from the disk or standard input, packed by gzip or not."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from pytest_soblob.errors import SoblobError

STANDARD_INPUT: Final = "-"
# Ending of the folder that has the bodies of a recording, after the name of its file.
BODIES: Final = ".bodies"
HEAD_BYTES: Final = 64 * 1024
# What a packed file may unpack to, however large it is, and how many times its size beyond that.
FREE_BYTES: Final = 40_000_000
MOST_TIMES: Final = 20
_PIECE_BYTES: Final = 1_000_000
_GZIP: Final = b"\x1f\x8b\x08"


class Opened:
    """A file that is read once, up to a limit.

    Args:
        stream: The file, after its head.
        limit: Largest number of bytes.
        packed: The file of which this is the unpacked content, or None.

    Attributes:
        head: Beginning of the file.
        position: Number of bytes read so far.
    """

    def __init__(self, stream: Any, limit: int, packed: "Opened | None" = None) -> None:
        self._stream = stream
        self._limit = limit
        self._packed = packed
        self.head = self._take(min(HEAD_BYTES, limit + 1))
        self._left = self.head
        self.position = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, all of them by default.

        Raises:
            SoblobError: There are more than the limit allows, or they cannot be read.
        """
        if size < 0 and self._packed is not None:
            return b"".join(iter(lambda: self.read(_PIECE_BYTES), b""))
        wanted = self._limit + 1 - self.position if size < 0 else size
        data, self._left = self._left[:wanted], self._left[wanted:]
        if len(data) < wanted:
            data += self._take(wanted - len(data))
        self.position += len(data)
        if self.position > self._limit:
            raise SoblobError(f"over the limit of {self._limit:,} bytes (--max-size)")
        packed = 0 if self._packed is None else self._packed.position
        if packed and self.position > FREE_BYTES + MOST_TIMES * packed:
            raise SoblobError(
                f"it unpacks to more than {FREE_BYTES:,} bytes and {MOST_TIMES} times its size: "
                "if it is to be trusted, unpack it with gunzip first"
            )
        return data

    def _take(self, size: int) -> bytes:
        try:
            return bytes(self._stream.read(size))
        except (zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise SoblobError(f"it cannot be unpacked: {error}") from None
        except OSError as error:
            raise SoblobError(error.strerror or type(error).__name__) from None


@contextmanager
def opened(file: str, limit: int) -> Iterator[Opened]:
    """Open a file; one that gzip has packed is unpacked as it is read.

    Args:
        file: A path, or `-` for standard input.
        limit: Largest number of bytes, unpacked.

    Raises:
        SoblobError: It is missing, not permitted to be read, or over the limit.
    """
    with ExitStack() as stack:
        raw = Opened(_open(file, stack), sys.maxsize - 1)
        if raw.head.startswith(_GZIP):
            unpacked: Any = gzip.GzipFile(fileobj=raw, mode="rb")  # type: ignore[call-overload]
            yield Opened(stack.enter_context(unpacked), limit, raw)
        else:
            yield Opened(raw, limit)


def _open(file: str, stack: ExitStack) -> IO[bytes]:
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            raise SoblobError("it is closed")
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise SoblobError(error.strerror or type(error).__name__) from None
    except ValueError as error:  # a NUL in the name
        raise SoblobError(str(error)) from None
