"""What the documents claim is what happens."""

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from pytest_soblob import Exchange, Limits, StubEndpoint
from pytest_soblob.control import ControlApi
from pytest_soblob.control._openapi import openapi
from pytest_soblob.control._scripts import FAULT, INFO, RESPONSE
from pytest_soblob.serving import Configuration
from pytest_soblob.serving._tables import TABLES, TOP

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
# What docs/endpoint.md leaves to the reader: a client.
CLIENT = """
import requests
from pytest_soblob.messages import ChangePersonImageRequest, SaveImageStreamRequest

def _post(endpoint, message):
    http = message.to_http_request()
    return requests.post(endpoint.url, data=http.body, headers=dict(http.headers), timeout=30)

def upload(endpoint, description, ticket="7T:x"):
    return _post(endpoint, SaveImageStreamRequest(
        type="PersonImage", image=b"\\x89PNG\\r\\n\\x1a\\n", description=description,
        ticket=ticket, application_token="our-application",
    ))

def attach(endpoint, person_id, blob_id):
    return _post(endpoint, ChangePersonImageRequest(
        person_id=person_id, blob_id=blob_id, ticket="7T:x",
    ))

"""


def blocks(language: str, document: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)


def test_the_first_sh_block_has_two_commands() -> None:
    assert len(blocks("sh")[0].splitlines()) == 2


def test_the_main_job_reads_as_the_readme_shows(pytester: pytest.Pytester) -> None:
    source = next(block for block in blocks("python") if "def test_portrait_arrives" in block)
    pytester.makepyfile(test_portrait=source)
    result = pytester.runpytest("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    # Another Pillow encodes the same pixels otherwise: sizes, digest and base64 are its business.
    other = r"\d+,\d{3}|(?<=sha256 )\w{8}|(?<=…)[\w/+=]+(?=</Image>)"
    lines = [re.sub(other, "*", line) for line in blocks("text")[0].splitlines() if line]
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in lines])


def test_the_client_is_green_when_it_is_mended(pytester: pytest.Pytester) -> None:
    source = next(block for block in blocks("python") if "def test_portrait_arrives" in block)
    image, link_type, rest = re.split(r"(?m)^(?=\s+<(?:Type|Desc))", source)
    head, image_line = (
        image[: image.rindex("        <Image>")],
        image[image.rindex("        <Im") :],
    )
    pytester.makepyfile(test_portrait=head + link_type + image_line + rest)
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_what_a_server_would_drop_is_what_the_readme_shows(pytester: pytest.Pytester) -> None:
    main_job = next(block for block in blocks("python") if "def test_portrait_arrives" in block)
    wcf = next(block for block in blocks("python") if "def test_what_a_server" in block)
    pytester.makepyfile(main_job.partition("def test_portrait")[0] + wcf)
    result = pytester.runpytest("-q", "-p", "no:cacheprovider", "--soblob-behaviour=wcf")
    result.assert_outcomes(passed=1)


def test_every_reply_of_the_readme_can_be_scripted(pytester: pytest.Pytester) -> None:
    replies = next(block for block in blocks("python") if "delay_s=5" in block)
    body = "".join(f"    {line}\n" for line in replies.splitlines())
    pytester.makepyfile(
        "from pytest_soblob import ExceptionInfo, Fault, HttpResponse\n"
        f"def test_replies(soblob_endpoint):\n{body}"
    )
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_property_test_of_the_readme_passes(pytester: pytest.Pytester) -> None:
    source = next(block for block in blocks("python") if "def test_any_image_arrives" in block)
    pytester.makepyfile(source)
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "source", blocks("python", (ROOT / "docs" / "endpoint.md").read_text(encoding="utf-8"))
)
def test_every_test_of_the_endpoints_page_passes(pytester: pytest.Pytester, source: str) -> None:
    pytester.makepyfile(CLIENT + source)
    result = pytester.runpytest("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=source.count("def test_"))


def test_the_endpoints_page_says_all_that_an_exchange_has() -> None:
    page = (ROOT / "docs" / "endpoint.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\.(\w+)`", page, re.MULTILINE)
    has = {name for name in dir(Exchange) if not name.startswith("_")} - {"recording"}
    assert sorted(rows) == sorted(has)


def test_the_configuration_on_the_servers_page_is_one(tmp_path: Path) -> None:
    (source,) = blocks("toml", (ROOT / "docs" / "serve.md").read_text(encoding="utf-8"))
    (tmp_path / "stub.toml").write_text(source, encoding="utf-8")
    configuration = Configuration.read(tmp_path / "stub.toml")
    configuration.script(StubEndpoint(settings=configuration.settings()))
    assert [account.user for account in configuration.accounts] == ["ada", "guest"]


def test_the_configuration_on_the_servers_page_has_every_key() -> None:
    (source,) = blocks("toml", (ROOT / "docs" / "serve.md").read_text(encoding="utf-8"))
    data = tomllib.loads(source)
    shown = {TOP: set(data)}
    for name in ("wcf", "tls", "limits"):
        shown[f"[{name}]"] = set(data[name])
    for name in ("accounts", "replies"):
        shown[f"[[{name}]]"] = {key for table in data[name] for key in table}
    assert shown == {table: set(keys) for table, keys in TABLES.items()}
    for name, keys in (("exception-info", INFO), ("fault", FAULT), ("response", RESPONSE)):
        inside = {key for table in data["replies"] for key in table.get(name, ())}
        assert inside == {key.replace("_", "-") for key in keys}


def test_the_limits_on_the_servers_page_are_the_defaults() -> None:
    (source,) = blocks("toml", (ROOT / "docs" / "serve.md").read_text(encoding="utf-8"))
    said = {key.replace("-", "_"): value for key, value in tomllib.loads(source)["limits"].items()}
    assert {**said, "body_bytes": 1024**3} == asdict(Limits())


def test_the_servers_page_lists_the_control_api() -> None:
    """Each row says method and paths; a path without a method has the one before it."""
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    listed = []
    for row in re.findall(r"^\| (`[A-Z]+ /_soblob/.*?) \|", page, re.MULTILINE):
        method = ""
        for named, path in re.findall(r"`(?:([A-Z]+) /_soblob)?(/[^`]+)`", row):
            method = named or method
            listed.append((method, path.replace("/1", "/{id}")))
    described = [
        (method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods
    ]
    assert sorted(listed) == sorted(described)
    routes = [(method, f"/{name}") for method, name in ControlApi("only-for-this-run")._routes]
    assert sorted([*routes, ("GET", "/blobs/{id}")]) == sorted(described)


def test_no_document_names_what_is_not_there() -> None:
    names = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md")
    for name in (*names, "docs/endpoint.md", "docs/serve.md", "benchmarks/README.md"):
        folder = (ROOT / name).parent
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (folder / link).exists(), f"{name}: {link}"


def test_every_rule_is_reached_by_a_mistake_or_a_flow_test() -> None:
    from pytest_soblob.catalogue import RULES
    from tests.stories import STORIES
    from tests.test_mistakes import MISTAKES

    reached = {mistake.rule for mistake in MISTAKES} | {story.rule for story in STORIES}
    reached.add("http.malformed")  # tests/cli/test_validate.py
    assert [rule for rule in RULES if rule not in reached] == []
