"""The nearest pytest configuration, for the command line: the same two ini keys as under pytest.

pytest itself is not imported, since that takes longer than judging a thousand files. The files,
tables and their order are those of pytest 9 (its documentation, "Configuration file formats").
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import iniconfig

from pytest_soblob.errors import SoblobError

# The content of a file, or None if it is not a pytest configuration.
_Reader = Callable[[Path], Mapping[str, Any] | None]


def read_nearest(start: Path) -> Mapping[str, str]:
    """Return the soblob keys of the first configuration in a folder or its parents, else {}.

    Raises:
        SoblobError: That configuration cannot be read.
    """
    for folder in (start, *start.parents):
        found = _read_folder(folder)
        if found is not None:
            return {key: _text(value) for key, value in found.items() if key.startswith("soblob_")}
    return {}


def _read_folder(folder: Path) -> Mapping[str, Any] | None:
    try:
        for name, read in _READERS.items():
            found = read(folder / name) if (folder / name).is_file() else None
            if found is not None:
                return found
    except (OSError, ValueError, iniconfig.ParseError) as error:
        raise SoblobError(f"the pytest configuration in {folder} cannot be read: {error}") from None
    return None


def _read_own_toml(file: Path) -> Mapping[str, Any]:
    """Read pytest.toml, which is a pytest configuration even if it is empty."""
    document = _load_toml(file)
    loose = [key for key, value in document.items() if not isinstance(value, dict)]
    if "pytest" not in document and loose:
        raise ValueError(f"{', '.join(loose)} in {file.name} must be in a [pytest] table")
    return _table(document, "pytest", file)


def _read_pyproject(file: Path) -> Mapping[str, Any] | None:
    section = _table(_table(_load_toml(file), "tool", file), "pytest", file)
    native = {key: value for key, value in section.items() if key != "ini_options"}
    if "ini_options" not in section:
        return native or None
    old = _table(section, "ini_options", file)
    if native and old:
        raise ValueError("use [tool.pytest] or [tool.pytest.ini_options], not both")
    return native or old


def _load_toml(file: Path) -> Mapping[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def _table(within: Mapping[str, Any], name: str, file: Path) -> Mapping[str, Any]:
    found = within.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name} in {file.name} must be a table")
    return found


def _read_own_ini(file: Path) -> Mapping[str, str]:
    """Read pytest.ini, which is a pytest configuration even if it is empty."""
    return _read_ini(file, "pytest") or {}


def _read_ini(file: Path, section: str) -> Mapping[str, str] | None:
    parsed = iniconfig.IniConfig(str(file))
    return dict(parsed[section].items()) if section in parsed else None


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


_READERS: Final[Mapping[str, _Reader]] = {
    "pytest.toml": _read_own_toml,
    ".pytest.toml": _read_own_toml,
    "pytest.ini": _read_own_ini,
    ".pytest.ini": _read_own_ini,
    "pyproject.toml": _read_pyproject,
    "tox.ini": lambda file: _read_ini(file, "pytest"),
    "setup.cfg": lambda file: _read_ini(file, "tool:pytest"),
}
