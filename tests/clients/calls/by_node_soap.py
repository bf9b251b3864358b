"""node-soap, in a process of Node's own: see node_soap.js."""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.clients.calls.case import (
    DESCRIPTION,
    LARGE,
    NON_ASCII,
    PORTRAIT,
    TICKET,
    TOKEN,
    Call,
    Case,
)

SCRIPT = Path(__file__).with_name("node_soap.js")


def is_there() -> bool:
    """Whether Node is, and finds the module, in this folder or one above or in NODE_PATH."""
    command = ["node", "-e", "require.resolve('soap')"]
    try:
        result = subprocess.run(
            command, cwd=SCRIPT.parent, capture_output=True, check=False, timeout=30
        )
    except FileNotFoundError:
        return False
    return result.returncode == 0


def call(
    soap: str = "1.1",
    image: bytes = PORTRAIT,
    description: object = DESCRIPTION,
    headers: str = "with-namespace",
    names: Sequence[str] = ("Type", "Image", "Description"),
    *,
    wsse: bool = False,
    **options: object,
) -> Call:
    def upload(url: str, wsdl_url: str) -> object:
        text = base64.b64encode(image).decode()  # node-soap leaves that to its caller
        parts = {"Type": "PersonImage", "Image": text, "Description": description}
        args = {name: parts[name] for name in names}
        given: dict[str, object] = {
            "url": url,
            "wsdl": wsdl_url,
            "soap": soap,
            "headers": headers,
            "args": args,
        }
        given |= {"token": TOKEN, "ticket": TICKET, "options": options, "wsse": wsse}
        result = subprocess.run(
            ["node", SCRIPT],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        )
        return int(result.stdout)

    return upload


def case(soap: str, what: str, call: Call, **more: Any) -> Case:
    return Case(client="node-soap", soap=soap, what=what, call=call, **more)


CASES = [
    *(
        given
        for soap in ("1.1", "1.2")
        for given in (
            case(soap, "portrait", call(soap)),
            case(soap, "description-null", call(soap, description=None), description=None),
            case(
                soap,
                "description-absent",
                call(soap, names=("Type", "Image")),
                description=None,
            ),
            case(soap, "non-ascii", call(soap, description=NON_ASCII), description=NON_ASCII),
        )
    ),
    case("1.1", "headers-as-xml", call(headers="as-xml")),
    case("1.1", "headers-by-prefix", call(headers="tns")),
    case("1.1", "wsse", call(wsse=True)),
    case("1.1", "empty-tag", call(image=b"", useEmptyTag=True), image=b""),
    case("1.1", "mtom", call(forceMTOM=True), breaks=("http.multipart",)),
    case("1.2", "large", call("1.2", LARGE), image=LARGE, recorded=False),
    # As most people write it first: blocks in no namespace.
    case(
        "1.1",
        "headers-bare",
        call(headers="bare"),
        breaks=("header.block-unqualified", "header.credentials-missing"),
    ),
    # A prefix that the WSDL, as the vendor's, does not declare.
    case("1.1", "headers-unbound", call(headers="ns"), breaks=("xml.prefix-unbound",)),
    # The parts go out in the order of the caller's object.
    case(
        "1.1",
        "parts-out-of-order",
        call(names=("Image", "Description", "Type")),
        breaks=("body.child-out-of-order",),
    ),
]
