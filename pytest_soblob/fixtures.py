"""The fixtures, and the options, ini keys and the marker behind them.

All fixtures are session-scoped, so that they work inside `@given` without suppressing a health
check; the plugin's hooks give each test a clean endpoint. The rest of the kit is imported when a
fixture is set up, so that a run that does not use the kit does not load it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soblob.errors import SoblobError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_soblob.certificates import Authority
    from pytest_soblob.conformance.providers.provider import Provider
    from pytest_soblob.judge.validators import EnvelopeValidator
    from pytest_soblob.settings import SoblobSettings
    from pytest_soblob.stub.endpoint import StubEndpoint

MARKER = "soblob_expects"
# Endpoints that the hooks reset and judge, appended by the fixtures.
ENDPOINTS = pytest.StashKey[list[Any]]()
# Those of them whose fixture is set up: if a test stops one, it is restarted for the next test.
ALIVE = pytest.StashKey[list[Any]]()
# Rules that the running test breaks on purpose, for an endpoint that starts in its setup.
EXPECTED = pytest.StashKey[tuple[str, ...]]()
# The definition of `soblob_settings` that applies to the running test.
SETTINGS = pytest.StashKey[Any]()
# The definition that the session's fixtures were set up for, the fixture on which all of them
# depend, and its request.
MADE = pytest.StashKey[tuple[Any, Any, Any]]()

# Options that are not fields of `SoblobSettings`, because they hold for assertions as well.
SEVERITY_OPTIONS = {
    "soblob_fail_on": "lowest severity that fails a test: error (the default) or warning",
    "soblob_severity": "comma-separated overrides, RULE=error|warning|note|off",
}
UNPLAYED = "soblob_unplayed"
WSDL_SOURCE = "soblob_wsdl_source"
WSDL_SOURCE_TEXT = "path or URL of the WSDL that soblob_compatible_wsdl compares with the contract"
PROVIDER_URL = "soblob_url"
PROVIDER_URL_TEXT = "URL of the BLOB.svc of a running provider, for the fixture soblob_provider"
ALLOW_WRITES = "soblob_allow_writes"
ALLOW_WRITES_TEXT = "allow soblob_provider to upload to the provider: yes or no (the default)"
UNPLAYED_TEXT = "scripted answers that no call received: warning (the default), error or off"
# Option and ini key: the field that it sets, and its help.
OPTIONS = {
    "soblob_profile": ("profile", "form that requests must have: auto, documented, wsdl or soap12"),
    "soblob_installation": (
        "installation",
        "onsite, or online, which requires an application token",
    ),
    "soblob_behaviour": ("behaviour", "how the endpoint answers: strict, or wcf like a .NET host"),
    "soblob_ticket": ("ticket", "only ticket that the endpoint accepts"),
    "soblob_application_token": (
        "application_tokens",
        "only application token that the endpoint accepts",
    ),
}


@pytest.fixture(scope="session")
def soblob_settings() -> SoblobSettings:
    """The settings of the suite. Override this fixture to change them.

    Options and ini keys override what it returns. An override needs the scope `session` as well. It
    can be in any `conftest.py` or test module, and applies to the tests there. Between tests with
    different overrides, the other fixtures are set up anew, and so are fixtures of your own that
    take them as arguments.
    """
    from pytest_soblob.settings import SoblobSettings

    return SoblobSettings()


@pytest.fixture(scope="session")
def _soblob_effective_settings(
    soblob_settings: SoblobSettings, pytestconfig: pytest.Config
) -> SoblobSettings:
    return effective_settings(soblob_settings, pytestconfig)


@pytest.fixture(scope="session")
def soblob_endpoint(
    _soblob_effective_settings: SoblobSettings, pytestconfig: pytest.Config
) -> Iterator[StubEndpoint]:
    """A running SOAP endpoint on loopback, clean in each test and judged at the end of the test."""
    from pytest_soblob.stub.endpoint import StubEndpoint

    yield from _running(StubEndpoint(settings=_soblob_effective_settings), pytestconfig)


@pytest.fixture(scope="session")
def soblob_authority() -> Iterator[Authority]:
    """The certificate authority of `soblob_endpoint_tls`, with `.ca_file` and `.client_file`."""
    from pytest_soblob.certificates import Authority

    with Authority() as authority:
        yield authority


@pytest.fixture(scope="session")
def soblob_endpoint_tls(
    _soblob_effective_settings: SoblobSettings,
    soblob_authority: Authority,
    pytestconfig: pytest.Config,
) -> Iterator[StubEndpoint]:
    """A `soblob_endpoint` over TLS, whose clients have to trust `soblob_authority.ca_file`."""
    from dataclasses import replace

    from pytest_soblob.stub.endpoint import StubEndpoint

    settings = _soblob_effective_settings
    host, _ = settings.host_and_port()  # the port is that of soblob_endpoint
    settings = replace(settings, address=host)
    tls = soblob_authority.server_context(client_certificate=settings.client_certificate)
    yield from _running(StubEndpoint(settings=settings, tls=tls), pytestconfig)


def _running(endpoint: StubEndpoint, pytestconfig: pytest.Config) -> Iterator[StubEndpoint]:
    """Start an endpoint, register it for the hooks, and stop it at the end of the session."""
    endpoint.start()
    alive = pytestconfig.stash.setdefault(ALIVE, [])
    alive.append(endpoint)
    rules = pytestconfig.stash.get(EXPECTED, ())
    if rules:
        endpoint._runner.expect_rules(*rules)
    # It remains in the list after it has stopped: the teardown of its last test is judged later.
    pytestconfig.stash.setdefault(ENDPOINTS, []).append(endpoint)
    yield endpoint
    alive.remove(endpoint)
    endpoint.close()


@pytest.fixture(scope="session")
def soblob_validator(_soblob_effective_settings: SoblobSettings) -> EnvelopeValidator:
    """A validator of requests with the suite's settings; `.responses` validates responses."""
    from pytest_soblob.judge.validators import EnvelopeValidator

    settings = _soblob_effective_settings
    return EnvelopeValidator(
        "request", settings.profile, settings.installation, severities=settings.severities
    )


