"""The command `soblob`.

Exit codes: 0 no error found, 1 an error found, 2 usage, or a file that cannot be read (and then 2
wins over 1), 130 interrupted.
"""

import json
import shutil
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from pytest_soblob._ini import read_nearest
from pytest_soblob._printer import Printer, is_bar_wanted
from pytest_soblob._text import clip
from pytest_soblob.bulk import iter_files, judge_all
from pytest_soblob.catalogue import choose_rules
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.judging import LARGEST_FILE_BYTES, JudgeSettings
from pytest_soblob.rendering import WIDTH, summary_line
from pytest_soblob.settings import BEHAVIOURS
from pytest_soblob.severities import THRESHOLDS, Severities

if TYPE_CHECKING:
    from pytest_soblob.exchange import Exchange

INTERRUPTED = 130  # as a shell says it of a command that SIGINT ended

_profile = click.option(
    "--profile", type=click.Choice([str(p) for p in Profile]), default="auto", show_default=True
)
_installation = click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    default="onsite",
    show_default=True,
    help="Online makes an application token mandatory.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-soblob")
def main() -> None:
    """Contract tests for SuperOffice NetServer's SaveImageStream."""


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--kind",
    type=click.Choice(["auto", "request", "response"]),
    default="auto",
    show_default=True,
    help="What the files are; auto tells it from each.",
)
@_profile
@_installation
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="json: a list; jsonl: an object on a line for each file.",
)
@click.option(
    "--fail-on",
    type=click.Choice(THRESHOLDS),
    help="What exit code 1 is for. Default: what the nearest pytest configuration says, or error.",
)
@click.option(
    "--severity",
    "own",
    multiple=True,
    metavar="RULE=SEVERITY",
    help="A severity of your own: error, warning, note or off. Comes over the configuration's.",
)
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="What your server takes; a larger message is an error. Default: no limit.",
)
@click.option(
    "--cross-check",
    is_flag=True,
    help="Ask libxml2 and xmlschema, too; a difference that nothing explains fails.",
)
@click.option(
    "--max-size",
    type=click.IntRange(min=1),
    default=LARGEST_FILE_BYTES,
    show_default=True,
    metavar="BYTES",
    help="A larger file is not read.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Judge in so many processes; the output is the same.",
)
def validate(
    files: tuple[str, ...],
    kind: str,
    profile: str,
    installation: str,
    output: str,
    fail_on: str | None,
    own: tuple[str, ...],
    max_message_size: int | None,
    cross_check: bool,
    max_size: int,
    jobs: int,
) -> None:
    """Judge envelopes, or raw HTTP messages with one inside.

    FILE is a path, or - for standard input, or a folder, which stands for the files in it and
    below it, sorted, without hidden ones. Exit code 0: nothing at or above the threshold, which is
    an error unless --fail-on says otherwise; 1: something; 2: a file that cannot be read.
    """
    try:
        severities = _severities(fail_on, own)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    settings = JudgeSettings(
        kind=kind,
        profile=profile,
        installation=installation,
        severities=severities,
        max_message_size=max_message_size,
        cross_check=cross_check,
        max_size=max_size,
        output=output,
        width=_width(),
    )
    try:
        sys.exit(_validate_all(files, settings, jobs))
    except KeyboardInterrupt:
        click.echo("soblob: interrupted", err=True)
        sys.exit(INTERRUPTED)


@main.command()
@click.argument("ids", nargs=-1, metavar="[RULE]...")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: a list with all that is known of each rule.",
)
def rules(ids: tuple[str, ...], output: str) -> None:
    """Print the rules that messages are judged by.

    RULE is an id, as body.child-unknown, or a family, as body: with ids the rules stand in full,
    with their examples; without any or with families only, in a line each.
    """
    # Only this command reads them: the others start without.
    from pytest_soblob.handbook import explain_rule, list_rules, rule_to_json

    in_full = any("." in text for text in ids)
    try:
        chosen = choose_rules(ids)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if output == "json":
        click.echo(json.dumps([rule_to_json(rule) for rule in chosen], indent=2))
    elif in_full:
        click.echo("\n\n".join(explain_rule(rule, _width()) for rule in chosen))
    else:
        click.echo(list_rules(chosen, _width()))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--behaviour", type=click.Choice(BEHAVIOURS), default="strict", show_default=True)
@_profile
@_installation
@click.option("--ticket", "tickets", multiple=True, help="A good ticket; without it any is good.")
@click.option("--application-token", "tokens", multiple=True, help="A good application token.")
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Answer 413 to a larger body.",
)
def serve(
    host: str,
    port: int,
    behaviour: str,
    profile: str,
    installation: str,
    tickets: tuple[str, ...],
    tokens: tuple[str, ...],
    max_message_size: int | None,
) -> None:
    """Run the stub until SIGINT or SIGTERM; a line for each request."""
    from pytest_soblob.endpoint import StubEndpoint  # a third of the start, and only wanted here

    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        endpoint = StubEndpoint(
            profile=profile,
            behaviour=behaviour,
            installation=installation,
            tickets=tickets,
            tokens=tokens,
            address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            max_message_size=max_message_size,
            on_exchange=_print_exchange,
        )
        endpoint.start()
    except SoblobError as error:
        click.echo(f"soblob: {error}", err=True)
        sys.exit(2)
    try:
        click.echo(f"serving {endpoint.url}")
        stopped.wait()
    finally:
        endpoint.stop()


def _width() -> int:
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, 60)


def _severities(fail_on: str | None, own: tuple[str, ...]) -> Severities:
    """Return what the command line says, over what the nearest pytest configuration says."""
    known = read_nearest(Path.cwd())
    text = "\n".join([known.get("soblob_severity", ""), *own])
    return Severities.parse(text, fail_on or known.get("soblob_fail_on") or "error")


def _validate_all(names: tuple[str, ...], settings: JudgeSettings, jobs: int) -> int:
    """Judge and print; return the exit code."""
    total = sum(1 for _ in iter_files(names)) if is_bar_wanted(names) else 0
    with Printer(settings.output, total) as printer:
        try:
            # Closed, so that no worker goes on where printing is what fails or is interrupted.
            with closing(judge_all(iter_files(names), settings, jobs)) as found:
                for outcomes in found:
                    printer.print(outcomes)
        except SoblobError as error:
            printer.fail(f"soblob: {error}")
            return 2
    return printer.exit_code


def _print_exchange(exchange: "Exchange") -> None:
    status = "closed" if exchange.response is None else str(exchange.response.status)
    errors = [violation for violation in exchange.violations if violation.is_error]
    blob = "" if exchange.blob_id is None else f" blob {exchange.blob_id}"
    said = f" {clip(summary_line(errors), 300)}" if errors else ""
    click.echo(f"{status} {exchange.operation or 'unknown operation'}{blob}{said}")
