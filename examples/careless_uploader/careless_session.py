"""A careless variant of session_uploader: it retries blindly. Do not copy it."""

from typing import Any

import zeep


class Uploader:
    def __init__(self, wsdl: str, url: str, ticket: str, application_token: str) -> None:
        client = zeep.Client(wsdl)
        client.set_default_soapheaders(
            {"ApplicationToken": application_token, "Credentials": {"Ticket": ticket}}
        )
        binding = "{http://www.superoffice.net/ws/crm/NetServer/Services86}BasicHttpBinding_BLOB"
        self._client = client
        self._service = client.create_service(binding, url)

    def close(self) -> None:
        self._client.transport.session.close()

    def save(self, image: bytes, description: str) -> Any:
        for _ in range(5):  # the mistake: retries whatever the reason was
            try:
                saved = self._service.SaveImageStream("PersonImage", image, description)
            except zeep.exceptions.Fault:
                continue
            if saved.header.Succeeded:
                return saved.body.Response
        return None
