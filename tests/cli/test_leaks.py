"""No secret in what the commands write: the log, the control API, verdicts as text and as JSON."""

import http.client
import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import command
from tests.leaks import ENCODINGS, PLACES, SECRETS, forms, message
from tests.once import Once
from tests.wire import to_bytes

TOKEN = "LeakedControlToken"


def shown(text: str, form: str) -> str:
    place = text.find(form)
    return "" if place < 0 else text[max(place - 300, 0) : place + 200]


@pytest.fixture(params=["lines", "json"])
def served(request: pytest.FixtureRequest, once: Once) -> str:
    return once(("served", request.param), lambda: what_serve_says(request.param))


def what_serve_says(log_format: str) -> str:
    """The log of a run that got them all, and what its control API says of each."""
    process = subprocess.Popen(
        command("serve", "--log", log_format, "--ticket", SECRETS["ticket"], "--control-token",
                TOKEN, "--account", f"ada:{SECRETS['password']}"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said: list[str] = []
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().split("://")[1].partition("/")[0]
        with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            for kind in SECRETS:
                for encoding in ENCODINGS:
                    for place in PLACES:
                        sent = message(kind, encoding, place, wrong=place != "description")
                        connection.request("POST", sent.target, sent.body, dict(sent.headers))
                        said.append(connection.getresponse().read().decode())
            for path in ("exchanges", "blobs", "check"):
                method = "POST" if path == "check" else "GET"
                bearer = {"Authorization": f"Bearer {TOKEN}"}
                connection.request(method, f"/_soblob/{path}", headers=bearer)
                said.append(connection.getresponse().read().decode())
        process.terminate()
        log, errors = process.communicate(timeout=30)
    count = len(SECRETS) * len(ENCODINGS) * len(PLACES)
    assert log.count("SaveImageStream") >= count
    assert "body.child-out-of-order" in log
    return "\n".join([log, errors, *said])


@pytest.mark.slow
@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_the_log_the_faults_and_the_control_api(served: str, kind: str) -> None:
    assert [shown(served, form) for form in forms(SECRETS[kind]) if form in served] == []
    assert TOKEN not in served


@pytest.fixture(
    params=[
        pytest.param("text", marks=pytest.mark.slow),
        "json",
        pytest.param("jsonl", marks=pytest.mark.slow),
    ],
)
def validated(request: pytest.FixtureRequest, once: Once, tmp_path: Path) -> str:
    return once(("validated", request.param), lambda: what_validate_says(request.param, tmp_path))


def what_validate_says(output: str, folder: Path) -> str:
    for number, kind in enumerate(SECRETS):
        for encoding in ENCODINGS:
            for place in PLACES:
                file = folder / f"{number} {encoding} {place}.http"
                file.write_bytes(to_bytes(message(kind, encoding, place)))
    done = subprocess.run(
        command("validate", "--format", output, str(folder)),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "body.child-out-of-order" in done.stdout
    if output == "json":
        assert len(json.loads(done.stdout)) == len(SECRETS) * len(ENCODINGS) * len(PLACES)
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_what_validate_says(validated: str, kind: str) -> None:
    assert [shown(validated, form) for form in forms(SECRETS[kind]) if form in validated] == []
