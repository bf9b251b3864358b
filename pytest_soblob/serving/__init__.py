"""`soblob serve`: the endpoint for clients in any language, configured by options or TOML."""

from pytest_soblob.serving._configuration import Configuration, read_failure
from pytest_soblob.serving._running import serve

__all__ = ["Configuration", "read_failure", "serve"]
