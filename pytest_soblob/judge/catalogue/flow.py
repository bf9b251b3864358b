"""Rules of family `flow`: violations that only a sequence of exchanges shows."""

from pytest_soblob.judge.violations import Rule, Severity

RULES = (
    Rule(
        id="flow.no-blob-id-after-failed-save",
        severity=Severity.ERROR,
        meaning="After a failed save, the client attached blob id 0 or no blob id",
        reference="Services86-BLOB.wsdl, ChangeProjectImage: blob id 0 removes the image link",
        change="use Response as a blob id only if the status is 200, Succeeded is true and the id "
        "is greater than 0",
        server="removes the existing picture",
    ),
    Rule(
        id="flow.blob-id-never-given",
        severity=Severity.WARNING,
        meaning="The client attached a blob id that no response had returned",
        reference="the page: SaveImageStream returns the blob id that ChangePersonImage attaches",
        change="attach the blob id from the response to the intended save",
        server="does not accept an unknown id; attaches someone else's image if it knows the id",
    ),
    Rule(
        id="flow.retried-twice",
        severity=Severity.ERROR,
        meaning="A call that was a business failure twice was sent a third time, unchanged",
        reference="Succeeded and ExceptionInfo of Services86-BLOB.wsdl: a call that failed twice "
        "fails again",
        change="retry at most once, after correcting what ExceptionInfo names (for example the "
        "ticket, application token, account or image); then report the failure",
        server="fails each time; a client that keeps retrying only adds load",
    ),
    Rule(
        id="flow.ticket-used-after-expiry",
        severity=Severity.ERROR,
        meaning="A ticket was used again after it had been reported as expired",
        reference="the page: obtain a ticket from SoPrincipal.svc",
        change="authenticate again when a call fails with SoSessionException, and use the new "
        "ticket from then on",
        server="answers each call with a failure",
    ),
    Rule(
        id="flow.retry-after-unknown-outcome",
        severity=Severity.WARNING,
        meaning="An image was sent again while it was unknown whether the first upload was stored",
        reference="Services86-BLOB.wsdl: SaveImageStream has no idempotency key",
        change="if possible, first find out whether it was stored; otherwise expect that the first "
        "blob may be an orphan",
        server="stores it twice, and no client knows the id of the first blob",
    ),
)
