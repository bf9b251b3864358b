"""The nearest pytest configuration, for the command line: the same two ini keys as under pytest.

pytest itself is not imported: that takes longer than judging a thousand files. The files and
sections are those that pytest looks into (its documentation, "Configuration file formats").
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import iniconfig

from pytest_soblob.errors import SoblobError

_SECTIONS: Final = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}


def read_nearest(start: Path) -> Mapping[str, str]:
    """Return the soblob keys of the first configuration found upwards from a folder.

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
        for name in ("pytest.ini", ".pytest.ini"):
            if (folder / name).is_file():
                # Even an empty one is pytest's configuration.
                return _read_ini(folder / name) or {}
        if (folder / "pyproject.toml").is_file():
            tool = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("tool", {})
            section = tool.get("pytest", {})
            if section:
                return dict(section.get("ini_options", section))
        for name in ("tox.ini", "setup.cfg"):
            if (folder / name).is_file():
                section = _read_ini(folder / name)
                if section is not None:
                    return section
    except (OSError, ValueError, iniconfig.ParseError) as error:
        raise SoblobError(f"the pytest configuration in {folder} cannot be read: {error}") from None
    return None


def _read_ini(file: Path) -> Mapping[str, str] | None:
    parsed = iniconfig.IniConfig(str(file))
    name = _SECTIONS[file.name]
    return dict(parsed[name].items()) if name in parsed else None


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
