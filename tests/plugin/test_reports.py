"""What is read of a failure, and where: short summary, JUnit, notes, the journal, hints."""

import pickle
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pytest_soblob import SoblobError, StubEndpoint, assert_saved, assert_valid_request
from pytest_soblob.errors import ContractViolationError
from tests.mistakes import http_request, request
from tests.plugin.conftest import Run

NO_TICKET = """
        from client import NO_TYPE, RIGHT, WRONG_ORDER, post, upload
        from tests import mistakes as m
        NO_TICKET = m.request(header="")
"""


def junit(pytester: pytest.Pytester) -> list[tuple[str, str]]:
    """Return the message and the text of each failure and error in `junit.xml`."""
    root = ET.parse(Path(pytester.path) / "junit.xml").getroot()
    found = [*root.iter("failure"), *root.iter("error")]
    return [(str(each.get("message")), str(each.text)) for each in found]


def test_the_short_summary_and_junit_begin_with_the_rule(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    source = (
        NO_TICKET
        + """
        def test_checked_at_the_end(soblob_endpoint):
            post(soblob_endpoint, NO_TICKET)
        def test_two_of_them(soblob_endpoint):
            post(soblob_endpoint)
            post(soblob_endpoint, m.request(m.IMAGE, m.TYPE, m.DESCRIPTION, header=""))
        def test_the_client_raised(soblob_endpoint):
            upload(soblob_endpoint, NO_TICKET)
        def test_an_assertion_of_the_kit(soblob_endpoint):
            from pytest_soblob import assert_valid_request
            assert_valid_request(NO_TICKET.encode())
        """
    )
    result = run(source, "--junitxml=junit.xml")
    result.assert_outcomes(failed=4)
    lead = "header.credentials-missing: the request has no Credentials"
    result.stdout.fnmatch_lines(
        [
            f"FAILED test_consumer.py::test_checked_at_the_end - {lead} (request 1)",
            f"FAILED test_consumer.py::test_two_of_them - {lead} (request 2), and 1 more",
            f"FAILED test_consumer.py::test_the_client_raised - {lead} (request 1) | *HTTPError*",
            f"FAILED test_consumer.py::test_an_assertion_of_the_kit - {lead} (the request)",
        ]
    )
    messages = [message for message, _ in junit(pytester)]
    assert messages[0] == f"{lead} (request 1)"
    assert messages[1] == f"{lead} (request 2), and 1 more"
    assert messages[2].startswith(f"{lead} (request 1) | requests.exceptions.HTTPError: 500")
    assert messages[3] == f"{lead} (the request)"


def test_junit_has_the_whole_verdict_also_where_the_client_raised_first(
    run: Run, pytester: pytest.Pytester
) -> None:
    source = (
        NO_TICKET
        + """
        import pytest
        def test_raised(soblob_endpoint):
            upload(soblob_endpoint, WRONG_ORDER)
        def test_failed_by_hand(soblob_endpoint):
            post(soblob_endpoint, WRONG_ORDER)
            pytest.fail("no more", pytrace=False)
        @pytest.fixture
        def broken(soblob_endpoint):
            upload(soblob_endpoint, WRONG_ORDER)
        def test_in_set_up(broken): pass
        """
    )
    result = run(source, "--junitxml=junit.xml")
    result.assert_outcomes(failed=2, errors=1)
    for _, text in junit(pytester):
        assert "soblob: what the endpoint saw" in text
        assert "1. body.child-out-of-order   s:Envelope/s:Body/ns:SaveImageStream/ns:Type" in text
        assert "change    put <Type> before <Image>" in text
        assert text.count("1. body.child-out-of-order") == 1
        assert "1 call: 1 SaveImageStream 500 (body.child-out-of-order)" in text


def test_a_failing_test_has_a_journal_of_its_calls(run: Run) -> None:
    source = (
        NO_TICKET
        + """
        import socket
        def test_calls(soblob_endpoint):
            soblob_endpoint.fail("http-503")
            post(soblob_endpoint)
            post(soblob_endpoint)
            soblob_endpoint.reply(succeeded=False)
            post(soblob_endpoint)
            assert False
        def test_many(soblob_endpoint):
            for _ in range(20):
                post(soblob_endpoint)
            assert False
        def test_none(soblob_endpoint):
            assert False
        def test_begun(soblob_endpoint):
            address = soblob_endpoint.base_url.rpartition("//")[2].split(":")
            with socket.create_connection((address[0], int(address[1]))) as client:
                client.sendall(b"POST / HTTP/1.1\\r\\nContent-Le")
                assert False
        def test_passes(soblob_endpoint):
            post(soblob_endpoint)
        """
    )
    result = run(source)
    result.assert_outcomes(failed=4, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*soblob: what was called*",
            "3 calls: 1 SaveImageStream 503 (http-503); 2 SaveImageStream 200 (blob 70001); "
            "3 SaveImageStream 200 (Succeeded was false: System.Exception: The call failed, as the "
            "test asked for.)",
            "20 calls: 1 SaveImageStream 200 (blob 70001); *; "
            "4 SaveImageStream 200 (blob 70031); …; "
            "13 SaveImageStream *; 20 SaveImageStream 200 (blob 70198)",
        ]
    )
    text = result.stdout.str()
    assert text.count("soblob: what was called") == 3  # not where nothing was
    begun = text.rpartition("soblob: what was called")[2]
    assert "a request broke off in its head, after 27 bytes in all" in begun


