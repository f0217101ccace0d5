"""Showing a file in the system's file manager: which programs are asked, with which arguments, and what if none can."""

from __future__ import annotations

import ast
import os
import shutil
import stat
import subprocess
import sys
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from semantik.desktop import file_manager
from semantik.desktop.file_manager import reveal
from semantik.errors import PictureGone, PictureNotShown
from semantik.words import text
from tests.support import hostile
from tests.support.places import REPO

linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the programs of Linux desktops")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Make programs that note their arguments and end with a status; returns what was asked of them so far."""
    folder, notes = tmp_path / "bin", tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(**statuses):
        for name, status in statuses.items():
            path = folder / name.replace("_", "-")
            code = f"""#!{sys.executable}
import sys
with open({str(notes)!r}, "a") as notes:
    print(ascii([{path.name!r}, *sys.argv[1:]]), file=notes)
sys.exit({status})
"""
            path.write_text(code)
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

        def asked():
            return [ast.literal_eval(line) for line in notes.read_text().splitlines()] if notes.exists() else []

        return asked

    return install


@linux
def test_the_file_manager_is_asked_to_show_the_file(programs, tmp_path):
    asked = programs(gdbus=0, dbus_send=0, xdg_open=0)
    path = tmp_path / "mi foto, 'de' Ñ.jpg"
    path.touch()
    reveal(path)
    address = f"{tmp_path.as_uri()}/mi%20foto%2C%20%27de%27%20%C3%91.jpg"
    assert asked() == [
        [
            *("gdbus", "call", "--session", "--timeout=15", "--dest=org.freedesktop.FileManager1"),
            "--object-path=/org/freedesktop/FileManager1",
            "--method=org.freedesktop.FileManager1.ShowItems",
            *(f"['{address}']", "''"),
        ]
    ]


@linux
def test_what_fails_is_followed_by_the_next(programs, tmp_path):
    path = tmp_path / "foto.jpg"
    path.touch()
    asked = programs(gdbus=1, dbus_send=1, xdg_open=0)
    reveal(path)
    assert [name for name, *_ in asked()] == ["gdbus", "dbus-send", "xdg-open"]
    assert asked()[1][-3:] == [
        "org.freedesktop.FileManager1.ShowItems",
        f"array:string:{path.as_uri()}",
        "string:",
    ]
    assert asked()[2] == ["xdg-open", tmp_path.as_uri()]


@linux
@pytest.mark.parametrize("statuses", [{}, {"gdbus": 1, "xdg_open": 3}])
def test_when_nothing_works_it_is_told(programs, tmp_path, statuses):
    programs(**statuses)
    path = tmp_path / "foto.jpg"
    path.touch()
    with pytest.raises(PictureNotShown) as raised:
        reveal(path)
    assert text.explain(raised.value) == f"Ningún explorador de archivos pudo mostrar «{path}»."


def test_a_file_that_is_gone_is_told(programs, tmp_path):
    asked = programs(gdbus=0)
    with pytest.raises(PictureGone):
        reveal(tmp_path / "nada.jpg")
    assert asked() == []


@linux
def test_hostile_names_arrive_whole_and_are_no_options(programs, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(file_manager, "start", lambda command, **_: calls.append(command) and False)
    paths = hostile.lay_out(tmp_path / "-corpus", lambda path, number: path.touch())
    for path in paths:
        calls.clear()
        with pytest.raises(PictureNotShown):
            reveal(path)
        gdbus, dbus_send, xdg_open = calls
        assert gdbus[-2][:2] + gdbus[-2][-2:] == "['']"
        for address in (gdbus[-2][2:-2], dbus_send[-2].removeprefix("array:string:")):
            assert not set(address) & set("'\",;\\ \n$`<>|&*?[]{}()!")
            assert address.isascii()
            assert unquote_to_bytes(urlsplit(address).path) == os.fsencode(path)
        assert unquote_to_bytes(urlsplit(xdg_open[-1]).path) == os.fsencode(path.parent)
        assert [argument for argument in xdg_open[1:] if argument.startswith("-")] == []


@linux
def test_a_link_is_shown_itself(programs, tmp_path):
    asked = programs(gdbus=0)
    (tmp_path / "lejos").mkdir()
    (tmp_path / "lejos" / "original.jpg").touch()
    (tmp_path / "enlace.jpg").symlink_to(tmp_path / "lejos" / "original.jpg")
    reveal(tmp_path / "enlace.jpg")
    assert asked()[0][-2] == f"['{(tmp_path / 'enlace.jpg').as_uri()}']"


@linux
def test_a_real_bus_carries_the_address(tmp_path, monkeypatch):
    """dbus-monitor sees the call that reaches a bus; no file manager answers there, so the next way is tried."""
    tools = ["dbus-run-session", "dbus-monitor", "gdbus"]
    if not all(map(shutil.which, tools)):
        pytest.skip("no D-Bus tools are installed")
    path = tmp_path / "-o 'x', \"y\".jpg"
    path.touch()
    code = f"""
import subprocess, sys
from pathlib import Path
monitor = subprocess.Popen(["dbus-monitor", "--session", "member=ShowItems"], stdout=subprocess.PIPE, text=True)
monitor.stdout.readline()  # it listens
from semantik.desktop import file_manager, helper_programs
command = file_manager._show_items(Path({str(path)!r}))
print([helper_programs.start(one, 20) for one in command])
for line in monitor.stdout:
    if "file://" in line:
        print(line.strip())
        break
monitor.kill()
monitor.wait()
"""
    shown = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", code],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert shown.stdout.splitlines() == ["[False, False]", f'string "{path.as_uri()}"']


def test_the_line_for_windows_is_one_quoted_argument(monkeypatch):
    from pathlib import PureWindowsPath

    monkeypatch.setenv("SYSTEMROOT", r"D:\Windows")
    line = file_manager._explorer(PureWindowsPath(r"C:\Mis fotos\-a, b & c ^%PATH%.jpg"))
    assert line == r'"D:\Windows\explorer.exe" /select,"C:\Mis fotos\-a, b & c ^%PATH%.jpg"'


def test_no_shell_is_ever_used():
    for path in (REPO / "semantik" / "desktop").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        assert "shell" not in {keyword.arg for call in calls for keyword in call.keywords}
        assert "os.system" not in source
        assert "startfile" not in source
