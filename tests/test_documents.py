"""What the documents claim is what happens."""

import inspect
import json
import re
import shlex
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from urllib.error import HTTPError

import pytest
from click import Context

from pytest_soblob import Exchange, Limits, SoblobSettings, StubEndpoint, strategies
from pytest_soblob.cli import main
from pytest_soblob.fixtures import (
    ALLOW_WRITES,
    OPTIONS,
    PROVIDER_URL,
    SEVERITY_OPTIONS,
    UNPLAYED,
    WSDL_SOURCE,
)
from pytest_soblob.serving import Configuration
from pytest_soblob.serving._tables import TABLES, TOP  # all that a document must name
from pytest_soblob.serving.control import ControlApi
from pytest_soblob.serving.control._openapi import openapi
from pytest_soblob.serving.control._scripts import FAULT, INFO, RESPONSE
from tests.command import all_output, runner

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
# What docs/endpoint.md leaves to the reader: a client.
CLIENT = """
import requests
from pytest_soblob.soap.messages import ChangePersonImageRequest, SaveImageStreamRequest

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
    pytester.makeini(next(block for block in blocks("ini") if "soblob_behaviour" in block))
    result = pytester.runpytest("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_tests_that_break_a_rule_read_as_the_readme_shows(pytester: pytest.Pytester) -> None:
    source = next(block for block in blocks("python") if "def test_without_a_ticket" in block)
    test, _, block = source.partition("\n\n\n")
    assert (test.count("..."), block.count("...")) == (1, 1)
    body = block.replace("...", 'post(soblob_endpoint, "QS-_")').replace("\n", "\n    ")
    pytester.makepyfile(
        "import pytest, requests\n"
        "from tests import mistakes as m\n"
        "def post(endpoint, image=None, **more):\n"
        "    text = f'<n:Image>{image}</n:Image>' if image else m.IMAGE\n"
        "    sent = m.http_request(m.request(m.TYPE, text, m.DESCRIPTION, **more))\n"
        "    requests.post(endpoint.url, data=sent.body, headers=dict(sent.headers))\n"
        + test.replace("...", 'post(soblob_endpoint, header="")')
        + f"\n\ndef test_within(soblob_endpoint):\n    {body}\n"
    )
    pytester.syspathinsert(str(ROOT))
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_every_assertion_of_the_readme_passes(pytester: pytest.Pytester) -> None:
    lines = next(block for block in blocks("python") if "assert_valid_response" in block)
    *first, last = lines.splitlines()
    body = "\n    ".join([*first, "soblob_endpoint.reset()", last])
    pytester.makepyfile(
        "from pytest_soblob import assert_saved, assert_valid_request, assert_valid_response\n"
        "from pytest_soblob import ImageBytes\n"
        "def test_it(soblob_endpoint, soblob_client):\n"
        "    png = ImageBytes()\n"
        "    text = 'Line one\\r\\nline two'\n"
        "    soblob_client.service.SaveImageStream('PersonImage', png, text)\n"
        "    (exchange,) = soblob_endpoint.exchanges\n"
        f"    {body}\n"
    )
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_severities_of_the_readme_are_in_force(pytester: pytest.Pytester) -> None:
    pytester.makeini(next(block for block in blocks("ini") if "soblob_severity" in block))
    pytester.makepyfile(
        "from pytest_soblob import EnvelopeValidator, ImageBytes, SaveImageStreamRequest\n"
        "def test_it():\n"
        "    def errors(image):\n"
        "        request = SaveImageStreamRequest(\n"
        "            type='PersonImage', image=image, description='d', ticket='7T:x')\n"
        "        found = EnvelopeValidator('request').judge(request.to_bytes('wsdl')).violations\n"
        "        return [one.rule for one in found]\n"
        "    moving = ImageBytes(format='GIF', features=('animated',))\n"
        "    assert 'payload.animated' not in errors(moving)\n"
        "    assert 'body.image-missing' in errors(None)\n"
    )
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.stem
)
def test_every_command_of_the_documents_has_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks("console", text) for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("$ soblob ")]
    assert len(commands) > 8 or page.name != "README.md"
    for line in commands:
        name, *arguments = shlex.split(line, comments=True)[2:]
        command = main.commands[name]
        command.make_parser(Context(command)).parse_args(arguments)


def test_every_reply_of_the_readme_can_be_scripted(pytester: pytest.Pytester) -> None:
    replies = next(block for block in blocks("python") if "delay_s=5" in block)
    body = "".join(f"    {line}\n" for line in replies.splitlines())
    pytester.makepyfile(
        "from pytest_soblob import ExceptionInfo, Fault, HttpResponse\n"
        f"def test_replies(soblob_endpoint):\n{body}"
    )
    pytester.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.slow
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
    has = {name for name in dir(Exchange) if not name.startswith("_")}
    has -= {"recording", "known", "secrets"}  # what the kit itself asks
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
            listed.append((method, re.sub(r"/\d+$", "/{id}", path)))
    described = [
        (method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods
    ]
    assert sorted(listed) == sorted(described)
    routes = [(method, f"/{name}") for method, name in ControlApi("only-for-this-run")._routes]
    assert sorted([*routes, ("GET", "/blobs/{id}")]) == sorted(described)


def container_options() -> dict[str, list[str]]:
    """The options that the page's recipes give to the container, by their language."""
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    (compose,), (java,) = blocks("yaml", page), blocks("java", page)
    in_compose, in_java = (
        re.search(r"command: (\[.*\])", compose),
        re.search(r"withCommand\((.*)\)", java),
    )
    assert in_compose is not None
    assert in_java is not None
    return {"compose": json.loads(in_compose[1]), "java": json.loads(f"[{in_java[1]}]")}


