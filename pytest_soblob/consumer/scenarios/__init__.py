"""All scenarios, by group."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import nearest
from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.scenarios import (
    answer,
    auth,
    business,
    description,
    fault,
    flow,
    http,
    image,
    load,
    properties,
    retry,
    secrets,
    timing,
    upload,
)
from pytest_soblob.errors import SoblobError

# How alike a name has to be, from 0 to 1, to be offered in place of an unknown one.
_NEAR: Final = 0.7

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        scenario.id: scenario
        for group in (
            upload,
            image,
            description,
            auth,
            secrets,
            business,
            answer,
            fault,
            http,
            flow,
            retry,
            timing,
            load,
            properties,
        )
        for scenario in group.SCENARIOS
    }
)
GATE: Final = SCENARIOS["upload.plain"]


GROUPS: Final = tuple(dict.fromkeys(one.group for one in SCENARIOS.values()))


def find_scenario(name: str) -> Scenario:
    """Return the scenario of an id.

    Raises:
        SoblobError: There is no such scenario; the nearest one is named.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        more = hint(name) or "; `soblob scenario` lists them"
        raise SoblobError(f"no scenario {name!r:.80}{more}")
    return scenario


def find_scenarios(name: str) -> list[Scenario]:
    """Return the scenarios of an id, of a group such as `business`, or of a pattern.

    Raises:
        SoblobError: There is none; the nearest name is named.
    """
    pattern = f"{name}.*" if name in GROUPS else name
    found = [one for one in SCENARIOS.values() if fnmatchcase(one.id, pattern)]
    return found or [find_scenario(name)]


def hint(name: str) -> str:
    """Return `; did you mean 'x'?` for a name or pattern that no scenario has, or nothing."""
    ends = [one for one in SCENARIOS if one.endswith(f".{name.lower().lstrip('.')}")]
    known = SCENARIOS if "." in name.rstrip(".*") else [f"{group}.*" for group in GROUPS]
    near = ends[0] if ends else nearest(name.lower(), known, cutoff=_NEAR)
    return f"; did you mean {near!r}?" if near else ""