def test_a_client_s_own_exception_has_the_verdict_as_a_note() -> None:
    def raise_inside() -> None:
        with StubEndpoint() as endpoint:
            endpoint.handle(http_request(request(header="")))
            raise RuntimeError("the client gave up")

    with pytest.raises(RuntimeError, match="the client gave up") as caught:
        raise_inside()
    saw, called = caught.value.__notes__
    assert saw.startswith("soblob: what the endpoint saw:\nrequest 1 breaks the SaveImageStream")
    assert "1. header.credentials-missing" in saw
    assert called == (
        "soblob: what was called:\n1 call: 1 SaveImageStream 500 (header.credentials-missing)"
    )


def test_without_a_call_there_is_no_note() -> None:
    with pytest.raises(RuntimeError) as caught, StubEndpoint():
        raise RuntimeError
    assert not hasattr(caught.value, "__notes__")


GIVEN = """
        from hypothesis import given, seed, settings, strategies as st
        from client import NO_TYPE, WRONG_ORDER, post, upload
        from tests import mistakes as m
"""


def test_under_given_only_the_failing_example_s_findings_are_shown(run: Run) -> None:
    source = (
        GIVEN
        + """
        @seed(1)
        @settings(max_examples=20, database=None, deadline=None)
        @given(number=st.integers(0, 100))
        def test_upload(soblob_endpoint, number):
            with soblob_endpoint.example():
                if number > 50:
                    post(soblob_endpoint, m.request(m.TYPE, m.IMAGE, m.DESCRIPTION, header=""))
                elif number > 3:
                    post(soblob_endpoint, WRONG_ORDER)
                else:
                    post(soblob_endpoint)
                assert number < 4, "too much"
        """
    )
    result = run(source)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "number=4" in text
    assert text.count("1. body.child-out-of-order") == 1
    assert "header.credentials-missing" not in text
    assert "1 call: 1 SaveImageStream 500 (body.child-out-of-order)" in text


def test_where_the_last_example_broke_nothing_no_other_one_s_findings_are_shown(run: Run) -> None:
    source = (
        GIVEN
        + """
        @seed(1)
        @settings(max_examples=20, database=None, deadline=None)
        @given(number=st.integers(0, 100))
        def test_upload(soblob_endpoint, number):
            with soblob_endpoint.example():
                post(soblob_endpoint, WRONG_ORDER) if number > 50 else post(soblob_endpoint)
                assert number < 4, "too much"
        """
    )
    result = run(source)
    result.assert_outcomes(failed=1)
    assert "number=4" in result.stdout.str()
    result.stdout.no_fnmatch_line("*body.child-out-of-order*")
    result.stdout.fnmatch_lines(["1 call: 1 SaveImageStream 200 (blob 70001)"])


def test_each_of_several_blocks_that_no_one_generated_is_told(run: Run) -> None:
    source = (
        NO_TICKET
        + """
        import contextlib
        def test_upload(soblob_endpoint):
            for body in (WRONG_ORDER, NO_TICKET, RIGHT):
                with contextlib.suppress(RuntimeError), soblob_endpoint.example():
                    post(soblob_endpoint, body)
                    raise RuntimeError
        """
    )
    result = run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*1. body.child-out-of-order*", "*2. header.credentials-missing*"])


def test_a_forgotten_example_is_told(run: Run) -> None:
    source = (
        GIVEN
        + """
        @settings(max_examples=5, database=None, deadline=None)
        @given(number=st.integers())
        def test_forgotten(soblob_endpoint, number):
            post(soblob_endpoint)
        @settings(max_examples=5, database=None, deadline=None)
        @given(number=st.integers())
        def test_remembered(soblob_endpoint, number):
            with soblob_endpoint.example():
                post(soblob_endpoint)
        def test_plain(soblob_endpoint):
            post(soblob_endpoint)
        """
    )
    result = run(source)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*soblob: hints*",
            "test_consumer.py::test_forgotten: * calls outside example(): each example of @given "
            "sees what earlier examples sent and stored; put its calls into "
            "`with soblob_endpoint.example():`",
        ]
    )
    assert result.stdout.str().count("outside example()") == 1


