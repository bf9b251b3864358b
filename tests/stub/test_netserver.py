"""The small NetServer: accounts, tickets, rights, a clock, pictures; in both behaviours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_soblob import Account, Blob, ImageBytes, SoblobError, SoblobSettings, StubEndpoint
from pytest_soblob.clients import close_client, new_zeep_client
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS
from pytest_soblob.soap.messages import (
    AuthenticateUsernamePasswordRequest,
    GetBlobStreamRequest,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
)
from pytest_soblob.stub.netserver import BUSINESS_FAILURES, NetServer
from pytest_soblob.transports import zeep_transport
from pytest_soblob.wire import HttpRequest, HttpResponse
from tests import mistakes
from tests.wire import envelope_of, to_bytes

PNG = ImageBytes(format="PNG", width=3, height=2)
ADA = Account(user="Ada", password="LeakedPassword", tickets=("7T:LeakedTicket==",))
READER = Account(user="reader", password="r", tickets=("7T:reader==",), rights=("read",))
both = pytest.mark.parametrize("behaviour", ["strict", "wcf"])


def endpoint_of(**settings: Any) -> StubEndpoint:
    return StubEndpoint(settings=SoblobSettings(**settings))


@contextmanager
def zeep_client(endpoint: StubEndpoint, service: str = "BLOB", **options: Any) -> Iterator[Any]:
    url = endpoint.in_process_url.replace("BLOB.svc", f"{service}.svc")
    client = new_zeep_client(
        f"{url}?wsdl", endpoint.settings, zeep_transport(endpoint), options.get("ticket")
    )
    if service == "SoPrincipal":
        client.set_default_soapheaders({"ApplicationToken": options.get("token", "app")})
    yield client.service
    close_client(client)


def send(endpoint: StubEndpoint, request: HttpRequest) -> HttpResponse:
    length = ("Content-Length", str(len(request.body)))
    delivery = endpoint.handle(
        HttpRequest(target=request.target, headers=(*request.headers, length), body=request.body)
    )
    assert isinstance(delivery.response, HttpResponse)
    return delivery.response


def save(endpoint: StubEndpoint, ticket: str | None, token: str | None = None) -> tuple[bool, str]:
    """Upload with that ticket: whether it succeeded, and the exception's class and text."""
    request = SaveImageStreamRequest(
        type="PersonImage",
        image=PNG,
        description=f"{ticket} {len(endpoint.exchanges)}",  # each an upload of its own
        ticket=ticket,
        application_token=token,
    )
    envelope = envelope_of(send(endpoint, request.to_http_request()).body)
    answer = SaveImageStreamResponse.from_envelope(envelope)
    assert answer is not None, "a fault"
    info = answer.exception_info
    kind = "" if info is None else f"{info.exception_type}".rpartition(".")[2]
    return bool(answer.succeeded), kind if info is None else f"{kind}: {info.message}"


# -- who may --------------------------------------------------------------------------------------


@both
def test_logging_in_gives_a_ticket_that_is_good(behaviour: str) -> None:
    endpoint = endpoint_of(behaviour=behaviour, accounts=(ADA,))
    with zeep_client(endpoint, "SoPrincipal") as principal:
        answer = principal.AuthenticateUsernamePassword("ada", "LeakedPassword")
    assert answer.header.Succeeded is True
    assert answer.body.AuthenticationSucceeded is True
    ticket = answer.body.Credentials.Ticket
    assert ticket.startswith("7T:")
    assert save(endpoint, ticket) == (True, "")
    endpoint.check()


@both
@pytest.mark.parametrize(
    ("user", "password"),
    [("ada", "wrong"), ("nobody", "LeakedPassword"), ("ada", None), (None, None), ("ada", "")],
)
def test_a_wrong_password_is_a_business_failure(
    behaviour: str, user: str | None, password: str | None
) -> None:
    endpoint = endpoint_of(behaviour=behaviour, accounts=(ADA,))
    with zeep_client(endpoint, "SoPrincipal") as principal:
        answer = principal.AuthenticateUsernamePassword(user, password)
    assert answer.header.Succeeded is False
    kind = answer.header.ExceptionInfo.ExceptionType
    assert kind == "SuperOffice.Exceptions.SoInvalidPasswordException"
    assert answer.body.AuthenticationSucceeded is False
    assert answer.body.Credentials.Ticket is None  # nil, which zeep has as an object of Nones
    endpoint.check()


