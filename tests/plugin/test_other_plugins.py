"""Beside the tools that people have in the same suite: clocks that stand still, time-outs, trio."""

import pytest

from tests.plugin.conftest import Run

CLOCKS = {
    "freezegun": (
        "from freezegun import freeze_time",
        "@freeze_time('2001-01-01')",
    ),
    "freezegun, ticking": (
        "from freezegun import freeze_time",
        "@freeze_time('2001-01-01', tick=True)",
    ),
    "time-machine": (
        "import time_machine",
        "@time_machine.travel('2001-01-01', tick=False)",
    ),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_server_keeps_real_time_where_a_test_stops_its_own(run: Run, clock: str) -> None:
    """An answer that is late by the server's clock comes; a half request's time runs out."""
    needed, decorator = CLOCKS[clock]
    result = run(
        f"""
        import socket
        from datetime import date
        from client import RIGHT, post
        {needed}

        {decorator}
        def test_uploads(soblob_endpoint):
            assert date.today().year == 2001
            soblob_endpoint.fail("delay", seconds=0.2)
            assert post(soblob_endpoint).status_code == 200
            assert post(soblob_endpoint).status_code == 200

        {decorator}
        def test_half_a_request(soblob_endpoint):
            host, port = soblob_endpoint.base_url.partition("://")[2].rsplit(":", 1)
            with socket.create_connection((host, int(port))) as client:
                client.sendall(b"POST / HTTP/1.1\\r\\nHost: a\\r\\n")
                soblob_endpoint.check()

        def test_after(soblob_endpoint):
            assert post(soblob_endpoint).status_code == 200
        """
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("clock", CLOCKS)
def test_an_endpoint_that_starts_while_time_stands_still_serves(run: Run, clock: str) -> None:
    needed, decorator = CLOCKS[clock]
    result = run(
        f"""
        from client import RIGHT, post
        from pytest_soblob import StubEndpoint
        {needed}

        {decorator}
        def test_starts_and_stops():
            with StubEndpoint() as endpoint:
                endpoint.fail("delay", seconds=0.1)
                assert post(endpoint).status_code == 200
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_time_out_of_a_test_harms_nothing_that_comes_after(run: Run, method: str) -> None:
    """By signal the test alone ends; by thread the run does, as pytest-timeout has it."""
    result = run(
        """
        import time
        import pytest
        from client import post

        @pytest.mark.timeout(1, func_only=True)
        def test_hangs(soblob_endpoint):
            soblob_endpoint.fail("delay", seconds=60)
            post(soblob_endpoint)

        def test_next(soblob_endpoint):
            assert post(soblob_endpoint).status_code == 200
        """,
        f"--timeout-method={method}",
        subprocess=True,
    )
    if method == "signal":
        result.assert_outcomes(failed=1, passed=1)
    else:
        assert result.ret != 0
    assert "Timeout" in result.stdout.str() + result.stderr.str()


def test_httpx_transport_under_trio_and_asyncio(run: Run) -> None:
    result = run(
        """
        import anyio
        import httpx
        import pytest
        from client import m
        from pytest_soblob import StubEndpoint
        from pytest_soblob.transports import httpx_transport

        @pytest.mark.parametrize("backend", ["trio", "asyncio"])
        def test_uploads(backend):
            endpoint = StubEndpoint()
            endpoint.fail("delay", seconds=0.05)
            sent = m.http_request(m.request())

            async def main():
                async with httpx.AsyncClient(transport=httpx_transport(endpoint)) as client:
                    return [
                        await client.post(
                            endpoint.in_process_url, content=sent.body, headers=dict(sent.headers)
                        )
                        for _ in range(2)
                    ]

            answers = anyio.run(main, backend=backend)
            assert [answer.status_code for answer in answers] == [200, 200]
            assert len(endpoint.blobs) == 2
            endpoint.check()
        """
    )
    result.assert_outcomes(passed=2)
