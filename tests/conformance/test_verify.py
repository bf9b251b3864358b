"""`soblob verify`: bad providers are found and named, right ones are clean, nothing is stored."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_soblob import SoblobSettings, StubEndpoint, WcfHost
from pytest_soblob.conformance.providers import Credentials, Options, Report, verify_provider
from tests.conformance.bad_providers import BAD, Bad
from tests.conformance.providers import NS, TICKET, Handler, RefusedError, Reply, Right, served

FAST = 1e9
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text())


def verify(url: str, ticket: str | None = TICKET, **options: Any) -> Report:
    chosen = Options(**{"rate": FAST, "timeout_s": 5.0, **options})
    report = verify_provider(url, Credentials(ticket=ticket), chosen)
    jsonschema.validate(report.to_json(), SCHEMA)
    assert TICKET not in report.to_text() + json.dumps(report.to_json())
    return report


def ids(report: Report) -> list[str]:
    return [finding.id for finding in report.findings]


@pytest.mark.parametrize(
    "bad", BAD, ids=[f"{number}-{bad.finding}" for number, bad in enumerate(BAD)]
)
def test_a_bad_provider_is_found_and_named(bad: Bad) -> None:
    right, handler = bad.provider()
    with served(right, handler) as url:
        report = verify(url, only=(bad.probe,), allow_writes=bad.writes)
    found = [one for one in report.findings if one.id.startswith(bad.finding)]
    assert found, report.to_text()
    assert all((one.what, one.expected, one.got, one.notices) for one in found)
    if not bad.finding.startswith("wsdl"):
        assert found[0].request
        assert found[0].response
        assert found[0].curl.startswith("curl ")


def test_there_are_enough_bad_providers() -> None:
    assert len({bad.finding for bad in BAD}) >= 15


@pytest.mark.parametrize("ticket", [TICKET, None])
def test_a_right_provider_is_clean_and_nothing_is_stored(ticket: str | None) -> None:
    right = Right()
    with served(right) as url:
        report = verify(url, ticket)
    assert ids(report) == []
    assert report.is_clean
    assert (right.saves, report.uploads, report.blob_ids) == (0, 0, ())
    assert right.calls > 20


def test_a_right_provider_is_clean_with_uploads() -> None:
    right = Right()
    with served(right) as url:
        report = verify(url, allow_writes=True, run_id="run7")
    assert ids(report) == []
    assert report.is_clean
    assert set(report.blob_ids) == set(right.images)
    assert report.uploads <= 40
    assert all(text.startswith("soblob-verify-run7") for text in right.descriptions.values())
    assert "descriptions are not read back" not in report.facts


class Anything(Right):
    """Takes each POST for a save."""

    def post(self, headers: Any, body: bytes) -> Any:
        self.calls += 1
        self.saves += b"Image" in body
        return self.saved(1)


def test_a_provider_that_takes_anything_is_left_alone() -> None:
    """After the first answer that looks like a save nothing more is sent."""
    right = Anything()
    with served(right) as url:
        report = verify(url)
    assert (right.calls, right.saves) == (1, 0)
    assert "no more calls are sent" in report.ended
    assert "read.answers-anything" in ids(report)


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_our_own_server_is_clean(behaviour: str) -> None:
    with StubEndpoint(behaviour=behaviour, tickets=[TICKET]) as endpoint:
        report = verify(endpoint.url)
        assert not endpoint.blobs
        assert report.is_clean, report.to_text()
        report = verify(endpoint.url, allow_writes=True)
        assert report.is_clean, report.to_text()
        assert set(report.blob_ids) <= set(endpoint.blobs)
        endpoint.discard_findings()


def test_every_documented_row_matches() -> None:
    with StubEndpoint(behaviour="wcf", tickets=[TICKET]) as endpoint:
        report = verify(endpoint.url, allow_writes=True, behaviour="wcf", only=("wcf.*",))
        endpoint.discard_findings()
    rows = [row for row in report.rows if row.probe.startswith("wcf.")]
    assert {row.outcome for row in rows} == {"matches"}, report.to_text()
    assert len(rows) > 90
    assert report.is_clean


@pytest.mark.parametrize("ticket", [TICKET, None])
def test_rows_that_only_read_match_without_writes(ticket: str | None) -> None:
    with StubEndpoint(behaviour="wcf", tickets=[TICKET]) as endpoint:
        report = verify(endpoint.url, ticket, behaviour="wcf", only=("wcf.*",))
        endpoint.discard_findings()
        assert not endpoint.blobs
    outcomes = Counter(row.outcome for row in report.rows if row.probe.startswith("wcf."))
    assert set(outcomes) == {"matches", "not tried"}, report.to_text()
    assert outcomes["matches"] > 60
    assert report.is_clean


def test_a_row_that_differs_is_named() -> None:
    """A strict server differs from the documented host; each difference is a finding of its own."""
    with StubEndpoint(tickets=[TICKET]) as endpoint:
        report = verify(endpoint.url, behaviour="wcf", only=("wcf.text-plain", "wcf.valid"))
        endpoint.discard_findings()
    assert ids(report) == ["wcf.text-plain"]
    assert "415" in report.findings[0].expected


class Faulty(Right):
    """Tells a failure by a fault, as spyne does."""

    def failed(self, element: str, kind: str, message: str) -> Reply:
        return self.refusal(RefusedError(f"{kind}: {message}"))


class Generic(Right):
    """Answers whatever is wrong with one and the same fault."""

    def refusal(self, error: RefusedError) -> Reply:
        return Right.refusal(self, RefusedError("Something went wrong."))

    def failed(self, element: str, kind: str, message: str) -> Reply:
        return self.refusal(RefusedError(kind))


@pytest.mark.parametrize("kind", [Faulty, Generic])
def test_failures_may_be_faults(kind: type[Right]) -> None:
    with served(kind()) as url:
        report = verify(url, allow_writes=True)
    assert ids(report) == []


def test_a_fault_that_is_that_of_the_right_call_shows_that_a_call_was_accepted() -> None:
    right = Faulty()
    right.check_action = lambda action, name: None  # type: ignore[method-assign]
    with served(right) as url:
        report = verify(url, only=("refusal.*",))
    assert set(ids(report)) == {f"refusal.{name}-action" for name in ("no", "empty", "unknown")}


def test_a_server_that_drops_wrong_calls_is_probed_to_the_end() -> None:
    class Dropping(Handler):
        def reply(self, reply: Reply) -> None:
            if reply.status == 200:
                super().reply(reply)
            self.close_connection = True

    with served(Right(), Dropping) as url:
        report = verify(url, only=("refusal.*",))
    assert report.ended == "complete"
    assert ids(report) == ["answer.closed"]
    assert len(report.findings[0].also) > 10


def test_a_ticket_that_is_not_accepted_is_a_fact() -> None:
    """With it nobody can tell whether a call without a ticket is refused for lack of one."""
    with served(Right()) as url:
        report = verify(url, "7T:expiredTicket==")
    assert ids(report) == []
    assert report.facts["ticket"].startswith("it is not accepted: status 200")
    not_tried = {row.probe for row in report.rows if row.outcome == "not tried"}
    assert {"refusal.no-credentials", "refusal.invented-ticket"} <= not_tried


@pytest.mark.parametrize(("status", "found"), [(404, True), (401, False)])
def test_a_bare_status_for_a_right_call_is_found(status: int, found: bool) -> None:
    right = Right()
    right.call = lambda headers, body: Reply(status)  # type: ignore[method-assign]
    with served(right) as url:
        report = verify(url, None, only=("read", "refusal.*"))
        assert ids(report) == (["read.no-envelope"] if found else [])
        assert ids(verify(url, only=("read", "refusal.*"))) == ["read.no-envelope"]


def test_a_redirect_of_the_wsdl_says_where_to() -> None:
    where = (("Location", "https://other.example/BLOB.svc?secret=1"),)
    moved = {"do_GET": lambda self: self.reply(Reply(301, headers=where))}
    with served(Right(), type("Moved", (Handler,), moved)) as url:
        report = verify(url, only=("wsdl",))
    assert "redirects to 'https://other.example/BLOB.svc': use that URL" in report.findings[0].what


@pytest.mark.parametrize(
    "host",
    [
        WcfHost(culture="nb-NO", hosting="iis", exception_detail=True),
        WcfHost(culture="", empty_extra_info=True, max_message_size=1_000_000),
    ],
)
def test_what_differs_between_hosts_by_configuration_is_no_difference(host: WcfHost) -> None:
    settings = SoblobSettings(behaviour="wcf", ticket=TICKET, wcf_host=host)
    with StubEndpoint(settings=settings) as endpoint:
        report = verify(endpoint.url, allow_writes=True, behaviour="wcf", only=("wcf.*",))
        endpoint.discard_findings()
    assert ids(report) == []


class Denying(Right):
    """Stores each upload, and says that it has failed: with the id, with a fault, or not at all."""

    says = "id"

    def saved(self, number: int) -> Reply:
        if self.says == "fault":
            return self.refusal(RefusedError("no"))
        if self.says == "status":
            return Reply(403)
        if self.says == "overload":
            return Reply(503, headers=(("Retry-After", "0"),))
        if self.says == "nothing":
            return Reply(200, b"stored")
        return self.normal("SaveImageStreamResponse", f"<Response>{number}</Response>", "false")


@pytest.mark.parametrize(
    ("says", "listed", "unknown", "refused"),
    [
        ("id", (1000,), 0, 0),
        ("fault", (), 0, 1),
        ("status", (), 0, 1),
        ("nothing", (), 1, 0),
        ("overload", (), 4, 0),
    ],
)
def test_no_upload_that_may_be_stored_is_left_out(
    says: str, listed: tuple[int, ...], unknown: int, refused: int
) -> None:
    right = Denying()
    right.says = says
    with served(right) as url:
        report = verify(url, allow_writes=True, only=("upload.wsdl",))
    assert len(right.images) == (4 if says == "overload" else 1)
    assert (report.blob_ids, report.unknown_ids, report.refused_uploads) == (
        listed, unknown, refused,
    )  # fmt: skip
    assert report.uploads == len(listed) + unknown + refused
    text = report.to_text(80)
    assert f"blob ids: {', '.join(map(str, listed)) or 'none'}" in text
    assert ("may be stored: " in text) is bool(unknown)
    assert ("refused, should not be stored: 1 upload" in text) is bool(refused)


@pytest.mark.parametrize("handler", [Handler, None])
def test_each_upload_is_accounted_for(handler: type[Handler] | None) -> None:
    """Of a whole run: what was sent is listed, refused or may be stored, also without answers."""

    class Closing(Handler):
        def reply(self, reply: Reply) -> None:
            if b"<SaveImageStreamResponse" in reply.body and len(self.right.images) % 2:
                self.close_connection = True
                return
            super().reply(reply)

    right = Right()
    with served(right, handler or Closing) as url:
        report = verify(url, allow_writes=True)
    assert set(report.blob_ids) <= set(right.images)
    lost = set(right.images) - set(report.blob_ids)
    assert len(lost) <= report.unknown_ids + report.refused_uploads
    assert report.uploads == len(report.blob_ids) + report.unknown_ids + report.refused_uploads


# -- a wrong URL, a wrong ticket, wrong options ------------------------------------------------


def nowhere(status: int) -> type[Handler]:
    """A server that answers each call with one status, as one does whose path is another."""

    def answer(handler: Handler) -> None:
        handler.body()
        where = (("Location", "/other/BLOB.svc?x=1"),) if status < 400 else ()
        handler.reply(Reply(status, headers=where))

    return type("Nowhere", (Handler,), {"do_GET": answer, "do_POST": answer})


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "status 404, nothing is at this path; is it the URL of BLOB.svc?"),
        (401, "status 401, it wants a log-in by HTTP, which is not sent"),
        (302, "status 302, it redirects to '/other/BLOB.svc': use that URL"),
    ],
)
@pytest.mark.parametrize("writes", [True, False])
def test_a_wrong_url_is_said_and_nothing_is_compared_there(
    status: int, said: str, writes: bool
) -> None:
    with served(Right(), nowhere(status)) as url:
        report = verify(url, allow_writes=writes, behaviour="wcf")
    assert report.ended == f"no service answers, neither to GET nor to POST: {said}"
    assert {row.probe for row in report.rows} == {"help", "tls", "wsdl", "read"}
    assert report.uploads == 0
    assert report.rows[-1].outcome == "finding"
    assert said in report.to_text(10_000)
    assert max(map(len, report.to_text(80).rpartition("not complete")[2].splitlines())) <= 80
    with served(Right(), nowhere(status)) as url:
        assert said in verify(url, only=("refusal.*",)).ended


def test_with_a_bare_status_for_the_right_call_others_are_not_tried() -> None:
    right = Right()
    right.post = lambda headers, body: Reply(405)  # type: ignore[method-assign]
    with served(right) as url:
        report = verify(url)
    rows = [row for row in report.rows if row.probe.startswith(("refusal.", "connection."))]
    assert len(rows) > 20
    assert {row.outcome for row in rows} == {"not tried"}
    (finding,) = report.findings
    assert finding.what.endswith("nothing is at this path; is it the URL of BLOB.svc?")


@pytest.mark.parametrize("kind", [Right, Faulty])
def test_with_a_ticket_that_is_not_accepted_no_upload_is_a_finding(kind: type[Right]) -> None:
    with served(kind()) as url:
        report = verify(url, "7T:expiredTicket==", allow_writes=True)
    assert ids(report) == []
    assert report.ended == "the ticket is not accepted, so that no upload can be tried"
    (row,) = (row for row in report.rows if row.probe.startswith("upload."))
    assert row.outcome == "not tried"
    with served(kind()) as url:
        report = verify(url, "7T:expired==", allow_writes=True, only=("upload.together",))
    assert ids(report) == []
    assert report.refused_uploads == 3


class Hiding(Right):
    """Says of a blob that does not exist that the caller has no right to read it."""

    def read(self, number: int) -> Reply:
        if number in self.images:
            return super().read(number)
        return self.failed("GetBlobStreamResponse", "SoRightsException", "not authorized")


def test_a_blob_that_may_not_be_read_is_no_reason_not_to_upload() -> None:
    right = Hiding()
    with served(right) as url:
        report = verify(url, allow_writes=True)
    assert report.is_clean, report.to_text()
    assert right.saves > 20


def test_a_server_that_names_itself_to_posts_only_is_named() -> None:
    class Shy(Handler):
        def send_header(self, keyword: str, value: str) -> None:
            if keyword != "Server" or self.command == "POST":
                super().send_header(keyword, value)

    with served(Right(), Shy) as url:
        assert verify(url, only=("read",)).facts["server"].startswith("BaseHTTP")


class AnyOrder(Right):
    """Takes the children of the operation in any order, as an XML mapper does."""

    def check_parts(self, parts: list[Any]) -> None:
        names = [f"{{{NS}}}{name}" for name in ("Type", "Image", "Description")]
        if sorted(part.tag for part in parts) != sorted(names):
            super().check_parts(parts)
        parts.sort(key=lambda part: names.index(part.tag))


def test_a_malformed_upload_is_described_in_words() -> None:
    with served(AnyOrder()) as url:
        report = verify(url, allow_writes=True, only=("malformed.body.child-*",))
    (finding,) = report.findings
    assert finding.id == "malformed.body.child-out-of-order"
    assert finding.what == "A child comes after one that must follow it, and the upload is taken"
    assert finding.expected.startswith("dropped (it succeeds, and its image is lost), as by a .NET")
    assert finding.notices.endswith("loses its pictures in production without an error")
    texts = {row.outcome: row.text for row in report.rows if row.probe.startswith("malformed.")}
    assert texts["finding"].startswith("A child comes after one that must follow it: taken, status")
    assert texts["refused"] == "A child is in no namespace: status 500, fault: parts"
