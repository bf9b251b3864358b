"""A secret that is a word of the contract is masked where it stands, and nowhere else."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soblob import HttpRequest, HttpResponse, SaveImageStreamRequest, strategies
from pytest_soblob.conformance.captures.files import (
    LARGEST_FILE_BYTES,
    contents_of,
    iter_judgeable,
)
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.settings import SoblobSettings
from tests import mistakes
from tests.example_counts import at_length, either

WCF = SoblobSettings(behaviour="wcf")
SAVED = mistakes.http_response(mistakes.response())
# Each is a part of what a message must have: of a namespace, an action, a name, a type or a header.
WORDS = (
    *("NetServer", "Services86", "superoffice", "SaveImageStream", "mageStr", "Image", "BLOB"),
    *("PersonImage", "Person", "Description", "Ticket", "Envelope", "schemas", "http", "text"),
    *("text/xml", "utf-8", "charset", "Remote", "Content-Type", "Length", "true", "Response"),
    *("AuthenticateUsernamePassword", "http://www.superoffice.net/ws/crm/NetServer/Services86"),
)


def log_in(password: str) -> HttpRequest:
    action = f"{mistakes.NS}/SoPrincipal/AuthenticateUsernamePassword"
    body = mistakes.envelope(
        "",
        "<e:Body><n:AuthenticateUsernamePassword><n:Username>kari</n:Username>"
        f"<n:Password>{password}</n:Password></n:AuthenticateUsernamePassword></e:Body>",
    )
    return HttpRequest(
        target="/Remote/Services86/SoPrincipal.svc",
        headers=(("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{action}"')),
        body=body.encode(),
    )


def recorded(folder: Path, *exchanges: Passed) -> tuple[str, list[dict[str, object]]]:
    """Record exchanges; check that what is read has the same verdicts; return all of it."""
    file = folder / "recording.jsonl"
    recorder = Recorder(file, WCF)
    for passed in exchanges:
        recorder.record(passed)
    recorder.close()
    items = [json.loads(line) for line in file.read_text().splitlines()]
    before = {}
    for item in items:
        for kind in ("request", "response"):
            verdict = item["verdicts"][kind]
            if verdict is not None:
                where = f"exchange {item['exchange']}, {kind}"
                before[where] = Counter(one["rule"] for one in verdict["violations"])
    again = {}
    with contents_of(str(file), LARGEST_FILE_BYTES) as (contents, _):
        for where, captured in iter_judgeable(contents):
            assert not isinstance(captured, bytes)
            assert not isinstance(captured.message, Exception)
            judge = EnvelopeValidator.of_service(captured.kind)
            found = judge.judge(captured.message).violations
            again[where] = Counter(one.rule for one in found)
    assert again == before
    texts = [
        file.read_text(),
        *(one.read_text(errors="replace") for one in folder.glob("*.bodies/*")),
    ]
    return "\n".join(texts), items


@pytest.mark.parametrize("word", WORDS)
def test_a_password_that_is_a_word_of_the_contract_changes_no_verdict(
    word: str, tmp_path: Path
) -> None:
    text, items = recorded(
        tmp_path,
        Passed(request=log_in(word), response=None, failure="it was reset"),
        Passed(request=mistakes.http_request(), response=SAVED),
    )
    assert f"<n:Password>{word}</n:Password>" not in text
    assert [item["operation"] for item in items] == [
        "AuthenticateUsernamePassword",
        "SaveImageStream",
    ]
    assert f'"\\"{mistakes.ACTION}\\""' in text


@pytest.mark.parametrize(
    "secret",
    [f"{mistakes.NS}/BLOB/token", "SaveImageStream1", "ProductImage77", "text/xml; charset=1"],
)
def test_a_secret_that_begins_as_a_word_of_the_contract_changes_no_verdict(
    secret: str, tmp_path: Path
) -> None:
    request = mistakes.request().replace("PersonImage", "ProductImage")
    text, items = recorded(
        tmp_path,
        Passed(request=log_in(secret), response=None, failure="it was reset"),
        Passed(request=mistakes.http_request(request), response=SAVED),
        Passed(request=mistakes.http_request(request),
               response=HttpResponse(status=500, reason=secret, body=secret.encode())),
    )  # fmt: skip
    assert secret not in text
    assert "<n:Type>ProductImage</n:Type>" in text
    assert items[1]["operation"] == "SaveImageStream"


def test_another_password_is_masked_everywhere(tmp_path: Path) -> None:
    said = HttpResponse(status=500, reason="bad NetServer7", body=b"<html>NetServer7</html>")
    text, _ = recorded(tmp_path, Passed(request=log_in("NetServer7"), response=said))
    assert "NetServer7" not in text


@pytest.mark.parametrize("word", [*WORDS, "one of them"])
def test_a_comment_beside_a_ticket_changes_no_verdict(word: str, tmp_path: Path) -> None:
    header = mistakes.CREDENTIALS.replace("<n:Ticket>", f"<!-- {word} --><?a {word}?><n:Ticket>")
    request = mistakes.http_request(mistakes.request(header=header))
    text, _ = recorded(tmp_path, Passed(request=request, response=SAVED))
    assert re.search("<!-- [^<]*… --><.a [^<]*….>", text)  # masked where it stands


@at_length
@settings(max_examples=either(30, 300), deadline=None)
@given(data=st.data())
def test_generated_spellings_keep_their_verdicts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    message = SaveImageStreamRequest(type="PersonImage", image=b"\x89PNG", description="Kari",
                                     ticket="7T:QwertyTicket77")  # fmt: skip
    sent = data.draw(strategies.spellings(message, profiles=["wsdl"]))
    comment = data.draw(st.sampled_from(WORDS))
    body = re.sub(rb"(<(?:[\w.-]+:)?Credentials[^>]*>)", rb"\1<!--" + comment.encode() + b"-->",
                  bytes(sent), count=1)  # fmt: skip
    head = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{mistakes.ACTION}"'))
    passed = Passed(request=HttpRequest(target=mistakes.TARGET, headers=head, body=body),
                    response=SAVED)  # fmt: skip
    text, (item,) = recorded(tmp_path_factory.mktemp("spelling"), passed)  # compares the verdicts
    assert item["operation"] == "SaveImageStream"
    assert "QwertyTicket77" not in text
