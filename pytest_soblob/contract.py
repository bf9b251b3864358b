"""The contract of the operations as data: names, order, types and header blocks.

All of it comes from the vendor's published Services86-BLOB.wsdl and Services86-SoPrincipal.wsdl,
and from the documentation page of SaveImageStream. The XSDs in `schemas/` declare the same; a test
compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12


class NamedEnum(StrEnum):
    """An enumeration of names whose `repr` is the code of a member, such as `Profile.WSDL`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class BlobLinkType(NamedEnum):
    """The link type of a blob, one of 16 names; messages hold the name, not a number [WSDL]."""

    PersonImage = "PersonImage"
    ProjectImage = "ProjectImage"
    EventImage = "EventImage"
    Thumbnail = "Thumbnail"
    StatusMonitorImage = "StatusMonitorImage"
    BatchTask = "BatchTask"
    ProductImage = "ProductImage"
    ProductThumbnail = "ProductThumbnail"
    QuoteLineImage = "QuoteLineImage"
    QuoteLineThumbnail = "QuoteLineThumbnail"
    AccessToken = "AccessToken"
    RefreshToken = "RefreshToken"
    Dashboard = "Dashboard"
    DashboardTile = "DashboardTile"
    ChatTopicImage = "ChatTopicImage"
    FormsBackgroundImage = "FormsBackgroundImage"


class Profile(NamedEnum):
    """The form of a message.

    `documented`: that of the documentation page, SOAP 1.2 with header blocks as direct children of
    Envelope. `wsdl`: SOAP 1.1 with header blocks in Header, the only form in the WSDL. `soap12`:
    SOAP 1.2 with header blocks in Header. `auto`: detected from the namespace of the envelope and
    the place of the header blocks.
    """

    AUTO = "auto"
    DOCUMENTED = "documented"
    WSDL = "wsdl"
    SOAP12 = "soap12"

    @property
    def soap_namespace(self) -> str:
        """The namespace of the envelope; that of SOAP 1.1 for `auto`, as in the WSDL."""
        return SOAP12 if self in (Profile.DOCUMENTED, Profile.SOAP12) else SOAP11


class Installation(NamedEnum):
    """Where NetServer runs: `online` requires an application token, `onsite` does not [page]."""

    ONSITE = "onsite"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Particle:
    """One element of a sequence, or one header block.

    Attributes:
        name: Local name, in the NetServer namespace.
        type: An XSD built-in type (`int`, `string`, `boolean`, `base64Binary`), `BlobLinkType`, a
            key of `COMPLEX_TYPES`, or one of `OPEN_TYPES`.
        nillable: Whether `xsi:nil` may be true.
        min_occurs: Smallest number of occurrences, 0 or 1.
        max_occurs: Largest number of occurrences, or None for unbounded.
    """

    name: str
    type: str
    nillable: bool = False
    min_occurs: int = 0
    max_occurs: int | None = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # there is one of each
class Operation:
    """One operation of a service, document/literal wrapped, SOAP 1.1 in the WSDL.

    Attributes:
        name: Name of the operation, and of the wrapper element of its request.
        service: Key of `names.SERVICE_PATHS`.
        parts: Children of the request's wrapper, in order.
        request_blocks: Header blocks of the request, in any order.
        response_element: Local name of the response's wrapper.
        results: Children of the response's wrapper, in order.
        response_blocks: Header blocks of the response, in any order.
        is_judged: Whether the content of its wrapper is known here, and judged.
    """

    name: str
    service: str
    parts: tuple[Particle, ...]
    request_blocks: tuple[Particle, ...]
    response_element: str
    results: tuple[Particle, ...]
    response_blocks: tuple[Particle, ...]
    is_judged: bool = True

    @property
    def soap_action(self) -> str:
        """The soapAction of the WSDL, unquoted."""
        return f"{NETSERVER}/{self.service}/{self.name}"

    @property
    def needs_credentials(self) -> bool:
        """Whether the request has a Credentials block, as all but those of SoPrincipal have."""
        return any(block.name == "Credentials" for block in self.request_blocks)


