"""The right provider behind aiohttp, on a loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from tests.conformance.providers import PATH, Right

Change = Callable[[web.Request, web.Response], Awaitable[web.Response]]


@contextmanager
def served_by_aiohttp(right: Right, change: Change | None = None) -> Iterator[str]:
    """Serve a provider, and yield its URL; `change` makes another response of each to a POST."""

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method == "GET":
            reply = right.get(request.query_string)
        else:
            reply = right.post(headers, await request.read())
        response = web.Response(status=reply.status, body=reply.body)
        if reply.body:
            response.headers["Content-Type"] = reply.media_type
        is_changed = change is not None and request.method == "POST"
        return await change(request, response) if change and is_changed else response

    loop = asyncio.new_event_loop()
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", PATH, handle)
    runner = web.AppRunner(application)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        right.url = f"http://127.0.0.1:{port}{PATH}"
        yield right.url
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
