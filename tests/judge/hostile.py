"""Hostile messages by name; `{file}` and `{url}` in them stand for what they refer to.

As a script, it judges one message in a process of its own and prints the cost:
`python -m tests.judge.hostile FILE`.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.mistakes import DESCRIPTION, IMAGE, TYPE, request

MIB = 1024 * 1024


def _billion_laughs() -> str:
    rows = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    return f'<!DOCTYPE e [<!ENTITY l0 "ha">{rows}]>' + request(
        TYPE, IMAGE, "<n:Description>&l11;</n:Description>"
    )


def _quadratic() -> str:
    return f'<!DOCTYPE e [<!ENTITY a "{"a" * 100_000}">]>' + request(
        TYPE, IMAGE, f"<n:Description>{'&a;' * 100_000}</n:Description>"
    )


def _external(target: str) -> Callable[[], str]:
    def build() -> str:
        return f'<!DOCTYPE e [<!ENTITY x SYSTEM "{target}">]>' + request(
            TYPE, IMAGE, "<n:Description>&x;</n:Description>"
        )

    return build


def _parameter_entity() -> str:
    return '<!DOCTYPE e [<!ENTITY % x SYSTEM "{url}"> %x;]>' + request()


def _external_dtd(target: str) -> Callable[[], str]:
    return lambda: f'<!DOCTYPE e SYSTEM "{target}">' + request()


def _schema_location(target: str) -> Callable[[], str]:
    def build() -> str:
        xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        places = f'xsi:schemaLocation="urn:a {target}" xsi:noNamespaceSchemaLocation="{target}"'
        return request().replace("<e:Body>", f"<e:Body {xsi} {places}>")

    return build


def _include(target: str) -> Callable[[], str]:
    def build() -> str:
        xi = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{target}"/>'
        return request(TYPE, IMAGE, f"<n:Description>{xi}</n:Description>")

    return build


def _stylesheet() -> str:
    return '<?xml-stylesheet type="text/xsl" href="{url}"?>' + request()


def _inside(what: str, *children: str) -> str:
    return request(TYPE, IMAGE, f"<n:Description>{what}</n:Description>", *children)


HOSTILE: dict[str, Callable[[], str]] = {
    "a billion laughs": _billion_laughs,
    "quadratic entities": _quadratic,
    "an external entity, a file": _external("{file}"),
    "an external entity, a URL": _external("{url}"),
    "a parameter entity": _parameter_entity,
    "an external DTD, a file": _external_dtd("{file}"),
    "an external DTD, a URL": _external_dtd("{url}"),
    "schemaLocation, a file": _schema_location("{file}"),
    "schemaLocation, a URL": _schema_location("{url}"),
    "XInclude, a file": _include("{file}"),
    "a stylesheet": _stylesheet,
    "90,000 levels deep": lambda: _inside("<n:a>" * 90_000 + "</n:a>" * 90_000),
    "90,000 levels deep, never closed": lambda: _inside("<n:a>" * 90_000),
    "a million attributes": lambda: _inside(
        "<n:a " + " ".join(f'a{i}=""' for i in range(1_000_000)) + "/>"
    ),
    "a million attributes on Envelope": lambda: request().replace(
        "<e:Envelope", "<e:Envelope " + " ".join(f'a{i}=""' for i in range(1_000_000)), 1
    ),
    "an attribute of 2 MB": lambda: _inside(f'<n:a a="{"a" * 2 * MIB}"/>'),
    "xsi:type of 2 MB": lambda: request(
        TYPE, IMAGE, f'<n:Description xsi:type="{"a" * 2 * MIB}"/>'
    ),
    "a name of 2 MB": lambda: request(TYPE, IMAGE, DESCRIPTION, f"<n:{'a' * 2 * MIB}/>"),
    "a million namespaces": lambda: _inside(
        "<n:a " + " ".join(f'xmlns:p{i}="u"' for i in range(1_000_000)) + "/>"
    ),
    "90,000 elements with a namespace each": lambda: _inside(
        "".join(f'<p{i}:a xmlns:p{i}="urn:{i}"/>' for i in range(90_000))
    ),
    "a text of 100 MB": lambda: _inside("a" * 100 * MIB),
    "an Image of 100 MB that is no base64": lambda: request(
        TYPE, f"<n:Image>{'-' * 100 * MIB}</n:Image>", DESCRIPTION
    ),
    "an Image of 100 MB in lines of one character": lambda: request(
        TYPE, "<n:Image>" + "QQ==\n" * 20 * MIB + "</n:Image>", DESCRIPTION
    ),
    "an Image of 20 million character references": lambda: request(
        TYPE, "<n:Image>" + "&#65;" * 20 * MIB + "</n:Image>", DESCRIPTION
    ),
    "a ticket of 100 MB": lambda: request(
        header=f"<n:Credentials><n:Ticket>7T:{'a' * 100 * MIB}</n:Ticket></n:Credentials>"
    ),
    "90,000 siblings": lambda: request(TYPE, IMAGE, DESCRIPTION, "<n:a/>" * 90_000),
    "90,000 siblings duplicate": lambda: request(TYPE * 90_000, IMAGE, DESCRIPTION),
    "90,000 header blocks": lambda: request(header="<n:Credentials/>" * 90_000),
    "90,000 Bodies": lambda: request().replace("</e:Body>", "</e:Body>" + "<e:Body/>" * 90_000),
    "10 million elements": lambda: _inside("<a/>" * 10_000_000),
    "a million elements, then an ampersand": lambda: _inside("<a/>" * 1_000_000 + "&"),
    "a million comments": lambda: _inside("<!---->" * 1_000_000),
    "300,000 comments between text": lambda: request("<!---->x" * 300_000),
    "300,000 comments between text in Body": lambda: _inside("<!---->x" * 300_000),
    "300,000 comments between text in Header": lambda: request(header="<!---->x" * 300_000),
    "a million comments in Image": lambda: request(
        TYPE, "<n:Image>" + "QQ<!---->" * 1_000_000 + "</n:Image>", DESCRIPTION
    ),
    "a million CDATA sections": lambda: request(
        TYPE, "<n:Image>" + "<![CDATA[QUJD]]>" * 1_000_000 + "</n:Image>", DESCRIPTION
    ),
    "a million processing instructions": lambda: _inside("<?a?>" * 1_000_000),
    "a comment of 100 MB": lambda: _inside(f"<!--{'a' * 100 * MIB}-->"),
    "100 MB of white space before it": lambda: " " * 100 * MIB + request(),
    "100 MB after it": lambda: request() + " " * 100 * MIB,
    "100 MB of open angles": lambda: "<" * 100 * MIB,
    "20 MB of ampersands": lambda: _inside("&" * 20 * MIB),
    "100 MB of NUL": lambda: "\0" * 100 * MIB,
}


# What is tried each time; the rest with `SOBLOB_FULL=1`.
LISTED = [
    *[name for name in HOSTILE if "URL" in name or "file" in name or "entit" in name],
    *("a billion laughs", "a stylesheet", "90,000 levels deep", "a million attributes"),
    *("an attribute of 2 MB", "a name of 2 MB", "a million namespaces", "a text of 100 MB"),
    *("90,000 siblings", "10 million elements", "a million comments"),
    "300,000 comments between text",
]


def main(file: str) -> None:
    from pytest_soblob.judge.rendering import render_violations
    from pytest_soblob.judge.validators import EnvelopeValidator

    opened: list[str] = []
    EnvelopeValidator().judge(request().encode())  # what is loaded once is not the message's fault
    render_violations(EnvelopeValidator().judge(b"<a>").violations)
    data = Path(file).read_bytes()
    sys.addaudithook(lambda event, _: opened.append(event) if _is_outside(event) else None)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = _memory("VmRSS")
    opened.clear()
    started = time.process_time()
    verdict = EnvelopeValidator().judge(data)
    text = render_violations(verdict.violations)
    spent = time.process_time() - started
    outside = list(opened)
    peak = _memory("VmHWM")  # getrusage would begin with what the parent had
    sys.stdout.write(
        json.dumps(
            {
                "seconds": spent,
                "mib": (peak - before) / MIB,
                "opened": outside,
                "valid": verdict.is_valid,
                "rules": sorted({violation.rule for violation in verdict.violations}),
                "text": len(text),
                "longest": max((len(v.message) for v in verdict.violations), default=0),
            }
        )
    )


def _memory(name: str) -> int:
    """Bytes, as the kernel counts them."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024


def _is_outside(event: str) -> bool:
    return event == "open" or event.startswith(("socket.", "urllib.", "subprocess.", "os."))


if __name__ == "__main__":
    main(sys.argv[1])
