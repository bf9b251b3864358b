"""The consumer suite: what production would do to a client, as ready tests.

A team inherits `ConsumerContract` and writes `upload`, or hands a function to `check_consumer`.
`soblob scenario` lists the scenarios.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soblob.consumer.check import check_consumer as check_consumer
    from pytest_soblob.consumer.contract import ConsumerContract as ConsumerContract
    from pytest_soblob.consumer.runner import Result as Result
    from pytest_soblob.consumer.values import Abilities as Abilities
    from pytest_soblob.consumer.values import NotUploaded as NotUploaded
    from pytest_soblob.consumer.values import Target as Target
    from pytest_soblob.consumer.values import Upload as Upload

# Public name: the module that has it. `contract` imports pytest, so it is loaded when it is used.
_HOMES = {
    "Abilities": "values",
    "ConsumerContract": "contract",
    "NotUploaded": "values",
    "Result": "runner",
    "Target": "values",
    "Upload": "values",
    "check_consumer": "check",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 -- one list of the names, and not two


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
