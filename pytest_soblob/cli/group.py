"""The group of the `soblob` commands: how it exits, and how it reports errors."""

import sys
from typing import Any, Final

import click

from pytest_soblob.cli.judging import reason_of
from pytest_soblob.cli.output import echo_error, escape_unencodable, find_output_error

FAILED: Final = 2  # wrong usage, or output that cannot be written
INTERRUPTED: Final = 130  # the exit code of a shell for a command ended by SIGINT


class Commands(click.Group):
    """Reports wrong usage in one line, like all other errors."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command, and exit."""
        escape_unencodable()
        extra["standalone_mode"] = False
        code: Any = FAILED
        failed: OSError | None = None
        try:
            code = super().main(*args, **extra)
        except SystemExit as ended:
            code = ended.code
        except click.ClickException as error:
            code = _report_usage(error)
        except click.Abort:
            echo_error("soblob: interrupted")
            code = INTERRUPTED
        except OSError as error:
            failed = error
        broken = find_output_error(failed)
        if broken is not None and not isinstance(broken, BrokenPipeError):
            echo_error(f"soblob: cannot write the output: {reason_of(broken)}")
            code = FAILED
        elif failed is not None:
            echo_error(f"soblob: {reason_of(failed)}")
        sys.exit(code)


def _report_usage(error: click.ClickException) -> int:
    """Report wrong usage; return the exit code."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return error.exit_code
    context = getattr(error, "ctx", None)
    path = "soblob" if context is None else context.command_path
    said = " ".join(error.format_message().split())
    echo_error(f"soblob: {said} (see `{path} --help`)")
    return error.exit_code
