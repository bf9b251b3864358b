"""`soblob check-wsdl`: is a WSDL still the contract?"""

import json
from pathlib import Path

import click

from pytest_soblob.cli.output import echo
from pytest_soblob.conformance.opening import STANDARD_INPUT
from pytest_soblob.errors import SoblobError

DIFFERS = 1


@click.command("check-wsdl")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--version", metavar="NN", help="The version that it must have, such as 86.")
@click.option(
    "--lock",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Compare with this lock file instead of the contract of the kit.",
)
@click.option(
    "--write-lock",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the contract that is found to this file, and compare as well.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def check_wsdl(
    context: click.Context,
    source: str,
    version: str | None,
    lock: Path | None,
    write_lock: Path | None,
    form: str,
) -> None:
    """Compare a WSDL with the contract.

    Only the operations that the kit knows are compared. FILE_OR_URL is a WSDL, a folder or a ZIP
    with WSDLs, a URL, or - for standard input. Imports are followed inside the same folder, ZIP or
    origin only.

    Exit codes: 0 no difference, or harmless ones only; 1 breaking or risky ones; 2 usage, or a WSDL
    that cannot be read.
    """
    from pytest_soblob.conformance import checking, sources

    try:
        given = sources.read_standard_input() if source == STANDARD_INPUT else source
        found, differences = checking.find_differences(given, version=version, lock=lock)
        if write_lock is not None:
            checking.write_lock(write_lock, found)
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        items = [one.to_json() for one in differences]
        echo(json.dumps(items, indent=2, ensure_ascii=False).encode())
    else:
        counts = dict.fromkeys(("breaking", "risky", "harmless"), 0)
        for one in differences:
            counts[str(one.weight)] += 1
        if differences:
            echo(checking.render(differences))
        echo(", ".join(f"{count} {weight}" for weight, count in counts.items()))
    context.exit(DIFFERS if any(map(checking.is_bad, differences)) else 0)
