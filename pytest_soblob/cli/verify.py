"""`soblob verify`: does a running provider keep the contract?"""

import getpass
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_soblob.cli.group import INTERRUPTED
from pytest_soblob.cli.output import echo, echo_error, is_terminal
from pytest_soblob.errors import SoblobError

if TYPE_CHECKING:
    from pytest_soblob.conformance.providers import Credentials

FOUND = 1
_WIDTH = 92
_CLEAR = "\r\x1b[2K"


@click.command("verify")
@click.argument("url", metavar="URL")
@click.option(
    "--allow-writes",
    is_flag=True,
    help="Upload generated images. Their descriptions begin with soblob-verify- and the run's id; "
    "the blob ids are listed afterwards.",
)
@click.option(
    "--max-uploads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most uploads.  [default: 40, with --behaviour 120]",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=8 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="Most bytes of all uploads together.",
)
@click.option(
    "--behaviour",
    type=click.Choice(["wcf"]),
    help="Also compare each documented row of a .NET host.",
)
@click.option(
    "--credentials",
    "credentials_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML file with ticket, application-token, user and password, that only you can read. "
    "Otherwise they are taken from SOBLOB_TICKET, SOBLOB_APPLICATION_TOKEN, SOBLOB_USER and "
    "SOBLOB_PASSWORD.",
)
@click.option("--prompt", is_flag=True, help="Ask for the ticket on the terminal.")
@click.option("--principal-url", metavar="URL", help="SoPrincipal.svc, if it is not beside URL.")
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="PEM file with the authorities to trust.  [default: those of the system]",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Send only probes whose id matches, such as 'refusal.*'; may be repeated.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Most calls per second.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=600),
    default=20.0,
    show_default=True,
    help="Seconds that one call may take.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the images.")
@click.option("--run-id", metavar="TEXT", help="Letters and digits.  [default: random]")
@click.option(
    "--save-bodies",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Write the bodies of requests with a finding here, with variables for secrets. No file is "
    "overwritten.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def verify(context: click.Context, /, url: str, **options: Any) -> None:
    """Verify a running provider of SaveImageStream.

    URL is that of BLOB.svc. Nothing is stored unless --allow-writes is given: the WSDL is compared,
    and calls are sent that a right provider refuses.

    Exit codes: 0 no findings; 1 findings, or not complete; 2 usage, or a provider that cannot be
    reached; 130 interrupted, with the report of what was found until then.
    """
    from pytest_soblob.conformance.providers import Options, verify_provider
    from pytest_soblob.conformance.providers.report import INTERRUPTED as WAS_INTERRUPTED
    from pytest_soblob.conformance.providers.shown import check_folder

    try:
        chosen = Options(
            allow_writes=options["allow_writes"],
            behaviour=options["behaviour"],
            max_uploads=options["max_uploads"],
            max_bytes=options["max_bytes"],
            rate=options["rate"],
            timeout_s=options["timeout"],
            seed=options["seed"],
            run_id=options["run_id"],
            ca_file=options["ca_file"],
            principal_url=options["principal_url"],
            save_bodies=options["save_bodies"],
            only=options["only"],
        )
        credentials = _credentials(options["credentials_file"], ask=options["prompt"])
        if chosen.allow_writes and credentials.ticket is None and credentials.user is None:
            raise SoblobError("--allow-writes needs a ticket, or a user with a password")
        for name in ("max_uploads", "max_bytes"):
            if not chosen.allow_writes and _is_given(context, name):
                option = name.replace("_", "-")
                raise SoblobError(f"--{option} has no effect without --allow-writes")
        if chosen.save_bodies is not None:
            check_folder(chosen.save_bodies)
        with _progress() as told:
            report = verify_provider(url, credentials, chosen, started=_announce, told=told)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if options["form"] == "json":
        echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False).encode())
    else:
        echo(report.to_text(shutil.get_terminal_size((_WIDTH, 24)).columns))
    if report.ended == WAS_INTERRUPTED:
        echo_error("soblob: interrupted")
        context.exit(INTERRUPTED)
    context.exit(0 if report.is_clean else FOUND)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


@contextmanager
def _progress() -> Iterator[Callable[[str], object] | None]:
    """Show on a terminal which probe is sent; the line is removed at the end."""
    if not is_terminal(sys.stderr):
        yield None
        return
    try:
        yield lambda name: echo_error(f"{_CLEAR}{name}", nl=False)
    finally:
        echo_error(_CLEAR, nl=False)


def _announce(session: Any) -> None:
    """Say before the first request what others can read, and what may be uploaded."""
    options = session.options
    for what in session.exposed:
        echo_error(f"soblob: warning: sent without encryption: {what}")
    if options.allow_writes:
        echo_error(
            f"soblob: at most {options.most_uploads} uploads, {options.max_bytes:,} bytes in all; "
            f"their descriptions begin with {session.prefix}"
        )


def _credentials(file: Path | None, *, ask: bool) -> "Credentials":
    """Return the credentials of the file, the terminal and the environment, in this order."""
    from dataclasses import replace

    from pytest_soblob.conformance.providers.credentials import (
        from_environment,
        from_file,
        merged,
    )

    found = from_environment()
    if file is not None:
        found = merged(from_file(file), found)
    if ask:
        if not is_terminal(sys.stdin):
            raise SoblobError("--prompt needs a terminal: use SOBLOB_TICKET or --credentials")
        ticket = getpass.getpass("ticket: ", stream=sys.stderr).strip()
        found = replace(found, ticket=ticket or None)
    return found
