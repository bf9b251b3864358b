"""What pytest reports, and what the user reads, in each situation: a table."""

from dataclasses import dataclass, field

import pytest

from tests.plugin.conftest import Run

SECTION = "*soblob: what the endpoint saw*"
ORDER = "*1. body.child-out-of-order   s:Envelope/s:Body/ns:SaveImageStream/ns:Type, line *"
COMES = "*Type comes after Image, but must come before it"


@dataclass(frozen=True)
class Situation:
    """A consumer's test, pytest's outcomes, lines that must be read, and lines that must not."""

    name: str
    source: str
    outcomes: dict[str, int]
    lines: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    once: str | None = None


SITUATIONS = [
    Situation(
        "a right request: passed, nothing to say",
        """
        from client import post
        def test_upload(soblob_endpoint):
            post(soblob_endpoint)
            assert soblob_endpoint.blobs[70001].type == "PersonImage"
        """,
        {"passed": 1},
        never=["*soblob:*"],
    ),
    Situation(
        "a violation, the test otherwise green: failed, once",
        """
        from client import WRONG_ORDER, post
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
            assert not soblob_endpoint.blobs
        """,
        {"failed": 1},
        lines=[
            "*BodyViolationError: request 1 breaks the SaveImageStream contract in 1 place "
            "(profile wsdl, detected)",
            ORDER,
            COMES,
            "*expected  Type, Image, Description, in this order",
            "*server    ignores it silently: the value is lost and the call appears to succeed",
            "*change    put <Type> before <Image>",
        ],
        never=[SECTION, "*traceback entries are hidden*"],
        once="1. body.child-out-of-order",
    ),
    Situation(
        "a function of the test that the endpoint calls raised: failed, with its own error",
        """
        from client import post
        def test_upload(soblob_endpoint):
            soblob_endpoint.fail("http-503", matching=lambda message: message.nothing)
            post(soblob_endpoint)
        """,
        {"failed": 1},
        lines=[
            "*lambda message: message.nothing*",
            "E   AttributeError: *no attribute 'nothing'",
            "E   raised by matching= of a scripted answer, which the endpoint called",
            "test_*.py:*: AttributeError",
        ],
        never=[SECTION, "*the stub failed*", "*_user_code*"],
    ),
    Situation(
        "it raised, and the test failed by itself: a section",
        """
        from client import post
        def test_upload(soblob_endpoint):
            soblob_endpoint.fail("http-503", matching=lambda message: message.nothing)
            post(soblob_endpoint)
            assert not soblob_endpoint.exchanges
        """,
        {"failed": 1},
        lines=[SECTION, "matching= of a scripted answer raised AttributeError: *, in <lambda>)"],
        never=["*the stub failed*"],
    ),
    Situation(
        "the client raised on our fault: failed, a section with the list",
        """
        from client import WRONG_ORDER, upload
        def test_upload(soblob_endpoint):
            upload(soblob_endpoint, WRONG_ORDER)
        """,
        {"failed": 1},
        lines=["*HTTPError: 500*", SECTION, "request 1 breaks*", "1. body.child-out-of-order*"],
        once="1. body.child-out-of-order",
    ),
    Situation(
        "check() called: failed there, not repeated",
        """
        from client import WRONG_ORDER, post
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
            soblob_endpoint.check()
        """,
        {"failed": 1},
        lines=["*soblob_endpoint.check()*", ORDER],
        never=[SECTION],
        once="1. body.child-out-of-order",
    ),
    Situation(
        "check() caught by the test itself: told, so passed",
        """
        import pytest
        from client import WRONG_ORDER, post
        from pytest_soblob import ContractViolationError
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
            with pytest.raises(ContractViolationError, match="body.child-out-of-order") as caught:
                soblob_endpoint.check()
            assert [v.rule for v in caught.value.violations] == ["body.child-out-of-order"]
            soblob_endpoint.check()
        """,
        {"passed": 1},
    ),
    Situation(
        "soblob_expects met: passed",
        """
        import pytest
        from client import WRONG_ORDER, post
        @pytest.mark.soblob_expects("body.child-out-of-order")
        def test_upload(soblob_endpoint):
            assert post(soblob_endpoint, WRONG_ORDER).status_code == 500
        """,
        {"passed": 1},
    ),
    Situation(
        "soblob_expects unmet: failed, names the rule",
        """
        import pytest
        from client import post
        @pytest.mark.soblob_expects("body.child-out-of-order", "body.child-duplicate")
        def test_upload(soblob_endpoint):
            post(soblob_endpoint)
        """,
        {"failed": 1},
        lines=[
            "*ContractViolationError: 2 rules that this test expects to be broken were not: "
            "body.child-out-of-order, body.child-duplicate (broken as expected: none)"
        ],
    ),
    Situation(
        "soblob_expects one rule, another is broken: failed for both reasons' first",
        """
        import pytest
        from client import WRONG_ORDER, post
        @pytest.mark.soblob_expects("body.child-duplicate")
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
        """,
        {"failed": 1},
        lines=[ORDER],
    ),
    Situation(
        "soblob_expects a rule that there is not: error, names the nearest",
        """
        import pytest
        @pytest.mark.soblob_expects("body.child-out-of-ordr")
        def test_upload(soblob_endpoint):
            pass
        """,
        {"errors": 1},
        lines=[
            "*soblob_expects: there is no rule 'body.child-out-of-ordr'; "
            "did you mean 'body.child-out-of-order'?"
        ],
    ),
    Situation(
        "soblob_expects without a rule: error",
        """
        import pytest
        @pytest.mark.soblob_expects
        def test_upload(soblob_endpoint):
            pass
        """,
        {"errors": 1},
        lines=["*soblob_expects needs at least one rule id"],
    ),
    Situation(
        "expecting(), met and unmet",
        """
        from client import WRONG_ORDER, post
        def test_met(soblob_endpoint):
            with soblob_endpoint.expecting("body.child-out-of-order"):
                post(soblob_endpoint, WRONG_ORDER)
        def test_unmet(soblob_endpoint):
            with soblob_endpoint.expecting("body.child-out-of-order"):
                post(soblob_endpoint)
        """,
        {"passed": 1, "failed": 1},
        lines=[
            "*1 rule that this test expects to be broken was not: body.child-out-of-order "
            "(broken as expected: none)"
        ],
    ),
    Situation(
        "warnings only: passed, the summary lists them",
        """
        from client import NO_TYPE, post
        def test_one(soblob_endpoint):
            post(soblob_endpoint, NO_TYPE)
        def test_two(soblob_endpoint):
            post(soblob_endpoint, NO_TYPE)
        """,
        {"passed": 2},
        lines=[
            "*soblob: warnings and notes*",
            "     2 x warning body.type-missing: Type is missing",
        ],
    ),
    Situation(
        "traffic during teardown: error",
        """
        import pytest
        from client import WRONG_ORDER, post
        @pytest.fixture
        def late(soblob_endpoint):
            yield
            post(soblob_endpoint, WRONG_ORDER)
        def test_upload(late):
            pass
        def test_next_is_clean(soblob_endpoint):
            assert not soblob_endpoint.exchanges
        """,
        {"passed": 2, "errors": 1},
        lines=["*ERROR at teardown of test_upload*", ORDER],
        once="1. body.child-out-of-order",
    ),
    Situation(
        "traffic during set-up belongs to the test",
        """
        import pytest
        from client import WRONG_ORDER, post
        @pytest.fixture
        def early(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
        def test_upload(early):
            pass
        """,
        {"failed": 1},
        lines=[ORDER],
    ),
    Situation(
        "set-up itself fails: error, with the section",
        """
        import pytest
        from client import WRONG_ORDER, upload
        @pytest.fixture
        def early(soblob_endpoint):
            upload(soblob_endpoint, WRONG_ORDER)
        def test_upload(early):
            pass
        """,
        {"errors": 1},
        lines=[SECTION, "1. body.child-out-of-order*"],
        once="1. body.child-out-of-order",
    ),
    Situation(
        "an expected failure stays one",
        """
        import pytest
        from client import WRONG_ORDER, post
        @pytest.mark.xfail(strict=True)
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
        """,
        {"xfailed": 1},
    ),
    Situation(
        "after a failed save, blob id 0: the flow is told",
        """
        import pytest
        from client import post
        from tests import mistakes as m
        CHANGE = m.request("<n:PersonId>42</n:PersonId>", "<n:BlobId>0</n:BlobId>",
                           wrapper="n:ChangePersonImage")
        ACTION = f'"{m.NS}/BLOB/ChangePersonImage"'
        def test_careless(soblob_endpoint):
            soblob_endpoint.person_images[42] = 7
            soblob_endpoint.reply(succeeded=False)
            post(soblob_endpoint)
            post(soblob_endpoint, CHANGE, soap_action=ACTION)
        def test_documented_removal(soblob_endpoint):
            soblob_endpoint.person_images[42] = 7
            post(soblob_endpoint, CHANGE, soap_action=ACTION)
            assert soblob_endpoint.person_images == {}
        """,
        {"passed": 1, "failed": 1},
        lines=[
            "*FlowViolationError: request 2 breaks the ChangePersonImage contract*",
            "*1. flow.no-blob-id-after-failed-save*ns:BlobId*",
            "*the client called ChangePersonImage with blob id 0 after SaveImageStream had failed*",
            "*real server this removes the picture of person 42*",
        ],
    ),
    Situation(
        "no text of ours holds the ticket",
        """
        from client import WRONG_ORDER, post
        from tests import mistakes as m
        def test_order(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
        def test_ticket(soblob_endpoint):
            post(soblob_endpoint, m.request(header=m.CREDENTIALS * 2))
        def test_broken(soblob_endpoint):
            post(soblob_endpoint, m.request().replace("</n:Ticket>", "&</n:Ticket>"))
        def test_repr(soblob_endpoint):
            post(soblob_endpoint)
            assert soblob_endpoint.exchanges == []
        def test_message(soblob_endpoint):
            post(soblob_endpoint)
            assert soblob_endpoint.last_request is None
        """,
        {"failed": 5},
        never=["*LeakedTicket*"],
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_situation(run: Run, situation: Situation) -> None:
    result = run(situation.source)
    result.assert_outcomes(**situation.outcomes)
    for line in situation.lines:
        result.stdout.fnmatch_lines([line])
    for line in situation.never:
        result.stdout.no_fnmatch_line(line)
    if situation.once is not None:
        assert result.stdout.str().count(situation.once) == 1


@pytest.mark.slow
@pytest.mark.parametrize("options", [["-n", "2"], ["-p", "no:terminal"], ["--random-order"]])
def test_the_same_with_workers_without_a_terminal_and_in_random_order(
    run: Run, options: list[str]
) -> None:
    source = """
        import pytest
        from client import NO_TYPE, WRONG_ORDER, post
        @pytest.mark.parametrize("number", range(6))
        def test_right(soblob_endpoint, number):
            assert not soblob_endpoint.exchanges
            post(soblob_endpoint, NO_TYPE)
            assert list(soblob_endpoint.blobs) == [70001]
        def test_wrong(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
        """
    result = run(source, *options, subprocess=True)
    assert result.ret == 1
    if "no:terminal" not in options:
        result.assert_outcomes(passed=6, failed=1)
        result.stdout.fnmatch_lines(["*     6 x warning body.type-missing: Type is missing"])
