"""What files say about their pixels: EXIF, an ICC profile, an XMP packet."""

import struct
from typing import Final

from pytest_soblob.images.features import ORIENTATIONS
from pytest_soblob.images.spec import ImageSpec

XMP: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image"/></rdf:RDF></x:xmpmeta>'
    b'<?xpacket end="w"?>'
)
TEXT: Final = b"Drawn by pytest-soblob."

_ORIENTATION_TAG: Final = 0x0112
_SOFTWARE_TAG: Final = 0x0131
_COMPRESSION_TAG: Final = 0x0103
_THUMBNAIL_OFFSET_TAG: Final = 0x0201
_THUMBNAIL_LENGTH_TAG: Final = 0x0202
_SHORT: Final = 3
_LONG: Final = 4
_ASCII: Final = 2
_SOFTWARE: Final = b"pytest-soblob\0"


def orientation_of(spec: ImageSpec) -> int | None:
    """Return the orientation that the file says, 1 to 8; None: it says none."""
    return next((int(name[-1]) for name in spec.features if name in ORIENTATIONS), None)


def exif_of(spec: ImageSpec, thumbnail: bytes = b"") -> bytes | None:
    """Return the EXIF block as a TIFF structure; None: the spec asks for none.

    Args:
        spec: Its features say the orientation and the byte order.
        thumbnail: A JPEG for the second directory; empty: there is none.
    """
    orientation = orientation_of(spec)
    is_big = "exif-big-endian" in spec.features
    if orientation is None and not is_big and not thumbnail:
        return None
    order = ">" if is_big else "<"
    entries = 1 if orientation is None else 2
    values = 8 + 2 + 12 * entries + 4
    block = struct.pack(f"{order}2sHIH", b"MM" if is_big else b"II", 42, 8, entries)
    if orientation is not None:
        block += struct.pack(f"{order}HHIHH", _ORIENTATION_TAG, _SHORT, 1, orientation, 0)
    block += struct.pack(f"{order}HHII", _SOFTWARE_TAG, _ASCII, len(_SOFTWARE), values)
    second = values + len(_SOFTWARE)
    block += struct.pack(f"{order}I", second if thumbnail else 0) + _SOFTWARE
    if thumbnail:
        at = second + 2 + 12 * 3 + 4
        block += struct.pack(
            f"{order}HHHIHHHHIIHHIII",
            *(3, _COMPRESSION_TAG, _SHORT, 1, 6, 0),
            *(_THUMBNAIL_OFFSET_TAG, _LONG, 1, at),
            *(_THUMBNAIL_LENGTH_TAG, _LONG, 1, len(thumbnail)),
            0,
        )
    return block + thumbnail


def icc_profile() -> bytes:
    """Return a small RGB display profile, version 2: the primaries of sRGB, gamma 2.2."""
    text = b"pytest-soblob"
    name = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 8 + 3 + 67)
    tags = {
        b"desc": name,
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": _xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": _xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": _gamma(2.2),
        b"gTRC": _gamma(2.2),
        b"bTRC": _gamma(2.2),
    }
    at = 128 + 4 + 12 * len(tags)
    table, values = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", at + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sIII8sI12s48s",
        at + len(values),
        *(bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ "),
        *(2026, 1, 1, 0, 0, 0),
        *(b"acsp", bytes(4), 0, 0, 0, bytes(8), 0),
        _xyz(0.9642, 1.0, 0.8249)[8:],
        bytes(48),
    )
    return header + table + values


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65_536) for value in values))


def _gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


ICC_PROFILE: Final = icc_profile()
