"""`check_wsdl`: what differs from the contract is found, and classed by what a client notices."""

import json
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import zeep

from pytest_soblob import (
    ContractViolationError,
    SoblobError,
    SoblobSettings,
    StubEndpoint,
    assert_wsdl_compatible,
)
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.cli import main
from pytest_soblob.conformance import check_wsdl
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.stub.wsdl import served_wsdl
from tests.command import runner
from tests.conformance import planted, zips
from tests.conformance.servers import body, served

VENDOR = Path(__file__).parents[3] / "shared" / "vendor"
needs_vendor = pytest.mark.skipif(
    not VENDOR.is_dir(), reason="the vendor's WSDLs (../shared/vendor) are not at hand"
)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "check-wsdl.schema.json").read_text())


def weights(source: str | Path | bytes, **options: Any) -> set[str]:
    return {str(one.weight) for one in check_wsdl(source, **options)}


def command(*arguments: str) -> tuple[int, str, str]:
    result = runner().invoke(main, ["check-wsdl", *arguments], prog_name="soblob")
    return result.exit_code, result.stdout, result.stderr


def test_there_are_enough_changes() -> None:
    counts = Counter(change.weight for change in planted.ALL)
    assert counts["breaking"] >= 12
    assert counts["risky"] >= 10
    assert counts["harmless"] >= 8


def test_nothing_differs_without_a_change(tmp_path: Path) -> None:
    assert check_wsdl(planted.plant(None, tmp_path)) == []


@pytest.mark.parametrize("change", planted.ALL, ids=lambda change: change.id)
def test_a_planted_change_is_found_and_classed(change: planted.Planted, tmp_path: Path) -> None:
    wsdl = planted.plant(change, tmp_path)
    found = check_wsdl(wsdl)
    assert found
    assert str(found[0].weight) == change.weight, found  # the worst comes first
    assert any(
        change.where in f"{one.where} {one.what}" for one in found if one.weight == change.weight
    )
    for one in found:
        assert one.expected != one.found
        assert one.notices
        assert one.change
    code, out, err = command(str(wsdl), "--format", "json")
    assert (code, err) == (int(change.weight != "harmless"), "")
    jsonschema.validate(json.loads(out), SCHEMA)
    assert json.loads(out) == [one.to_json() for one in found]


def read_by_zeep(wsdl: Path) -> list[object]:
    """What zeep reads of SaveImageStream: its own reading, of its own parser."""
    client = zeep.Client(str(wsdl))  # type: ignore[no-untyped-call]
    facts: list[object] = []
    for binding in client.wsdl.bindings.values():
        operation = binding.all()["SaveImageStream"]  # type: ignore[no-untyped-call]
        facts.append((operation.soapaction, operation.style, type(binding).__name__))
        for message in (operation.input, operation.output):
            facts.append(element_facts(message.body))
            facts.append(element_facts(message.header))
    return facts


def element_facts(element: Any, depth: int = 0) -> object:
    type_ = element.type
    own = (str(element.qname), type_.name, getattr(element, "nillable", None))
    occurs = (getattr(element, "min_occurs", None), getattr(element, "max_occurs", None))
    if depth > 3 or not hasattr(type_, "elements"):
        return own, occurs
    order = [type(one).__name__ for _, one in getattr(type_, "elements_nested", [])]
    return own, occurs, order, [element_facts(child, depth + 1) for _, child in type_.elements]