UNPLAYED = """
        from hypothesis import given, seed, settings, strategies as st
        from client import post
        def test_never(soblob_endpoint):
            post(soblob_endpoint)
            soblob_endpoint.fail("http-503", nth=2)
        def test_for_another(soblob_endpoint):
            soblob_endpoint.reply(succeeded=False, matching={"type": "ProductImage"})
            post(soblob_endpoint)
        def test_standing(soblob_endpoint):
            soblob_endpoint.reply(blob_id=70022, times=None)
        def test_played(soblob_endpoint):
            soblob_endpoint.fail("http-503")
            soblob_endpoint.fail("http-429", share=0.0001)
            post(soblob_endpoint)
        def test_taken_back(soblob_endpoint):
            soblob_endpoint.fail("http-503")
            soblob_endpoint.clear()
        @settings(max_examples=5, database=None, deadline=None)
        @given(number=st.integers(0, 3))
        def test_in_examples(soblob_endpoint, number):
            with soblob_endpoint.example():
                soblob_endpoint.fail("zero-id")
                if number < 3:
                    post(soblob_endpoint)
        """


def test_a_scripted_answer_that_was_never_played_is_told(run: Run) -> None:
    result = run(UNPLAYED)
    result.assert_outcomes(passed=6)
    never = "a scripted answer was never played:"
    result.stdout.fnmatch_lines(
        [
            "*soblob: hints*",
            f"test_consumer.py::test_never: {never} fail('http-503', nth=2)",
            f"test_consumer.py::test_for_another: {never} reply(succeeded=False, "
            "matching={'type': 'ProductImage'})",
            f"test_consumer.py::test_standing: {never} reply(blob_id=70022, times=None)",
        ]
    )
    assert result.stdout.str().count(never) == 3


@pytest.mark.parametrize(("wanted", "outcomes"), [
    ("error", {"passed": 3, "failed": 3}), ("off", {"passed": 6}), ("warning", {"passed": 6}),
])  # fmt: skip
def test_an_option_makes_it_fail_or_silent(run: Run, wanted: str, outcomes: dict[str, int]) -> None:
    result = run(UNPLAYED, f"--soblob-unplayed={wanted}")
    result.assert_outcomes(**outcomes)
    said = result.stdout.str().count("soblob: hints")
    assert said == (1 if wanted == "warning" else 0)
    if wanted == "error":
        result.stdout.fnmatch_lines(
            ["*ContractViolationError: a scripted answer was never played: fail('http-503', nth=2)"]
        )


def test_a_stop_in_one_test_does_not_harm_the_next(run: Run) -> None:
    source = """
        from client import post
        URLS = []
        def test_stops(soblob_endpoint, soblob_client):
            URLS.append(soblob_endpoint.url)
            post(soblob_endpoint)
            soblob_endpoint.stop()
        def test_next(soblob_endpoint, soblob_client):
            assert soblob_endpoint.url == URLS[0]
            assert not soblob_endpoint.exchanges
            post(soblob_endpoint)
            soblob_client.service.SaveImageStream("PersonImage", b"", "x")
            assert len(soblob_endpoint.exchanges) == 2
        def test_after(soblob_endpoint):
            post(soblob_endpoint)
        """
    run(source).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--soblob-profile=wsdll", "profile must be one of 'auto'*not 'wsdll'"),
        ("--soblob-installation=cloud", "installation must be one of*not 'cloud'"),
        ("--soblob-behaviour=", "has no value"),
        ("--soblob-behaviour=lax", "behaviour must be one of*not 'lax'"),
        ("--soblob-ticket=", "has no value"),
        ("--soblob-application-token=", "has no value"),
        ("--soblob-fail-on=note", "fail_on must be 'error' or 'warning', not 'note'"),
        ("--soblob-severity=body.nothing=off", "there is no rule 'body.nothing'*"),
        ("--soblob-severity=body.type-missing=loud", "*the severity must be one of*"),
        ("--soblob-unplayed=maybe", "must be warning, error or off, not 'maybe'"),
    ],
)
def test_a_wrong_value_of_an_option_stops_the_run_at_once(
    run: Run, pytester: pytest.Pytester, option: str, said: str
) -> None:
    result = run("def test_of_nothing_of_the_kit(): open('ran', 'w').close()", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.partition("=")[0]
    between = " " if said.startswith(("has", "must")) else ": "
    result.stderr.fnmatch_lines([f"ERROR: soblob: {name}{between}{said}"])
    assert not (pytester.path / "ran").exists()


def test_so_does_one_in_the_ini_file(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsoblob_behaviour = lax\n")
    result = run("def test_of_nothing_of_the_kit(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: soblob: soblob_behaviour in *tox.ini: behaviour must be one of*not 'lax'"]
    )


def test_soblob_expects_with_a_list_or_a_keyword_says_so_in_a_line(run: Run) -> None:
    source = """
        import pytest
        @pytest.mark.soblob_expects(["body.child-duplicate"])
        def test_list(soblob_endpoint): pass
        @pytest.mark.soblob_expects(rules="body.child-duplicate")
        def test_keyword(soblob_endpoint): pass
        def test_expecting(soblob_endpoint):
            with soblob_endpoint.expecting(["body.child-duplicate", "body.empty"]): pass
        """
    result = run(source)
    result.assert_outcomes(errors=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "soblob_expects: each rule must be a str with its id, not a list: "
            "'body.child-duplicate'",
            "soblob_expects takes rule ids only, not rules=",
            "*SoblobError: each rule must be a str with its id, not a list: "
            "'body.child-duplicate', 'body.empty'",
        ]
    )


