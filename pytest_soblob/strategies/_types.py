"""What `st.from_type` draws for the kit's own types: what the strategies draw, so right values.

Registered when `pytest_soblob.strategies` is imported.
"""

from typing import Any

from hypothesis import strategies as st

from pytest_soblob.accounts import Account, Right
from pytest_soblob.contract import BlobLinkType, Profile
from pytest_soblob.generate.serialization import Serialization
from pytest_soblob.generate.specimens import EnvelopeBytes, MalformedBytes
from pytest_soblob.images.encoding import ImageBytes, ImageSpec
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import (
    AuthenticateResponse,
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    ExceptionInfo,
    Fault,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    GetProjectImageRequest,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    TimeZone,
    to_http_response,
)
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._envelopes import (
    PROFILES,
    request_envelopes,
    response_envelopes,
    styles,
)
from pytest_soblob.strategies._images import images
from pytest_soblob.strategies._malformed import malformed_requests, malformed_responses
from pytest_soblob.strategies._messages import (
    application_tokens,
    blob_link_types,
    exception_infos,
    faults,
    requests,
    responses,
    save_responses,
    tickets,
    time_zones,
)
from pytest_soblob.strategies._spellings import spellings
from pytest_soblob.wire import HttpRequest, HttpResponse

_IDS = st.integers(1, 2**31 - 1)
_NAMES = descriptions(max_size=30, nullable=False).map(lambda text: text or "a")
_SENT = {"ticket": tickets(), "application_token": application_tokens()}


def _to_http_response(message: SaveImageStreamResponse | Fault, profile: Profile) -> HttpResponse:
    status = 500 if isinstance(message, Fault) else 200
    return to_http_response(message.to_bytes(profile), profile, status)


_STRATEGIES: dict[type, st.SearchStrategy[Any]] = {
    Account: st.builds(
        Account, user=_NAMES, password=_NAMES, rights=st.frozensets(st.sampled_from(Right))
    ),
    BlobLinkType: blob_link_types(),
    ImageBytes: images(),
    ImageSpec: images().map(lambda image: image.spec),
    TimeZone: time_zones(),
    ExceptionInfo: exception_infos(),
    Fault: faults(),
    SaveImageStreamRequest: requests(),
    SaveImageStreamResponse: save_responses(),
    AuthenticateUsernamePasswordRequest: st.builds(
        AuthenticateUsernamePasswordRequest,
        user=_NAMES,
        password=_NAMES,
        application_token=application_tokens(),
    ),
    AuthenticateResponse: st.builds(
        AuthenticateResponse, succeeded=st.just(True), authenticated=st.just(True), ticket=tickets()
    ),
    ChangePersonImageRequest: st.builds(
        ChangePersonImageRequest, person_id=_IDS, blob_id=_IDS, **_SENT
    ),
    ChangeProjectImageRequest: st.builds(
        ChangeProjectImageRequest, project_id=_IDS, blob_id=_IDS, **_SENT
    ),
    GetPersonImageRequest: st.builds(GetPersonImageRequest, person_id=_IDS, **_SENT),
    GetProjectImageRequest: st.builds(GetProjectImageRequest, project_id=_IDS, **_SENT),
    GetBlobStreamRequest: st.builds(GetBlobStreamRequest, blob_id=_IDS, **_SENT),
    Spelling: styles(),
    Serialization: spellings(SaveImageStreamResponse()).map(lambda data: data.spelling),
    EnvelopeBytes: st.one_of(request_envelopes(), response_envelopes()),
    MalformedBytes: st.one_of(malformed_requests(), malformed_responses()),
    HttpRequest: st.builds(
        lambda message, profile: message.to_http_request(profile),
        requests(),
        st.sampled_from(PROFILES),
    ),
    HttpResponse: st.builds(_to_http_response, responses(), st.sampled_from(PROFILES)),
}


def register() -> None:
    """Tell Hypothesis what to draw for each type."""
    for type_, strategy in _STRATEGIES.items():
        st.register_type_strategy(type_, strategy)
