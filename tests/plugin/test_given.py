"""The endpoint inside @given, with Hypothesis's own settings."""

import hypothesis.core
import pytest

from tests.plugin.conftest import Run

SEED = "global_force_seed"
CLEAN = """
    from hypothesis import given, settings, strategies as st
    from pytest_soblob import assert_saved, strategies as soblob_st
    from client import post
    from tests import mistakes as m

    seen = []

    @settings(max_examples=200)
    @given(image=soblob_st.images(max_size=20_000), description=soblob_st.descriptions())
    def test_any(soblob_endpoint, image, description):
        from pytest_soblob import SaveImageStreamRequest
        import requests
        with soblob_endpoint.example():
            assert soblob_endpoint.exchanges == [] and soblob_endpoint.blobs == {}
            sent = SaveImageStreamRequest(
                type="PersonImage", image=image, description=description, ticket="7T:x"
            ).to_http_request()
            SESSION.post(soblob_endpoint.url, data=sent.body, headers=dict(sent.headers))
            assert_saved(soblob_endpoint, image=image, description=description)
            assert list(soblob_endpoint.blobs) == [70001]
        seen.append(1)

    import requests
    SESSION = requests.Session()

    def test_all_ran(soblob_endpoint):
        SESSION.close()
        assert len(seen) in (0, 200)   # 0: on another worker
    """


@pytest.mark.slow
def test_200_examples_pass_with_default_settings(run: Run) -> None:
    result = run(CLEAN)
    result.assert_outcomes(passed=2)


@pytest.mark.slow
def test_the_same_on_two_workers_in_random_order(run: Run) -> None:
    # On a busy machine two workers may take longer over one example than Hypothesis allows.
    fewer = CLEAN.replace("max_examples=200", "max_examples=40, deadline=None")
    source = fewer.replace("(0, 200)", "(0, 40)")
    result = run(source, "-n", "2", "--random-order", subprocess=True)
    result.assert_outcomes(passed=2)


@pytest.mark.slow
def test_a_client_that_loses_carriage_returns_is_shrunk_to_one(run: Run) -> None:
    result = run(
        """
        from hypothesis import given, settings
        from pytest_soblob import assert_saved, strategies as soblob_st
        from client import post
        from tests import mistakes as m
        from xml.sax.saxutils import escape

        @settings(database=None, derandomize=True)
        @given(description=soblob_st.descriptions(nullable=False))
        def test_any(soblob_endpoint, description):
            with soblob_endpoint.example():
                text = f"<n:Description>{escape(description)}</n:Description>"
                post(soblob_endpoint, m.request(m.TYPE, m.IMAGE, text))
                assert_saved(soblob_endpoint, description=description)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*carriage returns were lost*", "*description='\\r',*"])


def test_a_client_that_breaks_the_contract_is_shrunk_and_told_once(run: Run) -> None:
    result = run(
        """
        from hypothesis import given, settings
        from pytest_soblob import strategies as soblob_st
        from client import WRONG_ORDER, post
        from tests import mistakes as m

        @settings(database=None, derandomize=True)
        @given(description=soblob_st.descriptions(nullable=False))
        def test_any(soblob_endpoint, description):
            with soblob_endpoint.example():
                post(soblob_endpoint, WRONG_ORDER if len(description) > 2 else m.request())
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*BodyViolationError: request 1 breaks*", "*description='Kari Nordmann'*"]
    )
    assert result.stdout.str().count("1. body.child-out-of-order") == 1


@pytest.mark.slow
def test_a_client_that_raises_on_our_fault_gets_the_smallest_example_in_the_section(
    run: Run,
) -> None:
    result = run(
        """
        from hypothesis import given, settings
        from pytest_soblob import strategies as soblob_st
        from client import WRONG_ORDER, upload
        from tests import mistakes as m

        @settings(database=None, derandomize=True)
        @given(description=soblob_st.descriptions(nullable=False))
        def test_any(soblob_endpoint, description):
            with soblob_endpoint.example():
                upload(soblob_endpoint, WRONG_ORDER if len(description) > 2 else m.request())
        """,
        subprocess=True,  # Hypothesis keeps the errors, and these the client's sockets
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*HTTPError*", "*soblob: what the endpoint saw*"])
    assert result.stdout.str().count("1. body.child-out-of-order") == 1


def test_an_example_that_is_rejected_after_a_violation_is_not_forgotten(run: Run) -> None:
    result = run(
        """
        from hypothesis import assume, given, settings, strategies as st
        from client import WRONG_ORDER, post
        from tests import mistakes as m

        @settings(database=None, derandomize=True, max_examples=20)
        @given(number=st.integers(0, 9))
        def test_any(soblob_endpoint, number):
            with soblob_endpoint.example():
                post(soblob_endpoint, WRONG_ORDER if number == 3 else m.request())
                assume(number != 3)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*1. body.child-out-of-order*"])


def test_a_marker_is_met_by_examples_and_scripts_for_all_hold_in_them(run: Run) -> None:
    result = run(
        """
        import pytest
        from hypothesis import given, settings, strategies as st
        from client import WRONG_ORDER, post

        @pytest.fixture
        def failing(soblob_endpoint):
            soblob_endpoint.reply(succeeded=False, times=None)

        @pytest.mark.soblob_expects("body.child-out-of-order")
        @settings(database=None, max_examples=10)
        @given(number=st.integers(0, 9))
        def test_expected(soblob_endpoint, number):
            with soblob_endpoint.example():
                post(soblob_endpoint, WRONG_ORDER)

        @pytest.mark.usefixtures("failing")
        @settings(database=None, max_examples=10)
        @given(number=st.integers(0, 9))
        def test_scripted(soblob_endpoint, number):
            with soblob_endpoint.example():
                assert b"false" in post(soblob_endpoint).content
                soblob_endpoint.reply(blob_id=77)
        """,
        "-W",
        "ignore::pytest.PytestWarning",
    )
    result.assert_outcomes(passed=2)


def test_the_seed_of_a_run_in_this_process_ends_with_the_test(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else other tests would find no failure in the database, in some orders and not in others."""
    run("def test_it(): pass", "--hypothesis-seed=1").assert_outcomes(passed=1)
    assert getattr(hypothesis.core, SEED) == 1
    monkeypatch.undo()  # which the fixture does when the test ends
    assert getattr(hypothesis.core, SEED) is None