@pytest.mark.parametrize("recipe", ["compose", "java"])
def test_the_command_takes_the_options_of_the_container_recipes(recipe: str) -> None:
    options = container_options()[recipe]
    env = {"SOBLOB_CONTROL_TOKEN": "only-for-this-run"}
    # A port that nobody can have shows that all before it was understood.
    given = ["serve", "--host", "0.0.0.0", *options, "--port", "65536"]
    done = runner().invoke(main, given, env=env)
    assert done.exit_code == 2
    assert "65536" in all_output(done)
    given[-1] = "-1"
    assert "No such option" in all_output(runner().invoke(main, [*given[:3], "--no", *given[3:]]))


def test_the_recipe_for_compose_finds_the_stub_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml", reason="comes with dask")
    (source,) = blocks("yaml", (ROOT / "docs" / "serve.md").read_text(encoding="utf-8"))
    services = yaml.safe_load(source)["services"]
    stub, tests = services["soblob"], services["tests"]
    assert stub["environment"].items() <= tests["environment"].items()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    *_, code = stub["healthcheck"]["test"]
    with StubEndpoint() as endpoint:
        code = code.replace("http://127.0.0.1:8086", endpoint.base_url)
        exec(code)
        with pytest.raises(HTTPError):
            exec(code.replace("BLOB.svc", "Other.svc"))
        path = endpoint.url.removeprefix(endpoint.base_url)
        assert endpoint.exchanges == []
    assert tests["environment"]["BLOB_URL"] == f"http://soblob:8086{path}"
    assert f'forHttp("{path}?wsdl")' in (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


def test_no_document_names_what_is_not_there() -> None:
    """Neither a file nor a heading."""
    names = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md")
    pages = [str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("*.md")]
    for name in (*names, *pages, "benchmarks/README.md", "examples/README.md"):
        folder = (ROOT / name).parent
        text = (ROOT / name).read_text(encoding="utf-8")
        for link, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
            linked = folder / link if link else ROOT / name
            assert linked.exists(), f"{name}: {link}"
            if heading:
                assert heading in anchors(linked), f"{name}: {link}#{heading}"


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_folders_of_the_newcomers_questions_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| .* \| `([\w/]+)/` \|$", text, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    for _, folder in rows:
        assert (ROOT / "pytest_soblob" / folder / "__init__.py").exists(), folder


def test_every_rule_is_reached_by_a_mistake_or_a_flow_test() -> None:
    from pytest_soblob.judge.catalogue import RULES
    from tests.judge.test_mistakes import MISTAKES
    from tests.stub.stories import STORIES

    reached = {mistake.rule for mistake in MISTAKES} | {story.rule for story in STORIES}
    reached.add("http.malformed")  # tests/cli/test_validate.py
    assert [rule for rule in RULES if rule not in reached] == []


def test_the_page_of_settings_has_each_field_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", text, re.MULTILINE))
    defaults = SoblobSettings()
    shown = {
        field.name: f"{value:g}" if isinstance(value, float) else str(value)
        for field in fields(SoblobSettings)
        for value in [getattr(defaults, field.name)]
    }
    assert rows == {**shown, "wcf_host": "WcfHost()"}
    for key in (*OPTIONS, *SEVERITY_OPTIONS, UNPLAYED, WSDL_SOURCE, PROVIDER_URL, ALLOW_WRITES):
        assert f"`{key}`" in text


def test_the_page_of_strategies_has_each_with_its_arguments() -> None:
    text = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", text, re.MULTILINE))
    assert set(rows) == set(strategies.__all__)
    for name, said in rows.items():
        for argument in inspect.signature(getattr(strategies, name)).parameters:
            assert f"`{argument}`" in said, f"{name}: {argument}"


def test_the_consumer_page_shows_a_class_that_runs(pytester: pytest.Pytester) -> None:
    page = (ROOT / "docs" / "consumer.md").read_text()
    source = next(block for block in blocks("python", page) if "@pytest.fixture" in block)
    uploader = "from tests.consumer.uploader import Uploader as Right, UploadFailed"
    pytester.makepyfile(
        superoffice=f"{uploader}\n"
        "from types import SimpleNamespace\n"
        "from pytest_soblob.consumer import Upload\n"
        "class Uploader(Right):\n"
        "    def __init__(self, url, ticket, token):\n"
        "        target = SimpleNamespace(url=url, ticket=ticket, application_token=token)\n"
        "        super().__init__(target)\n"
        "    def save(self, kind, image, text):\n"
        "        return super().save(Upload(type=kind, image=image, description=text))\n",
        test_page=source.replace("ourapp.superoffice", "superoffice"),
    )
    names = "upload.plain or business.no-rights or description.cr or auth or secrets or team_says"
    result = pytester.runpytest("-q", "-p", "no:cacheprovider", "-k", names)
    result.assert_outcomes(passed=16, skipped=3)  # nothing that the page shows is red


def test_the_consumer_page_names_options_and_fields_that_exist() -> None:
    from dataclasses import fields

    from pytest_soblob.consumer import Abilities
    from pytest_soblob.consumer.scenarios import SCENARIOS

    page = (ROOT / "docs" / "consumer.md").read_text()
    for field in fields(Abilities):
        assert f"| `{field.name}` |" in page
    front = (ROOT / "pytest_soblob" / "consumer" / "front.py").read_text()
    for option in set(re.findall(r"--soblob-consumer-[a-z-]+", page)):
        assert f'"{option}"' in front
    for name in re.findall(r"`((?:time|load|upload|answer|business)\.[a-z-]+)`", page):
        assert name in SCENARIOS
