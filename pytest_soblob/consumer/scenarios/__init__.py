"""All scenarios, by group."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import did_you_mean
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


def find_scenario(name: str) -> Scenario:
    """Return the scenario of an id.

    Raises:
        SoblobError: There is no such scenario; the nearest one is named.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        hint = did_you_mean(name, SCENARIOS)
        raise SoblobError(f"no scenario {name!r}{hint} (`soblob scenario` lists them)")
    return scenario
