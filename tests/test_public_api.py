"""The public names are those that downstream suites depend on; each loads, and none more."""

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import pytest_soblob
from pytest_soblob import (
    Account,
    AuthenticateResponse,
    AuthenticateUsernamePasswordRequest,
    Authority,
    Blob,
    BlobLinkType,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    ContractViolationError,
    DamagedBytes,
    EnvelopeBytes,
    EnvelopeValidator,
    ExceptionInfo,
    Exchange,
    ExpectedCall,
    Fault,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    GetProjectImageRequest,
    HttpRequest,
    HttpResponse,
    ImageBytes,
    ImageSpec,
    Installation,
    Limits,
    MalformedBytes,
    Profile,
    Provider,
    Right,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    Serialization,
    Severities,
    Severity,
    SoblobDeprecationWarning,
    SoblobError,
    SoblobSettings,
    Spelling,
    StubEndpoint,
    TimeZone,
    WcfHost,
    strategies,
)
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.stub.exchange import Recording
from tests import public_face
from tests.public_face import is_documented, is_internal, lacks, walk

PUBLIC = """
    BlobLinkType Profile Installation SaveImageStreamRequest SaveImageStreamResponse Fault
    ExceptionInfo TimeZone Violation Rule Severity HttpRequest HttpResponse Exchange Blob ImageBytes
    SoblobSettings EnvelopeValidator ContractViolationError SoblobError assert_valid_request
    assert_valid_response assert_saved assert_wsdl_compatible StubEndpoint
    Account Right WcfHost ExpectedCall Limits Authority Severities Verdict Spelling ImageSpec
    EnvelopeBytes MalformedBytes AuthenticateUsernamePasswordRequest AuthenticateResponse
    ChangePersonImageRequest ChangeProjectImageRequest GetPersonImageRequest GetProjectImageRequest
    GetBlobStreamRequest SoblobDeprecationWarning DamagedBytes Serialization Provider
"""
STRATEGIES = """
    classics malformed_rules spellings
    images descriptions blob_link_types tickets requests request_envelopes malformed_requests
    responses response_envelopes malformed_responses damaged_images
"""


def test_all_names_the_public_names() -> None:
    assert set(pytest_soblob.__all__) == set(PUBLIC.split())


def test_strategies_names_the_strategies() -> None:
    assert set(strategies.__all__) == set(STRATEGIES.split())


@pytest.mark.parametrize("name", PUBLIC.split())
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    value = getattr(pytest_soblob, name)
    assert value.__doc__
    assert name in dir(pytest_soblob)


def test_the_version_is_that_of_the_distribution() -> None:
    assert pytest_soblob.__version__ == metadata.version("pytest-soblob")
    assert "__version__" in dir(pytest_soblob)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(str(pytest_soblob.__file__)).read_text())
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("pytest_soblob.")
        for alias in node.names
    }
    assert typed == set(pytest_soblob.__all__)


REQUEST = SaveImageStreamRequest(
    type="PersonImage", image=b"1", description="d", ticket="7T:SoblobDrawn"
)
RESPONSE = SaveImageStreamResponse(blob_id=1, succeeded=True, time_zone=TimeZone(id=7))
# A representative value of each public class.
VALUES: list[object] = [
    DamagedBytes(ImageBytes(), "cut", at=500),
    Serialization(cdata=True),
    Account(user="ada", tickets=("7T:SoblobDrawn",), rights=("read",)),
    Right.STORE,
    BlobLinkType.PersonImage,
    Installation.ONLINE,
    Profile.WSDL,
    EnvelopeBytes(REQUEST, profile="soap12", spelling=Spelling(indent=True)),
    MalformedBytes("body.child-out-of-order", REQUEST),
    ImageBytes(format="PNG", width=3, height=4),
    ImageSpec(format="GIF", width=2),
    Severities(fail_on="warning", overrides=(("payload.animated", "off"),)),
    EnvelopeValidator(profile="wsdl", max_message_size=9, severities=Severities("warning")),
    RULES["body.child-out-of-order"],
    Severity.NOTE,
    EnvelopeValidator().judge(b"<a/>"),
    next(EnvelopeValidator().iter_violations(b"<a/>")),
    SoblobSettings(
        profile="wsdl",
        accounts=(Account(user="ada", rights=("store",)),),
        ticket_lifetime_s=5,
        licensed=False,
        wcf_host=WcfHost(culture="nb-NO"),
        severities=Severities(),
    ),
    WcfHost(hosting="iis"),
    Spelling(wrap=76),
    AuthenticateResponse(succeeded=True, authenticated=True, ticket="7T:SoblobDrawn"),
    AuthenticateUsernamePasswordRequest(user="ada", password=""),
    ChangePersonImageRequest(person_id=1, blob_id=2, ticket="7T:SoblobDrawn"),
    ChangeProjectImageRequest(project_id=1, blob_id=2),
    ExceptionInfo(message="m", inner_exception=ExceptionInfo(), parameters=(("a", None),)),
    Fault(reason="no"),
    GetBlobStreamRequest(blob_id=3),
    GetPersonImageRequest(person_id=3),
    GetProjectImageRequest(project_id=3),
    REQUEST,
    RESPONSE,
    TimeZone(id=7),
    ExpectedCall("ChangePersonImage", person_id=1, times=(0, None)),
    Limits(idle_s=2),
]
# Errors have no equality: what is pasted has the same text.
ERRORS: list[object] = [
    ContractViolationError("text"),
    SoblobError("text"),
    SoblobDeprecationWarning("text"),
]
# What is bound to a socket or to files, and what leaves out the bodies and header values that may
# hold secrets, is shown in angle brackets.
BOUND: list[Any] = [
    StubEndpoint,
    lambda: Exchange(
        recording=Recording(HttpRequest(), lambda _: None),
        response=None,
        operation=None,
        violations=(),
        blob_id=None,
    ),
    lambda: Blob(id=1),
    lambda: HttpRequest(body=b"1"),
    HttpResponse,
    lambda: Provider("http://127.0.0.1:1/BLOB.svc"),
]


