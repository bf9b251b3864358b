"""Runs of pytest with a consumer suite in them."""

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

MODULE = """
import pytest
from pytest_soblob.consumer import Abilities, ConsumerContract
from tests.consumer.uploader import Uploader, UploadFailed

class TestUploader(ConsumerContract):
    failures = (UploadFailed,)
    abilities = Abilities(timeout_s=0.3)
    {more}

    @pytest.fixture
    def uploader(self, soblob_contract):
        return {client}(soblob_contract)

    def upload(self, uploader, call):
        return {save}
"""
DELETES = """
class Careless(Uploader):
    def check_header(self, root):
        pass
    def check_id(self, text):
        return int(text or 0)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("CI", raising=False)  # where pytest repeats whole messages in its summary

    def run(
        *arguments: str,
        more: str = "",
        client: str = "Uploader",
        save: str = "uploader.save(call)",
        before: str = "",
    ) -> pytest.RunResult:
        module = MODULE.format(more=more, client=client, save=save)
        head, _, rest = module.partition("class TestUploader")
        pytester.makepyfile(test_uploader=f"{head}{before}\nclass TestUploader{rest}")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q", *arguments)

    return run
