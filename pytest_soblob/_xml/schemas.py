"""Location of the files of `schemas/`."""

from pathlib import Path

from pytest_soblob.errors import SoblobError


def schema_file(name: str) -> Path:
    """Return the path of a file of `schemas/`: the packaged copy, else the checkout's.

    Raises:
        SoblobError: The file is in neither place.
    """
    package = Path(__file__).parents[1]
    packaged = package / "schemas" / name
    checkout = package.parent / "schemas" / name
    for file in (packaged, checkout):
        if file.is_file():
            return file
    raise SoblobError(f"schema file {name!r} is neither at {packaged} nor at {checkout}")
