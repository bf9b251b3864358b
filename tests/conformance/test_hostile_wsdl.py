"""Hostile WSDLs: one clear line, within 2 s of CPU time and 300 MiB, and never a traceback."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from pytest_soblob import SoblobError
from pytest_soblob.conformance import check_wsdl
from pytest_soblob.conformance.fetching import fetcher
from tests.conformance import planted, zips
from tests.conformance.bounds import Used, measured
from tests.conformance.servers import body, served
from tests.example_counts import FULL, at_length, untraced

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
TYPES = f'<types xmlns="http://schemas.xmlsoap.org/wsdl/"><xs:schema {XS}>'
IMPORTING = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/">'
EMPTY = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>'


def edited(*pairs: tuple[str, str]) -> Callable[[Path], Path]:
    """A file that is the kit's own with text replaced."""

    def write(folder: Path) -> Path:
        wsdl = planted.plant(None, folder)
        (folder / "in").mkdir(exist_ok=True)
        for old, new in pairs:
            files = [file for file in (folder / planted.XSD, wsdl) if old in file.read_text()]
            assert files, old
            files[0].write_text(files[0].read_text().replace(old, new))
        return wsdl

    return write


def occurs(attribute: str, value: str) -> Callable[[Path], Path]:
    return edited((planted.TEXT, planted.TEXT.replace('minOccurs="0"', f'{attribute}="{value}"')))


def text(data: str | bytes) -> Callable[[Path], Path]:
    return repeated(data, "", 0)


def repeated(head: str | bytes, unit: str, count: int, tail: str = "") -> Callable[[Path], Path]:
    """A file with a part that is repeated, with its number for `{}`; nothing of it is held."""

    def write(folder: Path) -> Path:
        with (folder / "it.wsdl").open("wb") as file:
            file.write(head.encode() if isinstance(head, str) else head)
            most = 10_000
            for at in range(0, count, most):
                units = range(at, min(at + most, count))
                text = "".join(unit.format(n) for n in units) if "{}" in unit else unit * len(units)
                file.write(text.encode())
            file.write(tail.encode())
        return folder / "it.wsdl"

    return write


def imports(location: str) -> Callable[[Path], Path]:
    return edited(('schemaLocation="netserver.xsd"', f'schemaLocation="{location}"'))


def typed(types: str) -> Callable[[Path], Path]:
    """Types, the first of them that of the description."""
    used = planted.TEXT.replace("xs:string", "tns:T0")
    return edited(("</xs:schema>", f"{types}</xs:schema>"), (planted.TEXT, used))


def nested(depth: int, width: int) -> Callable[[Path], Path]:
    """Types of which each has several elements of the next."""
    types = "".join(
        f'<xs:complexType name="T{n}"><xs:sequence>{inner(n + 1, width)}</xs:sequence>'
        "</xs:complexType>"
        for n in range(depth)
    )
    return typed(f'{types}<xs:simpleType name="T{depth}"/>')


def inner(type_: int, width: int) -> str:
    return "".join(
        f'<xs:element name="E{n}" type="tns:T{type_}" minOccurs="0"/>' for n in range(width)
    )


RECURSIVE = typed(
    f'<xs:complexType name="T0"><xs:sequence>{inner(0, 20)}</xs:sequence></xs:complexType>'
)
BASE_LOOP = typed(
    '<xs:complexType name="T0"><xs:complexContent><xs:extension base="tns:T0"/>'
    "</xs:complexContent></xs:complexType>"
)


LOOP = '<xs:group name="L"><xs:sequence><xs:group ref="tns:L"/></xs:sequence></xs:group>'
GROUP_LOOP = edited(
    ("</xs:schema>", f"{LOOP}</xs:schema>"), (planted.TEXT, '<xs:group ref="tns:L"/>')
)


def chain(length: int) -> Callable[[Path], Path]:
    """Schemas that import the next, and the last the first."""

    def write(folder: Path) -> Path:
        wsdl = imports("0.xsd")(folder)
        for n in range(length):
            later = f'<xs:include schemaLocation="{(n + 1) % length}.xsd"/>'
            (folder / f"{n}.xsd").write_text(f"<xs:schema {XS}>{later}</xs:schema>")
        return wsdl

    return write


def zipped(*entries: tuple[str, bytes]) -> Callable[[Path], Path]:
    return as_zip(lambda: zips.zip_of([zips.plain(*entry) for entry in entries]))