@pytest.mark.parametrize("wrong", ["http://127.0.0.1:1/BLOB.svc", None, StubEndpoint])
def test_assert_saved_of_something_else_says_so_in_a_line(wrong: object) -> None:
    with pytest.raises(SoblobError) as caught:
        assert_saved(wrong)  # type: ignore[arg-type]
    said = type(wrong).__name__
    assert (
        str(caught.value) == f"assert_saved takes the endpoint itself, a StubEndpoint, not a {said}"
    )


def test_the_summary_of_an_error_survives_a_pickle() -> None:
    with pytest.raises(ContractViolationError) as caught:
        assert_valid_request(request(header="").encode())
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.summary == caught.value.summary
    assert again.summary.startswith("header.credentials-missing: ")
    assert ContractViolationError("one\ntwo").summary == "one"


def test_findings_of_an_example_that_hypothesis_took_for_none_are_told(run: Run) -> None:
    """`assume(False)` after a wrong upload, and once more after that."""
    source = (
        NO_TICKET
        + """
        from hypothesis import assume, given, strategies as st
        ran = []
        @given(st.integers())
        def test_upload(soblob_endpoint, number):
            with soblob_endpoint.example():
                ran.append(number)
                if len(ran) == 2:
                    post(soblob_endpoint, NO_TICKET)
                assume(len(ran) not in (2, 4))
        """
    )
    result = run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*header.credentials-missing*"])


@pytest.mark.parametrize("ends", ["skip", "xfail"])
def test_an_outcome_that_the_tests_own_code_raises_takes_no_finding_with_it(
    run: Run, ends: str
) -> None:
    source = (
        NO_TICKET
        + f"""
        import pytest
        def end(message):
            pytest.{ends}("not here")
        def test_upload(soblob_endpoint):
            post(soblob_endpoint, NO_TICKET)
            soblob_endpoint.reply(blob_id=7, matching=end)
            post(soblob_endpoint)
        def test_for_that_alone(soblob_endpoint):
            soblob_endpoint.reply(blob_id=7, matching=end)
            post(soblob_endpoint)
        """
    )
    result = run(source)
    alone = {"skip": {"skipped": 1}, "xfail": {"xfailed": 1}}[ends]
    result.assert_outcomes(failed=1, **alone)
    result.stdout.fnmatch_lines(["*header.credentials-missing*"])


def test_a_block_that_was_not_entered_is_told(run: Run) -> None:
    source = """
        from client import post
        def test_forgotten(soblob_endpoint):
            soblob_endpoint.expecting("header.ticket-missing")
            soblob_endpoint.example()
            post(soblob_endpoint)
        def test_entered(soblob_endpoint):
            with soblob_endpoint.example():
                post(soblob_endpoint)
    """
    result = run(source)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*test_forgotten: expecting(...) was called but not entered*",
            "*test_forgotten: example(...) was called but not entered*",
        ]
    )
    result.stdout.no_fnmatch_line("*test_entered:*")


def test_a_rule_that_there_is_not_is_told_once(run: Run) -> None:
    result = run("""
        import pytest
        @pytest.mark.soblob_expects("header.tiket-missing")
        def test_upload(soblob_endpoint): pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*soblob_expects: there is no rule 'header.tiket-missing'*"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_an_endpoint_that_is_stopped_tells_what_came() -> None:
    endpoint = StubEndpoint().start()
    endpoint.handle(http_request(request(header="")))
    with pytest.raises(ContractViolationError, match=r"header\.credentials-missing"):
        endpoint.stop()
    assert "not running" in repr(endpoint)
    endpoint.stop()  # it has been told
