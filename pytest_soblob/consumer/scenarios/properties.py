"""Images and descriptions that Hypothesis draws, where a team asks for them."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.stage import PNG, Stage
from pytest_soblob.consumer.values import Abilities, Upload

_LARGEST_IMAGE: Final = 20_000
_LONGEST_TEXT: Final = 1_000


def _images(abilities: Abilities) -> Any:
    from pytest_soblob import strategies

    return strategies.images(max_size=_LARGEST_IMAGE).filter(abilities.accepts).map(_with_image)


def _descriptions(abilities: Abilities) -> Any:
    from pytest_soblob import strategies

    return strategies.descriptions(max_size=_LONGEST_TEXT).map(_with_description)


def _with_image(image: bytes) -> tuple[str, Upload]:
    return repr(image), Upload(image=image, description="any image")


def _with_description(text: str | None) -> tuple[str, Upload]:
    return repr(text), Upload(image=PNG, description=text)


def _play(draw: Callable[[Abilities], Any], stage: Stage) -> None:
    """Draw the same examples each time, and tell the smallest that fails."""
    from hypothesis import HealthCheck, Verbosity, given, settings
    from hypothesis.errors import Flaky

    failures: list[UnmetError] = []

    @settings(
        max_examples=stage.abilities.property_examples,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(draw(stage.abilities))
    def check(drawn: tuple[str, Upload]) -> None:
        shown, call = drawn
        try:
            stage.saved(call)
        except UnmetError as error:
            got = f"{error.got}, with {shown:.60}"
            failures.append(UnmetError(error.summary, got, production=error.production))
            raise failures[-1] from None

    try:
        check()
    except (UnmetError, Flaky):  # flaky: a client that does not fail each time
        raise failures[-1] from None


def _not_due(abilities: Abilities) -> str | None:
    return None if abilities.property_examples else "abilities.property_examples is 0"


def _scenario(name: str, what: str, draw: Callable[[Abilities], Any]) -> Scenario:
    return Scenario(
        id=f"property.any-{name}",
        play=partial(_play, draw),
        played=f"uploads of {what} that Hypothesis draws, the same ones in each run",
        expected="each arrives exactly as given, and its id is returned",
        production="some values are lost or altered, and nobody knows which",
        advice="upload the example that is shown with a test of its own",
        source="docs/strategies.md",
        needs=frozenset({Need.LIVE}),
        alone=True,
        not_due=_not_due,
    )


SCENARIOS: Final = (
    _scenario("image", "pictures", _images),
    _scenario("description", "descriptions", _descriptions),
)