_PAIR = (
    Particle("Key", "string", nillable=True, min_occurs=1),
    Particle("Value", "string", nillable=True, min_occurs=1),
)

COMPLEX_TYPES: Final[Mapping[str, tuple[Particle, ...]]] = MappingProxyType(
    {
        "SoCredentials": (Particle("Ticket", "string", nillable=True),),
        "SoTimeZone": (
            Particle("SoTimeZoneId", "int"),
            Particle("SoTimeZoneLocationCode", "string", nillable=True),
        ),
        "SoExceptionInfo": (
            Particle("Message", "string", nillable=True),
            Particle("StackTrace", "string", nillable=True),
            Particle("FriendlyText", "string", nillable=True),
            Particle("ExceptionType", "string", nillable=True),
            Particle("Source", "string", nillable=True),
            Particle("InnerException", "SoExceptionInfo", nillable=True),
            Particle("Parameters", "SoExceptionInfoParameters", nillable=True),
        ),
        "SoExceptionInfoParameters": (
            Particle("SoExceptionInfoParametersKeyValuePair", "KeyValuePair", max_occurs=None),
        ),
        "SoExtraInfo": (Particle("ExtraInfoNameValuePair", "KeyValuePair", max_occurs=None),),
        "KeyValuePair": _PAIR,
    }
)

# Types that the schemas leave open: their content is not judged.
OPEN_TYPES: Final = frozenset({"SoPrincipalCarrier"})

APPLICATION_TOKEN: Final = Particle("ApplicationToken", "string", nillable=True)
CREDENTIALS: Final = Particle("Credentials", "SoCredentials", nillable=True)
TIME_ZONE: Final = Particle("TimeZone", "SoTimeZone", nillable=True)
RESPONSE_BLOCKS: Final = (
    Particle("ExceptionInfo", "SoExceptionInfo", nillable=True),
    Particle("ExtraInfo", "SoExtraInfo", nillable=True),
    Particle("Succeeded", "boolean"),
    TIME_ZONE,
)

SAVE_IMAGE_STREAM: Final = Operation(
    name="SaveImageStream",
    service="BLOB",
    parts=(
        Particle("Type", "BlobLinkType"),
        Particle("Image", "base64Binary", nillable=True),
        Particle("Description", "string", nillable=True),
    ),
    request_blocks=(APPLICATION_TOKEN, CREDENTIALS, TIME_ZONE),
    response_element="SaveImageStreamResponse",
    results=(Particle("Response", "int"),),
    response_blocks=RESPONSE_BLOCKS,
)


def _neighbour(name: str, parts: tuple[Particle, ...], results: tuple[Particle, ...]) -> Operation:
    return Operation(
        name=name,
        service="BLOB",
        parts=parts,
        request_blocks=SAVE_IMAGE_STREAM.request_blocks,
        response_element=f"{name}Response",
        results=results,
        response_blocks=RESPONSE_BLOCKS,
    )


_IMAGE_RESULT = (Particle("Response", "base64Binary", nillable=True),)

CHANGE_PERSON_IMAGE: Final = _neighbour(
    "ChangePersonImage", (Particle("PersonId", "int"), Particle("BlobId", "int")), ()
)
CHANGE_PROJECT_IMAGE: Final = _neighbour(
    "ChangeProjectImage", (Particle("ProjectId", "int"), Particle("BlobId", "int")), ()
)
GET_PERSON_IMAGE: Final = _neighbour(
    "GetPersonImage", (Particle("PersonId", "int"),), _IMAGE_RESULT
)
GET_PROJECT_IMAGE: Final = _neighbour(
    "GetProjectImage", (Particle("ProjectId", "int"),), _IMAGE_RESULT
)
GET_BLOB_STREAM: Final = _neighbour(
    "GetBlobStream", (Particle("BlobEntityId", "int"),), _IMAGE_RESULT
)

