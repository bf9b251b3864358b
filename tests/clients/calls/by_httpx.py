"""httpx: HTTP alone, like requests, with envelopes by hand; its asynchronous client as well."""

import asyncio

import httpx

from tests.clients.calls.by_requests import HEADERS, blob_id
from tests.clients.calls.case import Call


def call(soap: str, body: str, *, asynchronous: bool = False) -> Call:
    async def post(url: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return await client.post(url, content=body.encode(), headers=HEADERS[soap])

    def upload(url: str, wsdl_url: str) -> object:
        if asynchronous:
            reply = asyncio.run(post(url))
        else:
            with httpx.Client(trust_env=False, timeout=30) as client:
                reply = client.post(url, content=body.encode(), headers=HEADERS[soap])
        reply.raise_for_status()
        return blob_id(reply.content)

    return upload
