"""The tables of the TOML file: which keys each has, and where one belongs that stands elsewhere."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pytest_soblob._text import nearest, quote
from pytest_soblob.control import REPLY_FIELDS, as_object, check_known
from pytest_soblob.endpoint import Limits
from pytest_soblob.errors import SoblobError

# Key of the top: the configuration's attribute and type.
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
}
# Likewise of texts in a list.
LISTS: Final[Mapping[str, str]] = {
    "tickets": "tickets",
    "application-tokens": "application_tokens",
    "severity": "severity",
}
# Likewise of [limits]; the size of a body is `max-message-size` of the top.
LIMITS: Final[Mapping[str, str]] = {
    field.name.replace("_", "-"): field.name
    for field in fields(Limits)
    if field.name != "body_bytes"
}
TOP: Final = "the top, above the first table"
# Each table as it is written, and its keys.
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    TOP: (*PLAIN, *LISTS, "accounts", "replies", "wcf", "tls", "limits"),
    "[wcf]": ("culture", "hosting", "exception-detail", "empty-extra-info", "max-message-size"),
    "[tls]": ("folder", "client-certificate"),
    "[limits]": tuple(LIMITS),
    "[[accounts]]": ("user", "password", "tickets", "rights"),
    "[[replies]]": tuple(name.replace("_", "-") for name in REPLY_FIELDS),
}
# What an option is called otherwise than its key.
_AS_OPTIONS: Final = {"fail": "failure"}
# What the control API takes null for, which TOML has not.
_NULLABLE: Final = ("operation", "times", "blob_id")
NONE: Final = "none"


def check_keys(data: Mapping[str, Any], table: str, what: str) -> None:
    """See whether a table has only keys of its own.

    Raises:
        SoblobError: It has another; where that belongs is said, or else the nearest is named.
    """
    for name in data:
        _check_place(name, table, what)
    if table != "[[replies]]":  # whose fields are looked at where they are scripted
        check_known(data, TABLES[table], what)


def read_reply(value: object) -> Mapping[str, Any]:
    """Return a table of `[[replies]]` as the control API has it: with underscores, and null.

    Raises:
        SoblobError: A key belongs elsewhere, or stands there twice.
    """
    table = as_object(value, "a reply")
    check_keys(table, "[[replies]]", "a reply")
    reply = _underscored(table)
    for name in _NULLABLE:
        if reply.get(name) == NONE:
            reply[name] = None
    return reply


def _check_place(name: str, table: str, what: str) -> None:
    written = name.replace("_", "-")
    key = _AS_OPTIONS.get(written, written)
    if key in TABLES[table]:
        return
    places = [place for place, keys in TABLES.items() if key in keys]
    if places:
        said = "it" if key == name else repr(key)
        to = "to" if places[0] == TOP else "into"
        near = nearest(name, TABLES[table])
        meant = "" if near is None else f"; or did you mean {near!r}?"
        raise SoblobError(
            f"{what} has no {quote(name, 60)}: {said} belongs {to} {' or '.join(places)}{meant}"
        )


def _underscored(data: Mapping[str, Any]) -> dict[str, Any]:
    """Everything in it as well, but the names of HTTP headers, which are not ours."""
    changed: dict[str, Any] = {}
    for written, value in data.items():
        name = written.replace("-", "_")
        if name in changed:
            raise SoblobError(f"{name} stands there twice, with a hyphen and without")
        is_ours = isinstance(value, Mapping) and name != "headers"
        changed[name] = _underscored(value) if is_ours else value
    return changed