def test_without_accounts_anybody_may_log_in() -> None:
    endpoint = endpoint_of()
    request = AuthenticateUsernamePasswordRequest(user="x", password="y").to_http_request()
    assert b">true</" in send(endpoint, request).body
    for user, password in (("", "y"), (None, "y"), ("x", ""), ("x", None)):
        wrong = AuthenticateUsernamePasswordRequest(user=user, password=password)
        answer = send(endpoint, wrong.to_http_request())
        assert b"SoInvalidPasswordException" in answer.body
        assert b"7T:" not in answer.body


def test_an_account_may_have_an_empty_password() -> None:
    endpoint = endpoint_of(accounts=(Account(user="bob"),))
    request = AuthenticateUsernamePasswordRequest(user="bob", password="").to_http_request()
    assert b">true</" in send(endpoint, request).body


def test_a_lone_surrogate_in_an_account_is_no_failure_of_the_stub() -> None:
    """No message can carry one, so nobody logs in with it."""
    half = "a\ud800"
    endpoint = endpoint_of(accounts=(Account(user="bob", password=half), Account(user=half)))
    request = AuthenticateUsernamePasswordRequest(user="bob", password="a").to_http_request()
    assert b"SoInvalidPasswordException" in send(endpoint, request).body
    assert endpoint.issue_ticket(half).startswith("7T:")


SESSION, SENTRY = "SoSessionException", "SoSentryException"


@both
def test_each_wrong_ticket_has_its_answer(behaviour: str) -> None:
    endpoint = endpoint_of(behaviour=behaviour, accounts=(ADA, READER))
    foreign = endpoint.issue_ticket(foreign=True)
    short = endpoint.issue_ticket("ada", lifetime_s=60)
    endpoint.clock.advance(minutes=1)
    expected = {
        "7T:LeakedTicket==": "",
        "7T:unknown==": f"{SESSION}: The ticket is not one that this endpoint knows.",
        foreign: f"{SESSION}: The ticket was issued by another installation.",
        short: f"{SESSION}: The ticket has expired.",
        "7T:reader==": f"{SENTRY}: The user has no right to do this.",
    }
    found = {ticket: save(endpoint, ticket)[1] for ticket in expected}
    assert found == expected
    assert len(endpoint.blobs) == 1
    endpoint.check()


def test_a_missing_ticket_is_a_fault_or_a_business_failure() -> None:
    request = SaveImageStreamRequest(type="PersonImage", image=PNG, description="d")
    for ticket in (None, "", "  "):
        data = SaveImageStreamRequest(
            type="PersonImage", image=PNG, description="d", ticket=ticket
        ).to_http_request()
        strict, wcf = endpoint_of(), endpoint_of(behaviour="wcf")
        assert send(strict, data).status == 500
        answer = send(wcf, data)
        assert (answer.status, b"The request has no ticket." in answer.body) == (200, True)
        for endpoint in (strict, wcf):
            with pytest.raises(AssertionError, match=r"header\.(credentials|ticket)-missing"):
                endpoint.check()
    assert request.ticket is None


@pytest.mark.parametrize(("token", "good"), [("app", True), ("other", False)])
def test_an_online_installation_knows_its_applications(token: str, good: bool) -> None:
    endpoint = endpoint_of(installation="online", application_tokens=("app",), accounts=(ADA,))
    assert save(endpoint, "7T:LeakedTicket==", token)[0] is good
    with zeep_client(endpoint, "SoPrincipal", token=token) as principal:
        answer = principal.AuthenticateUsernamePassword("ada", "LeakedPassword")
    assert answer.header.Succeeded is good


@pytest.mark.parametrize("token", [None, "", "  "])
def test_an_online_installation_that_takes_any_token_wants_one(token: str | None) -> None:
    endpoint = endpoint_of(installation="online", behaviour="wcf")
    with endpoint.expecting("header.application-token-missing"):
        told = save(endpoint, "7T:x", token)
    unknown = f"{SESSION}: The application token is not one that this endpoint knows."
    assert told == (False, unknown)
    assert save(endpoint, "7T:x", "any") == (True, "")
    netserver = NetServer(endpoint.settings)
    for operation in OPERATIONS.values():
        assert netserver.admit(operation, "7T:x", token) is BUSINESS_FAILURES["token-unknown"]
    assert save(endpoint_of(), "7T:x", token) == (True, "")  # on-site nobody checks it