def pasted(value: object) -> object:
    names: dict[str, Any] = {}
    exec("from pytest_soblob import *", names)
    return eval(repr(value), names)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_a_repr_prints_can_be_pasted(value: object) -> None:
    assert pasted(value) == value
    assert type(pasted(value)) is type(value)


@pytest.mark.parametrize("value", ERRORS, ids=lambda value: type(value).__name__)
def test_the_repr_of_an_error_can_be_pasted(value: object) -> None:
    assert repr(pasted(value)) == repr(value)


@pytest.mark.parametrize("make", BOUND)
def test_what_cannot_be_pasted_is_shown_in_angle_brackets(make: Any) -> None:
    assert re.fullmatch(r"<[A-Z]\w+ [^<>]+>", repr(make()))


def test_an_authority_is_shown_in_angle_brackets() -> None:
    with Authority() as authority:
        assert repr(authority) == f"<Authority {authority.ca_file.parent}>"


def test_each_public_class_has_a_value_whose_repr_is_tried() -> None:
    tried = {type(value).__name__ for value in (*VALUES, *ERRORS, *(make() for make in BOUND))}
    classes = {p.name for p in walk() if p.kind == "class"}
    assert classes - tried == {"Authority"}  # which has a test of its own
    assert tried <= classes


# Docstrings in folders that are being rewritten; each row goes when its docstring says it.


def test_every_docstring_says_what_is_returned_raised_and_meant_by_none() -> None:
    found = {p.name: missing for p in walk() if (missing := set(lacks(p)))}
    assert found == {}


def test_every_public_name_is_in_the_documents() -> None:
    unnamed = [p.name for p in walk() if not is_internal(p) and not is_documented(p)]
    assert unnamed == []


def test_the_walk_finds_every_kind_of_name() -> None:
    found = {p.name: p.kind for p in walk()}
    assert len(found) > 150
    assert found["StubEndpoint.reply"] == "function"  # inherited, or not
    assert found["StubEndpoint.url"] == "property"
    assert found["Severities.parse"] == "function"  # a classmethod
    assert found["soblob_endpoint"] == "fixture"
    assert found["zeep_transport"] == found["images"] == "function"
    assert "Profile.upper" not in found  # of str


class Careless:
    """Something.

    Args:
        size: Bytes.
    """

    def __init__(self, size: int | None = None) -> None:
        if size == 0:
            raise SoblobError("no")

    def give(self, name: str | None) -> int | None:
        """Give it."""
        self._check(name)
        return None

    def _check(self, name: object) -> None:
        if name is not None:
            raise SoblobError("no")


def test_the_check_sees_what_a_docstring_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_face, "PACKAGE", Path(__file__).parent)
    monkeypatch.setattr(Careless, "__module__", "pytest_soblob.tried")
    found = {p.name: lacks(p) for p in public_face.walk_class(Careless)}
    assert found["Careless"] == ["None, for size", "SoblobError"]
    assert found["Careless.give"] == [
        "what it returns",
        "None, as a result",
        "None, for name",
        "SoblobError",
    ]


def test_a_team_can_make_deprecations_errors(pytester: pytest.Pytester) -> None:
    """By the category's name in an ini file; without that the summary lists them."""
    pytester.makepyfile(
        """
        import warnings
        from pytest_soblob import SoblobDeprecationWarning

        def test_it():
            warnings.warn("old() is deprecated, use new()", SoblobDeprecationWarning)
        """
    )
    shown = pytester.runpytest_inprocess()
    shown.assert_outcomes(passed=1, warnings=1)
    shown.stdout.fnmatch_lines(["*SoblobDeprecationWarning: old() is deprecated, use new()"])
    pytester.makeini("[pytest]\nfilterwarnings = error::pytest_soblob.SoblobDeprecationWarning\n")
    pytester.runpytest_inprocess().assert_outcomes(failed=1)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="SaveImage"):
        _ = pytest_soblob.SaveImage


def test_importing_the_package_imports_nothing_that_is_not_ours() -> None:
    code = (
        "import sys; before = set(sys.modules); import pytest_soblob;"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('pytest_soblob')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = result.stdout.strip()
    for heavy in ("lxml", "xmlschema", "zeep", "hypothesis", "PIL", "click", "http.server"):
        assert heavy not in loaded
