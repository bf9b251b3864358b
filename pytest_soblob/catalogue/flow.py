"""Rules of family `flow`: what only a sequence of exchanges shows."""

from pytest_soblob.violations import Rule, Severity

RULES = (
    Rule(
        id="flow.no-blob-id-after-failed-save",
        severity=Severity.ERROR,
        meaning="After a failed save, the client attached blob id 0 or none",
        reference="Services86-BLOB.wsdl, ChangeProjectImage: blob id 0 removes the image link",
        change="check that Succeeded is true before you use Response as a blob id",
        server="removes the picture that was there",
    ),
)