@pytest.fixture(scope="session")
def soblob_client(
    soblob_endpoint: StubEndpoint, _soblob_effective_settings: SoblobSettings
) -> Iterator[Any]:
    """A zeep client of `soblob_endpoint`, which sends a ticket and an application token."""
    from pytest_soblob.clients import close_client, new_zeep_client

    settings = _soblob_effective_settings
    ticket = None
    if settings.accounts and settings.ticket is None:
        ticket = soblob_endpoint.issue_ticket(settings.accounts[0].user)
    client = new_zeep_client(soblob_endpoint.wsdl_url, settings, ticket=ticket)
    yield client
    close_client(client)


@pytest.fixture(scope="session")
def soblob_wsdl() -> Path:
    """The path of the WSDL that comes with the kit."""
    from pytest_soblob._xml.schemas import schema_file

    return schema_file("BLOB.wsdl")


@pytest.fixture(scope="session")
def soblob_compatible_wsdl(pytestconfig: pytest.Config) -> str:
    """The WSDL of `soblob_wsdl_source`, once `assert_wsdl_compatible` accepts it; else a skip.

    A path in an ini file is relative to that file.
    """
    from pytest_soblob.conformance import assert_wsdl_compatible

    source, _ = given_value(pytestconfig, WSDL_SOURCE)
    if source is None:
        pytest.skip(f"--{WSDL_SOURCE.replace('_', '-')} is not given")
    if pytestconfig.getoption(WSDL_SOURCE) is None and "://" not in source:
        ini = pytestconfig.inipath
        source = str((pytestconfig.rootpath if ini is None else ini.parent) / source)
    assert_wsdl_compatible(source)
    return source


@pytest.fixture(scope="session")
def soblob_provider(pytestconfig: pytest.Config) -> Provider:
    """The running provider at `soblob_url`; without it the test is skipped.

    Credentials are taken from SOBLOB_TICKET, SOBLOB_APPLICATION_TOKEN, SOBLOB_USER and
    SOBLOB_PASSWORD.
    """
    url, _ = given_value(pytestconfig, PROVIDER_URL)
    if url is None:
        pytest.skip(f"--{PROVIDER_URL.replace('_', '-')} is not given")
    from pytest_soblob.conformance.providers import Options
    from pytest_soblob.conformance.providers.credentials import from_environment
    from pytest_soblob.conformance.providers.provider import Provider

    allowed, _ = given_value(pytestconfig, ALLOW_WRITES)
    return Provider(url, from_environment(), Options(allow_writes=allowed == "yes"))


