"""The right client as a command and as a worker, and what it leaks if it is asked to.

`python scripted.py once URL TYPE IMAGE DESCRIPTION TICKET TOKEN [LEAK]`, or `python scripted.py
worker [LEAK]`. Without a ticket it takes that of the environment.
"""

# ruff: noqa: T201 -- a command prints

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pytest_soblob.consumer import NotUploaded, Upload
from tests.consumer.uploader import Uploader, UploadFailed

_ANSWERS = Lock()


class Leaky(Uploader):
    """Shows its request where it is asked to."""

    leak = ""

    def build(self, call: Upload) -> bytes:
        data = super().build(call)
        text = data.decode()
        match self.leak:
            case "output":
                print(text)
            case "error":
                print(text, file=sys.stderr)
            case "file":
                Path("last-request.xml").write_text(text, encoding="utf-8")
            case "temporary file":
                name = Path(tempfile.gettempdir()) / "last-request.xml"
                name.write_text(text, encoding="utf-8")
            case "file name":
                Path(f"{(self.ticket or '').partition(':')[2]}.lock").touch()
        return data


def client(url: str, ticket: str | None, token: str | None, leak: str) -> Leaky:
    target: Any = SimpleNamespace(
        url=url, principal_url="", ticket=ticket, application_token=token or None
    )
    made = Leaky(target)
    made.leak = leak
    return made


def once(url: str, kind: str, image: str, description: str, *more: str) -> int:
    ticket, token, leak = (*more, "", "", "")[:3]
    uploader = client(
        url,
        ticket or os.environ["SOBLOB_TICKET"],
        token or os.environ["SOBLOB_TOKEN"],
        leak,
    )
    text = Path(description).read_bytes().decode() if description else None
    try:
        print(uploader.save(Upload(image=Path(image).read_bytes(), type=kind, description=text)))
    except (UploadFailed, NotUploaded) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def answer(line: str, leak: str) -> None:
    asked = json.loads(line)
    uploader = client(asked["url"], asked["ticket"], asked["token"], leak)
    call = Upload(
        image=Path(asked["image"]).read_bytes(),
        type=asked["type"],
        description=asked["description"],
    )
    try:
        said: dict[str, object] = {"saved": uploader.save(call)}
    except UploadFailed as error:
        said = {"failed": str(error)}
    except NotUploaded as error:
        said = {"refused": str(error)}
    with _ANSWERS:
        print(json.dumps({"call": asked["call"], **said}), flush=True)


def main(mode: str, *arguments: str) -> int:
    if mode == "once":
        return once(*arguments)
    with ThreadPoolExecutor(8) as pool:
        for line in sys.stdin:
            pool.submit(answer, line, "".join(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
