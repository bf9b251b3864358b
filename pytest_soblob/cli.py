"""The command `soblob`.

Exit codes: 0 no error found, 1 an error found, 2 usage, or a file that cannot be read (and then 2
wins over 1), 130 interrupted.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from pytest_soblob._ini import read_nearest
from pytest_soblob._printer import Printer, is_bar_wanted
from pytest_soblob.accounts import Account
from pytest_soblob.bulk import iter_files, judge_all
from pytest_soblob.catalogue import choose_rules
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.judging import LARGEST_FILE_BYTES, JudgeSettings
from pytest_soblob.rendering import WIDTH
from pytest_soblob.settings import BEHAVIOURS, HOSTINGS, IMAGE_CHECKS
from pytest_soblob.severities import THRESHOLDS, Severities

# As `serving` has them, which is not loaded for the other commands.
LOGS = ("lines", "json", "none")
KEPT = 1_000
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
_fail_on = click.option(
    "--fail-on",
    type=click.Choice(THRESHOLDS),
    help="What fails. Default: what the nearest pytest configuration says, or error.",
)
_severity = click.option(
    "--severity",
    multiple=True,
    metavar="RULE=SEVERITY",
    help="A severity of your own: error, warning, note or off. Comes over the configuration's.",
)


class _Commands(click.Group):
    """Tells wrong usage in one line, as everything else that goes wrong is told."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and exit."""
        extra["standalone_mode"] = False
        try:
            sys.exit(super().main(*args, **extra))
        except click.ClickException as error:
            if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
                error.show()
                sys.exit(error.exit_code)
            context = getattr(error, "ctx", None)
            path = "soblob" if context is None else context.command_path
            said = " ".join(error.format_message().split())
            click.echo(f"soblob: {said} (see `{path} --help`)", err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo("soblob: interrupted", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
@_fail_on
@_severity
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
    severity: tuple[str, ...],
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
        severities = _severities(fail_on, severity)
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
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with all of this; what stands on the command line comes over it.",
)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="0, the default: any free one.")
@click.option("--behaviour", type=click.Choice(BEHAVIOURS), help="[default: strict]")
@click.option("--profile", type=click.Choice([str(p) for p in Profile]), help="[default: auto]")
@click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    help="Online makes an application token mandatory.  [default: onsite]",
)
@click.option("--ticket", "tickets", multiple=True, help="A good ticket; without it any is good.")
@click.option(
    "--application-token", "application_tokens", multiple=True, help="A good application token."
)
@click.option(
    "--account", "accounts", multiple=True, metavar="USER:PASSWORD", help="Who may log in."
)
@click.option(
    "--ticket-lifetime",
    "ticket_lifetime_s",
    type=float,
    metavar="SECONDS",
    help="How long a ticket is good, by the endpoint's own clock.",
)
@click.option("--unlicensed", is_flag=True, help="Each call fails for want of a licence.")
@click.option("--image-check", type=click.Choice(IMAGE_CHECKS), help="Which images are refused.")
@click.option("--culture", help="Language of a .NET host's faults.  [default: en-US]")
@click.option("--hosting", type=click.Choice(HOSTINGS), help="Whose headers a .NET host sends.")
@click.option("--exception-detail", is_flag=True, default=None, help="Faults say what was wrong.")
@_fail_on
@_severity
@click.option(
    "--fail",
    "failures",
    multiple=True,
    metavar="NAME[,KEY=VALUE]...",
    help="Play a failure by name, such as http-503,share=0.1; see `soblob failures`.",
)
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Answer 413 to a larger body.",
)
@click.option("--keep", type=click.IntRange(min=1), help=f"Exchanges kept.  [default: {KEPT:,}]")
@click.option(
    "--tls",
    "tls_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Speak TLS; the authority's certificate is written there.",
)
@click.option("--client-certificate", is_flag=True, default=None, help="Ask clients for one.")
@click.option("--log", type=click.Choice(LOGS), help="What is written.  [default: lines]")
@click.option(
    "--control-token",
    envvar="SOBLOB_CONTROL_TOKEN",
    help="Switches the control API on: 8 or more printable ASCII characters; also in "
    "SOBLOB_CONTROL_TOKEN, where nobody sees it.",
)
def serve(config: Path | None, **options: Any) -> None:
    """Run the stub until SIGINT or SIGTERM; a line for each request."""
    from pytest_soblob import serving  # a third of the start, and only wanted here

    try:
        base = serving.Configuration() if config is None else serving.Configuration.read(config)
        base = base.over(read_nearest(Path.cwd()))
        serving.serve(base.changed(_served(options, serving.read_failure)), _echo)
    except SoblobError as error:
        click.echo(f"soblob: {error}", err=True)
        sys.exit(2)


def _served(
    options: dict[str, Any], read_failure: Callable[[str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the options as the configuration has them."""
    options["licensed"] = False if options.pop("unlicensed") else None
    options["replies"] = tuple(map(read_failure, options.pop("failures")))
    accounts = []
    for text in options["accounts"]:
        user, colon, password = text.partition(":")
        if not colon:
            raise SoblobError("--account takes USER:PASSWORD")
        accounts.append(Account(user=user, password=password))
    return options | {"accounts": tuple(accounts)}


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def failures(names: tuple[str, ...], output: str) -> None:
    """Print the failures that can be played by name."""
    from pytest_soblob.failures import (
        FAILURES,
        explain_failure,
        failure_to_json,
        find_failure,
        list_failures,
    )

    try:
        chosen = [find_failure(name) for name in names] or list(FAILURES.values())
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if output == "json":
        click.echo(json.dumps([failure_to_json(failure) for failure in chosen], indent=2))
    elif names:
        click.echo("\n\n".join(explain_failure(failure, _width()) for failure in chosen))
    else:
        click.echo(list_failures(chosen, _width()))


def _echo(line: str) -> None:
    click.echo(line)  # which flushes


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
