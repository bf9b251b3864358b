"""Set a person's portrait in SuperOffice with zeep. This is the code that you would ship."""

import zeep


class UploadError(Exception):
    """SuperOffice did not store the image."""


class Uploader:
    """Uploads images with a ticket from SoPrincipal.svc."""

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

    def put_portrait(self, person_id: int, image: bytes, description: str) -> int:
        """Store an image, make it the person's picture, and return the blob id.

        Raises:
            UploadError: The image was not stored, or not attached.
        """
        saved = self._service.SaveImageStream("PersonImage", image, description)
        # Only this check is safe: zeep raises nothing for a business failure, and a nil
        # ExceptionInfo is truthy.
        if saved.header is None or saved.header.Succeeded is not True:
            info = saved.header and saved.header.ExceptionInfo
            raise UploadError(info.Message if info else "the server gave no reason")
        blob_id: int | None = saved.body.Response
        if not blob_id or blob_id < 0:
            raise UploadError(f"the server returned the blob id {blob_id}")
        attached = self._service.ChangePersonImage(person_id, blob_id)
        if attached.header is None or attached.header.Succeeded is not True:
            raise UploadError(f"blob {blob_id} was stored, but not attached")
        return blob_id
