"""Choosing files and folders with the desktop's dialog: its portal's, or its programs', played by small scripts."""

from __future__ import annotations

import os
import sys
import threading
import tkinter as tk
from pathlib import Path

import pytest

from semantik.gui.widgets import file_dialogs
from semantik.gui.widgets.file_dialogs import choose_files, choose_folder
from tests.support.window import INTERPRETERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Tk shows the system's dialogs")

KINDS = [("Imágenes", "*.jpg *.png"), ("Todos", "*")]


@pytest.fixture
def root():
    root = tk.Tk()
    INTERPRETERS.append(root.tk)
    yield root
    root.destroy()


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts a program on the PATH that prints a text and ends so, and writes down its arguments."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(file_dialogs.shutil, "which", lambda name: name if (folder / name).exists() else None)

    def put(name: str, printed: str = "", status: int = 0) -> Path:
        told = tmp_path / f"{name}.told"
        script = folder / name
        lines = ["#!/bin/sh", f'for word in "$@"; do echo "$word"; done > "{told}"', f"printf '%s' '{printed}'"]
        script.write_text("\n".join([*lines, f"exit {status}"]) + "\n")
        script.chmod(0o755)
        return told

    return put


@pytest.fixture
def tks(monkeypatch):
    """Tk's own dialogs, which answer at once; the options of each call."""
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(file_dialogs.filedialog, "askdirectory", lambda **o: calls.append(o) or "/de/tk")
    monkeypatch.setattr(file_dialogs.filedialog, "askopenfilenames", lambda **o: calls.append(o) or ("/de/tk.jpg",))
    return calls


@pytest.fixture
def portal(monkeypatch):
    """A portal that answers what is put into it, and what it was asked for."""
    answers: list[list[str] | None] = []
    asked: list[tuple[tuple, dict]] = []

    def choose(*values, **options):
        asked.append((values, options))
        return answers.pop(0)

    monkeypatch.setattr(file_dialogs.file_chooser_portal, "choose", choose)
    return answers, asked


def test_the_portal_is_asked_first(root, programs, portal, tks, monkeypatch):
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    told = programs("zenity", "/del/programa\n")
    root.update()
    window = int(root.wm_frame(), 16)
    answers, asked = portal
    answers += [["/fotos/Año 2020"], [], None, ["/a b.jpg", "/c.png"], [], None]
    assert [choose_folder(root, "Elija", "/usr") for _ in range(3)] == ["/fotos/Año 2020", "", "/del/programa"]
    assert asked == [(("Elija", window, "/usr"), {"folders": True})] * 3
    assert "--directory" in told.read_text().splitlines()
    chosen = [choose_files(root, "Elija", KINDS, "/usr") for _ in range(3)]
    assert chosen == [("/a b.jpg", "/c.png"), (), ("/del/programa",)]
    assert asked[3:] == [(("Elija", window, "/usr"), {"kinds": KINDS})] * 3
    assert tks == []


def test_the_window_lives_on_while_the_dialog_is_open(root, tks, monkeypatch):
    drawn = threading.Event()
    monkeypatch.setattr(file_dialogs.file_chooser_portal, "choose", lambda *a, **o: drawn.wait(60) and ["/fotos"])
    held = []

    def look() -> None:
        held.append(str(root.grab_current()))
        drawn.set()

    root.after(1, look)
    assert choose_folder(root, "Elija") == "/fotos"
    assert len(held) == 1
    assert held[0] != "None"
    assert root.grab_current() is None


def test_a_window_that_is_closed_meanwhile_chooses_nothing(portal, tks, monkeypatch):
    root = tk.Tk()
    INTERPRETERS.append(root.tk)
    closed = threading.Event()
    monkeypatch.setattr(file_dialogs.file_chooser_portal, "choose", lambda *a, **o: closed.wait(60) and None)
    root.after(1, root.destroy)
    assert choose_folder(root, "Elija") == ""
    closed.set()
    assert tks == []


def test_gnome_asks_with_zenity(root, programs, tks, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    told = programs("zenity", "/fotos/Año 2020\n")
    assert choose_folder(root, "Elija", tmp_path) == "/fotos/Año 2020"
    words = told.read_text().splitlines()
    assert words == ["--file-selection", "--directory", "--title=Elija", f"--filename={tmp_path}/"]
    programs("zenity", "/a b.jpg\n/c.png\n")
    assert choose_files(root, "Elija", KINDS, tmp_path) == ("/a b.jpg", "/c.png")
    assert "--file-filter=Imágenes | *.jpg *.png" in told.read_text().splitlines()
    assert tks == []


def test_kde_asks_with_kdialog(root, programs, tks, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    programs("zenity", "/no\n")
    told = programs("kdialog", "/fotos\n")
    assert choose_folder(root, "Elija", tmp_path) == "/fotos"
    assert told.read_text().splitlines() == ["--title", "Elija", "--getexistingdirectory", str(tmp_path)]
    assert choose_files(root, "Elija", KINDS, tmp_path) == ("/fotos",)
    assert told.read_text().splitlines()[-2:] == ["*.jpg *.png|Imágenes", "*|Todos"]
    assert tks == []


def test_a_dialog_that_is_closed_chooses_nothing(root, programs, tks, monkeypatch):
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "XFCE")
    programs("zenity", status=1)
    assert choose_folder(root, "Elija") == ""
    assert choose_files(root, "Elija", KINDS) == ()
    assert tks == []
    assert root.grab_current() is None


@pytest.mark.parametrize("case", [("GNOME", 255), ("GNOME", None), ("sway", 0), ("", 0)])
def test_tks_own_dialog_is_the_last_resort(root, programs, tks, monkeypatch, case):
    desktop, status = case
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", desktop)
    if status is not None:
        programs("zenity", "/no\n", status)
    assert choose_folder(root, "Elija", "/usr") == "/de/tk"
    assert choose_files(root, "Elija", KINDS, "/usr/desenchufada") == ("/de/tk.jpg",)
    assert [call["initialdir"] for call in tks] == ["/usr", str(Path.home())]
    assert root.tk.eval("set ::tk::dialog::file::showHiddenVar") == "0"
