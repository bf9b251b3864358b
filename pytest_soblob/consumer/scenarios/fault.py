"""SOAP faults: the server did nothing, and says so."""

from functools import partial
from typing import Final

from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.stage import Stage

FAULTS: Final = {
    "client": "fault-client",
    "server": "fault-server",
    "must-understand": "fault-must-understand",
    "with-detail": "fault-with-detail",
    "action-not-supported": "fault-action-not-supported",
}
VERSIONS: Final = {"11": "1.1", "12": "1.2"}


def _fault(failure: str, version: str, stage: Stage) -> None:
    stage.endpoint.fail(failure, times=None, soap=version)
    stage.failed()


SCENARIOS: Final = tuple(
    Scenario(
        id=f"fault.{name}-{short}",
        play=partial(_fault, failure, version),
        played=f"a SOAP {version} fault: {name}",
        expected="the client tells its caller that the upload failed",
        production="a failure is taken for success, or the caller sees a traceback of the parser",
        advice="read Body's first child: a Fault is a failure, whatever the HTTP status",
        source="SOAP 1.1 section 4.4; SOAP 1.2 part 1, section 5.4",
    )
    for name, failure in FAULTS.items()
    for short, version in VERSIONS.items()
)
