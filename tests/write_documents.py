"""Writes what is written from code: `python -m tests.write_documents`.

The rules' examples (of the wrong messages that were written by hand each rule's first, beside it
the right message of the same kind and form), `docs/rules.md`, `docs/verdicts.md`,
`docs/framing.md`, `docs/api.md`. Tests keep them current.
"""

import json
import re
from base64 import b64encode
from itertools import groupby
from pathlib import Path

from pytest_soblob import HttpRequest, HttpResponse
from pytest_soblob.consumer.scenarios import SCENARIOS
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.disagreements import render_verdicts
from pytest_soblob.judge.handbook import render_rules
from pytest_soblob.stub.failures import FAILURES
from pytest_soblob.stub.failures._describing import GROUPS, what_is_known  # words of a page
from tests.clients.outcomes import CLIENTS, known_outcomes
from tests.http.framing import render_framing
from tests.images import damaged_pictures
from tests.mistakes import (
    CREDENTIALS,
    MISTAKES,
    SOAP12,
    SUCCEEDED,
    Mistake,
    envelope,
    fault,
    http_request,
    http_response,
    request,
    response,
)
from tests.mistakes_by_family import MORE_MISTAKES
from tests.public_face import render_api
from tests.stub.stories import STORIES, Story
from tests.wire import to_bytes

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "pytest_soblob" / "judge" / "catalogue" / "examples.toml"
CODE = "<faultcode>e:Server</faultcode><faultstring>no</faultstring>"
CODE12 = (
    "<e:Code><e:Value>e:Sender</e:Value></e:Code>"
    '<e:Reason><e:Text xml:lang="en">no</e:Text></e:Reason>'
)
SAMPLE = "1234abcxyzSample"
TOKEN = "<n:ApplicationToken>token</n:ApplicationToken>"
SOAP12_TYPE = "application/soap+xml; charset=utf-8"
PAGE = request(header="", soap=SOAP12).replace("<e:Body>", f"{CREDENTIALS}<e:Body>")
AUTHENTICATED = envelope(
    f"<e:Header>{SUCCEEDED}</e:Header>",
    "<e:Body><n:AuthenticateResponse><n:AuthenticationSucceeded>true"
    "</n:AuthenticationSucceeded></n:AuthenticateResponse></e:Body>",
)
VALID = {
    "request wsdl": request(),
    "request soap12": request(soap=SOAP12),
    "request documented": PAGE,
    "request online": request(header=TOKEN + CREDENTIALS),
    "response wsdl": response(),
    "response soap12": response(soap=SOAP12),
    "response documented": response(header="", soap=SOAP12),
    "response AuthenticateUsernamePassword": AUTHENTICATED,
    "fault wsdl": fault(CODE),
    "fault soap12": fault(CODE12, SOAP12),
    "http request wsdl": to_bytes(http_request()).decode(),
    "http request soap12": to_bytes(
        http_request(request(soap=SOAP12), content_type=SOAP12_TYPE, soap_action=None)
    ).decode(),
    "http response wsdl": to_bytes(http_response(response())).decode(),
    "http fault wsdl": to_bytes(http_response(fault(CODE), 500)).decode(),
}
HTTP_MALFORMED = Mistake(
    "no end of the head", "http.malformed", None, b"POST /Remote/Services86/BLOB.svc HTTP/1.1\r\n"
)
SEQUENCES = {story.rule: story for story in STORIES}


def without_ticket(data: bytes) -> bytes:
    """With another ticket than the tests', which no text of the kit may show; of its length."""
    for encoding in ("utf-8", "utf-16-le"):
        data = data.replace("4711LeakedTicket".encode(encoding), SAMPLE.encode(encoding))
        data = data.replace("4712LeakedTicket".encode(encoding), SAMPLE[::-1].encode(encoding))
    return data


def choose(rule: str) -> Mistake:
    if rule == "envelope.not-what-wcf-speaks":  # of every envelope in SOAP 1.2, right or wrong
        return Mistake("", rule, None, request(soap=SOAP12).encode(), profile="auto")
    found = [m for m in (*MISTAKES, *MORE_MISTAKES, HTTP_MALFORMED) if m.rule == rule]
    return next((m for m in found if m.profile == "wsdl"), found[0])


def valid_name(mistake: Mistake) -> str:
    """The right message beside a wrong one."""
    message = mistake.message
    if mistake.operation != "SaveImageStream":
        return f"{mistake.kind} {mistake.operation}"
    if mistake.rule == "envelope.not-what-wcf-speaks":
        return "request wsdl"
    if mistake.rule == "http.fault-with-success-status":
        return "http fault wsdl"
    profile = "documented" if mistake.profile == "auto" else mistake.profile
    if isinstance(message, HttpRequest | HttpResponse) or mistake is HTTP_MALFORMED:
        return f"http {mistake.kind} {profile}"
    if mistake.rule.startswith("fault."):
        return f"fault {profile}"
    if mistake.installation == "online":
        return "request online"
    return f"{mistake.kind} {profile}"


def written(text: str) -> str:
    """A TOML string: on lines of its own where it can be."""
    if "'''" in text or any(ord(c) < 32 and c != "\n" for c in text) or "\x7f" in text:
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"'''\n{text}'''"


def row(rule: str, mistake: Mistake) -> str:
    message = mistake.message
    data = without_ticket(message if isinstance(message, bytes) else to_bytes(message))
    lines = [f'[rules."{rule}"]', f'valid = "{valid_name(mistake)}"']
    defaults = Mistake("", "", None, b"")
    for name in ("kind", "profile", "installation", "operation", "max_message_size"):
        value = getattr(mistake, name)
        if value != getattr(defaults, name):
            lines.append(f"{name} = {json.dumps(value)}")
    try:
        lines.append(f"invalid = {written(data.decode())}")
    except UnicodeDecodeError:
        lines.append(f'base64 = "{b64encode(data).decode()}"')
    return "\n".join(lines)


