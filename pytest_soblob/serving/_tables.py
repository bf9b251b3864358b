"""The tables of the TOML file: the keys of each, and where a misplaced key belongs."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pytest_soblob._text import nearest, quote
from pytest_soblob.errors import SoblobError
from pytest_soblob.serving.control import REPLY_FIELDS, as_object, check_known
from pytest_soblob.stub.endpoint import Limits

# Top-level keys: the attribute of the configuration, and the type.
PLAIN: Final[Mapping[str, tuple[str, type]]] = {
    "host": ("host", str),
    "port": ("port", int),
    "behaviour": ("behaviour", str),
    "profile": ("profile", str),
    "installation": ("installation", str),
    "ticket-lifetime": ("ticket_lifetime_s", float),
    "licensed": ("licensed", bool),
    "image-check": ("image_check", str),
    "max-message-size": ("max_message_size", int),
    "keep": ("keep", int),
    "log": ("log", str),
    "fail-on": ("fail_on", str),
    "control-token": ("control_token", str),
    "control-beyond-loopback": ("control_beyond_loopback", bool),
    "check-on-exit": ("check_on_exit", bool),
}
# Top-level keys of lists of texts.
LISTS: Final[Mapping[str, str]] = {
    "tickets": "tickets",
    "application-tokens": "application_tokens",
    "severity": "severity",
}
# Keys of [limits]; the size of a body is the top-level `max-message-size`.
LIMITS: Final[Mapping[str, str]] = {
    field.name.replace("_", "-"): field.name
    for field in fields(Limits)
    if field.name != "body_bytes"
}
TOP: Final = "the top, above the first table"
# The keys of each table, by its header.
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    TOP: (*PLAIN, *LISTS, "accounts", "replies", "wcf", "tls", "limits"),
    "[wcf]": ("culture", "hosting", "exception-detail", "empty-extra-info", "max-message-size"),
    "[tls]": ("folder", "client-certificate"),
    "[limits]": tuple(LIMITS),
    "[[accounts]]": ("user", "password", "tickets", "rights"),
    "[[replies]]": tuple(name.replace("_", "-") for name in REPLY_FIELDS),
}
# Options whose names differ from their keys.
_OPTION_NAMES: Final = {"fail": "failure"}
# Fields that may be null in the control API; TOML has no null.
_NULLABLE: Final = ("operation", "times", "blob_id")
NONE: Final = "none"


def check_keys(data: Mapping[str, Any], table: str, what: str) -> None:
    """Check that a table has only known keys.

    Raises:
        SoblobError: A key is unknown; the text says where it belongs, or names a similar one.
    """
    for name in data:
        _check_location(name, table, what)
    if table != "[[replies]]":  # whose fields are checked when they are scripted
        check_known(data, TABLES[table], what)


def read_reply(value: object) -> Mapping[str, Any]:
    """Return a table of `[[replies]]` in the form of the control API: with underscores and null.

    Raises:
        SoblobError: A key belongs elsewhere, or is given twice.
    """
    table = as_object(value, "a reply")
    check_keys(table, "[[replies]]", "a reply")
    reply = _underscored(table)
    for name in _NULLABLE:
        if reply.get(name) == NONE:
            reply[name] = None
    return reply


def _check_location(name: str, table: str, what: str) -> None:
    written = name.replace("_", "-")
    key = _OPTION_NAMES.get(written, written)
    if key in TABLES[table]:
        return
    locations = [location for location, keys in TABLES.items() if key in keys]
    if locations:
        said = "it" if key == name else repr(key)
        to = "to" if locations[0] == TOP else "into"
        near = nearest(name, TABLES[table])
        meant = "" if near is None else f"; or did you mean {near!r}?"
        raise SoblobError(
            f"{what} has no {quote(name, 60)}: {said} belongs {to} {' or '.join(locations)}{meant}"
        )


def _underscored(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table with underscores in all keys, except in the names of HTTP headers."""
    changed: dict[str, Any] = {}
    for written, value in data.items():
        name = written.replace("-", "_")
        if name in changed:
            raise SoblobError(f"{name} is given twice, with hyphens and with underscores")
        is_ours = isinstance(value, Mapping) and name != "headers"
        changed[name] = _underscored(value) if is_ours else value
    return changed
