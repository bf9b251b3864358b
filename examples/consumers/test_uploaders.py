"""Four uploaders against the consumer suite. What each deselects has a reason."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
import zeep
from answers import UploadError
from with_httpx import HttpxUploader
from with_requests import RequestsUploader
from with_suds import SudsUploader
from with_zeep import ZeepUploader

from pytest_soblob.consumer import Abilities, ConsumerContract, NotUploaded, Target, Upload

TIMEOUT_S = 1.0


class UploaderContract(ConsumerContract):
    """What the four have in common; pytest collects only those below."""

    __test__ = False
    failures = (UploadError,)
    abilities = Abilities(timeout_s=TIMEOUT_S)

    def upload(self, uploader: Any, call: Upload) -> Any:
        try:
            return uploader.save(call.type, call.image, call.description)
        except ValueError as error:
            raise NotUploaded(str(error)) from None


def told(target: Target) -> tuple[str, str, str | None, float]:
    return target.url, target.ticket or "", target.application_token, TIMEOUT_S


class TestRequests(UploaderContract):
    __test__ = True

    @pytest.fixture
    def uploader(self, soblob_contract: Target) -> Iterator[RequestsUploader]:
        made = RequestsUploader(*told(soblob_contract))
        yield made
        made.close()


class TestHttpx(UploaderContract):
    __test__ = True

    @pytest.fixture
    def uploader(self, soblob_contract: Target) -> HttpxUploader:
        return HttpxUploader(*told(soblob_contract))

    async def upload(self, uploader: Any, call: Upload) -> Any:
        try:
            return await uploader.save(call.type, call.image, call.description)
        except ValueError as error:
            raise NotUploaded(str(error)) from None


@cache
def document(wsdl: Path) -> zeep.wsdl.Document:
    """Load the WSDL once: each scenario has a client of its own."""
    transport: Any = zeep.Transport()
    with transport.session:
        return zeep.wsdl.Document(str(wsdl), transport)


class TestZeep(UploaderContract):
    __test__ = True
    # Found in zeep 4.3.
    expected_failures: ClassVar = {
        "answer.doctype": "zeep reads a document type that defines no entity",
        "answer.two-body-children": "zeep takes the first child of Body",
    }

    @pytest.fixture
    def uploader(self, soblob_contract: Target, soblob_wsdl: Path) -> Iterator[ZeepUploader]:
        made = ZeepUploader(document(soblob_wsdl), *told(soblob_contract))
        yield made
        made.close()


class TestSuds(UploaderContract):
    __test__ = True
    # Found in suds-community 1.2; `soblob scenario ID` says what each costs.
    expected_failures: ClassVar = {
        "description.cr": "suds writes a carriage return as it is",
        "description.crlf": "suds writes a carriage return as it is",
        "description.references": "suds does not escape the & of what looks like a reference",
        "answer.exception-info-alone": "we look at Succeeded alone",
        "answer.doctype": "suds reads a document type",
        "answer.two-body-children": "suds takes the first child",
        "answer.other-version": "suds looks at local names",
    }
    deselected: ClassVar = {"answer.entity-bomb": "suds expands it, and takes a processor with it"}

    @pytest.fixture
    def uploader(self, soblob_contract: Target) -> SudsUploader:
        return SudsUploader(*told(soblob_contract))