def test_without_a_licence_nothing_works() -> None:
    endpoint = endpoint_of(licensed=False)
    assert save(endpoint, "7T:x")[1].startswith("SoLicenseException: ")
    with zeep_client(endpoint, "SoPrincipal") as principal:
        assert principal.AuthenticateUsernamePassword("a", "b").header.Succeeded is False


@pytest.mark.parametrize(
    ("check", "image", "good"),
    [
        ("none", b"no image", True),
        ("recognised", b"no image", False),
        ("recognised", ImageBytes(format="WEBP", width=2, height=2), True),
        ("named", ImageBytes(format="WEBP", width=2, height=2), False),
        ("named", PNG, True),
        ("named", b"", False),
    ],
)
def test_what_is_no_image_is_refused_as_configured(check: str, image: bytes, good: bool) -> None:
    endpoint = endpoint_of(image_check=check)
    request = SaveImageStreamRequest(
        type="PersonImage", image=image, description="d", ticket="7T:x"
    )
    body = send(endpoint, request.to_http_request()).body
    assert (b">true</h:Succeeded>" in body) is good
    assert (b"System.ArgumentException" in body) is not good
    assert len(endpoint.blobs) == good


# -- the clock ------------------------------------------------------------------------------------


def test_a_ticket_that_came_as_it_is_expires_as_well() -> None:
    endpoint = endpoint_of()
    assert save(endpoint, "7T:mine")[0]
    endpoint.clock.advance(hours=7)
    assert save(endpoint, "7T:mine") == (False, f"{SESSION}: The ticket has expired.")
    assert save(endpoint, "7T:new")[0]


def test_a_new_test_begins_with_the_tickets_that_were_given_out() -> None:
    endpoint = endpoint_of(accounts=(ADA,))
    ticket = endpoint.issue_ticket("ada")
    endpoint.clock.advance(hours=7)
    assert not save(endpoint, ticket)[0]
    endpoint.reset()
    assert endpoint.clock.now_s == 0
    assert save(endpoint, ticket)[0]
    with endpoint.example():
        endpoint.clock.advance(hours=7)
        assert not save(endpoint, ticket)[0]
    assert endpoint.clock.now_s == 0


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_the_clock_only_moves_forward(seconds: float) -> None:
    with pytest.raises(SoblobError, match=r"only moves forward|must be a number"):
        endpoint_of().clock.advance(seconds)


# -- the neighbours -------------------------------------------------------------------------------


@both
def test_the_whole_flow_of_a_consumer(behaviour: str) -> None:
    endpoint = endpoint_of(behaviour=behaviour, accounts=(ADA,))
    with zeep_client(endpoint, "SoPrincipal") as principal:
        ticket = principal.AuthenticateUsernamePassword("ada", "LeakedPassword")
    with zeep_client(endpoint, ticket=ticket.body.Credentials.Ticket) as blobs:
        blob_id = blobs.SaveImageStream("PersonImage", PNG, "Kari").body.Response
        assert blobs.ChangePersonImage(42, blob_id).header.Succeeded is True
        assert blobs.ChangeProjectImage(7, blob_id).header.Succeeded is True
        assert endpoint.person_images == {42: blob_id}
        assert endpoint.project_images == {7: blob_id}
        for read in (
            blobs.GetPersonImage(42),
            blobs.GetProjectImage(7),
            blobs.GetBlobStream(blob_id),
        ):
            assert (read.header.Succeeded, read.body.Response) == (True, PNG)
        assert blobs.ChangePersonImage(42, 0).header.Succeeded is True
        assert blobs.ChangeProjectImage(7, 0).header.Succeeded is True
        assert (endpoint.person_images, endpoint.project_images) == ({}, {})
        assert blobs.GetPersonImage(42).body.Response is None
    assert [e.operation for e in endpoint.exchanges][:2] == [
        "AuthenticateUsernamePassword",
        "SaveImageStream",
    ]
    endpoint.check()
    assert endpoint.orphans == []


@both
def test_an_unknown_blob_is_refused(behaviour: str) -> None:
    endpoint = endpoint_of(behaviour=behaviour)
    endpoint.person_images[42] = 3
    endpoint.blobs[3] = Blob(id=3, image=PNG)
    with zeep_client(endpoint) as blobs:
        for answer in (
            blobs.ChangePersonImage(42, 4),
            blobs.ChangeProjectImage(42, 4),
            blobs.GetBlobStream(4),
        ):
            assert answer.header.Succeeded is False
            kind = answer.header.ExceptionInfo.ExceptionType
            assert kind == "SuperOffice.Exceptions.SoInvalidArgumentException"
        assert blobs.GetPersonImage(42).body.Response == PNG
    assert endpoint.person_images == {42: 3}
    endpoint.check()
    remarks = [v.rule for v in endpoint._runner.remarks() if v.family == "flow"]
    assert remarks == ["flow.blob-id-never-given"] * 2


