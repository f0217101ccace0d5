"""Starting by double click: the venv beside the program, missing packages, a Python without Tk."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from semantik.gui import launch
from tests.support.places import REPO
from tests.support.systems import WINE
from tests.support.waiting import wait_until


def test_a_complete_python_goes_on():
    assert launch.missing_modules() == []
    assert launch.prepare(str(REPO / "SemantikSearch.py"), []) is None


def test_every_required_module_comes_from_requirements():
    from importlib import metadata

    wanted = {
        line.split("=")[0].split(">")[0].split("<")[0].lower().replace("_", "-")
        for line in (REPO / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    packages = metadata.packages_distributions()
    for module in launch.REQUIRED:
        assert {name.lower().replace("_", "-") for name in packages[module]} & wanted, module


@pytest.fixture
def program(tmp_path) -> Path:
    """A copy of the program with a venv beside it that stands for a complete one."""
    folder = tmp_path / "SemantikSearch"
    shutil.copytree(REPO / "semantik", folder / "semantik", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / "SemantikSearch.py", folder)
    return folder


@pytest.fixture
def bare_python(tmp_path) -> Path:
    """A Python without any package."""
    if WINE:
        pytest.skip("the Python for wine lacks venvlauncher.exe, of which a venv is made on Windows")
    venv.create(tmp_path / "bare", with_pip=False)
    return tmp_path / "bare" / "bin" / "python"


def run(python: Path, script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), str(script), "uno", "dos"],
        env={k: v for k, v in os.environ.items() if k not in ("DISPLAY", "PYTHONPATH")} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_the_venv_beside_the_program_takes_over(program, bare_python):
    python = program / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "relaunched $SEMANTIK_RELAUNCHED: $2 $3"\nexit 7\n')
    python.chmod(0o755)
    result = run(bare_python, program / "SemantikSearch.py")
    assert result.stdout == "relaunched 1: uno dos\n"
    assert result.returncode == 7


def test_an_incomplete_venv_does_not_loop(program, bare_python):
    venv.create(program / ".venv", with_pip=False)
    result = run(bare_python, program / "SemantikSearch.py")
    assert result.returncode == 1
    assert result.stderr.count("Faltan paquetes") == 1


@pytest.mark.parametrize(
    ("language", "told"),
    [("es_MX.UTF-8", "Faltan paquetes: "), ("pt_BR", "Faltam pacotes: "), ("de_DE", "Packages are missing: ")],
)
def test_missing_packages_are_told_in_the_systems_language(program, bare_python, language, told):
    result = run(bare_python, program / "SemantikSearch.py", LANGUAGE=language)
    assert result.stderr.startswith(told + "cv2, clip, babel, ")
    assert "Traceback" not in result.stderr


def test_missing_packages_say_what_to_run(program, bare_python):
    result = run(bare_python, program / "SemantikSearch.py")
    assert result.returncode == 1
    assert "Faltan paquetes: cv2, clip" in result.stderr
    assert f'cd "{program}"\npython3 -m venv .venv\n.venv/bin/pip install -r requirements.txt\n' in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the package's name depends on the system")
def test_a_python_without_tk_names_the_package(program, bare_python, tmp_path):
    # A module search path in which tkinter's compiled part is not found, as on a Debian without python3-tk.
    blind = tmp_path / "blind"
    blind.mkdir()
    (blind / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == '_tkinter' else real(name, *a)\n"
    )
    result = run(bare_python, program / "SemantikSearch.py", PYTHONPATH=str(blind))
    assert result.returncode == 1
    assert "sudo apt install python3-tk" in result.stderr


def test_packages_that_are_missing_are_shown_in_a_window(monkeypatch):
    from tkinter import messagebox

    shown = []
    monkeypatch.setattr(messagebox, "showerror", lambda title, message, **options: shown.append((title, message)))
    launch.tell("Faltan paquetes: torch")
    assert shown == [("SemantikSearch", "Faltan paquetes: torch")]


def test_an_old_python_is_told():
    message = launch.explain_missing([], Path("/x"), old=True)
    assert message.startswith("SemantikSearch necesita Python 3.11 o posterior")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"maxsize": 2**31 - 1}, "Este Python es de 32 bits"),
        ({"machine": "win-arm64"}, "Para este Python, el de Windows en ARM"),
        ({"platform": "darwin", "processor": "x86_64"}, "Para Macs con procesador Intel"),
        ({"version": (3, 15, 0)}, "SemantikSearch no funciona todavía con Python 3.15"),
    ],
)
def test_where_pip_has_no_packages_that_is_told(monkeypatch, changed, told):
    monkeypatch.setattr(launch.sys, "maxsize", changed.get("maxsize", 2**63 - 1))
    monkeypatch.setattr(launch.sys, "platform", changed.get("platform", "linux"))
    monkeypatch.setattr(launch.sys, "version_info", changed.get("version", (3, 14, 0)))
    monkeypatch.setattr(sysconfig, "get_platform", lambda: changed.get("machine", "linux-x86_64"))
    monkeypatch.setattr(platform, "machine", lambda: changed.get("processor", "arm64"))
    assert launch.explain_missing(["torch"], Path("/x")).startswith(told)
    # Tk alone is not pip's to bring.
    assert launch.explain_missing(["tkinter"], Path("/x")).startswith("A este Python le falta Tk")


def test_where_pip_has_all_packages_its_command_is_told(monkeypatch):
    monkeypatch.setattr(launch.sys, "version_info", (3, 14, 0))
    assert launch.explain_unsuited() == ""


def test_a_double_click_on_windows_starts_the_same(program, bare_python):
    shutil.copy(REPO / "SemantikSearch.pyw", program)
    result = run(bare_python, program / "SemantikSearch.pyw")
    assert result.returncode == 1
    assert f'cd "{program}"' in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("venv_name", [".venv", "venv"])
def test_a_double_click_on_a_mac_starts_the_same(program, tmp_path, venv_name):
    shutil.copy(REPO / "SemantikSearch.command", program)
    assert (REPO / "SemantikSearch.command").stat().st_mode & 0o111 == 0o111
    python = program / venv_name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$1 in $(pwd)" > "{tmp_path}/part"\nmv "{tmp_path}/part" "{tmp_path}/told"\n')
    python.chmod(0o755)
    subprocess.run([program / "SemantikSearch.command"], cwd="/", check=True, timeout=240)
    wait_until((tmp_path / "told").exists)
    assert (tmp_path / "told").read_text() == f"SemantikSearch.py in {program}\n"
