"""The validator is sent to dask's processes, and its findings come back in order."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob import EnvelopeValidator, SaveImageStreamRequest

pytest.importorskip("dask.distributed", reason="needs dask: pip install 'pytest-soblob[dask]'")

from dask.distributed import Client
from judge_archive import judge, judge_archive, local_cluster


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with local_cluster() as cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    right = SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG\r\n\x1a\n", description="Portrait", ticket="7T:abcd=="
    ).to_bytes()
    for number in range(1200):
        inner = tmp_path / f"{number // 100:02}"
        inner.mkdir(exist_ok=True)
        data = right.replace(b"PersonImage", b"PersonPhoto") if number % 400 == 7 else right
        (inner / f"{number:04}.xml").write_bytes(data)
    return tmp_path


def test_what_a_cluster_finds_is_what_one_process_finds(client: Any, archive: Path) -> None:
    validator = EnvelopeValidator(profile="wsdl")
    findings = judge_archive(archive, validator, client)
    assert findings == [judge(str(file), validator) for file in sorted(archive.rglob("*.xml"))]
    wrong = [Path(file).stem for file, rules in findings if rules]
    assert wrong == ["0007", "0407", "0807"]


def test_the_settings_cross_as_well(client: Any, archive: Path) -> None:
    findings = judge_archive(archive / "00", EnvelopeValidator(installation="online"), client)
    assert all("header.application-token-missing" in rules for _, rules in findings)


def test_an_empty_archive_has_no_findings(client: Any, tmp_path: Path) -> None:
    assert judge_archive(tmp_path, EnvelopeValidator(), client) == []


def test_as_a_script(archive: Path) -> None:
    script = Path(__file__).with_name("judge_archive.py")
    result = subprocess.run(
        [sys.executable, script, archive], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout.split()[:2] == ["3", "x"]
