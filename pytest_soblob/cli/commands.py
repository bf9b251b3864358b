"""The command `soblob`.

Exit codes: 0 no error found, 1 an error found, 2 wrong usage, a file that cannot be read, or output
that cannot be written (which takes precedence over 1), 130 interrupted.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from pytest_soblob.accounts import Account
from pytest_soblob.cli.bulk import iter_files, judge_all
from pytest_soblob.cli.group import INTERRUPTED, Commands
from pytest_soblob.cli.ini import read_nearest
from pytest_soblob.cli.judging import JudgeSettings
from pytest_soblob.cli.output import echo, echo_error, find_output_error, wants_progress_bar
from pytest_soblob.cli.printer import Printer
from pytest_soblob.contract import OPERATIONS, Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.catalogue import choose_rules
from pytest_soblob.judge.rendering import WIDTH
from pytest_soblob.judge.severities import THRESHOLDS, Severities
from pytest_soblob.settings import BEHAVIOURS, HOSTINGS, IMAGE_CHECKS

# As in `serving`, which is not imported for the other commands.
LOG_FORMATS = ("lines", "json", "none")
DEFAULT_KEEP = 1_000

_profile = click.option(
    "--profile",
    type=click.Choice([str(p) for p in Profile]),
    default="auto",
    show_default=True,
    help="Profile by which messages are judged.",
)
_installation = click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    default="onsite",
    show_default=True,
    help="Kind of installation; online requires an application token.",
)
_fail_on = click.option(
    "--fail-on",
    type=click.Choice(THRESHOLDS),
    help="Lowest severity that fails.  [default: as in the nearest pytest configuration, or error]",
)
_severity = click.option(
    "--severity",
    multiple=True,
    metavar="RULE=SEVERITY",
    help="Severity of a rule: error, warning, note or off. Overrides the configuration file; may "
    "be repeated.",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    help="Kind of the messages; auto detects it for each.",
)
@_profile
@_installation
@click.option(
    "--operation",
    type=click.Choice(list(OPERATIONS)),
    help="The only operation that the files may have.  [default: any]",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Output format. json: one list; jsonl: one object per line.",
)
@_fail_on
@_severity
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Largest message that your server accepts; a larger one is an error.  [default: no limit]",
)
@click.option(
    "--cross-check",
    is_flag=True,
    help="Also validate with libxml2 and xmlschema; an unexplained difference fails.",
)
@click.option(
    "--max-size",
    type=click.IntRange(min=1),
    default=JudgeSettings().max_size,
    show_default=True,
    metavar="BYTES",
    help="Largest file that is read.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of processes; the output stays the same.",
)
def validate(
    files: tuple[str, ...],
    kind: str,
    profile: str,
    installation: str,
    operation: str | None,
    output: str,
    fail_on: str | None,
    severity: tuple[str, ...],
    max_message_size: int | None,
    cross_check: bool,
    max_size: int,
    jobs: int,
) -> None:
    """Judge envelopes, HTTP messages and exports.

    Exports: HAR, Burp XML, SAZ, SoapUI, Postman, JSON, `soblob record`; also as .gz. FILE is a
    path, - for standard input, or a folder: the files in it and below it, sorted, without hidden
    ones. Exit code 0: nothing at or above the threshold (--fail-on); 1: a violation; 2: not read.
    """
    try:
        severities = _severities(fail_on, severity)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    settings = JudgeSettings(
        kind=kind,
        profile=profile,
        installation=installation,
        operation=operation,
        severities=severities,
        max_message_size=max_message_size,
        cross_check=cross_check,
        max_size=max_size,
        output=output,
        width=_width(),
        shows_progress=len(files) == jobs == 1 and wants_progress_bar(files),
    )
    try:
        sys.exit(_validate_all(files, settings, jobs))
    except KeyboardInterrupt:
        echo_error("soblob: interrupted")
        sys.exit(INTERRUPTED)


@main.command()
@click.argument("ids", nargs=-1, metavar="[RULE]...")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format. json: a list with all data of each rule.",
)
def rules(ids: tuple[str, ...], output: str) -> None:
    """Print the rules by which messages are judged.

    RULE is an id, such as body.child-unknown, or a family, such as body. Ids are explained in full,
    with examples. Without ids, each rule is printed on one line.
    """
    # Imported here, since only this command needs them.
    from pytest_soblob.judge.handbook import explain_rule, list_rules, rule_to_json

    in_full = any("." in text for text in ids)
    try:
        chosen = choose_rules(ids)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if output == "json":
        echo(json.dumps([rule_to_json(rule) for rule in chosen], indent=2))
    elif in_full:
        echo("\n\n".join(explain_rule(rule, _width()) for rule in chosen))
    else:
        echo(list_rules(chosen, _width()))


@main.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file with these options; options of the command line override it.",
)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port.  [default: any free one]")
@click.option(
    "--behaviour",
    type=click.Choice(BEHAVIOURS),
    help="How invalid requests are answered.  [default: strict]",
)
@click.option(
    "--profile",
    type=click.Choice([str(p) for p in Profile]),
    help="Profile by which requests are judged.  [default: auto]",
)
@click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    help="Kind of installation; online requires an application token.  [default: onsite]",
)
@click.option(
    "--ticket", "tickets", multiple=True, help="Valid ticket; may be repeated.  [default: any]"
)
@click.option(
    "--application-token",
    "application_tokens",
    multiple=True,
    help="Valid application token; may be repeated.  [default: any]",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="USER:PASSWORD",
    help="Account that may log in; may be repeated.",
)
@click.option(
    "--ticket-lifetime",
    "ticket_lifetime_s",
    type=float,
    metavar="SECONDS",
    help="Lifetime of a ticket by the endpoint's clock.",
)
@click.option("--unlicensed", is_flag=True, help="Fail each call for lack of a licence.")
@click.option(
    "--image-check",
    type=click.Choice(IMAGE_CHECKS),
    help="Which images are rejected.  [default: none]",
)
@click.option("--culture", help="Language of a .NET host's faults.  [default: en-US]")
@click.option(
    "--hosting",
    type=click.Choice(HOSTINGS),
    help="Hosting of a .NET host: sets its headers.  [default: self-host]",
)
@click.option(
    "--exception-detail", is_flag=True, default=None, help="Include exception details in faults."
)
@_fail_on
@_severity
@click.option(
    "--fail",
    "failures",
    multiple=True,
    metavar="NAME[,KEY=VALUE]...",
    help="Play a failure by name, such as http-503,share=0.1; may be repeated. See "
    "`soblob failures`.",
)
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Largest request body; a larger one is answered with 413.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help=f"Number of exchanges kept.  [default: {DEFAULT_KEEP:,}]",
)
@click.option(
    "--tls",
    "tls_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Serve TLS; the authority's certificate is written to FOLDER.",
)
@click.option(
    "--client-certificate", is_flag=True, default=None, help="Require a client certificate."
)
@click.option("--log", type=click.Choice(LOG_FORMATS), help="Format of the log.  [default: lines]")
@click.option(
    "--control-token",
    envvar="SOBLOB_CONTROL_TOKEN",
    help="Enable the control API with this token: 8 or more printable ASCII characters. The "
    "environment variable SOBLOB_CONTROL_TOKEN keeps it out of process lists.",
)
@click.option(
    "--control-beyond-loopback",
    is_flag=True,
    default=None,
    help="Allow the control API if --host is not a loopback address: anyone who reaches the port "
    "and has the token can then script answers, read uploads, move the clock and change the "
    "verdict; without --tls the token can be intercepted.",
)
@click.option(
    "--check-on-exit",
    is_flag=True,
    default=None,
    help="Report failures at exit, with exit code 1.",
)
def serve(config: Path | None, **options: Any) -> None:
    """Run the stub until SIGINT or SIGTERM, and log each request."""
    from pytest_soblob import serving  # a third of the start time, and only needed here

    try:
        base = serving.Configuration() if config is None else serving.Configuration.read(config)
        base = base.with_defaults(read_nearest(Path.cwd()))
        given = base.with_options(_as_configuration(options, serving.read_failure))
        complaint = serving.serve(given, echo, echo_error)
    except SoblobError as error:
        echo_error(f"soblob: {error}")
        sys.exit(2)
    find_output_error()  # `serve` has reported failures of the log
    if complaint is not None:
        echo_error(f"soblob: {complaint}")
        sys.exit(1)


def _as_configuration(
    options: dict[str, Any], read_failure: Callable[[str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the options as arguments of the configuration."""
    options["licensed"] = False if options.pop("unlicensed") else None
    options["replies"] = tuple(map(read_failure, options.pop("failures")))
    accounts = []
    for text in options["accounts"]:
        user, colon, password = text.partition(":")
        if not colon:
            raise SoblobError("--account must be USER:PASSWORD")
        accounts.append(Account(user=user, password=password))
    return options | {"accounts": tuple(accounts)}


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format. json: a list with all data of each failure.",
)
def failures(names: tuple[str, ...], output: str) -> None:
    """Print the failures that can be played by name."""
    from pytest_soblob.stub.failures import (
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
        echo(json.dumps([failure_to_json(failure) for failure in chosen], indent=2))
    elif names:
        echo("\n\n".join(explain_failure(failure, _width()) for failure in chosen))
    else:
        echo(list_failures(chosen, _width()))


def _width() -> int:
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, 60)


def _severities(fail_on: str | None, own: tuple[str, ...]) -> Severities:
    """Return the severities of the nearest pytest configuration, with those given applied."""
    known = read_nearest(Path.cwd())
    text = "\n".join([known.get("soblob_severity", ""), *own])
    return Severities.parse(text, fail_on or known.get("soblob_fail_on") or "error")


def _validate_all(names: tuple[str, ...], settings: JudgeSettings, jobs: int) -> int:
    """Judge and print all files; return the exit code."""
    total = sum(1 for _ in iter_files(names)) if wants_progress_bar(names) else 0
    with Printer(settings.output, total) as printer:
        try:
            # Closed, so that workers end if printing fails or is interrupted.
            with closing(judge_all(iter_files(names), settings, jobs)) as found:
                for outcomes in found:
                    printer.print(outcomes)
        except SoblobError as error:
            printer.fail(f"soblob: {error}")
            return 2
    return printer.exit_code