def as_zip(make: Callable[[], bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "it.zip").write_bytes(make())
        return folder / "it.zip"

    return write


def damaged_zip(folder: Path) -> Path:
    file = zipped(("BLOB.wsdl", EMPTY.encode() * 100))(folder)
    data = bytearray(file.read_bytes())
    data[45:60] = b"\xff" * 15
    file.write_bytes(bytes(data))
    return file


HUGE = 200_000_000
OLD = [zips.plain("a.wsdl", b"<a/>")]


def huge_directory(form: str) -> bytes:
    """A directory of 200 MB, in each place in which a file may say so."""
    local, directory = zips.locals_of(OLD)
    before = local + directory
    says_so = zips.end_of(1, HUGE, 0)
    if form == "plain":
        return before + says_so
    if form == "cut":  # the last bytes of the end look like the beginning of another
        return before + says_so[:16] + b"PK\5\6" + bytes(2)
    if form == "zip64":
        return before + zips.zip64_end_of(1, HUGE, 0, len(before))
    if form == "zip64 and small":  # the old fields say 47 bytes, and the new ones count
        new = zips.zip64_end_of(1, HUGE, 0, len(before))
        return before + new[:-22] + zips.end_of(1, len(directory), len(local))
    assert form == "prefixed"
    prefix = b"MZ" + bytes(1000)
    return b"PK\3\4" + prefix + before + says_so


FORMS = ("plain", "cut", "zip64", "zip64 and small", "prefixed")


def with_huge_directory(form: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with (folder / "it.zip").open("wb") as file:
            data = huge_directory(form)
            file.write(data[:4])  # it begins as a ZIP, and is as large as it says
            file.truncate(HUGE * 2)
            file.seek(0, 2)
            file.write(data)
        return folder / "it.zip"

    return write


def by_method(method: int, data: bytes = b"") -> Callable[[Path], Path]:
    return as_zip(lambda: zips.zip_of([zips.Packed("a.wsdl", data or bytes(100), 100, method)]))


# LZMA with a dictionary of 4 GiB - 1, which the decoder would allocate.
LZMA_HEAD = b"\x09\x14\x05\0\x5d\xff\xff\xff\xff" + bytes(40)
BOMB = "".join(f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 60))


def many_attributes(folder: Path) -> Path:
    attributes = " ".join(f"b{n}=''" for n in range(200_000))
    return text(f"<a {attributes}/>")(folder)


def long_name(folder: Path) -> Path:
    name = "A" * 1_000_000
    return edited(('element="tns:SaveImageStream"', f'element="tns:{name}"'))(folder)


# Nothing here has the content of its file: each is written when it is needed.
HOSTILE = {
    "minOccurs that is no number": (occurs("minOccurs", "x"), "minOccurs is 'x'"),
    "minOccurs below 0": (occurs("minOccurs", "-1"), "minOccurs is '-1'"),
    "minOccurs in other digits": (occurs("minOccurs", "\u0663"), "minOccurs is"),
    "maxOccurs of 5,000 digits": (occurs("maxOccurs", "9" * 5000), "maxOccurs is '999"),
    "an empty maxOccurs": (occurs("maxOccurs", ""), "maxOccurs is ''"),
    "a loop of groups": (GROUP_LOOP, "nested more than 50 deep"),
    "types that grow": (nested(10, 10), "more than 20,000 elements"),
    "types that are deep": (nested(100, 1), "nested more than 50 deep"),
    "an undeclared prefix": (
        edited(('type="tns:SoCredentials"', 'type="no:SoCredentials"')),
        "the prefix of 'no:SoCredentials' is not declared",
    ),
    "an undefined element": (
        long_name,
        "is referred to and is not defined",
    ),
    "an undefined message": (
        edited(('message="tns:SaveImageStreamRequest"', 'message="tns:None"')),
        "the message 'tns:None' is referred to",
    ),
    "an undefined binding": (
        edited(('binding="tns:BasicHttpBinding_BLOB"', 'binding="tns:No"')),
        "the binding 'tns:No' is referred to",
    ),
    "two parts in a message": (
        edited(
            (
                '<wsdl:part name="parameters" element="tns:SaveImageStream"/>',
                '<wsdl:part name="a" element="tns:SaveImageStream"/><wsdl:part name="b" type="b"/>',
            )
        ),
        "its message is not one part with an element",
    ),
    "an address that is no URL": (
        edited(("https://netserver.invalid/", "https://[::1/")),
        "is no URL",
    ),
    "no service": (
        lambda folder: text(re.sub(
            r"(?s)<wsdl:service.*</wsdl:service>", "", planted.plant(None, folder).read_text()
        ))(folder),
        "no operation of the contract is bound to SOAP",
    ),
    "nothing in it": (text(EMPTY), "no operation of the contract is bound to SOAP"),
    "an empty file": (text(""), "cannot be parsed"),
    "no XML": (repeated("", "\0\1\2", 1000), "cannot be parsed"),
    "another XML": (text("<catalog/>"), "is no WSDL and no XML Schema: 'catalog'"),
    "a schema only": (text(f"<xs:schema {XS}/>"), "is no WSDL"),
    "entities that double": (text(f"<!DOCTYPE a [<!ENTITY e0 'x'>{BOMB}]><a>&e59;</a>"), "DTD"),
    "an external entity": (
        text('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'), "DTD"
    ),
    "a million tags": (repeated("<a>", "<b/>", 1_000_000, "</a>"), "is too large"),
    "a tag more than may be": (repeated("<a>", "<b/>", 99_999, "</a>"), "100,000 tags"),
    "a tag less": (repeated("<a>", "<b/>", 99_998, "</a>"), "is no WSDL and no XML Schema"),
    "a thousand imports": (
        repeated(IMPORTING, "<import location='x{}.wsdl'/>", 1000, "</definitions>"),
        "100 documents",
    ),
    "an import of a long name": (
        repeated(IMPORTING + "<import location='", "x", 100_000, "'/></definitions>"),
        "which is no usual address",
    ),
    "100 MB": (repeated("<a>", " " * 1000, 100_000), "is too large"),
    "a deep tree": (repeated("", "<a>", 90_000), "cannot be parsed"),
    "many attributes": (many_attributes, "cannot be parsed"),
    "an import from a parent folder": (imports("../netserver.xsd"), "which lies elsewhere"),
    "an import of a file by its URL": (imports("file:///etc/passwd"), "which lies elsewhere"),
    "an import from the network": (imports("http://127.0.0.1:9/a.xsd"), "which lies elsewhere"),
    "an import of a NUL": (imports("%00.xsd"), "elsewhere"),
    "an import of no URL": (imports("http://[x/"), "which lies elsewhere"),
    "an import of a folder": (imports("."), "which lies elsewhere"),
    "an import of a folder inside": (imports("in/"), "is no regular file"),
    "an import that is missing": (imports("none.xsd"), "No such file"),
    "300 documents": (chain(300), "100 documents"),
    "a ZIP without a WSDL": (zipped(("a.txt", b"a")), "has no file *.wsdl in it"),
    "a ZIP of other WSDLs": (
        zipped(("a.wsdl", b"<a/>"), ("b.wsdl", b"<b/>")), "none of 2 WSDLs has an operation"
    ),
    "a ZIP that unpacks to 1 GB": (
        as_zip(lambda: zips.zip_of([zips.spaces("a.wsdl", 1000)])), "unpacks to more"
    ),
    "a ZIP of many large files": (
        as_zip(lambda: zips.zip_of([zips.spaces(f"{n}.wsdl", 9) for n in range(30)])),
        "bytes together",
    ),
    "a ZIP that climbs": (
        zipped(("a/b.wsdl", EMPTY.replace("/>", "><import location='../../x.wsdl'/></definitions>")
                .encode())),
        "which lies elsewhere",
    ),
    "a damaged ZIP": (damaged_zip, "cannot be"),
    **{
        f"a ZIP with a huge directory, {form}": (
            with_huge_directory(form), "has a directory of more than"
        )
        for form in FORMS
    },
    "a ZIP by LZMA": (by_method(zips.LZMA, LZMA_HEAD), "is packed by method 14, which is not read"),
    "a ZIP by bzip2": (by_method(zips.BZIP2), "is packed by method 12, which is not read"),
    "a ZIP by Deflate64": (by_method(9), "is packed by method 9, which is not read"),
    "a ZIP by no method": (by_method(77), "is packed by method 77, which is not read"),
}  # fmt: skip


# Not wrong, and so compared: these only look endless.
ODD = {
    "recursive types": RECURSIVE,
    "a type that extends itself": BASE_LOOP,
    "a million times": occurs("maxOccurs", "1000000"),
}


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Used]:
    """What `soblob check-wsdl` did with each of the files."""
    runs = {}
    for name, write in {**{n: one for n, (one, _) in HOSTILE.items()}, **ODD}.items():
        runs[name] = ["check-wsdl", str(write(tmp_path_factory.mktemp("it")))]
    folder = tmp_path_factory.mktemp("runs")
    return dict(zip(runs, measured(folder, list(runs.values())), strict=True))