def sequence(story: Story) -> str:
    """A rule of family `flow`, whose right and wrong messages are several each."""
    right, wrong = (without_ticket(text.encode()).decode() for text in (story.right, story.wrong))
    return (
        f'[rules."{story.rule}"]\nis_sequence = true\n'
        f"right = {written(right)}\ninvalid = {written(wrong)}"
    )


def render_examples() -> str:
    head = "# Written by `python -m tests.write_documents` from the tests' own messages.\n"
    valid = "\n".join(f"{json.dumps(name)} = {written(text)}" for name, text in VALID.items())
    rows = "\n\n".join(
        sequence(SEQUENCES[rule]) if rule in SEQUENCES else row(rule, choose(rule))
        for rule in RULES
    )
    return f"{head}\n[valid]\n{without_ticket(valid.encode()).decode()}\n\n{rows}\n"


def render_failures() -> str:
    """`docs/failures.md`: the registry, and what each client made of each failure."""
    seen = known_outcomes()
    parts = [FAILURES_HEAD]
    for group, members in groupby(FAILURES.values(), key=lambda failure: failure.group):
        failures = list(members)
        parts.append(f"## {GROUPS[group][0].upper()}{GROUPS[group][1:]}\n")
        parts.append("| name | what happens | what became of the call |\n| --- | --- | --- |")
        parts += [
            f"| `{f.name}` | {f.sentence} | {what_is_known(f)} |".replace("<", "&lt;")
            for f in failures
        ]
        parts.append("\n| | " + " | ".join(CLIENTS) + " |\n|" + " --- |" * (len(CLIENTS) + 1))
        parts += [
            f"| `{f.name}` | " + " | ".join(seen[f.name].get(c, "-") for c in CLIENTS) + " |"
            for f in failures
        ]
        parts.append("\n```python")
        parts += [f.example for f in failures]
        parts.append("```\n")
    return "\n".join(parts)


def render_scenarios() -> str:
    """`docs/scenarios.md`: every scenario of the consumer suite, by group."""
    parts = [SCENARIOS_HEAD]
    for group, members in groupby(SCENARIOS.values(), key=lambda scenario: scenario.group):
        parts.append(f"## {group}\n")
        for scenario in members:
            parts.append(f"### {scenario.id}\n")
            needs = ", ".join(sorted(scenario.needs))
            rows = {
                "Level": f"{scenario.level}, since {scenario.since}",
                "Played": scenario.played,
                "Expected": scenario.expected,
                "Otherwise": scenario.production,
                "Try": scenario.advice,
                "Source": scenario.source,
                "Needs": needs,
            }
            parts += [f"- {name}: {_escaped(text)}" for name, text in rows.items() if text]
            parts.append("")
    return "\n".join(parts)


def _escaped(text: str) -> str:
    """Escape what Markdown would take for markup, outside code."""
    parts = text.split("`")
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"([<>*_\[\]|])", r"\\\1", parts[at])
    return "`".join(parts)


SCENARIOS_HEAD = """# Scenarios of the consumer suite

What [the consumer suite](consumer.md) plays, what it expects of a client, and what production does
with a client that does otherwise. `soblob scenario ID` prints one of them. *Needs* names what a
client has to offer before the scenario is due: `live`, one client over several calls; `threads`,
one client in several threads; `ticket`, a client that sends the ticket that it is given;
`authenticate`, `attach` and `logs`, the method of that name.

This file is written from the scenarios by `python -m tests.write_documents`; a test keeps it equal.
"""

FAILURES_HEAD = """# Failures by name

A test plays a failure of production with one line: `soblob_endpoint.fail(NAME, ...)`.
`soblob serve` plays it with `--fail NAME,KEY=VALUE`, a table of its configuration file, or its
control API. `soblob failures` prints this list, `soblob failures NAME` one failure in full.

These arguments select the calls for which a failure is played:

| argument | calls |
| --- | --- |
| none | the next call |
| `nth=3` | the third call from now |
| `times=2` | two calls in a row; `times=None`: all until `clear()` or the end of the test |
| `share=0.1, seed=7` | one call in ten, the same ones in each run |
| `operation="ChangePersonImage"` | of that operation; default SaveImageStream, `None` for all |
| `matching={"type": "ProductImage"}` | calls with that value; or a function of the typed message |

A function for `matching=` may call any method of the endpoint, but must not call it through its
socket. A request that breaks the contract is rejected all the same. An unknown name, an unknown
parameter and a combination that makes no sense raise an error at once, which names the nearest
name.

Each group has a table of the reactions of four clients, measured on loopback with a time-out of
half a second: the status or class of what the client raises, or what it returns. Note the
failures for which a client raises nothing: a caller that only uses the return value takes most of
the first group, and several others, for a success. The tests measure zeep, requests and suds in
each run, and node-soap where it is installed.

This page is written from the registry and from `tests/clients/outcomes.toml`; a test keeps it
equal.
"""

DOCUMENTS = {
    EXAMPLES: render_examples,  # first: the rules' document reads it
    ROOT / "docs" / "rules.md": render_rules,
    ROOT / "docs" / "verdicts.md": lambda: render_verdicts() + damaged_pictures.document(),
    ROOT / "docs" / "failures.md": render_failures,
    ROOT / "docs" / "framing.md": render_framing,
    ROOT / "docs" / "api.md": render_api,
    ROOT / "docs" / "scenarios.md": render_scenarios,
}

if __name__ == "__main__":
    for file, render in DOCUMENTS.items():
        file.write_text(render(), encoding="utf-8")
