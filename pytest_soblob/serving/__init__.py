"""`soblob serve`: the endpoint for clients in any language, by options or by a TOML file."""

from pytest_soblob.serving._configuration import Configuration, read_failure
from pytest_soblob.serving._running import serve

__all__ = ["Configuration", "read_failure", "serve"]