@pytest.mark.parametrize(
    "change", [change for change in planted.ALL if change.zeep], ids=lambda change: change.id
)
def test_zeep_reads_another_contract_as_well(change: planted.Planted, tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    before = read_by_zeep(planted.plant(None, tmp_path / "before"))
    assert before == read_by_zeep(tmp_path / "before" / planted.WSDL)
    assert read_by_zeep(planted.plant(change, tmp_path)) != before


@pytest.mark.parametrize("service", SERVICE_PATHS)
def test_the_kits_own_are_clean(service: str) -> None:
    assert check_wsdl(schema_file(f"{service}.wsdl")) == []
    served = served_wsdl(service, f"https://h.example/t{SERVICE_PATHS[service]}")
    assert weights(served) <= {"harmless"}
    assert_wsdl_compatible(served)
    assert check_wsdl(schema_file(f"{service}.wsdl").parent) == []


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_the_served_forms_are_clean_over_http(behaviour: str) -> None:
    with StubEndpoint(settings=SoblobSettings(behaviour=behaviour)) as endpoint:
        base = endpoint.url.partition("/Remote/")[0]
        for path in SERVICE_PATHS.values():
            for query in ("?wsdl", "?singleWsdl", "?WSDL", ""):
                assert weights(f"{base}{path}{query}") <= {"harmless"}


def test_a_schema_at_an_address_of_its_own_is_read_from_the_same_origin() -> None:
    """As a .NET host serves it: `?wsdl` imports `?xsd=xsd0`."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        name = "netserver.xsd" if "xsd=" in handler.path else "BLOB.wsdl"
        asked.append(handler.path)
        location = f"http://{handler.headers['Host']}/BLOB.svc?xsd=xsd0"
        text = schema_file(name).read_text().replace('"netserver.xsd"', f'"{location}"')
        body(handler, text.encode())

    asked: list[str] = []
    with served(answer) as url:
        assert check_wsdl(f"{url}/BLOB.svc?wsdl") == []
        assert asked == ["/BLOB.svc?wsdl", "/BLOB.svc?xsd=xsd0"]
        assert check_wsdl(f"{url.upper().replace('HTTP', 'http')}/BLOB.svc") == []
        assert asked[2:] == ["/BLOB.svc?singleWsdl", "/BLOB.svc?xsd=xsd0"]


@needs_vendor
@pytest.mark.parametrize("service", SERVICE_PATHS)
def test_the_vendors_86_has_only_more_than_the_kit_knows(service: str) -> None:
    found = check_wsdl(VENDOR / f"Services86-{service}.wsdl", version="86")
    assert {str(one.weight) for one in found} == {"harmless"}
    assert not any("SaveImageStream" in one.where for one in found)


@needs_vendor
@pytest.mark.parametrize("version", ["84", "85", "87", "88"])
def test_the_vendors_other_versions_differ_harmlessly(version: str) -> None:
    found = check_wsdl(VENDOR / f"Services{version}-BLOB.wsdl", version=version)
    assert {str(one.weight) for one in found} == {"harmless"}
    assert any(one.found == f"Services{version}" for one in found)
    added = {one.found for one in found if one.where == "SaveImageStream, request, Type"}
    assert added == ({"ContactImage, DashboardHtmlTileData"} if version == "88" else set())


def versions_in(folder: Path) -> Path:
    for version in ("85", "86"):
        (folder / version).mkdir()
        planted.plant(None, folder / version)
        for file in (folder / version).iterdir():
            file.write_text(file.read_text().replace("Services86", f"Services{version}"))
    return folder


def test_of_several_versions_one_has_to_be_chosen(tmp_path: Path) -> None:
    folder = versions_in(tmp_path)
    with pytest.raises(SoblobError, match=r"several versions \(Services85, Services86\)"):
        check_wsdl(folder)
    assert check_wsdl(folder, version="86") == []
    assert weights(folder, version="85") == {"harmless"}
    with pytest.raises(SoblobError, match="not Services88: its namespace has Services85"):
        check_wsdl(folder, version="88")


def test_a_package_is_read_as_a_zip(tmp_path: Path) -> None:
    file = tmp_path / "proxies.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name in ("BLOB.wsdl", "SoPrincipal.wsdl", "netserver.xsd"):
            package.write(schema_file(name), f"wsdl/v86/{name}")
        package.writestr("wsdl/v86/Person.wsdl", "<other/>")  # nothing of the contract in it
        package.writestr("bin/Proxies.dll", b"MZ")
    assert check_wsdl(file) == []
    with zipfile.ZipFile(file, "a") as package:
        text = schema_file("BLOB.wsdl").read_text()
        package.writestr("BLOB.wsdl", text)  # the schema does not lie beside it
    with pytest.raises(SoblobError, match=r"'netserver\.xsd' is imported and is not in"):
        check_wsdl(file)


def test_a_lock_keeps_the_contract_and_tells_what_changed(tmp_path: Path) -> None:
    change = next(one for one in planted.ALL if one.id == "another type of the result")
    wsdl, lock = planted.plant(change, tmp_path), tmp_path / "soblob.lock.json"
    assert command(str(wsdl), "--write-lock", str(lock))[0] == 1  # compared with the kit's as well
    assert command(str(wsdl), "--lock", str(lock)) == (0, "0 breaking, 0 risky, 0 harmless\n", "")
    assert_wsdl_compatible(wsdl, lock=lock)
    planted.plant(None, tmp_path)
    code, out, _ = command(str(wsdl), "--lock", str(lock))
    assert code == 1
    assert "expected  xs:long" in out
    assert "found     xs:int" in out
    with pytest.raises(ContractViolationError, match="Response: another type"):
        assert_wsdl_compatible(wsdl, lock=lock)


def test_a_lock_says_the_same_of_every_version(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    command(str(planted.plant(None, tmp_path)), "--write-lock", str(lock))
    later = next(one for one in planted.ALL if one.id == "another version")
    assert weights(planted.plant(later, tmp_path), lock=lock) == {"harmless"}


def test_a_lock_keeps_the_names_of_other_operations(tmp_path: Path) -> None:
    wsdl, lock = planted.plant(None, tmp_path), tmp_path / "lock.json"
    text = wsdl.read_text().replace("GetBlobStream", "GetBlobOther")
    wsdl.write_text(text)
    assert "operation added" in command(str(wsdl))[1]
    command(str(wsdl), "--write-lock", str(lock))
    assert command(str(wsdl), "--lock", str(lock)) == (0, "0 breaking, 0 risky, 0 harmless\n", "")
    wsdl.write_text(text.replace("GetProjectImage", "GetMore"))
    out = command(str(wsdl), "--lock", str(lock))[1]
    assert "1 operation added" in out
    assert "found     GetMore\n" in out


def test_a_lock_replaces_a_lock_and_nothing_else(tmp_path: Path) -> None:
    wsdl, lock, other = planted.plant(None, tmp_path), tmp_path / "lock.json", tmp_path / "b"
    for _ in range(2):
        assert command(str(wsdl), "--write-lock", str(lock))[0] == 0
    before = wsdl.read_bytes()
    other.write_text('{"version": "86"}')
    for file in (wsdl, other):
        code, out, err = command(str(wsdl), "--write-lock", str(file))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert f"{file} is there and is no lock file: name another" in err
    assert (wsdl.read_bytes(), other.read_text()) == (before, '{"version": "86"}')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no lock file"),
        ("[]", "is no lock file"),
        ("{}", "is no lock file"),
        ('{"version": 1, "addresses": 5, "others": [], "operations": {}}', "is no lock file"),
        ("[" * 100_000, "is no lock file"),
        ("{" * 6_000_000, "more than 5,000,000 bytes"),
    ],
)
def test_a_wrong_lock_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(text)
    code, out, err = command(str(schema_file("BLOB.wsdl")), "--lock", str(tmp_path / "lock"))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_misuse_is_exit_2(tmp_path: Path) -> None:
    for arguments in ([], [str(tmp_path / "none.wsdl")], [str(tmp_path)], ["http://[::1/x"]):
        code, out, err = command(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("soblob: ")
    with pytest.raises(SoblobError, match="source must be a path, a URL or bytes, not int"):
        check_wsdl(5)  # type: ignore[arg-type]


MISUSE = {
    "ftp": (["ftp://h.example/BLOB.wsdl"], "'ftp://h.example/BLOB.wsdl' cannot be read: only http"),
    "a file by its URL": (["file:///x/BLOB.wsdl"], "only http and https URLs are fetched"),
    "another scheme": (["gopher://h/x"], "only http and https URLs are fetched"),
    "an empty ZIP": (["empty.zip"], "empty.zip has no file *.wsdl in it"),
    "a broken ZIP": (["broken.zip"], "broken.zip cannot be read as a ZIP: File is not a zip file"),
    "a cut ZIP": (["cut.zip"], "cut.zip cannot be read as a ZIP"),
    "a version of a letter": (["BLOB.wsdl", "--version", "8x"],
                              "the version must be two digits, such as '86', not '8x'"),
    "a version of other digits": (["BLOB.wsdl", "--version", "\u0668\u0666"], "two digits"),
    "no version": (["BLOB.wsdl", "--version", ""], "two digits, such as '86', not ''"),
    "another version": (["BLOB.wsdl", "--version", "87"],
                        "this is not Services87: its namespace has Services86"),
    "a missing import": (["alone/BLOB.wsdl"], "BLOB.wsdl imports it as 'netserver.xsd': put it "),
    "a missing import in a ZIP": (["alone.zip"], "imports it as 'netserver.xsd': put it there, or"),
    "an empty lock": (["BLOB.wsdl", "--lock", "empty.json"],
                      "empty.json is no lock file (it lacks 'version'): `soblob "),
    "a list as a lock": (["BLOB.wsdl", "--lock", "list.json"],
                         "list.json is no lock file (a value in it is of another kind)"),
    "a lock of other things": (["BLOB.wsdl", "--lock", "other.json"],
                               "other.json is no lock file (a value in it is of another kind)"),
    "a picture as a lock": (["BLOB.wsdl", "--lock", "picture"],
                            "picture is no lock file (it is no JSON): `soblob check-wsdl --write"),
    "a WSDL as a lock": (["BLOB.wsdl", "--lock", "BLOB.wsdl"], "is no lock file (it is no JSON)"),
    "no lock": (["BLOB.wsdl", "--lock", "none.json"], "none.json cannot be read: No such file"),
    "a lock into nothing": (["BLOB.wsdl", "--write-lock", "no/x"], "no/x cannot be written: No"),
    "a port without http": (["127.0.0.1:1/Remote/Services86/BLOB.svc"],
                            "no such file; a URL begins with http:// or https://"),
    "a host without http": (["crm.example/Remote/Services86/BLOB.svc?wsdl"],
                            "'crm.example/Remote/Services86/BLOB.svc?wsdl' cannot be read: no"),
    "a host and a port": (["localhost:8086"], "a URL begins with http:// or https://"),
    "no file": (["none.wsdl"], "none.wsdl cannot be read: No such file or directory"),
    "no host": (["http:///x"], "'http:///x' cannot be read: no host given"),
    "standard input without anything": (["-"], "the WSDL cannot be parsed"),
}  # fmt: skip


@pytest.fixture(scope="session")
def misused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("misused")
    (folder / "alone").mkdir()
    wsdl = planted.plant(None, folder)
    (folder / "alone" / "BLOB.wsdl").write_bytes(wsdl.read_bytes())
    whole = zips.zip_of([zips.plain("BLOB.wsdl", wsdl.read_bytes())])
    (folder / "alone.zip").write_bytes(whole)
    (folder / "cut.zip").write_bytes(whole[:-30])
    (folder / "empty.zip").write_bytes(zips.zip_of([]))
    (folder / "broken.zip").write_bytes(b"PK\3\4 no more")
    (folder / "empty.json").write_text("{}")
    (folder / "list.json").write_text("[1]")
    other = {"version": "86", "addresses": 5, "others": [], "operations": []}
    (folder / "other.json").write_text(json.dumps(other))
    (folder / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return folder


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_one_clear_line(
    name: str, misused: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(misused)
    arguments, said = MISUSE[name]
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("soblob: ")
    assert said in err
    assert err.count("\n") == 1


def test_standard_input_is_read(tmp_path: Path) -> None:
    wsdl = served_wsdl("BLOB", "https://h.example/t/Remote/Services86/BLOB.svc")
    alone = planted.plant(None, tmp_path).read_bytes()
    schema = zips.plain(planted.XSD, (tmp_path / planted.XSD).read_bytes())
    package = zips.zip_of([zips.plain("BLOB.wsdl", alone), schema])
    for data in (wsdl, package):
        result = runner().invoke(main, ["check-wsdl", "-"], prog_name="soblob", input=data)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "0 breaking, 0 risky" in result.stdout
    for data, said in (
        (alone, "the WSDL imports 'netserver.xsd': give its file or URL instead"),
        (b" " * 10_000_001, "standard input has more than 10,000,000 bytes"),
    ):
        result = runner().invoke(main, ["check-wsdl", "-"], prog_name="soblob", input=data)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


def test_a_version_is_text() -> None:
    with pytest.raises(SoblobError, match="the version must be two digits, such as '86', not 86"):
        check_wsdl(schema_file("BLOB.wsdl"), version=86)  # type: ignore[arg-type]


def test_only_soap_12_is_another_contract(tmp_path: Path) -> None:
    wsdl = planted.plant(None, tmp_path)
    soap12 = wsdl.read_text().replace("/wsdl/soap/", "/wsdl/soap12/")
    wsdl.write_text(soap12)
    found = check_wsdl(wsdl)
    assert {one.what for one in found} == {"another SOAP version"}
    assert {str(one.weight) for one in found} == {"breaking"}


def test_groups_are_read_as_their_elements(tmp_path: Path) -> None:
    """The same messages, written with a nested sequence, a group and an inline type."""
    wsdl = planted.plant(None, tmp_path)
    xsd = tmp_path / planted.XSD
    group = f'<xs:group name="Rest"><xs:sequence>{planted.TEXT}</xs:sequence></xs:group>'
    text = xsd.read_text().replace(planted.IMAGE, f"<xs:sequence>{planted.IMAGE}</xs:sequence>")
    text = text.replace(planted.TEXT, '<xs:group ref="tns:Rest"/>')
    xsd.write_text(text.replace("</xs:schema>", f"{group}</xs:schema>"))
    assert check_wsdl(wsdl) == []


def test_the_fixture_compares_or_skips(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(soblob_compatible_wsdl): assert soblob_compatible_wsdl")
    run = ("-p", "no:cacheprovider")
    pytester.runpytest(*run).assert_outcomes(skipped=1)
    wsdl = planted.plant(None, pytester.path)
    pytester.runpytest(*run, "--soblob-wsdl-source", str(wsdl)).assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nsoblob_wsdl_source = BLOB.wsdl\n")
    pytester.runpytest(*run).assert_outcomes(passed=1)
    planted.plant(planted.BREAKING[0], pytester.path)
    result = pytester.runpytest(*run)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the WSDL differs from the contract*"])


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    test = names["test_the_wsdl_is_still_the_contract"]
    assert test(schema_file("BLOB.wsdl")) is None
    with pytest.raises(ContractViolationError, match="the WSDL differs"):
        test(planted.plant(planted.BREAKING[0], tmp_path))
