"""A certificate authority for tests, which no client trusts unless it is configured to.

::

    with Authority() as authority, StubEndpoint(tls=authority.server_context()) as endpoint:
        requests.post(endpoint.url, verify=authority.ca_file, ...)

Requires the extra `tls` (trustme).
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
    """A certificate authority and the files that clients need. A context manager.

    Args:
        folder: Folder for the files, or None for a temporary one, which `close` removes.
        names: Host names and addresses of the server's certificate, in addition to those of
            loopback.

    Attributes:
        ca_file: Certificate of the authority (PEM), which a client has to trust.
        client_file: Key and certificate of a client (PEM), for servers that require one.

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
        """Return a TLS context for a server, with a certificate of this authority.

        Args:
            client_certificate: Whether the server requires a certificate from its clients.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*self._names).configure_cert(context)
        if client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            self._authority.configure_trust(context)
        return context

    def close(self) -> None:
        """Remove the files, if they are in a temporary folder."""
        if self._is_temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __repr__(self) -> str:
        return f"<Authority {self._folder}>"

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
        import trustme
    except ImportError:
        raise SoblobError(
            "TLS needs trustme, which is not installed: pip install 'pytest-soblob[tls]'"
        ) from None
    return trustme