AUTHENTICATE_USERNAME_PASSWORD: Final = Operation(
    name="AuthenticateUsernamePassword",
    service="SoPrincipal",
    parts=(
        Particle("UserName", "string", nillable=True),
        Particle("Password", "string", nillable=True),
    ),
    request_blocks=(APPLICATION_TOKEN,),
    response_element="AuthenticateResponse",
    results=(
        Particle("Response", "SoPrincipalCarrier", nillable=True),
        Particle("Credentials", "SoCredentials", nillable=True),
        Particle("AuthenticationSucceeded", "boolean"),
    ),
    response_blocks=RESPONSE_BLOCKS,
)

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            SAVE_IMAGE_STREAM,
            CHANGE_PERSON_IMAGE,
            CHANGE_PROJECT_IMAGE,
            GET_PERSON_IMAGE,
            GET_PROJECT_IMAGE,
            GET_BLOB_STREAM,
            AUTHENTICATE_USERNAME_PASSWORD,
        )
    }
)

# The other operations of the same services [WSDL], which are known by name only.
_OTHER_NAMES: Final = {
    "BLOB": """CreateDefaultBlobEntity SaveBlobEntity DeleteBlobEntity GetBlobEntity SetBlobStream
    SetProjectImage SetPersonImage SaveProjectImage GetBlobEntityOnProject GetBlobEntityOnPerson
    GetBlobEntityOnCountry GetBlobEntityOnProduct GetProductImage SetProductImage
    GetProductThumbnail SetProductThumbnail ChangeProductImage GetQuoteLineImage GetAppData
    SetAppData GetPersonImageWithSize GetProjectImageWithSize GetChatImageWithSize""",
    "SoPrincipal": """AuthenticateGeneric AuthenticateImplicit AuthenticateWithAccessToken
    GetSystemInfo""",
}
OTHER_OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        name: Operation(
            name=name,
            service=service,
            parts=(),
            request_blocks=(APPLICATION_TOKEN,)
            if service == "SoPrincipal"
            else SAVE_IMAGE_STREAM.request_blocks,
            response_element="AuthenticateResponse"  # of each log-in operation
            if name.startswith("Authenticate")
            else f"{name}Response",
            results=(),
            response_blocks=RESPONSE_BLOCKS,
            is_judged=False,
        )
        for service, names in _OTHER_NAMES.items()
        for name in names.split()
    }
)

# Link types that are not for images: tokens, batch tasks, dashboards.
NOT_FOR_IMAGES: Final = frozenset(
    {"AccessToken", "RefreshToken", "BatchTask", "Dashboard", "DashboardTile"}
)

# The formats that the corresponding REST call, PUT Person/{id}/Image, names [vendor documentation].
# Which others SaveImageStream accepts is not known.
NAMED_IMAGE_FORMATS: Final = ("PNG", "GIF", "JPEG", "TIFF")

# The width of the database column for descriptions [vendor documentation], in UTF-16 code units, in
# which NVARCHAR and .NET count.
DESCRIPTION_COLUMN_UNITS: Final = 254


def find_operation(name: object, where: str = "") -> Operation:
    """Return the operation of a name.

    Args:
        name: Name of an operation; any value.
        where: Text that follows the name in the error, such as ` in schemas/`.

    Raises:
        SoblobError: There is no such operation; the text suggests the nearest name.
    """
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise SoblobError(f"there is no operation {name!r}{where}{did_you_mean(name, OPERATIONS)}")
    return operation


def find_link_type(name: object) -> BlobLinkType:
    """Return the link type of a name, whose case matters.

    Raises:
        SoblobError: There is no such type; the text suggests the nearest name.
    """
    known = BlobLinkType.__members__
    if str(name) not in known:
        raise SoblobError(f"there is no type {name!r}{did_you_mean(name, known)}")
    return known[str(name)]
