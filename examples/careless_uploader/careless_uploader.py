"""A careless variant of zeep_uploader: it does not check Succeeded. Do not copy it."""

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

    def put_portrait(self, person_id: int, image: bytes, description: str) -> None:
        saved = self._service.SaveImageStream("PersonImage", image, description)
        # The mistake: Succeeded is not checked, and the 0 or None of a failed save is passed on.
        self._service.ChangePersonImage(person_id, saved.body.Response)
