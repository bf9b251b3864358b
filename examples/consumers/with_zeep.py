"""Upload with zeep."""

import logging

import requests
import zeep
import zeep.exceptions
from answers import UploadError, check_id, check_text
from lxml.etree import LxmlError

BINDING = "{http://www.superoffice.net/ws/crm/NetServer/Services86}BasicHttpBinding_BLOB"


# At level DEBUG zeep logs each envelope, with the ticket in it.
logging.getLogger("zeep").setLevel(logging.INFO)


class ZeepUploader:
    """Uploads with one zeep client; loading the WSDL takes a while, so it can be handed in."""

    def __init__(
        self,
        document: zeep.wsdl.Document,
        url: str,
        ticket: str,
        token: str | None,
        timeout_s: float,
    ) -> None:
        session = requests.Session()
        session.max_redirects = 0  # else the ticket goes wherever the server says
        transport = zeep.Transport(session=session, operation_timeout=timeout_s)
        client = zeep.Client(document, transport=transport)
        headers: dict[str, object] = {"Credentials": {"Ticket": ticket}}
        if token is not None:
            headers["ApplicationToken"] = token
        client.set_default_soapheaders(headers)
        self._session = session
        self._service = client.create_service(BINDING, url)

    def close(self) -> None:
        self._session.close()

    def save(self, kind: str, image: bytes, description: str | None) -> int:
        """Store an image; return the blob id."""
        check_text(description)
        try:
            saved = self._service.SaveImageStream(kind, image, description)
        except (zeep.exceptions.Error, requests.RequestException, LxmlError) as error:
            raise UploadError(type(error).__name__) from None
        except (TypeError, ValueError, AttributeError) as error:  # of an answer of another shape
            raise UploadError(f"the answer cannot be read: {type(error).__name__}") from None
        header = getattr(saved, "header", None)
        if header is not None and header.Succeeded is not True:
            raise UploadError("Succeeded is not true")
        body = getattr(saved, "body", saved)
        return check_id(getattr(body, "Response", body))
