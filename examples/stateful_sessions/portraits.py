"""Gives persons their portraits, and logs in anew when the ticket has expired."""

import base64
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import requests

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
SESSION_OVER = "SuperOffice.Exceptions.SoSessionException"


class UploadError(Exception):
    """SuperOffice did not do what it was asked for."""


class Portraits:
    """Works as one user below an address such as `https://host/Cust12345/Remote/Services86`."""

    def __init__(self, address: str, user: str, password: str, application_token: str) -> None:
        self._address, self._token = address, application_token
        self._login = f"<UserName>{user}</UserName><Password>{password}</Password>"
        self._ticket = ""
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def give(self, person_id: int, image: bytes, description: str) -> int:
        """Store an image and make it the person's; return its blob id."""
        blob_id = self.save(image, description)
        self.call(
            "ChangePersonImage", f"<PersonId>{person_id}</PersonId><BlobId>{blob_id}</BlobId>"
        )
        return blob_id

    def save(self, image: bytes, description: str) -> int:
        """Store an image; return its blob id."""
        text = escape(description, {"\r": "&#13;"})
        saved = self.call(
            "SaveImageStream",
            f"<Type>PersonImage</Type><Image>{base64.b64encode(image).decode()}</Image>"
            f"<Description>{text}</Description>",
        )
        return int(saved.findtext(f".//{{{NS}}}Response", "0"))

    def call(self, operation: str, parts: str) -> Any:
        """Call it, and once more with a new ticket if the old one has expired."""
        if not self._ticket:
            self.log_in()
        answer = self.post("BLOB", operation, parts)
        if not self.succeeded(answer) and self.error(answer) == SESSION_OVER:
            self.log_in()
            answer = self.post("BLOB", operation, parts)
        if not self.succeeded(answer):
            raise UploadError(self.error(answer))
        return answer

    def log_in(self) -> None:
        answer = self.post("SoPrincipal", "AuthenticateUsernamePassword", self._login)
        self._ticket = answer.findtext(f".//{{{NS}}}Ticket", "")

    def post(self, service: str, operation: str, parts: str) -> Any:
        ticket = f"<Credentials><Ticket>{self._ticket}</Ticket></Credentials>"
        envelope = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{NS}">'
            f"<s:Header><ApplicationToken>{self._token}</ApplicationToken>"
            f"{ticket if service == 'BLOB' else ''}</s:Header>"
            f"<s:Body><{operation}>{parts}</{operation}></s:Body></s:Envelope>"
        )
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{NS}/{service}/{operation}"',
        }
        url = f"{self._address}/{service}.svc"
        answer = self._session.post(url, data=envelope.encode(), headers=headers, timeout=30)
        return ElementTree.fromstring(answer.content)

    @staticmethod
    def succeeded(answer: Any) -> bool:
        return str(answer.findtext(f".//{{{NS}}}Succeeded", "")) == "true"

    @staticmethod
    def error(answer: Any) -> str:
        return str(answer.findtext(f".//{{{NS}}}ExceptionType", "unknown"))
