"""The catalogue is complete: each rule has texts, a scope, examples and a mutation."""

import json
from itertools import product

import pytest

from pytest_soblob import StubEndpoint
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.errors import SoblobError
from pytest_soblob.generate.mutations import MUTATIONS
from pytest_soblob.judge.catalogue import RULES, choose_rules
from pytest_soblob.judge.catalogue._scope import NAMED  # tables that name rules by their ids
from pytest_soblob.judge.catalogue._sides import SIDES
from pytest_soblob.judge.catalogue.examples import Example, example_of
from pytest_soblob.judge.handbook import explain_rule, list_rules, render_rules, rule_to_json
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.violations import Rule, Severity, Verdict
from tests import write_documents
from tests.judge.test_mistakes import MISTAKES
from tests.mistakes import Mistake
from tests.stub.stories import STORIES, Story, play
from tests.wire import parse_message

every = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
SINGLE = [rule for rule in RULES.values() if rule.family != "flow"]
exemplified = pytest.mark.parametrize("rule", SINGLE, ids=lambda rule: rule.id)

# Rules that the bytes of a SaveImageStream envelope cannot break: where, and why.
OUT_OF_REACH = {
    ("envelope.encoding-style", "wsdl"): "a warning in SOAP 1.1, which allows it anywhere",
    ("body.child-out-of-order", "response"): "the response has one child",
    ("body.nil-with-content", "response"): "its child is not nillable: body.nil-not-allowed",
    ("body.not-an-integer", "request"): "no child of the request is a number",
    ("body.not-a-boolean", ""): "only the answer to AuthenticateUsernamePassword has one",
    ("payload.message-too-large", ""): "the limit is the validator's",
}


def judge(example: Example, data: bytes) -> Verdict:
    validator = EnvelopeValidator(
        example.kind,
        example.profile,
        example.installation,
        operation=example.operation,
        max_message_size=example.max_message_size,
    )
    if (example.installation, example.max_message_size) == ("onsite", None):
        settings = JudgeSettings(
            kind=example.kind, profile=example.profile, operation=example.operation
        )
        return judge_bytes(data, settings)  # as the command does, also for malformed HTTP
    message = data if data.startswith(b"<") else parse_message(data)
    return validator.judge(message)


@every
def test_each_rule_says_what_where_and_what_to_do(rule: Rule) -> None:
    assert rule.meaning
    assert len(rule.meaning) <= 100
    assert rule.change
    assert rule.change[0].islower() or not rule.change[0].isalpha()
    assert rule.reference
    assert set(rule.kinds) <= {"request", "response"}
    assert set(rule.profiles) <= {"wsdl", "soap12", "documented"}


def test_the_scopes_and_sides_name_rules_that_are_there() -> None:
    assert set(RULES) >= NAMED
    assert set(SIDES) <= set(RULES)


@exemplified
def test_the_invalid_example_breaks_the_rule(rule: Rule) -> None:
    example = example_of(rule.id)
    assert rule.id in {v.rule for v in judge(example, example.invalid).violations}


@exemplified
def test_the_valid_example_has_no_errors_and_keeps_the_rule(rule: Rule) -> None:
    example = example_of(rule.id)
    found = judge(example, example.valid)
    assert (found.errors, rule.id in {v.rule for v in found.violations}) == ((), False)


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.rule)
def test_the_invalid_sequence_breaks_the_rule_and_the_valid_one_none(
    story: Story, behaviour: str
) -> None:
    example = example_of(story.rule)
    assert example.is_sequence
    endpoint = StubEndpoint(behaviour=behaviour)
    assert [v for e in play(endpoint, example.valid.decode()) for v in e.violations] == []
    endpoint.reset()
    *before, last = play(endpoint, example.invalid.decode())
    assert [v for e in before for v in e.violations] == []
    assert [v.rule for v in last.violations] == [story.rule]


def test_every_rule_of_the_flow_has_a_story() -> None:
    flow = {rule.id for rule in RULES.values() if rule.family == "flow"}
    assert {story.rule for story in STORIES} == flow


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_no_mistake_is_outside_its_rules_scope(mistake: Mistake) -> None:
    rule = RULES[mistake.rule]
    assert mistake.kind in rule.kinds
    assert mistake.profile in (*rule.profiles, "auto")


@pytest.mark.parametrize(
    "rule",
    [r for r in RULES.values() if r.severity is Severity.ERROR and r.family != "flow"],
    ids=lambda rule: rule.id,
)
def test_malformed_messages_reach_each_rule_wherever_it_holds(rule: Rule) -> None:
    ways = [mutation for mutation in MUTATIONS if mutation.rule == rule.id]
    reached = {(kind, str(p)) for way in ways for kind in way.kinds for p in way.profiles}
    scope = set(product(rule.kinds, rule.profiles))
    missed = {where for where in scope - reached if not is_out_of_reach(rule.id, *where)}
    assert (missed, reached - scope) == (set(), set())


def is_out_of_reach(rule: str, kind: str, profile: str) -> bool:
    return any((rule, where) in OUT_OF_REACH for where in (kind, profile, ""))


# -- documents generated from it -------------------------------------------------------------------


@pytest.mark.parametrize("file", write_documents.DOCUMENTS, ids=lambda file: file.name)
def test_the_documents_are_current(file: object) -> None:
    render = next(render for name, render in write_documents.DOCUMENTS.items() if name == file)
    assert isinstance(file, type(write_documents.EXAMPLES))
    assert file.read_text(encoding="utf-8") == render(), "run python -m tests.write_documents"


def test_the_rules_document_has_every_rule_and_no_secret() -> None:
    text = render_rules()
    assert [rule for rule in RULES if f"\n### {rule}\n" not in text] == []
    assert "LeakedTicket" not in text


def test_rules_can_be_chosen_by_family_and_by_id() -> None:
    assert choose_rules([]) == tuple(RULES.values())
    assert {rule.family for rule in choose_rules(["fault"])} == {"fault"}
    chosen = choose_rules(["payload.animated", "body.empty"])
    assert [rule.id for rule in chosen] == ["body.empty", "payload.animated"]
    with pytest.raises(SoblobError, match=r"no family 'bdy'; did you mean 'body'\?"):
        choose_rules(["bdy"])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_keeps_to_its_width(width: int) -> None:
    lines = list_rules(RULES.values(), width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum(1 for line in lines if line.startswith("  ") and line[2] != " ") == len(RULES)


@every
def test_a_rule_in_full_has_change_and_reference(rule: Rule) -> None:
    text = explain_rule(rule, 80)
    assert text.isprintable() or text.replace("\n", "").isprintable()
    what = "sequence" if rule.family == "flow" else "message"
    assert f"a {what} that breaks the rule" in text
    words = " ".join(text.split())
    assert " ".join(rule.change.split()) in words
    assert " ".join(rule.reference.split()) in words


@every
def test_a_rule_as_json_gives_its_messages_back(rule: Rule) -> None:
    item = json.loads(json.dumps(rule_to_json(rule)))
    example = example_of(rule.id)
    assert (item["id"], item["severity"]) == (rule.id, str(rule.severity))
    assert item["is_sequence"] == (rule.family == "flow")
    assert item["valid"].encode() == example.valid
    if isinstance(item["invalid"], str):
        assert item["invalid"].encode() == example.invalid
    assert item["judged_as"]["kind"] == example.kind
