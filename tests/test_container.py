"""The container recipe: read where there is no engine, built and run where there is one."""

import json
import re
import shutil
import subprocess
import tomllib
import uuid
from pathlib import Path

import pytest
import requests

from pytest_soblob.cli import main
from pytest_soblob.soap.messages import SaveImageStreamRequest
from tests.command import all_output, runner

ROOT = Path(__file__).parent.parent
RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def engine() -> str | None:
    """The command of a container engine that answers; None where there is none."""
    for name in ("docker", "podman"):
        found = shutil.which(name)
        if found is None:
            continue
        told = subprocess.run((found, "info"), check=False, capture_output=True, timeout=60)
        if told.returncode == 0:
            return found
    return None


def test_it_copies_all_that_the_wheel_is_made_of() -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--)(.*) \S+$", RECIPE, re.M) for name in line.split()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    assert copied >= {*needed, *wheel["packages"], *wheel["force-include"]}
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in IGNORED, name


def test_its_entry_point_is_a_command_of_ours_on_the_port_that_it_exposes() -> None:
    found = re.search(r"^ENTRYPOINT (\[.*\])$", RECIPE, re.M)
    assert found is not None
    program, *options = json.loads(found[1])
    assert program.endswith("/soblob")
    assert options[-1] == re.search(r"^EXPOSE (\d+)$", RECIPE, re.M)[1]  # type: ignore[index]
    # A port that nobody can have shows that all before it was understood.
    done = runner().invoke(main, [*options, "--host", "127.0.0.1", "--port", "65536"])
    assert done.exit_code == 2
    assert "--port" in all_output(done)


def test_its_command_for_the_control_api_asks_for_a_token_that_was_not_set() -> None:
    found = re.search(r"^#   (docker run .*--network host.*(?:\n#     .*)*)", RECIPE, re.MULTILINE)
    assert found is not None
    command = 'docker() { echo "$@"; }; ' + found[1].replace("\n#", "\n")
    for token, goes in ((None, False), ("", False), ("only-for-this-run", True)):
        env = {} if token is None else {"SOBLOB_CONTROL_TOKEN": token}
        done = subprocess.run(
            ("/bin/sh", "-c", command), env=env, check=False, capture_output=True, text=True
        )
        assert (done.returncode == 0) == goes
        assert (" SOBLOB_CONTROL_TOKEN=only-for-this-run " in done.stdout) == goes
        assert ("8 or more printable ASCII characters" in done.stderr) != goes


def test_it_is_built_and_runs(request: pytest.FixtureRequest) -> None:
    command = engine()
    if command is None:
        pytest.skip("no container engine answers here")
    name = f"soblob-test-{uuid.uuid4().hex[:12]}"
    run = ("run", "--rm", "--detach", "--name", name, "--publish", "127.0.0.1::8086", name)
    subprocess.run((command, "build", "--tag", name, str(ROOT)), check=True, timeout=900)
    request.addfinalizer(lambda: subprocess.run((command, "image", "rm", name), check=False))
    subprocess.run((command, *run, "--behaviour", "wcf"), check=True, timeout=60)
    request.addfinalizer(lambda: subprocess.run((command, "stop", name), check=False))
    logs = subprocess.Popen((command, "logs", "--follow", name), stdout=subprocess.PIPE, text=True)
    with logs:
        assert logs.stdout is not None
        assert logs.stdout.readline().startswith("serving http://0.0.0.0:8086/")
        published = subprocess.run(
            (command, "port", name, "8086"), check=True, capture_output=True, text=True, timeout=60
        ).stdout.split()[0]
        url = f"http://{published}/Remote/Services86/BLOB.svc"
        assert f'location="{url}"' in requests.get(f"{url}?wsdl", timeout=30).text
        upload = SaveImageStreamRequest(
            type="PersonImage", image=b"\x89PNG", description="d", ticket="7T:x"
        ).to_http_request()
        answer = requests.post(url, data=upload.body, headers=dict(upload.headers), timeout=30)
        assert ">true<" in answer.text
        subprocess.run((command, "stop", name), check=True, timeout=60)
