"""The program for people without Python: what its one file does by its name, what is in it, what it says when it lacks
something. The build itself, which takes minutes and gigabytes, only where it is asked for."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from semantik.decoding import worker, worker_process
from semantik.desktop import launchers
from semantik.doctor import package_health
from semantik.gui import launch
from semantik.words.text import say
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.screens import open_and_close


@pytest.fixture
def standalone(monkeypatch):
    """The modules of tools/standalone, by name."""
    # Not syspath_prepend, which empties caches by a method that Python 3.11.9 cannot call.
    monkeypatch.setattr(sys, "path", [str(REPO / "tools" / "standalone"), *sys.path])
    names = ("start", "contents", "installers")
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def called(standalone, monkeypatch):
    """What one of the two programs does with arguments: (window | command | worker, arguments)."""
    done = []
    monkeypatch.setattr(worker, "main", lambda arguments: done.append(("worker", arguments)))
    monkeypatch.setattr(launch, "run", lambda: done.append(("window", sys.argv[1:])))
    monkeypatch.setattr("semantik.__main__.run", lambda: done.append(("command", sys.argv[1:])) or 3)

    def call(program: str, *arguments: str) -> tuple[int, list[tuple[str, list[str]]]]:
        monkeypatch.setattr(sys, "executable", program)
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        done.clear()
        return standalone("start").main(), list(done)

    return call


# -- How it starts -------------------------------------------------------------------------------------


def test_a_decoder_process_is_no_window(called):
    wanted = (0, [("worker", ["1000", "15.0"])])
    assert called("/opt/SemantikSearch", "-m", "semantik.decoding.worker", "1000", "15.0") == wanted
    assert called("/opt/semantik", "-m", "semantik.decoding.worker", "1000", "15.0") == wanted


def test_the_name_tells_the_window_from_the_command_line(called):
    assert called("/opt/SemantikSearch") == (0, [("window", [])])
    assert called("/opt/semantik", "doctor", "--json") == (3, [("command", ["doctor", "--json"])])
    assert called("/opt/SemantikSearch", "-m", "semantik", "doctor") == (3, [("command", ["doctor"])])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the variable is Linux's")
@pytest.mark.parametrize(("before", "after"), [("/home/lib", "/home/lib"), (None, None)])
def test_programs_that_it_opens_have_the_systems_libraries(standalone, monkeypatch, before, after):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/_internal")
    if before:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    standalone("start").leave_libraries_to_others()
    assert os.environ.get("LD_LIBRARY_PATH") == after
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ


@pytest.mark.parametrize(
    ("running", "beside", "used"),
    [
        ("SemantikSearch.exe", "semantik.exe", "semantik.exe"),
        ("pythonw.exe", "python.exe", "python.exe"),
        ("pythonw.exe", None, "pythonw.exe"),
        ("SemantikSearch", "semantik", "SemantikSearch"),
    ],
)
def test_decoders_run_in_the_console_program(monkeypatch, tmp_path, running, beside, used):
    if beside:
        (tmp_path / beside).touch()
    (tmp_path / running).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / running))
    assert worker_process._interpreter() == str(tmp_path / used)


def test_its_entry_in_the_menu_opens_the_window_program():
    program = launchers.standalone(Path("/usr/lib/semantiksearch/semantik"), Path("/x/SS.png"))
    assert program == (Path("/usr/lib/semantiksearch/SemantikSearch"), (), Path.home(), Path("/x/SS.png"))
    assert launchers.standalone(Path("/x/semantik.exe"), Path("i")).python == Path("/x/SemantikSearch.exe")


# -- What is in it -------------------------------------------------------------------------------------


def test_it_takes_every_file_of_the_wheel_that_is_not_code(standalone):
    taken = {Path(target, Path(source).name).as_posix() for source, target in standalone("contents").program_files()}
    inside = {path.relative_to(REPO).as_posix() for path in (REPO / "semantik").rglob("*") if path.is_file()}
    wanted = {name for name in inside if not name.endswith((".py", ".pyc"))}
    shipped = ("SS.png", "image_search_config.json", "requirements.txt")
    wanted |= {
        f"semantik/shipped/{name}" for name in (*shipped, "requirements-formats.txt", "requirements-cluster.txt")
    }
    assert taken == wanted
    assert "semantik/words/catalogues/es.po" in taken


def test_it_names_every_required_package(standalone):
    content = (REPO / "requirements.txt").read_text(encoding="utf-8")
    listed = [name for name, _ in package_health.read_requirements(content)]
    assert set(listed) <= set(standalone("contents").required_packages())


def test_it_brings_the_licences_of_what_it_brings(standalone, monkeypatch, tmp_path):
    files = {
        "one-1.dist-info": ["licenses/LICENSE", "licenses/vendored/COPYING.txt", "METADATA"],
        "two-1.dist-info": ["LICENCE.txt", "NOTICE", "METADATA", "top_level.txt"],
        "three-1.dist-info": ["METADATA", "WHEEL"],
    }
    for folder, names in files.items():
        for name in names:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(f"Name: {folder.split('-')[0]}\n")
        (tmp_path / folder / "RECORD").write_text("".join(f"{folder}/{name},,\n" for name in names))
    monkeypatch.setattr(
        standalone("contents").metadata, "distributions", lambda: metadata.Distribution.discover(path=[str(tmp_path)])
    )
    found = dict(standalone("contents").licence_files())
    python = found.pop(str(Path(sysconfig.get_path("stdlib"), "LICENSE.txt")), "licences/Python")
    assert python == "licences/Python"
    assert {Path(file).relative_to(tmp_path).as_posix(): target for file, target in found.items()} == {
        "one-1.dist-info/licenses/LICENSE": "licences/one/licenses",
        "one-1.dist-info/licenses/vendored/COPYING.txt": "licences/one/licenses/vendored",
        "two-1.dist-info/LICENCE.txt": "licences/two",
        "two-1.dist-info/NOTICE": "licences/two",
        "three-1.dist-info/METADATA": "licences/three",
    }


# -- What it says --------------------------------------------------------------------------------------


def test_an_incomplete_one_is_to_be_installed_again(monkeypatch):
    monkeypatch.setattr(launch, "STANDALONE", True)
    for missing in (["tkinter"], ["torch", "faiss"]):
        message = launch.explain_missing(missing, Path("/x"))
        assert ", ".join(missing) in message
        assert "Vuelva a instalar SemantikSearch con su instalador." in message
        assert not {"venv", "pip", "apt"} & set(message.split())


def test_its_doctor_advises_no_pip(tmp_path):
    (tmp_path / "requirements.txt").write_text("torch<0.1\nno-such-package>=1\n")
    (tmp_path / "requirements-formats.txt").write_text("no-such-option>=1\n")
    found = list(package_health.check(tmp_path, installed=True, standalone=True))
    again, optional = say("doctor.advice_standalone"), say("doctor.advice_standalone_optional")
    assert [say(each.advice, **each.facts) for each in found if each.advice] == [again, again, optional]
    assert "pip" not in again + optional


def test_the_setup_program_for_windows_touches_nothing_while_the_program_runs():
    script = (REPO / "tools" / "standalone" / "windows.nsi").read_text(encoding="utf-8")
    sections = re.findall(r'^Section( "Uninstall")?\n(.*?)^SectionEnd$', script, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in sections] == ["", ' "Uninstall"']
    for _, section in sections:
        steps = [line.strip() for line in section.splitlines() if not line.lstrip().startswith(";")]
        assert steps[:2] == [f'!insertmacro WaitUntilClosed "${{{name}}}"' for name in ("PROGRAM", "CONSOLE")]


# -- The build -----------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not os.environ.get("SEMANTIK_BUILD"),
    reason="takes minutes and gigabytes: SEMANTIK_BUILD names a Python with PyInstaller and the program's packages, "
    "or a .deb that was made with one",
)
@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")
def test_the_package_for_debian_searches_and_opens_its_window(tmp_path):
    place = tmp_path / "José Ñandú"
    subprocess.run(["dpkg-deb", "-x", debian_package(tmp_path), place], check=True, timeout=600)
    before = sorted(place.rglob("*"))
    commands = place / "usr" / "bin"
    user = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANGUAGE": "es", "DISPLAY": os.environ.get("DISPLAY", "")}
    folder = tmp_path / "fotos de la niña"
    paint(folder / "rojo.png", (255, 0, 0))
    paint(folder / "azul.png", (0, 0, 255))

    def semantik(*arguments: object) -> str:
        command = [commands / "semantik", *map(str, arguments)]
        done = subprocess.run(command, env=user, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    assert json.loads(semantik("index", folder, "--encoder", "builtin", "--json"))["count"] == 2
    found = json.loads(semantik("search", folder, "--text", "rojo", "-k", "2", "--json"))
    assert {Path(hit["path"]).name for hit in found} == {"rojo.png", "azul.png"}
    assert "pip" not in semantik("doctor").split()
    silent = ["/bin/sh", "-c", '"$0" models >&-', commands / "semantik"]
    done = subprocess.run(silent, env=user, stderr=subprocess.PIPE, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    open_and_close([str(commands / "semantiksearch")], "Semantiksearch", cwd="/", env=user)
    # Whoever installed it is another user: it keeps everything in the home.
    assert sorted(place.rglob("*")) == before
    assert (tmp_path / ".local/share/SemantikSearch/image_search_config.json").is_file()


def debian_package(folder: Path) -> Path:
    """The package that is named, or one that is built in ``folder`` by the Python that is."""
    given = Path(os.environ["SEMANTIK_BUILD"])
    if given.suffix == ".deb":
        return given
    build = [sys.executable, "tools/build_app.py", "--python", given, "--quick"]
    places = ["--work", folder / "work", "--out", folder / "dist"]
    subprocess.run([*map(str, build), *map(str, places)], cwd=REPO, check=True, timeout=3600)
    (made,) = (folder / "dist").glob("*.deb")
    return made