@untraced
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_wsdl_is_refused_in_one_line(name: str, used: dict[str, Used]) -> None:
    run = used[name]
    assert (run.code, run.stdout) == (2, "")
    assert HOSTILE[name][1] in run.stderr
    assert run.stderr.count("\n") == 1
    assert len(run.stderr) < 1_500
    assert run.cpu_s < 2
    assert run.peak_mib < 300


@untraced
@pytest.mark.parametrize("name", ODD)
def test_an_odd_wsdl_is_compared(name: str, used: dict[str, Used]) -> None:
    run = used[name]
    assert (run.code, run.stderr) in ((0, ""), (1, ""))
    assert "SaveImageStream, request, Description" in run.stdout
    assert run.cpu_s < 2
    assert run.peak_mib < 300


def more(before: str, unit: str) -> Callable[[int], Callable[[Path], Path]]:
    """The kit's own with a part before a text, any number of times, with its number for `{}`."""

    def of(count: int) -> Callable[[Path], Path]:
        parts = "".join(unit.replace("{}", str(n)) for n in range(count))
        return edited((before, parts + before))

    return of


def packages(count: int) -> Callable[[Path], Path]:
    return as_zip(lambda: zips.zip_of(
        [zips.plain(f"{n}.wsdl", EMPTY.encode()) for n in range(count)]))  # fmt: skip


