"""The settings of a suite."""

from typing import Any

import pytest

from pytest_soblob import Account, Installation, Profile, SoblobError, SoblobSettings, WcfHost


def test_defaults() -> None:
    settings = SoblobSettings()
    assert (settings.profile, settings.installation) == (Profile.AUTO, Installation.ONSITE)
    assert settings.host_and_port() == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1", ("127.0.0.1", 0)),
        ("localhost:8080", ("localhost", 8080)),
        ("::1", ("::1", 0)),
        ("[::1]:8080", ("::1", 8080)),
        ("[::1]", ("::1", 0)),
    ],
)
def test_addresses(address: str, parts: tuple[str, int]) -> None:
    assert SoblobSettings(address=address).host_and_port() == parts


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"profile": "soap11"}, "profile must be one of 'auto', .* not 'soap11'"),
        ({"installation": "cloud"}, "installation must be one of 'onsite', 'online'"),
        ({"behaviour": "iis"}, "behaviour must be one of 'strict', 'wcf', not 'iis'"),
        ({"application_tokens": "one"}, "application_tokens must be a tuple of strings, not a str"),
        ({"application_tokens": (1,)}, "application_tokens must be a tuple of strings"),
        ({"address": "localhost:http"}, "address must be a host or host:port"),
        ({"address": "localhost:99999"}, "address must be a host or host:port"),
        ({"address": ""}, "address must be"),
        ({"address": "http://localhost"}, "address must be"),
        ({"address": "me@localhost"}, "address must be"),
        ({"accounts": ("ada",)}, "accounts must be a tuple of Account"),
        ({"accounts": Account(user="ada")}, "accounts must be a tuple of Account"),
        ({"accounts": (Account(user="ada"), Account(user="ADA"))}, "there are two accounts 'ada'"),
        ({"ticket": 5}, "ticket must be a str or None, not a int"),
        ({"ticket_lifetime_s": "x"}, "ticket_lifetime_s must be over 0, not 'x'"),
        ({"wcf_host": 5}, "wcf_host must be a WcfHost, not a int"),
        ({"licensed": "no"}, "licensed must be True or False, not a str"),
    ],
)
def test_what_there_is_not(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        SoblobSettings(**arguments)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"culture": 'a"b<'}, "culture must be a name such as 'nb-NO'"),
        ({"culture": None}, "culture must be a name"),
        ({"exception_detail": "false"}, "exception_detail must be True or False, not 'false'"),
        ({"max_message_size": 0}, "max_message_size must be 1 or more"),
        ({"max_message_size": "1"}, "max_message_size must be 1 or more"),
        ({"hosting": "apache"}, "hosting must be one of 'self-host', 'iis'"),
    ],
)
def test_a_host_that_there_is_not(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        WcfHost(**arguments)


def test_the_repr_holds_no_secret() -> None:
    shown = repr(SoblobSettings(ticket="7T:LeakedTicket", application_tokens=("LeakedToken",)))
    assert "Leaked" not in shown
    assert "ticket='7T:Le…', application_tokens=('Le…',)" in shown
