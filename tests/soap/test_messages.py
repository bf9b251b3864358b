"""Typed messages: what is written can be read, and schema libraries accept it."""

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_soblob import (
    EnvelopeValidator,
    ExceptionInfo,
    Fault,
    HttpRequest,
    Profile,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    SoblobError,
    TimeZone,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob.contract import CHANGE_PERSON_IMAGE
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import ChangePersonImageRequest
from pytest_soblob.strategies._envelopes import PROFILES, styles
from tests.judge.test_schemas import driver
from tests.wire import envelope_of

profiles = st.sampled_from(PROFILES)


@given(soblob_st.requests(images=st.binary(max_size=50)), profiles, styles())
def test_a_request_is_read_as_it_was_written(
    message: SaveImageStreamRequest, profile: Profile, spelling: Spelling
) -> None:
    data = message.to_bytes(profile, spelling)
    assert SaveImageStreamRequest.from_envelope(envelope_of(data)) == message
    http = message.to_http_request(profile, spelling)
    assert http.body == data
    assert EnvelopeValidator("request", profile).judge(http).errors == ()


@given(soblob_st.responses(), st.sampled_from(("wsdl", "soap12")), styles())
def test_a_response_is_read_as_it_was_written(
    message: SaveImageStreamResponse | Fault, profile: str, spelling: Spelling
) -> None:
    data = envelope_of(message.to_bytes(profile, spelling))
    if isinstance(message, SaveImageStreamResponse):
        assert SaveImageStreamResponse.from_envelope(data) == message
        assert Fault.from_envelope(data) is None
        return
    again = Fault.from_envelope(data)
    assert again is not None
    names = {"Client": "Sender", "Server": "Receiver"} if profile == "soap12" else {}
    assert again.code == names.get(message.code, message.code)
    assert (again.reason, again.actor, again.detail) == (
        message.reason, message.actor, message.detail,
    )  # fmt: skip


SCHEMAS = {
    profile: (etree.XMLSchema(etree.fromstring(driver(name))), xmlschema.XMLSchema(driver(name)))
    for profile, name in (("wsdl", "soap11"), ("soap12", "soap12"), ("documented", "documented"))
}


@pytest.mark.parametrize("profile", SCHEMAS)
def test_both_schema_libraries_accept_what_is_written(profile: str) -> None:
    by_libxml2, by_xmlschema = SCHEMAS[profile]
    drawn = soblob_st.request_envelopes(
        profiles=[profile], requests=soblob_st.requests(images=st.binary(max_size=50))
    ) | soblob_st.response_envelopes(profiles=[profile])

    @settings(max_examples=50, deadline=None)
    @given(drawn)
    def check(data: bytes) -> None:
        by_libxml2.assertValid(etree.fromstring(data))
        by_xmlschema.validate(data)

    check()


def test_change_person_image_and_its_response() -> None:
    message = ChangePersonImageRequest(
        person_id=42, blob_id=7, ticket="7T:x", time_zone=TimeZone(id=1, location_code="NO")
    )
    data = envelope_of(message.to_bytes())
    assert ChangePersonImageRequest.from_envelope(data) == message
    assert SaveImageStreamRequest.from_envelope(data) is None
    assert SaveImageStreamResponse.from_envelope(data) is None
    answer = SaveImageStreamResponse(succeeded=True).to_bytes(operation=CHANGE_PERSON_IMAGE)
    validator = EnvelopeValidator("response", "wsdl", operation="ChangePersonImage")
    assert validator.judge(answer).violations == ()


def test_a_failure_of_the_page_form_has_its_blocks_in_a_header() -> None:
    failed = SaveImageStreamResponse(
        blob_id=0, succeeded=False, exception_info=ExceptionInfo(message="m")
    )
    assert b"Header" in failed.to_bytes("documented")
    assert b"Header" not in SaveImageStreamResponse(blob_id=1, succeeded=True).to_bytes(
        "documented"
    )


def test_a_fault_with_a_code_of_its_own() -> None:
    message = Fault(code="{urn:example}Broken", reason="r", language=None)
    assert Fault.from_envelope(envelope_of(message.to_bytes())) == message
    assert EnvelopeValidator("response", "wsdl").is_valid(message.to_bytes())


def test_reprs_are_short_and_hold_no_secret() -> None:
    message = SaveImageStreamRequest(
        type="PersonImage",
        image=b"x" * 100,
        ticket="7T:LeakedTicket",
        application_token="LeakedTok",
    )
    assert repr(message) == (
        "SaveImageStreamRequest(ticket='7T:Le…', application_token='Le…', type='PersonImage', "
        "image=<100 bytes>)"
    )


def test_a_secret_in_another_part_is_not_shown_either() -> None:
    message = SaveImageStreamRequest(
        type="LeakedTok",
        description="of LeakedTok by 8A:LeakedOther, not 7T:LeakedTicket",
        ticket="7T:LeakedTicket",
        application_token="LeakedTok",
        time_zone=TimeZone(location_code="LeakedTok"),
    )
    assert "aked" not in repr(message)
    assert "aked" not in repr(HttpRequest(target="/x/7T:LeakedTicket?LeakedTok"))


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_a_character_that_xml_cannot_carry_is_an_error(text: str) -> None:
    with pytest.raises(SoblobError, match=r"XML 1\.0 cannot carry"):
        SaveImageStreamRequest(description=text).to_bytes()
    with pytest.raises(SoblobError, match=r"XML 1\.0 cannot carry"):
        SaveImageStreamRequest(ticket=text).to_bytes()
    with pytest.raises(SoblobError, match=r"XML 1\.0 cannot carry"):
        Fault(reason=text).to_bytes()
