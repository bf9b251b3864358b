"""The fixtures. Nothing of the kit is imported before a test asks for one.

All are session-scoped, so that they work inside `@given` without suppressing a health check; the
plugin's hooks give each test a clean endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_soblob.certificates import Authority
    from pytest_soblob.endpoint import StubEndpoint
    from pytest_soblob.settings import SoblobSettings
    from pytest_soblob.validators import EnvelopeValidator

# Endpoints that the hooks clean and judge; filled by the fixture.
ENDPOINTS = pytest.StashKey[list[Any]]()
# Rules that the running test breaks on purpose, for an endpoint that starts while it is set up.
EXPECTED = pytest.StashKey[tuple[str, ...]]()
# Which definition of `soblob_settings` the running test is under, and what was made for which one:
# (that definition, the fixture that all others are made from, its request).
SETTINGS = pytest.StashKey[Any]()
MADE = pytest.StashKey[tuple[Any, Any, Any]]()

# The same for what fails: read by the plugin, since assertions go by them, too.
SEVERITY_OPTIONS = {
    "soblob_fail_on": "what fails a test: error (the default) or warning",
    "soblob_severity": "severities of your own: RULE=error|warning|note|off, parted by commas",
}
# Option and ini key: what it sets, and what it says in --help.
OPTIONS = {
    "soblob_profile": ("profile", "form that requests must have: auto, documented, wsdl, soap12"),
    "soblob_installation": ("installation", "onsite, or online (an application token is needed)"),
    "soblob_behaviour": ("behaviour", "how the endpoint answers: strict, or wcf (as a .NET host)"),
    "soblob_ticket": ("ticket", "the one ticket that the endpoint takes"),
    "soblob_application_token": ("tokens", "the one application token that the endpoint takes"),
}


@pytest.fixture(scope="session")
def soblob_settings() -> SoblobSettings:
    """Profile, installation, credentials and address of the suite; override it to change them.

    Command line and ini come over what this fixture returns. An override must have the scope
    `session`, too; it may stand in any `conftest.py` or module, and holds for the tests
    below it: between tests under different ones, the other fixtures are made anew, and so are
    your own that take them as arguments.
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
    """A running SOAP endpoint on loopback, clean in every test, judged at its end."""
    from pytest_soblob.endpoint import StubEndpoint

    yield from _running(StubEndpoint(settings=_soblob_effective_settings), pytestconfig)


@pytest.fixture(scope="session")
def soblob_authority() -> Iterator[Authority]:
    """The certificate authority behind `soblob_endpoint_tls`: `.ca_file`, `.client_file`."""
    from pytest_soblob.certificates import Authority

    with Authority() as authority:
        yield authority


@pytest.fixture(scope="session")
def soblob_endpoint_tls(
    _soblob_effective_settings: SoblobSettings,
    soblob_authority: Authority,
    pytestconfig: pytest.Config,
) -> Iterator[StubEndpoint]:
    """The same as `soblob_endpoint`, over TLS; clients have to trust `soblob_authority.ca_file`."""
    from dataclasses import replace

    from pytest_soblob.endpoint import StubEndpoint

    settings = _soblob_effective_settings
    host, _ = settings.host_and_port()  # the port is for the plain one
    settings = replace(settings, address=host)
    tls = soblob_authority.server_context(client_certificate=settings.client_certificate)
    yield from _running(StubEndpoint(settings=settings, tls=tls), pytestconfig)


def _running(endpoint: StubEndpoint, pytestconfig: pytest.Config) -> Iterator[StubEndpoint]:
    """Start an endpoint, hand it to the hooks, stop it at the end of the session."""
    endpoint.start()
    rules = pytestconfig.stash.get(EXPECTED, ())
    if rules:
        endpoint.expect(*rules)
    # It stays in the list when it has stopped: its last test's teardown is still to be judged.
    pytestconfig.stash.setdefault(ENDPOINTS, []).append(endpoint)
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="session")
def soblob_validator(_soblob_effective_settings: SoblobSettings) -> EnvelopeValidator:
    """A validator with the suite's settings: of requests, and by `.responses` of responses."""
    from pytest_soblob.validators import EnvelopeValidator

    settings = _soblob_effective_settings
    return EnvelopeValidator(
        "request", settings.profile, settings.installation, severities=settings.severities
    )


@pytest.fixture(scope="session")
def soblob_client(
    soblob_endpoint: StubEndpoint, _soblob_effective_settings: SoblobSettings
) -> Iterator[Any]:
    """A zeep client, bound to the endpoint, that sends ticket and application token."""
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
    """The path of the WSDL that is shipped with the kit."""
    from pytest_soblob._schemas import schema_file

    return schema_file("BLOB.wsdl")


def effective_settings(settings: SoblobSettings, config: pytest.Config) -> SoblobSettings:
    """Return what the fixture says, overridden by ini, overridden by the command line.

    Raises:
        pytest.UsageError: An option has a value that there is not.
        SoblobError: The fixture returns something else.
    """
    from dataclasses import replace

    from pytest_soblob.errors import SoblobError
    from pytest_soblob.settings import SoblobSettings

    given: object = settings
    if not isinstance(given, SoblobSettings):
        raise SoblobError(
            f"the fixture soblob_settings must return SoblobSettings(...), not {given!r:.60}"
        )
    changes: dict[str, Any] = {}
    for name, (attribute, _) in OPTIONS.items():
        value = config.getoption(name) or config.getini(name)
        if value:
            changes[attribute] = (value,) if attribute == "tokens" else value
    try:
        return replace(settings, **changes)
    except SoblobError as error:
        raise pytest.UsageError(f"soblob: {error}") from None
