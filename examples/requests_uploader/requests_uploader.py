"""Upload an image to SuperOffice with requests and an envelope written by hand."""

import base64
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import requests

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
ENVELOPE = f"""<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="{NS}">
  <s:Header>
    <n:ApplicationToken>{{token}}</n:ApplicationToken>
    <n:Credentials><n:Ticket>{{ticket}}</n:Ticket></n:Credentials>
  </s:Header>
  <s:Body>
    <n:SaveImageStream>
      <n:Type>{{type}}</n:Type>
      <n:Image>{{image}}</n:Image>
      <n:Description>{{description}}</n:Description>
    </n:SaveImageStream>
  </s:Body>
</s:Envelope>"""


class UploadError(Exception):
    """SuperOffice did not store the image."""


def text(value: str) -> str:
    """Escape markup, and CR, which an XML parser would read as a line feed."""
    return escape(value, {"\r": "&#13;"})


def upload(
    url: str, ticket: str, token: str, image: bytes, description: str, type: str = "PersonImage"
) -> int:
    """Store an image and return the blob id.

    Raises:
        UploadError: SuperOffice did not store the image.
    """
    envelope = ENVELOPE.format(
        token=text(token),
        ticket=text(ticket),
        type=type,
        image=base64.b64encode(image).decode(),
        description=text(description),
    )
    answer = requests.post(
        url,
        data=envelope.encode(),
        headers={
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{NS}/BLOB/SaveImageStream"',
        },
        timeout=30,
    )
    if answer.status_code != 200:
        raise UploadError(f"HTTP {answer.status_code}")
    root = ET.fromstring(answer.content)
    if root.findtext(f".//{{{NS}}}Succeeded") != "true":
        raise UploadError(root.findtext(f".//{{{NS}}}Message") or "the server gave no reason")
    return int(root.findtext(f".//{{{NS}}}Response") or 0)
