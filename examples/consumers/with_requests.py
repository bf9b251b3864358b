"""Upload with requests and a template."""

import base64
from xml.sax.saxutils import escape

import requests
from answers import NS, UploadError, check_text, read_answer

ENVELOPE = f"""<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="{NS}">
  <s:Header>{{token}}<n:Credentials><n:Ticket>{{ticket}}</n:Ticket></n:Credentials></s:Header>
  <s:Body>
    <n:SaveImageStream>
      <n:Type>{{type}}</n:Type>
      <n:Image>{{image}}</n:Image>{{description}}
    </n:SaveImageStream>
  </s:Body>
</s:Envelope>"""
HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": f'"{NS}/BLOB/SaveImageStream"',
}


def element(name: str, text: str | None) -> str:
    """Return an element; a carriage return is written so that XML does not read a line feed."""
    if text is None:
        return ""
    return f"<n:{name}>{escape(text, {chr(13): '&#13;'})}</n:{name}>"


def envelope(
    kind: str, image: bytes, description: str | None, ticket: str, token: str | None
) -> bytes:
    """Return the request."""
    return ENVELOPE.format(
        token=element("ApplicationToken", token),
        ticket=escape(ticket),
        type=kind,
        image=base64.b64encode(image).decode(),
        description=element("Description", description),
    ).encode()


class RequestsUploader:
    """Uploads with one session."""

    def __init__(self, url: str, ticket: str, token: str | None, timeout_s: float) -> None:
        self._url, self._ticket, self._token, self._timeout_s = url, ticket, token, timeout_s
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def save(self, kind: str, image: bytes, description: str | None) -> int:
        """Store an image; return the blob id."""
        check_text(description)
        body = envelope(kind, image, description, self._ticket, self._token)
        try:
            answer = self._session.post(
                self._url,
                data=body,
                headers=HEADERS,
                timeout=self._timeout_s,
                allow_redirects=False,  # else the ticket goes wherever the server says
            )
        except requests.RequestException as error:
            raise UploadError(type(error).__name__) from None
        return read_answer(
            answer.status_code, answer.headers.get("Content-Type", ""), answer.content
        )
