"""The ini keys `soblob_fail_on` and `soblob_severity` under pytest."""

import pytest

TEST = """
from pytest_soblob import assert_valid_request
from tests.mistakes import IMAGE, TYPE, http_request, request

def test_endpoint(soblob_endpoint):
    soblob_endpoint.handle(http_request(request(TYPE, IMAGE)))

def test_assertion():
    assert_valid_request(request(TYPE, IMAGE).encode())

def test_validator(soblob_validator):
    assert soblob_validator.is_valid(request(TYPE, IMAGE).encode())
"""


@pytest.mark.parametrize(
    ("ini", "passed", "failed"),
    [
        ("", 3, 0),
        ("soblob_fail_on = warning", 1, 2),
        ("soblob_severity = body.description-missing=error", 0, 3),
        ("soblob_severity = body.description-missing=off\nsoblob_fail_on = warning", 3, 0),
    ],
)
def test_ini(pytester: pytest.Pytester, ini: str, passed: int, failed: int) -> None:
    pytester.makepyfile(TEST)
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=passed, failed=failed)


def test_the_command_line_comes_over_ini(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    pytester.makeini("[pytest]\nsoblob_fail_on = warning\n")
    result = pytester.runpytest("--soblob-fail-on=error", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)


INNER = """
from pytest_soblob import assert_valid_request
from tests.mistakes import IMAGE, TYPE, request

pytest_plugins = ["pytester"]

def test_before(soblob_validator):
    assert not soblob_validator.is_valid(request(TYPE, IMAGE).encode())

def test_of_a_plugin(pytester):
    pytester.makepyfile('''
    from pytest_soblob import assert_valid_request
    from tests.mistakes import IMAGE, TYPE, request

    def test_inner():
        assert_valid_request(request(TYPE, IMAGE).encode())
    ''')
    pytester.makeini("[pytest]\\nINI\\n")
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)

def test_after():
    try:
        assert_valid_request(request(TYPE, IMAGE).encode())
    except AssertionError:
        return
    raise RuntimeError("the severities of this run were forgotten")
"""


@pytest.mark.parametrize("ini", ["", "soblob_severity = body.description-missing=note"])
def test_an_inner_run_leaves_the_severities_of_the_outer_one_alone(
    pytester: pytest.Pytester, ini: str
) -> None:
    """Nor does an inner run without configuration go by that of the outer one."""
    pytester.makepyfile(INNER.replace("INI", ini))
    pytester.makeini("[pytest]\nsoblob_severity = body.description-missing=error\n")
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--soblob-severity=body.image-mising=off", "*did you mean 'body.image-missing'*"),
        ("--soblob-fail-on=notes", "*fail_on must be 'error' or 'warning'*"),
    ],
)
def test_what_there_is_not_is_a_usage_error(
    pytester: pytest.Pytester, option: str, said: str
) -> None:
    pytester.makepyfile(TEST)
    result = pytester.runpytest(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