ELEMENT = '<xs:element name="E{}" type="xs:string" minOccurs="0"/>'
VALUES = (
    '<xs:simpleType name="T0"><xs:restriction base="xs:string">%s</xs:restriction></xs:simpleType>'
)
GROWING: dict[str, tuple[Callable[[int], Callable[[Path], Path]], int]] = {
    "operations": (more("</wsdl:binding>", '<wsdl:operation name="O{}"/>'), 20_000),
    "messages": (more("<wsdl:portType", '<wsdl:message name="M{}"/>'), 20_000),
    "ports": (more("</wsdl:service>", '<wsdl:port name="P{}" binding="tns:B"/>'), 20_000),
    "elements of a message": (more(planted.TEXT, ELEMENT), 6_000),
    "global elements": (more("</xs:schema>", ELEMENT.replace(' minOccurs="0"', "")), 20_000),
    "values": (
        lambda n: typed(VALUES % "".join(f'<xs:enumeration value="v{i}"/>' for i in range(n))),
        20_000,
    ),
    "facets": (lambda n: typed(VALUES % ('<xs:pattern value="x"/>' * n)), 20_000),
    "a long value": (lambda n: typed(VALUES % f'<xs:pattern value="{"x" * n}"/>'), 2_000_000),
    "documentation": (more("<wsdl:portType", "<wsdl:documentation>x</wsdl:documentation>"), 20_000),
    "header blocks": (
        more(planted.BODY, '<soap:header message="tns:M" part="p" use="literal"/>'), 10_000),
    "namespaces": (more("<wsdl:portType", '<wsdl:message xmlns:p{}="u{}" name="M"/>'), 10_000),
    "other WSDLs in a ZIP": (packages, 5_000),
    "a comment": (more("<wsdl:portType", "<!-- x -->"), 50_000),
    "a long name": (lambda n: edited(('name="Description"', f'name="{"x" * n}"')), 2_000_000),
}  # fmt: skip


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Used, Used]]:
    """What each construct took, and twice as much of it."""
    runs = []
    for make, number in GROWING.values():
        for times in (1, 2):
            count = number * times if FULL else number * times // 10
            runs.append(["check-wsdl", str(make(count)(tmp_path_factory.mktemp("it")))])
    found = measured(tmp_path_factory.mktemp("runs"), runs)
    return dict(zip(GROWING, zip(found[::2], found[1::2], strict=True), strict=True))