def test_rights_are_those_of_the_operation() -> None:
    endpoint = endpoint_of(accounts=(READER,))
    endpoint.blobs[1] = Blob(id=1, image=PNG)
    request = GetBlobStreamRequest(blob_id=1, ticket="7T:reader==").to_http_request()
    assert b">true</h:Succeeded>" in send(endpoint, request).body
    assert save(endpoint, "7T:reader==")[1].startswith(SENTRY)


@both
@pytest.mark.parametrize("name", ["GetBlobEntity", "GetSystemInfo"])
def test_another_operation_of_the_service_is_known_by_name(behaviour: str, name: str) -> None:
    endpoint = endpoint_of(behaviour=behaviour)
    service = OTHER_OPERATIONS[name].service
    header = mistakes.CREDENTIALS if service == "BLOB" else ""
    data = mistakes.http_request(
        mistakes.request("<n:X>1</n:X>", wrapper=f"n:{name}", header=header),
        soap_action=f'"{mistakes.NS}/{service}/{name}"',
    )
    answer = send(
        endpoint,
        HttpRequest(
            target=f"/Remote/Services86/{service}.svc", headers=data.headers, body=data.body
        ),
    )
    assert answer.status == 500
    assert b":ActionNotSupported</faultcode>" in answer.body
    assert f"/{service}/{name}' cannot be processed".encode() in answer.body
    (exchange,) = endpoint.exchanges
    assert exchange.operation == name
    assert [v.rule for v in exchange.violations] == ["body.operation-not-judged"]
    endpoint.check()


def test_the_page_and_the_other_profiles_flow_as_well() -> None:
    endpoint = endpoint_of()
    for profile in ("documented", "soap12"):
        for request in (
            SaveImageStreamRequest(type="PersonImage", image=PNG, description="", ticket="7T:x"),
            GetBlobStreamRequest(blob_id=1, ticket="7T:x"),
            AuthenticateUsernamePasswordRequest(user="a", password="b"),
        ):
            answer = send(endpoint, request.to_http_request(profile))
            assert (answer.status, b"Fault" in answer.body) == (200, False), to_bytes(answer)
    endpoint.check()


# -- misuse, and secrets --------------------------------------------------------------------------


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(SoblobError, match="user must not be empty"):
        Account(user="")
    with pytest.raises(SoblobError, match="rights must be among 'store', 'attach', 'read'"):
        Account(user="a", rights=("write",))
    with pytest.raises(SoblobError, match="tickets must be a tuple of strings"):
        Account(user="a", tickets="7T:x")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(SoblobError, match="there is no account 'bob'"):
        endpoint_of(accounts=(ADA,)).issue_ticket("bob")
    with pytest.raises(SoblobError, match="lifetime_s must be 0 or more"):
        endpoint_of().issue_ticket(lifetime_s=-1)
    with pytest.raises(SoblobError, match="image_check must be one of 'none', 'recognised'"):
        SoblobSettings(image_check="all")
    with pytest.raises(SoblobError, match="ticket_lifetime_s must be over 0"):
        SoblobSettings(ticket_lifetime_s=0)


def test_no_text_of_it_holds_a_secret() -> None:
    settings = SoblobSettings(accounts=(ADA,))
    endpoint = StubEndpoint(settings=settings)
    request = AuthenticateUsernamePasswordRequest(user="Ada", password="LeakedPassword")
    send(endpoint, request.to_http_request())
    wrong = request.to_http_request().body.replace(b"UserName", b"Username")
    send(
        endpoint,
        HttpRequest(
            target="/Remote/Services86/SoPrincipal.svc",
            headers=request.to_http_request().headers,
            body=wrong,
        ),
    )
    with pytest.raises(AssertionError) as caught:
        endpoint.check()
    shown = [repr(ADA), repr(settings), repr(request), str(caught.value), repr(endpoint.exchanges)]
    assert "Leaked" not in "".join(shown)
    assert "body.child-unknown" in str(caught.value)
