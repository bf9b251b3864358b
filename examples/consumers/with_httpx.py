"""Upload with httpx, asynchronously, and lxml."""

import asyncio

import httpx
from answers import UploadError, check_text, read_answer
from with_requests import HEADERS, envelope

# Made once: a context for each client takes longer than an upload.
CONTEXT = httpx.create_ssl_context()


class HttpxUploader:
    """Uploads with a client for each call."""

    def __init__(self, url: str, ticket: str, token: str | None, timeout_s: float) -> None:
        self._url, self._ticket, self._token, self._timeout_s = url, ticket, token, timeout_s

    async def save(self, kind: str, image: bytes, description: str | None) -> int:
        """Store an image; return the blob id."""
        check_text(description)
        body = envelope(kind, image, description, self._ticket, self._token)
        try:
            # httpx bounds each read; asyncio bounds the whole call.
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(verify=CONTEXT) as client,
            ):
                answer = await client.post(self._url, content=body, headers=HEADERS)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UploadError(type(error).__name__) from None
        return read_answer(
            answer.status_code, answer.headers.get("Content-Type", ""), answer.content
        )
