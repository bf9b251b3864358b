"""A certificate authority for tests: nobody trusts it but who is told to.

::

    with Authority() as authority, StubEndpoint(tls=authority.server_context()) as endpoint:
        requests.post(endpoint.url, verify=authority.ca_file, ...)

It needs the extra `tls` (trustme).
"""

import shutil
import ssl
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_soblob.errors import SoblobError

_NAMES = ("localhost", "127.0.0.1", "::1")


class Authority:
    """An authority, and the files that clients need.

    Args:
        folder: Where the files go; None for a temporary folder, which `close` removes.
        names: Host names and addresses that the server's certificate is for, beside loopback's.

    Attributes:
        ca_file: The authority's certificate (PEM): what a client has to trust.
        client_file: A client's key and certificate (PEM), for servers that ask for one.

    Raises:
        SoblobError: trustme is not installed, or the folder cannot be written to.
    """

    def __init__(self, folder: Path | None = None, names: tuple[str, ...] = ()) -> None:
        trustme = _load_trustme()
        self._is_temporary = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="soblob-")) if folder is None else folder
        self._authority: Any = trustme.CA(organization_name="pytest-soblob tests")
        self._names = tuple(dict.fromkeys((*_NAMES, *names)))
        self.ca_file = self._folder / "ca.pem"
        self.client_file = self._folder / "client.pem"
        try:
            self._write()
        except OSError as error:
            said = error.strerror or error
            raise SoblobError(f"cannot write certificates to {self._folder}: {said}") from None

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        client = self._authority.issue_cert("client@soblob.invalid")
        client.private_key_and_cert_chain_pem.write_to_path(str(self.client_file))
        self.client_file.chmod(0o600)

    def server_context(self, *, client_certificate: bool = False) -> ssl.SSLContext:
        """Return how a server speaks TLS with a certificate of this authority.

        Args:
            client_certificate: Whether a client must have one as well.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*self._names).configure_cert(context)
        if client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            self._authority.configure_trust(context)
        return context

    def close(self) -> None:
        """Remove the files, where they are in a temporary folder."""
        if self._is_temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _load_trustme() -> Any:
    try:
        import trustme  # an extra
    except ImportError:
        raise SoblobError(
            "TLS needs a certificate authority for tests: pip install 'pytest-soblob[tls]'"
        ) from None
    return trustme
