"""Credentials of a provider: from the environment, or from a file that only its owner can read."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from pytest_soblob.conformance.providers.values import Credentials
from pytest_soblob.errors import SoblobError

VARIABLES: Final = {
    "ticket": "SOBLOB_TICKET",
    "application_token": "SOBLOB_APPLICATION_TOKEN",
    "user": "SOBLOB_USER",
    "password": "SOBLOB_PASSWORD",
}
_LARGEST_BYTES: Final = 65_536
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def from_environment(environment: Mapping[str, str] | None = None) -> Credentials:
    """Return the credentials in SOBLOB_TICKET, SOBLOB_APPLICATION_TOKEN, SOBLOB_USER and so on.

    Args:
        environment: The variables; None for those of the process.

    Raises:
        SoblobError: There is a user without a password, or the other way round.
    """
    known = os.environ if environment is None else environment
    return _checked({name: known.get(variable) or None for name, variable in VARIABLES.items()})


def from_file(path: Path) -> Credentials:
    """Return the credentials in a TOML file with the keys `ticket`, `application-token` and so on.

    Raises:
        SoblobError: The file cannot be read, is no such file, or others may read it.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise SoblobError(f"{path} can be read by others: run chmod 600 on it")
            text = file.read(_LARGEST_BYTES + 1)
        if len(text) > _LARGEST_BYTES:
            raise SoblobError(
                f"{path} has more than {_LARGEST_BYTES:,} bytes: it holds no credentials"
            )
        data = tomllib.loads(text.decode())
    except OSError as error:
        raise SoblobError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # whose text may show a secret
        raise SoblobError(f"{path} is no TOML, such as ticket = '...'") from None
    known = [field.name for field in fields(Credentials)]
    given = {key.replace("-", "_"): value for key, value in data.items()}
    for key, value in given.items():
        if key not in known or not isinstance(value, str):
            keys = ", ".join(name.replace("_", "-") for name in known)
            raise SoblobError(f"{path} must have texts with these keys only: {keys}")
    return _checked({name: given.get(name) or None for name in known})


def merged(first: Credentials, second: Credentials) -> Credentials:
    """Return the first credentials, with what they lack from the second."""
    both = {
        field.name: getattr(first, field.name) or getattr(second, field.name)
        for field in fields(Credentials)
    }
    return _checked(both)


def _checked(values: Mapping[str, str | None]) -> Credentials:
    for name, value in values.items():
        if value is not None and not (value.isprintable() and value.strip() == value):
            raise SoblobError(
                f"{VARIABLES[name]}: there is white space around it, or a control character in it"
            )
    if (values["user"] is None) != (values["password"] is None):
        raise SoblobError("a user needs a password, and a password a user")
    return Credentials(**values)
