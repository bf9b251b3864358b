"""Log in to SuperOffice with zeep, upload, and log in again when the ticket has expired."""

from typing import Any

import zeep

SESSION_OVER = "SuperOffice.Exceptions.SoSessionException"


class UploadError(Exception):
    """SuperOffice did not store the image."""


class Uploader:
    """Uploads images as one user, and renews the ticket when it has expired."""

    def __init__(self, address: str, user: str, password: str, application_token: str) -> None:
        """Load both WSDLs below an address such as `https://host/Cust12345/Remote/Services86`."""
        self._principal = zeep.Client(f"{address}/SoPrincipal.svc?wsdl")
        self._blobs = zeep.Client(f"{address}/BLOB.svc?wsdl")
        self._login = (user, password)
        self._token = application_token
        self._ticket: str | None = None

    def close(self) -> None:
        for client in (self._principal, self._blobs):
            client.transport.session.close()

    def save(self, image: bytes, description: str) -> int:
        """Store an image and return its blob id.

        Raises:
            UploadError: SuperOffice did not store the image, or the log-in failed.
        """
        saved = self._try_to_save(image, description)
        info = saved.header.ExceptionInfo
        if saved.header.Succeeded is not True and info and info.ExceptionType == SESSION_OVER:
            self._ticket = None  # expired
            saved = self._try_to_save(image, description)  # once only
            info = saved.header.ExceptionInfo
        if saved.header.Succeeded is not True:
            raise UploadError(info.Message if info else "the server gave no reason")
        return int(saved.body.Response)

    def _try_to_save(self, image: bytes, description: str) -> Any:
        if self._ticket is None:
            self._ticket = self._authenticate()
        headers = {"ApplicationToken": self._token, "Credentials": {"Ticket": self._ticket}}
        return self._blobs.service.SaveImageStream(
            "PersonImage", image, description, _soapheaders=headers
        )

    def _authenticate(self) -> str:
        answer = self._principal.service.AuthenticateUsernamePassword(
            *self._login, _soapheaders={"ApplicationToken": self._token}
        )
        if answer.body.AuthenticationSucceeded is not True:
            raise UploadError("user name or password is wrong")
        return str(answer.body.Credentials.Ticket)
