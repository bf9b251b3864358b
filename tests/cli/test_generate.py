"""`soblob generate`: the files are what the manifest says, and the same for the same seed."""

import hashlib
import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_soblob import EnvelopeValidator, Profile, assert_valid_request, assert_valid_response
from pytest_soblob._http import parse_message
from pytest_soblob.cli import main
from tests.cli.conftest import command, everything_on
from tests.command import runner

ROOT = Path(__file__).parents[2]


def generate(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    result = runner().invoke(main, ["generate", str(folder), "--count", "30", *arguments])
    assert result.exit_code == 0, result.stderr
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["made_with"]) == {"pytest-soblob", "hypothesis", "pillow"}
    files: list[dict[str, Any]] = manifest["files"]
    for one in files:
        data = (folder / one["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {one["file"] for one in files} | {"manifest.json"}
    assert len(files) == 30
    return files


@pytest.mark.parametrize("kind", ["request", "response"])
@pytest.mark.parametrize("more", [(), ("--spellings",)])
def test_envelopes_are_valid(tmp_path: Path, kind: str, more: tuple[str, ...]) -> None:
    for one in generate(tmp_path / "out", "--kind", kind, *more):
        validator = EnvelopeValidator(kind, one["profile"])
        verdict = validator.judge((tmp_path / "out" / one["file"]).read_bytes())
        assert not verdict.errors, one


@pytest.mark.parametrize("kind", ["request", "response"])
def test_http_messages_are_valid_head_and_all(tmp_path: Path, kind: str) -> None:
    check: Any = assert_valid_request if kind == "request" else assert_valid_response
    for one in generate(tmp_path / "out", "--what", "http", "--kind", kind, "--spellings"):
        check(parse_message((tmp_path / "out" / one["file"]).read_bytes()), profile=one["profile"])


@pytest.mark.parametrize("kind", ["request", "response"])
def test_malformed_ones_break_the_rule_of_their_folder(tmp_path: Path, kind: str) -> None:
    rules = Counter[str]()
    for one in generate(tmp_path / "out", "--malformed", "--kind", kind):
        assert one["file"].startswith(f"{one['rule']}/")
        validator = EnvelopeValidator(kind, one["profile"], one["installation"])
        data = (tmp_path / "out" / one["file"]).read_bytes()
        assert one["rule"] in {violation.rule for violation in validator.judge(data).violations}
        rules[one["rule"]] += 1
    assert len(rules) > 10


def test_profiles_are_chosen(tmp_path: Path) -> None:
    files = generate(tmp_path / "out", "--profile", "wsdl", "--profile", "soap12")
    assert {one["profile"] for one in files} == {str(Profile.WSDL), str(Profile.SOAP12)}


def test_images_are_read_by_pillow_and_stand_on_the_contact_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    files = generate(tmp_path / "out", "--what", "images", "--contact-sheet", str(sheet))
    for one in files:
        with Image.open(tmp_path / "out" / one["file"]) as picture:
            picture.load()
    with Image.open(sheet) as picture:
        assert (picture.format, picture.size) == ("PNG", (20 * 100 + 4, 2 * 100 + 4))
        assert len(picture.convert("RGB").getcolors(1_000_000) or ()) > 10


def test_damaged_images_say_what_an_opener_says(tmp_path: Path) -> None:
    for one in generate(tmp_path / "out", "--what", "images", "--damaged"):
        data = (tmp_path / "out" / one["file"]).read_bytes()
        assert one["damage"]
        if one["opener"].startswith("opens"):
            Image.open(BytesIO(data)).close()


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(tmp_path: Path) -> None:
    hashes = [
        [one["sha256"] for one in generate(tmp_path / name, "--seed", seed, *what)]
        for what in ((), ("--what", "images"), ("--malformed",))
        for name, seed in ((f"{what}1", "7"), (f"{what}2", "7"), (f"{what}3", "8"))
    ]
    for first, again, other in zip(hashes[::3], hashes[1::3], hashes[2::3], strict=True):
        assert first == again
        assert first != other


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--damaged"], "--damaged is for --what images"),
        (["--what", "images", "--malformed"], "--malformed is for messages, not for images"),
        (["--malformed", "--spellings"], "--malformed and --spellings exclude each other"),
        (["--contact-sheet", "x.png"], "--contact-sheet is for --what images"),
        (["--what", "images", "--spellings"], "--spellings is for messages, not for images"),
        (["--what", "images", "--kind", "request"], "--kind is for messages, not for images"),
        (["--what", "images", "--profile", "wsdl"], "--profile is for messages, not for images"),
    ],
)
def test_what_makes_no_sense_together(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = runner().invoke(main, ["generate", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = runner().invoke(main, ["generate", str(tmp_path)])
    assert (result.exit_code, "is not empty" in result.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_in_the_way_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(*_: object) -> None:
        raise AssertionError("something was drawn")

    monkeypatch.setattr("pytest_soblob.strategies.corpus.draw_each", draw)
    taken, sheet = tmp_path / "taken", tmp_path / "sheet.png"
    taken.write_text("mine")
    sheet.write_text("mine")
    for folder, more, says in (
        (taken, (), "is a file"),
        (taken / "below", (), "Not a directory"),
        (tmp_path / "new", ("--contact-sheet", str(sheet)), "sheet.png exists"),
        (tmp_path / "new", ("--contact-sheet", str(tmp_path / "no" / "s.png")), "is no folder"),
    ):
        what = ("--what", "images", *more) if more else ()
        result = runner().invoke(main, ["generate", str(folder), *what])
        assert (result.exit_code, result.exception.__class__) == (2, SystemExit)
        assert says in " ".join(result.stderr.split())
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "sheet.png"}
    assert taken.read_text() == sheet.read_text() == "mine"


def test_the_contact_sheet_may_stand_in_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--what", "images", "--count", "2", "--contact-sheet", str(out / "sheet.png")]
    result = runner().invoke(main, ["generate", str(out), *options])
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} > {"sheet.png", "manifest.json"}


def test_each_file_is_written_at_once_and_a_run_that_ends_early_has_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.open

    def fail_at_the_fourth(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.name.startswith("00003"):
            assert len(list(tmp_path.glob("out/0*.xml"))) == 3
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", fail_at_the_fourth)
    result = runner().invoke(main, ["generate", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "00003.xml cannot be written: No space left on device" in result.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"00000.xml", "00001.xml", "00002.xml", "manifest.json.part"}
    assert len(json.loads((tmp_path / "out" / "manifest.json.part").read_text())["files"]) == 3


def test_a_terminal_shows_progress(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("generate", "out", "--count", "30"),
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    text = everything_on(ours).decode()
    assert process.wait(timeout=30) == 0
    assert re.search(r"writing .*#.* 30/30", text)
    assert text.rstrip().endswith("30 files in out, seed 0")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["--spellings --kind response", "--malformed", "--what images"])
def test_another_process_gives_the_same_bytes(tmp_path: Path, what: str) -> None:
    """Whatever the seed of its hashes, and whatever it has imported before."""
    for number in ("1", "2"):
        command = [sys.executable, "-c", "from pytest_soblob.cli import main; main()", "generate"]
        if number == "2":
            command[2] = f"import tests.mistakes; {command[2]}"
        subprocess.run(
            [*command, str(tmp_path / number), "--count", "30", "--seed", "3", *what.split()],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number},
        )
    manifests = (tmp_path / number / "manifest.json" for number in ("1", "2"))
    one, other = (
        [entry["sha256"] for entry in json.loads(path.read_text())["files"]] for path in manifests
    )
    assert one == other
