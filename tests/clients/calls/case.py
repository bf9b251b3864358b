"""What a call is, and what all clients send."""

import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

TICKET = "7T:1234abcxyzSample=="
TOKEN = "sample-application-token"
DESCRIPTION = "Portrait of Ada & <friends>"
NON_ASCII = "Zoë Ångström, 東京 🙂"


def png(width: int, height: int) -> bytes:
    """A grey picture of noise, stored without compression, so that its size is what it is."""
    noise = random.Random(width * height)
    rows = b"".join(b"\0" + noise.randbytes(width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


PORTRAIT = png(12, 9)
LARGE = png(400, 250)

# Called with where to POST and where the WSDL is; returns the blob id that the client read.
Call = Callable[[str, str], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call, and what must have arrived of it.

    Attributes:
        client: Whose call.
        soap: Its SOAP version.
        what: Is different about it; a word or two with hyphens.
        call: Makes it.
        image: That arrives.
        description: That arrives; None where it is nil or absent.
        breaks: The rules that it breaks, where it is wrong: it is refused.
        recorded: Whether it is kept as a file, too.
    """

    client: str
    soap: str
    what: str
    call: Call
    image: bytes = PORTRAIT
    description: str | None = DESCRIPTION
    breaks: tuple[str, ...] = ()
    recorded: bool = True

    @property
    def name(self) -> str:
        """As the recorded file is called, without its ending."""
        return f"{self.client}-{self.soap}-{self.what}"
