"""Is a WSDL still the contract, for the operations that the kit knows?"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.conformance.comparing import Difference, Weight, compare
from pytest_soblob.conformance.description import Description
from pytest_soblob.conformance.reading import read_description
from pytest_soblob.conformance.sources import load
from pytest_soblob.errors import ContractViolationError, SoblobError

_LARGEST_LOCK: Final = 5_000_000


def known_description() -> Description:
    """Return the contract that the kit ships, of both services."""
    both = [
        read_description(load(schema_file(f"{service}.wsdl")))
        for service in ("BLOB", "SoPrincipal")
    ]
    operations = {name: one for description in both for name, one in description.operations.items()}
    addresses = tuple(address for description in both for address in description.addresses)
    return replace(both[0], operations=operations, addresses=addresses)


def check_wsdl(
    source: str | Path | bytes, *, version: str | None = None, lock: Path | str | None = None
) -> list[Difference]:
    """Return where a WSDL differs from the contract.

    Args:
        source: Path of a WSDL, of a folder or of a ZIP with WSDLs; an http or https URL; or the
            bytes of a WSDL that imports nothing.
        version: Version that the WSDL must have, such as `86`, or None for any.
        lock: Lock file to compare with, or None for the contract of the kit.

    Returns:
        The differences, the worst first; empty if there are none.

    Raises:
        SoblobError: The WSDL or the lock cannot be read.
    """
    return find_differences(source, version=version, lock=lock)[1]


def find_differences(
    source: str | Path | bytes, *, version: str | None = None, lock: Path | str | None = None
) -> tuple[Description, list[Difference]]:
    """Return what a WSDL says, and where that differs from the contract; else as `check_wsdl`."""
    given: object = source
    if not isinstance(given, str | Path | bytes):
        raise SoblobError(f"source must be a path, a URL or bytes, not {type(given).__name__}")
    expected = known_description() if lock is None else read_lock(Path(lock))
    found = read_description(load(source), version)
    return found, compare(expected, found)


def assert_wsdl_compatible(
    source: str | Path | bytes, *, version: str | None = None, lock: Path | str | None = None
) -> None:
    """Assert that a WSDL differs from the contract in harmless ways at most.

    Args:
        source: Path of a WSDL, of a folder or of a ZIP with WSDLs; an http or https URL; or the
            bytes of a WSDL that imports nothing.
        version: Version that the WSDL must have, such as `86`, or None for any.
        lock: Lock file of `soblob check-wsdl --write-lock` to compare with, or None for the
            contract of the kit.

    Raises:
        ContractViolationError: A difference is breaking or risky; the text has all of those.
        SoblobError: The WSDL or the lock cannot be read.
    """
    __tracebackhide__ = True
    bad = [one for one in check_wsdl(source, version=version, lock=lock) if is_bad(one)]
    if bad:
        raise ContractViolationError(f"the WSDL differs from the contract\n{render(bad)}")


def is_bad(difference: Difference) -> bool:
    """Return whether a difference fails a check."""
    return difference.weight is not Weight.HARMLESS


def read_lock(path: Path) -> Description:
    """Return the contract that a lock file keeps.

    Raises:
        SoblobError: The file cannot be read, or is no lock file.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_LOCK + 1)
        if len(text) > _LARGEST_LOCK:
            raise SoblobError(f"it has more than {_LARGEST_LOCK:,} bytes")
        return Description.from_json(json.loads(text))
    except OSError as error:
        raise SoblobError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        reason = "it is no JSON"
    except SoblobError as error:
        reason = str(error)
    raise SoblobError(
        f"{path} is no lock file ({reason}): `soblob check-wsdl --write-lock` writes one"
    )


def write_lock(path: Path, description: Description) -> None:
    """Write the operations of the contract to a lock file, for people to review.

    A lock file that is there is replaced.

    Raises:
        SoblobError: The file cannot be written, or is there and is no lock file.
    """
    if path.is_file():
        try:
            read_lock(path)
        except SoblobError:
            raise SoblobError(
                f"{path} is there and is no lock file: name another file for --write-lock"
            ) from None
    text = json.dumps(description.to_json(), indent=1, ensure_ascii=False)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise SoblobError(f"{path} cannot be written: {error.strerror}") from None


def render(differences: Sequence[Difference]) -> str:
    """Return the differences as text."""
    blocks = []
    for one in differences:
        rows = [f"{one.weight}  {one.where}: {one.what}", f"   expected  {one.expected}"]
        rows += [f"   found     {one.found}"]
        if is_bad(one):
            rows += [f"   notices   {one.notices}", f"   change    {one.change}"]
        blocks.append("\n".join(rows))
    return "\n".join(blocks)
