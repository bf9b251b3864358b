"""`ConsumerContract`: the suite as a class that a team inherits in its own pytest suite."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any, ClassVar, NoReturn

import pytest

from pytest_soblob.consumer.calling import EventLoop
from pytest_soblob.consumer.check import exception_classes
from pytest_soblob.consumer.choice import Choice, Wishes
from pytest_soblob.consumer.front import PROPERTY, WISHES, is_strict
from pytest_soblob.consumer.guard import check_class
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.report import describe, describe_not_run
from pytest_soblob.consumer.runner import Result, Runner, Status, with_end
from pytest_soblob.consumer.scenario import Level, Scenario
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS
from pytest_soblob.consumer.stage import Ground, open_ground
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings

# What each class has found out about the plain upload in this process.
_GATES = pytest.StashKey[dict[type, Result]]()
# What a team fills in; every other name of the base is the kit's own.
_FIELDS = ("failures", "abilities", "expected_failures", "deselected")
_METHODS = ("upload", "attach", "authenticate", "logs", "close")
_OPEN = frozenset({*_FIELDS, *_METHODS, "uploader"})
# Classes of which this process has said what is wrong with them.
_TOLD = pytest.StashKey[set[type]]()


class ConsumerContract:
    """What production would do to a client, as tests: inherit it, and write `upload`.

    ::

        class TestUploader(ConsumerContract):
            failures = (UploadFailed,)

            @pytest.fixture
            def uploader(self, soblob_contract):
                target = soblob_contract
                return Uploader(target.url, target.ticket, target.application_token)

            def upload(self, uploader, call):
                return uploader.save(call.type, call.image, call.description)

    Each scenario is a parametrised test. `soblob scenario ID` explains one. The methods `attach`
    and `authenticate` switch further scenarios on:
    `attach(self, uploader, call, person_id)` uploads an image and attaches it to a person, and
    `authenticate(self, uploader, user, password)` logs in. `logs(self, uploader)` returns what the
    client has logged elsewhere than by `logging`, as text, which is searched for secrets.
    `close(self, uploader)` ends the client after each scenario, in the event loop of its calls. Any
    of them may be a coroutine function.

    Attributes:
        failures: The exceptions by which the client tells its caller that a call failed. Any
            other exception is a crash.
        abilities: What the client can do.
        expected_failures: Reasons by scenario id, or by a pattern such as `answer.*`. These
            scenarios are played and must fail.
        deselected: Likewise. These scenarios are not played.
    """

    is_soblob_consumer_contract: ClassVar[bool] = True
    failures: ClassVar[tuple[type[BaseException], ...]] = ()
    abilities: ClassVar[Abilities] = Abilities()
    expected_failures: ClassVar[Mapping[str, str]] = {}
    deselected: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    def soblob_contract(
        self, request: pytest.FixtureRequest, _soblob_effective_settings: SoblobSettings
    ) -> Iterator[Target]:
        """Where the client of a scenario connects to, and its credentials."""
        scenario = _scenario_of(request)
        with open_ground(_soblob_effective_settings, scenario.settings) as ground:
            request.node.stash[_GROUND] = ground
            yield ground.target

    @pytest.fixture
    def uploader(self, soblob_contract: Target) -> Any:
        """The live client of a scenario; override it. By default it is the target itself."""
        return soblob_contract

    def upload(self, uploader: Any, call: Upload) -> Any:
        """Upload an image with the client, and return the blob id; override it.

        Args:
            uploader: What the fixture `uploader` returned.
            call: What to upload.

        Raises:
            NotUploaded: The client refused the call before it sent a request.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define upload()")

    @pytest.mark.parametrize(
        "scenario", [pytest.param(one, id=one.id) for one in SCENARIOS.values()]
    )
    def test_scenario(
        self, scenario: Scenario, soblob_contract: Target, uploader: Any, request: Any
    ) -> None:
        """Play a scenario."""
        __tracebackhide__ = True
        ground: Ground = request.node.stash[_GROUND]
        choice = self._choice(request.config)
        self._check_once(request.config, ground.settings)
        gates = request.config.stash.setdefault(_GATES, {})

        def play() -> Result:
            with EventLoop() as loop:  # of this client, at the gate and behind it
                consumer = self._consumer(uploader, ground.settings, loop)
                runner = Runner(consumer, GATE)
                if type(self) not in gates:
                    gates[type(self)] = runner.play(GATE, ground)
                    ground.endpoint.reset()
                result = runner.play_behind(gates[type(self)], scenario, ground)
                return with_end(result, consumer.end(uploader))

        result = choice.judge(scenario, play)
        record = {
            "class": type(self).__name__,
            "kit": version("pytest-soblob"),
            "profile": str(ground.settings.profile),
            "installation": str(ground.settings.installation),
            **result.to_record(),
        }
        request.node.user_properties.append((PROPERTY, json.dumps(record)))
        _tell(result, strict=is_strict(request.config))

    def test_what_the_team_says(self) -> None:
        """The class overrides nothing of the kit, and its reasons and ids are good."""
        __tracebackhide__ = True
        wrong = [
            name
            for kind in type(self).__mro__
            if kind not in ConsumerContract.__mro__
            for name in vars(kind)
            if name in vars(ConsumerContract) and name not in _OPEN and not name.startswith("__")
        ]
        if wrong:
            pytest.fail(
                f"{type(self).__name__} overrides {', '.join(sorted(wrong))} of the kit; "
                "deselect scenarios by `deselected`, with a reason",
                pytrace=False,
            )
        said = ""  # pytest would print an exception that is being handled as well
        try:
            choice = Choice(self.expected_failures, self.deselected)
            runner = Runner(self._consumer(None, SoblobSettings()), GATE)
        except SoblobError as error:
            said = str(error)
        if said:
            pytest.fail(said, pytrace=False)
        for scenario in SCENARIOS.values():
            why = runner.not_due(scenario)
            is_deselected = choice.deselected(scenario) is not None
            if is_deselected and scenario.id in self.deselected and why is not None:
                pytest.fail(f"deselected: {scenario.id} is never due: {why}", pytrace=False)

    def _check_once(self, config: pytest.Config, settings: SoblobSettings) -> None:
        """Fail if a class cannot be played, with the reason for the first scenario only."""
        __tracebackhide__ = True
        try:
            self._consumer(None, settings)
        except SoblobError as error:
            said = str(error)
        else:
            return
        self._fail_once(config, said)

    def _fail_once(self, config: pytest.Config, said: str) -> NoReturn:
        __tracebackhide__ = True
        told = config.stash.setdefault(_TOLD, set())
        is_new = type(self) not in told
        told.add(type(self))
        hint = "not run: the class is not right; the first of its tests says why"
        pytest.fail(said if is_new else hint, pytrace=False)

    def _choice(self, config: pytest.Config) -> Choice:
        """Return what the class says about scenarios, and what the run's options say."""
        __tracebackhide__ = True
        wishes: Wishes = config.stash.get(WISHES, Wishes(expected_failures={}, deselected={}))
        try:
            return wishes.choice(type(self).__name__, self.expected_failures, self.deselected)
        except SoblobError as error:
            said = str(error)
        return self._fail_once(config, said)

    def _consumer(
        self, uploader: Any, settings: SoblobSettings, loop: EventLoop | None = None
    ) -> PythonConsumer:
        check_class(type(self), ConsumerContract, _FIELDS, _METHODS)

        def method(name: str) -> Any:
            return getattr(self, name, None)

        return PythonConsumer(
            connect_to=lambda target: nullcontext(uploader),
            upload=self.upload,
            failures=exception_classes(self.failures),
            abilities=self.abilities,
            settings=settings,
            attach=method("attach"),
            authenticate=method("authenticate"),
            logs=method("logs"),
            close=method("close"),
            loop=loop,
        )


_GROUND = pytest.StashKey[Ground]()


def _scenario_of(request: pytest.FixtureRequest) -> Scenario:
    callspec = getattr(request.node, "callspec", None)
    scenario = None if callspec is None else callspec.params.get("scenario")
    return scenario if isinstance(scenario, Scenario) else GATE


def _tell(result: Result, *, strict: bool) -> None:
    """Make an outcome of pytest's of a result.

    A failure that does not count (expected, new, or of level `should`) is an xfail.
    """
    __tracebackhide__ = True
    match result.status:
        case Status.PASSED:
            return
        case Status.DESELECTED | Status.NOT_DUE:
            pytest.skip(f"{result.status.replace('-', ' ')}: {result.reason}")
        case Status.EXPECTED:
            pytest.xfail(result.reason)
        case Status.NEW:
            pytest.xfail(f"new since {result.scenario.since}: {result.reason}")
        case Status.NOT_RUN:
            pytest.fail(describe_not_run(result), pytrace=False)
    if result.scenario.level is Level.SHOULD and not strict:
        pytest.xfail(f"should: {result.reason}")
    pytest.fail(describe(result), pytrace=False)
