"""Rules of family `flow`: what only a sequence of exchanges shows."""

from pytest_soblob.violations import Rule, Severity

RULES = (
    Rule(
        id="flow.no-blob-id-after-failed-save",
        severity=Severity.ERROR,
        meaning="After a failed save, the client attached blob id 0 or none",
        reference="Services86-BLOB.wsdl, ChangeProjectImage: blob id 0 removes the image link",
        change="use Response as a blob id only where the call was answered with 200, Succeeded is "
        "true and the id is over 0",
        server="removes the picture that was there",
    ),
    Rule(
        id="flow.blob-id-never-given",
        severity=Severity.WARNING,
        meaning="The client attached a blob id that no answer had given it",
        reference="the page: SaveImageStream returns the blob id that ChangePersonImage attaches",
        change="attach the Response of the save that you mean",
        server="refuses an id that it does not know, and attaches somebody else's image where it "
        "knows it",
    ),
    Rule(
        id="flow.retried-twice",
        severity=Severity.ERROR,
        meaning="What was refused as business twice was sent a third time",
        reference="Succeeded and ExceptionInfo of Services86-BLOB.wsdl: what is refused twice is "
        "refused again",
        change="retry once at most, after you have mended what ExceptionInfo says (a new ticket, "
        "say); then tell somebody",
        server="refuses it each time; clients that go on hammer on it",
    ),
    Rule(
        id="flow.ticket-used-after-expiry",
        severity=Severity.ERROR,
        meaning="A ticket was used on after it had been refused as expired",
        reference="the page: obtain a ticket from SoPrincipal.svc",
        change="authenticate anew when a call is refused with SoSessionException, and use the new "
        "ticket from then on",
        server="refuses each call",
    ),
    Rule(
        id="flow.sent-again-unsure",
        severity=Severity.WARNING,
        meaning="An image was sent again after an answer that left open whether it was stored",
        reference="Services86-BLOB.wsdl: SaveImageStream has no idempotency key",
        change="where you can, find out first whether it was stored; else know that the first blob "
        "may be an orphan",
        server="stores it twice, and nobody knows the first one's id",
    ),
)
