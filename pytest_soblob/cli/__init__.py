"""The command `soblob`."""

from pytest_soblob.cli.commands import main
from pytest_soblob.cli.consumer import consumer, scenario
from pytest_soblob.cli.generate import generate
from pytest_soblob.cli.recording import record
from pytest_soblob.cli.verify import verify
from pytest_soblob.cli.wsdl import check_wsdl

main.add_command(consumer)
main.add_command(generate)
main.add_command(record)
main.add_command(scenario)
main.add_command(check_wsdl)
main.add_command(verify)

__all__ = ["main"]
