"""Names of encodings: which are aliases, which .NET knows, which are supported."""

from encodings import aliases, normalize_encoding
from typing import Final

# TextEncoderDefaults of .NET: these spellings and no others, in any letter case.
_OF_DOTNET: Final = frozenset({"utf-8", "utf-16", "utf-16le", "utf-16be"})
# Python's name of each supported encoding, and the name that libxml2 knows. In all of them markup
# is plain ASCII, or UTF-16. Multi-byte encodings whose second bytes can be `<`, or that shift
# states (UTF-7, ISO-2022), could hide a DTD from the check of the prolog, as EBCDIC could. SOAP is
# not sent in them.
_READ: Final = {
    "utf_8": "utf-8",
    "utf_16": "utf-16",
    "utf_16_le": "utf-16le",
    "utf_16_be": "utf-16be",
    "ascii": "us-ascii",
    "latin_1": "iso-8859-1",
    **{f"iso8859_{part}": f"iso-8859-{part}" for part in (*range(2, 12), *range(13, 17))},
    **{f"cp{page}": f"windows-{page}" for page in range(1250, 1259)},
    "koi8_r": "koi8-r",
    "koi8_u": "koi8-u",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "gb18030": "gb18030",
    "big5": "big5",
    "shift_jis": "shift_jis",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
}
# Aliases that Python does not know: XML 1.0, 4.3.3, names the first; libxml2 accepts the others.
_MORE: Final = {"iso_10646_ucs_2": "utf_16", "utf16le": "utf_16_le", "utf16be": "utf_16_be"}


def is_of_dotnet(name: str) -> bool:
    """Whether .NET knows an encoding by that name, in a declaration or as a charset."""
    return name.lower() in _OF_DOTNET


def common_name(name: str) -> str:
    """Return the name that all spellings of an encoding share, in lower case.

    Args:
        name: Name of any encoding; one that is not supported is only converted to lower case.
    """
    module = normalize_encoding(name).lower().replace(".", "_")
    module = _MORE.get(module) or aliases.aliases.get(module, module)
    return _READ.get(module, name.lower())


def is_read(name: str) -> bool:
    """Whether messages in the encoding of that name are supported."""
    return common_name(name) in _READ.values()


def is_utf(name: str) -> bool:
    """Whether it is UTF-8 or UTF-16, in any spelling."""
    return common_name(name).startswith(("utf-8", "utf-16"))


def is_utf16(name: str) -> bool:
    """Whether it is UTF-16, in either byte order or with a byte order mark."""
    return common_name(name).startswith("utf-16")