@untraced
@at_length
@pytest.mark.slow
@pytest.mark.parametrize("name", GROWING)
def test_twice_as_much_takes_no_more_than_twice_the_time(
    name: str, grown: dict[str, tuple[Used, Used]]
) -> None:
    one, two = grown[name]
    assert "Traceback" not in two.stderr
    assert two.code in (0, 1, 2)
    assert two.cpu_s < max(one.cpu_s * 2.5, 0.15), (one, two)
    assert two.cpu_s < 2
    assert two.peak_mib < 300


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    wsdl = planted.plant(None, tmp_path / "in")
    (tmp_path / "in" / planted.XSD).rename(tmp_path / planted.XSD)
    (tmp_path / "in" / planted.XSD).symlink_to(tmp_path / planted.XSD)
    with pytest.raises(SoblobError, match="which lies elsewhere"):
        check_wsdl(wsdl)


def test_a_wsdl_of_a_folder_that_is_a_link_out_of_it_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    planted.plant(None, tmp_path / "in")
    (tmp_path / "in" / "z.wsdl").symlink_to(planted.plant(None, tmp_path / "out"))
    with pytest.raises(SoblobError, match=r"z\.wsdl is a link out of "):
        check_wsdl(tmp_path / "in")
    (tmp_path / "in" / "z.wsdl").unlink()
    (tmp_path / "in" / "z.wsdl").symlink_to(tmp_path / "in" / planted.WSDL)
    assert check_wsdl(tmp_path / "in") == []


def importing(location: str) -> bytes:
    return (
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="{location}"/>'
        "</definitions>"
    ).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda h: body(h, b"", 404), "status 404"),
        (lambda h: body(h, b"", 302, Location="http://localhost:9/"), "redirects elsewhere"),
        (lambda h: body(h, b"", 302, Location="file:///etc/passwd"), "cannot be read"),
        (lambda h: body(h, b"", 302, Location="/"), "cannot be read"),
        (lambda h: h.wfile.write(b"SSH-2.0-x\r\n\r\n"), "cannot be"),
        (lambda h: None, "cannot be read"),
        (lambda h: body(h, b"<a/>", 200, Content_Length="99"), "is cut off: 95 bytes"),
        (lambda h: body(h, b" " * 12_000_000), "has more than 10,000,000 bytes"),
        (lambda h: body(h, importing("http://localhost:9/x")), "which lies elsewhere"),
        (lambda h: body(h, importing("file:///etc/passwd")), "which lies elsewhere"),
        (lambda h: body(h, importing(f"{h.path}x")), "100 documents"),
    ],
    ids=["404", "redirect", "redirect to a file", "redirect in a circle", "no HTTP", "nothing",
         "cut off", "huge", "import elsewhere", "import of a file", "endless imports"],
)  # fmt: skip
def test_a_hostile_server_is_named(
    answer: Callable[[BaseHTTPRequestHandler], None], said: str
) -> None:
    with served(answer) as url, pytest.raises(SoblobError, match=said) as error:
        check_wsdl(f"{url}/a.svc?wsdl")
    assert "\n" not in str(error.value)


DRIPS = {
    "the status line": b"HTTP/1.1 ",
    "a header": b"HTTP/1.1 200 OK\r\nX: ",
    "the body": b"HTTP/1.1 200 OK\r\n\r\n",
    "a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
}


@pytest.mark.parametrize("head", DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_ends_at_the_limit(head: bytes) -> None:
    """A byte resets the timeout of a socket, and not the limit of a fetch."""
    is_over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        with suppress(OSError):
            while not is_over.wait(0.02):
                handler.wfile.write(b"1")

    with served(drip) as url:
        get = fetcher(0.2)
        for _ in range(2):  # the second call has no time left
            with pytest.raises(SoblobError, match=r"takes more than 0\.2 s"):
                get(f"{url}/a.wsdl")
        is_over.set()


@pytest.mark.parametrize(
    "unit",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 C\r\nA:b\r\n\r\n"],
    ids=["interim responses", "with a header"],
)
def test_a_server_that_never_ends_its_head_is_refused_by_size(unit: bytes) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            while True:
                handler.wfile.write(unit * 10_000)

    begun = time.process_time()
    with served(flood) as url, pytest.raises(SoblobError, match="more than 11,"):
        check_wsdl(f"{url}/a.wsdl")
    assert time.process_time() - begun < 2


def test_credentials_in_a_url_are_neither_used_nor_shown() -> None:
    with pytest.raises(SoblobError, match="a URL with a user name is not fetched") as error:
        check_wsdl("http://user:hunter2@127.0.0.1:9/BLOB.svc")
    assert "hunter2" not in str(error.value)
