"""Upload with suds-community."""

import base64
import logging
from typing import Any
from xml.sax import SAXException

import suds  # type: ignore[import-untyped]
import suds.client  # type: ignore[import-untyped]
import suds.transport  # type: ignore[import-untyped]
from answers import UploadError, check_id, check_text
from suds.plugin import MessagePlugin  # type: ignore[import-untyped]
from suds.transport.http import HttpTransport  # type: ignore[import-untyped]

# At level DEBUG suds logs each envelope, with the ticket in it.
logging.getLogger("suds").setLevel(logging.INFO)


class Keep(MessagePlugin):  # type: ignore[misc]  # suds has no annotations
    """Keeps the header of an answer, which suds throws away."""

    def __init__(self) -> None:
        self.succeeded: str | None = None

    def parsed(self, context: Any) -> None:
        found = context.reply.childAtPath("Envelope/Header/Succeeded")
        self.succeeded = None if found is None else str(found.getText())


class SudsUploader:
    """Uploads with one suds client, by the WSDL that the service serves."""

    def __init__(self, url: str, ticket: str, token: str | None, timeout_s: float) -> None:
        self._seen = Keep()
        client = suds.client.Client(
            f"{url}?singleWsdl",
            location=url,
            transport=HttpTransport(timeout=timeout_s),
            timeout=timeout_s,
            cache=None,
            plugins=[self._seen],
        )
        credentials = client.factory.create("ns0:SoCredentials")
        credentials.Ticket = ticket
        headers: dict[str, Any] = {"Credentials": credentials}
        if token is not None:
            headers["ApplicationToken"] = token
        client.set_options(soapheaders=headers)
        self._client = client

    def save(self, kind: str, image: bytes, description: str | None) -> int:
        """Store an image; return the blob id."""
        check_text(description)
        self._seen.succeeded = None
        encoded = base64.b64encode(image).decode()
        try:
            answer = self._client.service.SaveImageStream(kind, encoded, description)
        except (suds.WebFault, suds.transport.TransportError, SAXException, OSError) as error:
            raise UploadError(type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 -- suds raises a plain one for other statuses
            raise UploadError(type(error).__name__) from None
        if self._seen.succeeded not in (None, "true", "1"):
            raise UploadError("Succeeded is not true")
        return check_id(getattr(answer, "Response", answer))
