"""The careless twin of zeep_uploader: it does not look at Succeeded. Do not copy this one."""

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
        # Nobody asks whether it succeeded: a failed save gives 0, or nothing, and that goes on.
        self._service.ChangePersonImage(person_id, saved.body.Response)
