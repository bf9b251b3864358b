"""A JAX-WS client that was generated from the vendor's WSDL takes the WSDL that the stub serves."""

from pathlib import Path

import pytest

from pytest_soblob import StubEndpoint, assert_saved
from tests.clients.calls import by_jaxws
from tests.clients.calls.case import PORTRAIT

VENDOR = Path(__file__).parents[3] / "shared" / "vendor" / "Services86-BLOB.wsdl"


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not VENDOR.is_file():
        pytest.skip("the vendor's WSDL (../shared/vendor) is not at hand")
    if not by_jaxws.is_there():
        pytest.skip("javac, or the jars of JAX-WS, are not on this machine")
    folder = tmp_path_factory.mktemp("jaxws")
    by_jaxws.generate(VENDOR, folder)
    return folder


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_a_generated_client_reads_the_served_wsdl_and_calls(
    client: Path, behaviour: str, tmp_path: Path
) -> None:
    image = tmp_path / "portrait"
    image.write_bytes(PORTRAIT)
    with StubEndpoint(behaviour=behaviour) as endpoint:
        lines = by_jaxws.call(client, endpoint.url, image)
        assert lines == ["1 true", "ActionNotSupported"]
        assert_saved(endpoint, image=PORTRAIT, type="PersonImage", description="Ida")
        assert [exchange.operation for exchange in endpoint.exchanges] == [
            "SaveImageStream",
            "GetProductImage",
        ]
