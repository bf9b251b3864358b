"""The socket of an endpoint: the server that runs now, and requests that are still on their way."""

import ssl
from typing import Final

from pytest_soblob._http.server import PATIENCE_S, Handlers, Limits, Server
from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.endpoint._breakdowns import Breakdowns
from pytest_soblob.stub.endpoint._eras import Eras
from pytest_soblob.stub.endpoint._under_way import UnderWay
from pytest_soblob.stub.endpoint._user_code import keeps_server_waiting

# For clients that still send when the endpoint is stopped.
_LAST_PATIENCE_S: Final = 2.0
# The URL of an endpoint that does not listen, for a transport in the same process.
IN_PROCESS_URL: Final = "http://soblob.invalid"


class Listener:
    """Starts and stops the server of one endpoint.

    Args:
        limits: Limits of each connection.
        tls: TLS context, or None for plain HTTP.
        breakdowns: Receives the errors of the stub itself.

    Attributes:
        server: The running server, or None.
        under_way: Calls being handled without a connection.
        eras: The test in which each connection was opened.
    """

    def __init__(self, limits: Limits, tls: ssl.SSLContext | None, breakdowns: Breakdowns) -> None:
        self._limits = limits
        self._tls = tls
        self._breakdowns = breakdowns
        self.server: Server | None = None
        self.under_way = UnderWay()
        self.eras = Eras()
        self._last: tuple[Handlers, str, int] | None = None

    def start(self, handlers: Handlers, host: str, port: int) -> None:
        """Listen.

        Raises:
            SoblobError: It listens already, or the address is not available.
        """
        if self.server is not None:
            raise SoblobError("the endpoint has been started already")
        server = Server(handlers, host, port, limits=self._limits, tls=self._tls)
        server.start()
        self.eras.clear()
        self.server, self._last = server, (handlers, server.host, server.port)

    def revive(self) -> None:
        """Listen again on the same address, if the endpoint was stopped.

        Raises:
            SoblobError: The address is no longer available.
        """
        if self.server is None and self._last is not None:
            self.start(*self._last)

    def restart_if_ended(self) -> None:
        """Restart a server whose loop has ended by itself.

        Raises:
            SoblobError: The address is no longer available.
        """
        if self.server is not None and self.server.has_ended:
            self.server.stop()
            self.server.start()

    def close(self) -> None:
        """Wait for what clients have sent, then stop the server. May be called again.

        Raises:
            SoblobError: The server's thread does not end.
        """
        self.settle(_LAST_PATIENCE_S)
        server, self.server = self.server, None
        if server is not None:
            server.stop()

    def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until everything that clients have sent has been handled.

        Does nothing in code of a test for which the server waits.

        Args:
            patience_s: Seconds to wait for the server, and for calls without a connection.
        """
        if keeps_server_waiting():
            return
        if self.server is not None:
            self.server.settle(patience_s)
        stuck = self.under_way.settle(patience_s)
        if stuck is not None:
            said = f"a call in the thread {stuck.name!r} was not answered within {patience_s:g} s"
            self._breakdowns.note(SoblobError(said))

    @property
    def has_ended(self) -> bool:
        """True if the server's loop has ended by itself."""
        return self.server is not None and self.server.has_ended

    def is_open(self, connection: int) -> bool:
        """Return True if the connection of that number is open."""
        return self.server is not None and self.server.is_open(connection)

    @property
    def accepted(self) -> int:
        """Number of connections accepted so far."""
        return 0 if self.server is None else self.server.accepted

    @property
    def unfinished(self) -> list[str]:
        """One line for each request that has begun and is not yet complete."""
        server = self.server
        return [] if server is None else [str(each) for each in server.unfinished]

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, without a path.

        Raises:
            SoblobError: The endpoint is not running.
        """
        if self.server is None:
            raise SoblobError("the endpoint is not running: start it, or use it as `with ... as`")
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.server.port}"

    @property
    def any_base_url(self) -> str:
        """`base_url`, or the URL for in-process transports if the endpoint is not running."""
        return IN_PROCESS_URL if self.server is None else self.base_url
