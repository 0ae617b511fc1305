"""`tmfserver new handler` and `tmfserver specs add`: what one begins with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands.running import program, run
from tests.commands.upgrading import more_attributes, write
from tests.serving import StartServer

from tmfserver.planning import bundled_specs

RESOURCES = (
    ("usage", "usage.py"),
    ("usageSpecification", "usage_specification.py"),
    ("billingAccount", "billing_account.py"),
    ("billFormat", "bill_format.py"),
)


@pytest.mark.parametrize("width", [88, 100])
def test_what_is_written_is_in_good_form(tmp_path: Path, width: int) -> None:
    """Modules of all kinds of resources pass ruff, check and format, at common line lengths."""
    for resource, file in RESOURCES:
        run("new", "handler", resource, "--handlers", tmp_path)
        assert (tmp_path / file).is_file()
    for words in (["check"], ["format", "--check", "--line-length", str(width)]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_says_what_the_contract_says(tmp_path: Path) -> None:
    """Attributes with their types, states, likely filters, and references to what is served."""
    run("new", "handler", "usage", "--handlers", tmp_path)
    text = (tmp_path / "usage.py").read_text(encoding="utf-8")
    for words in (
        "# usageDate            date-time\n",
        "# ratedProductUsage    array of RatedProductUsage\n",
        '"received": {',
        '        "usageSpecification.id",\n',
        '        "usageSpecification": "usageSpecification",\n',
    ):
        assert words in text


def test_the_command_that_serves_it_is_told(tmp_path: Path) -> None:
    """With the contracts that were named."""
    file, folder = write(tmp_path / "things.json"), tmp_path / "own"
    told = run("new", "handler", "thing", "--specs", file, "--handlers", folder)
    assert told.strip().endswith(f"tmfserver serve --specs {file} --handlers {folder}")


def test_what_is_written_serves(tmp_path: Path, start_server: StartServer) -> None:
    """The server runs with the module: every step of the life cycle is allowed at first."""
    folder = tmp_path / "own"
    run("new", "handler", "usage", "--handlers", folder)
    server = start_server(handlers=str(folder))
    with server.client() as client:
        path = "/tmf-api/usageManagement/v4/usage"
        made = client.post(path, json={"status": "billed"}).json()
        changed = client.patch(f"{path}/{made['id']}", json={"status": "received"})
        assert changed.status_code == 200, changed.text


def test_a_module_that_is_there_stays(tmp_path: Path) -> None:
    """Nothing is written over; an unknown resource is a sentence that names those there are."""
    (tmp_path / "usage.py").write_text("mine", encoding="utf-8")
    done = program("new", "handler", "usage", "--handlers", tmp_path, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert (tmp_path / "usage.py").read_text(encoding="utf-8") == "mine"
    other = tmp_path / "other"
    done = program("new", "handler", "nothing", "--handlers", other, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "usageSpecification" in done.stderr
    assert not other.exists()


def test_a_contract_is_taken_in(tmp_path: Path) -> None:
    """The file is in the folder as it was, and what of it will run is shown."""
    file, folder = write(tmp_path / "things.json"), tmp_path / "contracts"
    told = run("specs", "add", file, "--specs", folder)
    assert "Things 1.0.0" in told
    assert "cutThing" in told  # which answers 501
    assert (folder / "things.json").read_bytes() == file.read_bytes()
    run("specs", "add", file, "--specs", folder)


def test_a_different_file_is_replaced_when_told(tmp_path: Path) -> None:
    """A file of the same name that says something else stays, but with --replace."""
    file, folder = write(tmp_path / "things.json"), tmp_path / "contracts"
    run("specs", "add", file, "--specs", folder)
    before = file.read_bytes()
    write(file, more_attributes)
    done = program("specs", "add", file, "--specs", folder, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "--replace" in done.stderr
    assert (folder / "things.json").read_bytes() == before
    run("specs", "add", file, "--specs", folder, "--replace")
    assert (folder / "things.json").read_bytes() == file.read_bytes()


def test_a_contract_that_cannot_run_is_left_out(tmp_path: Path) -> None:
    """A broken file, and one whose operations the folder has already, are not copied."""
    folder = tmp_path / "contracts"
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    done = program("specs", "add", broken, "--specs", folder, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not folder.exists()
    run("specs", "add", write(tmp_path / "things.json"), "--specs", folder)
    again = write(tmp_path / "again.json", more_attributes)
    done = program("specs", "add", again, "--specs", folder, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not (folder / "again.json").exists()


def test_the_folder_has_to_be_named(tmp_path: Path) -> None:
    """What is installed is nobody's own: without --specs, or where that is a file, nothing is
    copied, and a sentence says what to name."""
    file = write(tmp_path / "things.json")
    before = {each: each.read_bytes() for each in bundled_specs().glob("*.*")}
    done = program("specs", "add", file, folder=tmp_path)
    sentence = "tmfserver: name the folder for the contract with --specs, such as --specs contracts"
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
    done = program("specs", "add", file, "--specs", file, folder=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"{file} is a file" in done.stderr
    assert {each: each.read_bytes() for each in bundled_specs().glob("*.*")} == before
    named = program(
        "specs", "add", file, folder=tmp_path, environment={"TMFSERVER_SPECS": "contracts"}
    )
    assert named.returncode == 0, named.stderr
    assert (tmp_path / "contracts" / "things.json").read_bytes() == file.read_bytes()
