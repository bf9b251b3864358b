"""`soblob consumer` and `soblob scenario`: the consumer suite for clients in any language."""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from pytest_soblob.cli.output import echo, echo_error
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError

RED = 1
_AGAIN = "soblob scenario {}"


@click.command("consumer")
@click.option(
    "--command",
    metavar="COMMAND",
    help="Run this command once for each upload. {url}, {type}, {image}, {description}, {ticket}, "
    "{token}, {user} and {password} in it are replaced; no shell runs.",
)
@click.option(
    "--worker", metavar="COMMAND", help="Start this command once, and ask it by JSON lines."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds after which a call counts as hung.",
)
@click.option(
    "--ability", multiple=True, metavar="NAME=VALUE", help="What the client can do; repeatable."
)
@click.option("--deselect", multiple=True, metavar="ID:REASON", help="Do not play; repeatable.")
@click.option(
    "--expect", multiple=True, metavar="ID:REASON", help="Play, and expect to fail; repeatable."
)
@click.option("--strict", is_flag=True, help="Scenarios of level `should` fail the run as well.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Scenarios that are played at the same time.",
)
@click.option("--installation", type=click.Choice([str(i) for i in Installation]), default="onsite")
@click.option("--profile", type=click.Choice([str(p) for p in Profile]), default="auto")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--list", "lists", is_flag=True, help="List what would be played, and stop.")
@click.option(
    "--matrix",
    is_flag=True,
    help="Lay the JSON reports that are given side by side, and stop.",
)
@click.argument("reports", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def consumer(context: click.Context, /, **options: Any) -> None:
    """Play the consumer suite with a client in any language.

    Exit codes: 0 all passed, 1 not, 2 usage or a command that cannot be started.
    """
    try:
        context.exit(_consumer(options))
    except SoblobError as error:
        raise click.UsageError(str(error)) from None


@click.command("scenario")
@click.argument("name", required=False, metavar="[ID | GROUP | PATTERN]")
def scenario(name: str | None) -> None:
    """Explain scenarios of the consumer suite.

    An ID explains one. A GROUP or a PATTERN lists those that match; without an argument all are
    listed.
    """
    from pytest_soblob.consumer.report import explain
    from pytest_soblob.consumer.scenarios import SCENARIOS, find_scenarios

    try:
        found = list(SCENARIOS.values()) if name is None else find_scenarios(name)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if len(found) == 1:
        echo(explain(found[0]))
        return
    for one in found:
        echo(_line(one, one.played))


def _line(one: Any, text: str) -> str:
    return f"{one.id:<36} {one.level:<6} {text}"


def _consumer(options: Mapping[str, Any]) -> int:
    from pytest_soblob.consumer.check import play_all
    from pytest_soblob.consumer.choice import Choice
    from pytest_soblob.consumer.report import summarize
    from pytest_soblob.consumer.runner import is_red

    if options["matrix"] or options["reports"]:
        _print_matrix(options)
        return 0
    choice = Choice(_reasons(options["expect"]), _reasons(options["deselect"]))
    if options["lists"] and options["command"] is None and options["worker"] is None:
        _list(choice, _abilities(options["ability"]), None)
        return 0
    with closing(_open(options)) as opened:
        if options["lists"]:
            _list(choice, opened.consumer.abilities, opened.consumer)
            return 0
        results = play_all(opened.consumer, choice, jobs=options["jobs"], tell=echo_error)
    if options["form"] == "json":
        echo(json.dumps([result.to_json() for result in results], ensure_ascii=False, indent=1))
    else:
        echo(summarize(results, again=_AGAIN, strict=options["strict"]))
    return RED if is_red(results, strict=options["strict"]) else 0


def _list(choice: Any, abilities: Any, consumer: Any) -> None:
    """Print what would be played, and why the rest would not.

    Args:
        choice: What the options say about scenarios.
        abilities: What they say about the client.
        consumer: The client, or None where none was named.
    """
    from pytest_soblob.consumer.runner import Runner
    from pytest_soblob.consumer.scenarios import GATE, SCENARIOS

    runner = None if consumer is None else Runner(consumer, GATE)
    for one in SCENARIOS.values():
        reason = choice.deselected(one)
        idle = one.not_due(abilities) if runner is None else runner.not_due(one)
        if reason is not None:
            echo(_line(one, f"deselected: {reason}"))
        else:
            echo(_line(one, one.played if idle is None else f"not due: {idle}"))


def _print_matrix(options: Mapping[str, Any]) -> None:
    from pytest_soblob.consumer.report import matrix

    paths = options["reports"]
    if not options["matrix"]:
        raise SoblobError("reports are given with --matrix only")
    if not paths:
        raise SoblobError("--matrix needs reports of `soblob consumer --format json`")
    is_clear = len({path.stem for path in paths}) == len(paths)
    echo(matrix({path.stem if is_clear else str(path): _read_report(path) for path in paths}))


class _Opened:
    """A consumer, and what has to be ended with it.

    Args:
        consumer: The consumer.
        close: Ends what runs for it.
    """

    def __init__(self, consumer: Any, close: Callable[[], None]) -> None:
        self.consumer = consumer
        self.close = close


def _open(options: Mapping[str, Any]) -> _Opened:
    from pytest_soblob.consumer.command import CommandConsumer
    from pytest_soblob.consumer.worker import Worker, WorkerConsumer
    from pytest_soblob.settings import SoblobSettings

    if (options["command"] is None) == (options["worker"] is None):
        raise SoblobError("give one of --command and --worker")
    settings = SoblobSettings(profile=options["profile"], installation=options["installation"])
    more: dict[str, Any] = {
        "abilities": _abilities(options["ability"]),
        "settings": settings,
        "limit_s": options["timeout"],
    }
    if options["command"] is not None:
        return _Opened(CommandConsumer(template=options["command"], **more), lambda: None)
    worker = Worker(options["worker"])
    return _Opened(WorkerConsumer(process=worker, **more), worker.close)


def _reasons(given: tuple[str, ...]) -> dict[str, str]:
    reasons = {}
    for text in given:
        name, colon, reason = text.partition(":")
        if not colon:
            raise SoblobError(f"{text!r} has no reason: give ID:REASON")
        reasons[name] = reason
    return reasons


def _abilities(given: tuple[str, ...]) -> Any:
    from pytest_soblob._text import did_you_mean
    from pytest_soblob.consumer.values import Abilities

    known = {one.name for one in fields(Abilities)}
    values: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if name not in known:
            raise SoblobError(f"unknown ability {name!r}{did_you_mean(name, known)}")
        if not equals:
            raise SoblobError(f"{text!r} has no value: give NAME=VALUE")
        values[name] = _value(name, value)
    return Abilities(**values)  # type: ignore[arg-type]  # it checks them


def _value(name: str, text: str) -> object:
    if name == "types":
        return text.split(",")
    if name in ("retries", "empty_image"):
        return text
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    try:
        return float(text) if name == "timeout_s" else int(text)
    except ValueError:
        raise SoblobError(f"{name} must be a number, not {text!r:.60}") from None


def _read_report(path: Path) -> list[Mapping[str, Any]]:
    """Return the results that a report lists.

    Raises:
        SoblobError: The file cannot be read, or is none.
    """
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        data = None
    if not isinstance(data, list) or not data or not all(map(_is_result, data)):
        raise SoblobError(f"{path} is no report of `soblob consumer --format json`")
    return data


def _is_result(one: object) -> bool:
    keys = ("scenario", "outcome")
    return isinstance(one, dict) and all(isinstance(one.get(key), str) for key in keys)
