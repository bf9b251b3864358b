"""curl: an envelope in a file, as a shell script sends it."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.clients.calls.by_requests import ACTION, HEADERS, blob_id, documented, envelope
from tests.clients.calls.case import LARGE, NON_ASCII, Call, Case

CHUNKED = ("-HTransfer-Encoding: chunked",)
EXPECT = ("-HExpect: 100-continue",)


def call(body: str, soap: str, *options: str, headers: dict[str, str] | None = None) -> Call:
    def upload(url: str, wsdl_url: str) -> object:
        sent = HEADERS[soap] if headers is None else headers
        lines = [f"-H{name}: {value}" for name, value in sent.items()]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "request.xml"
            file.write_text(body, encoding="utf-8", newline="\n")
            # -q: no settings of whoever runs it.
            command = ["curl", "-q", "-sS", "--fail-with-body", "--noproxy", "*", *lines, *options]
            command += ["--data-binary", f"@{file}", url]
            result = subprocess.run(command, capture_output=True, check=True, timeout=30)
        return blob_id(result.stdout)

    return upload


def case(soap: str, what: str, call: Call, **more: Any) -> Case:
    return Case(client="curl", soap=soap, what=what, call=call, **more)


UNQUOTED = {"Content-Type": "text/xml", "SOAPAction": ACTION}

NO_ACTION = {"Content-Type": "application/soap+xml"}

CASES = [
    *(
        given
        for soap in ("1.1", "1.2")
        for given in (
            case(soap, "portrait", call(envelope(soap), soap)),
            case(
                soap,
                "description-nil",
                call(envelope(soap, description=None), soap),
                description=None,
            ),
            case(
                soap,
                "non-ascii",
                call(envelope(soap, description=NON_ASCII), soap),
                description=NON_ASCII,
            ),
            case(soap, "chunked", call(envelope(soap), soap, *CHUNKED)),
            case(soap, "expect", call(envelope(soap), soap, *EXPECT)),
        )
    ),
    case("1.1", "large-expect", call(envelope("1.1", LARGE), "1.1", *EXPECT), image=LARGE),
    case(
        "1.2",
        "large-chunked-expect",
        call(envelope("1.2", LARGE), "1.2", *CHUNKED, *EXPECT),
        image=LARGE,
        recorded=False,
    ),
    case("1.1", "http-1.0", call(envelope("1.1"), "1.1", "--http1.0")),
    case("1.1", "unquoted-action", call(envelope("1.1"), "1.1", headers=UNQUOTED)),
    case("1.2", "no-action", call(envelope("1.2"), "1.2", headers=NO_ACTION)),
    case("1.2", "text-xml", call(envelope("1.2"), "1.2", headers=HEADERS["1.1"])),
    case("1.2", "documented", call(documented(), "1.2")),
    # What curl says where -H is forgotten: a form.
    case(
        "1.1",
        "no-headers",
        call(envelope("1.1"), "1.1", headers={}),
        breaks=("http.content-type", "http.soap-action-missing"),
    ),
]