def effective_settings(settings: SoblobSettings, config: pytest.Config) -> SoblobSettings:
    """Return the settings of the fixture with the values of options and ini keys.

    Raises:
        pytest.UsageError: An option or ini key has an invalid value.
        SoblobError: `settings` is not a `SoblobSettings`.
    """
    from dataclasses import replace

    from pytest_soblob.settings import SoblobSettings

    given: object = settings
    if not isinstance(given, SoblobSettings):
        raise SoblobError(
            f"the fixture soblob_settings must return SoblobSettings(...), not {given!r:.60}"
        )
    for name, (attribute, _) in OPTIONS.items():
        value, where = given_value(config, name)
        if value is not None:
            try:
                changed: Any = (value,) if attribute == "application_tokens" else value
                settings = replace(settings, **{attribute: changed})
            except SoblobError as error:
                raise pytest.UsageError(f"soblob: {where}: {error}") from None
    return settings


def given_value(config: pytest.Config, name: str) -> tuple[str | None, str]:
    """Return the value of an option or ini key, or None if neither is given, and its name.

    The option overrides the ini key.

    Raises:
        pytest.UsageError: The option is given with an empty value.
    """
    option = f"--{name.replace('_', '-')}"
    value = config.getoption(name)
    if value == "":
        raise pytest.UsageError(f"soblob: {option} has no value")
    if value is not None:
        return value, option
    return config.getini(name) or None, f"{name} in {config.inipath or 'the configuration'}"


def check_options(config: pytest.Config) -> None:
    """Check the options and ini keys before the first test.

    Raises:
        pytest.UsageError: One has an invalid value.
    """
    wanted, where = given_value(config, UNPLAYED)
    if wanted not in (None, "warning", "error", "off"):
        raise pytest.UsageError(f"soblob: {where} must be warning, error or off, not {wanted!r}")
    wanted, where = given_value(config, ALLOW_WRITES)
    if wanted not in (None, "yes", "no"):
        raise pytest.UsageError(f"soblob: {where} must be yes or no, not {wanted!r}")
    if any(given_value(config, name)[0] is not None for name in OPTIONS):
        from pytest_soblob.settings import SoblobSettings

        effective_settings(SoblobSettings(), config)


def configure_severities(config: pytest.Config) -> None:
    """Set the default severities from options and ini keys until this run ends.

    Without them the defaults are set: an outer run in this process may have set others.

    Raises:
        pytest.UsageError: An option or ini key has an invalid value.
    """
    (fail_on, _), (own, _) = given = [given_value(config, name) for name in SEVERITY_OPTIONS]
    if fail_on or own or "pytest_soblob.judge.severities" in sys.modules:
        from pytest_soblob.judge.severities import Severities, set_default_severities

        for pieces, (_, where) in zip((("", fail_on), (own, None)), given, strict=True):
            try:
                Severities.parse(pieces[0] or "", pieces[1] or "error")
            except SoblobError as error:
                raise pytest.UsageError(f"soblob: {where}: {error}") from None
        config.add_cleanup(set_default_severities(Severities.parse(own or "", fail_on or "error")))


def expected_rules(item: pytest.Item) -> tuple[str, ...]:
    """Return the rules of a test's `soblob_expects` markers.

    An invalid marker fails the test's setup.
    """
    markers = list(item.iter_markers(MARKER))
    if not markers:
        return ()
    from pytest_soblob.judge.catalogue import check_rule_ids

    given = sorted({name for marker in markers for name in marker.kwargs})
    if given:
        pytest.fail(f"{MARKER} takes rule ids only, not {given[0]}=", pytrace=False)
    rules = [rule for marker in markers for rule in marker.args]
    if not all(marker.args for marker in markers):
        pytest.fail(f"{MARKER} needs at least one rule id", pytrace=False)
    try:
        return check_rule_ids(rules)
    except SoblobError as error:
        said = str(error)
    pytest.fail(f"{MARKER}: {said}", pytrace=False)  # outside `except`: without the SoblobError
