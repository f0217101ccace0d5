"""Choosing files and folders with the dialogs that the user knows from other programs.

Windows and macOS show theirs for Tk's. On X11 Tk's own are bare: there the desktop's program shows its dialog, with
small pictures and the user's places, where that program is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog, ttk

from semantik.desktop.helper_programs import Answer, ask
from semantik.storage.regular_files import is_folder

_PROGRAMS = {"kde": ("kdialog", "zenity"), "lxqt": ("kdialog", "zenity")}
"""By desktop, as XDG_CURRENT_DESKTOP names it; others that are known have the second alone."""

_GTK = frozenset(("gnome", "unity", "cinnamon", "x-cinnamon", "mate", "xfce", "budgie", "pantheon", "lxde", "cosmic"))
_SEPARATOR = "\n"
_CANCELLED = 1
_LOOK_MS = 50


def choose_folder(parent: tk.Misc, title: str, initial: str | Path | None = None) -> str:
    """A folder that is there, or "" when the user chose none. ``initial`` is where the dialog starts."""
    begin = _existing(initial)
    for program in _programs(parent):
        if (found := _ask(parent, _folder_command(program, title, begin))) is not None:
            return found[0] if found else ""
    _hide_hidden(parent)
    return str(filedialog.askdirectory(parent=parent, title=title, initialdir=begin, mustexist=True) or "")


def choose_files(
    parent: tk.Misc, title: str, kinds: Sequence[tuple[str, str]], initial: str | Path | None = None
) -> tuple[str, ...]:
    """Files that are there, none when the user chose none. ``kinds``: names, each with its patterns."""
    begin = _existing(initial)
    for program in _programs(parent):
        if (found := _ask(parent, _files_command(program, title, kinds, begin))) is not None:
            return tuple(found)
    _hide_hidden(parent)
    return tuple(filedialog.askopenfilenames(parent=parent, title=title, filetypes=kinds, initialdir=begin) or ())


def _existing(initial: str | Path | None) -> str:
    """Where to begin: the user's folder where the wanted one is not there, as one of an unplugged disk."""
    with contextlib.suppress(OSError, ValueError):
        if initial and is_folder(Path(initial)):
            return str(initial)
    return str(Path.home())


def _programs(parent: tk.Misc) -> list[str]:
    """The desktop's own programs that are installed, the best first; none where Tk shows the system's dialogs."""
    if parent.tk.call("tk", "windowingsystem") != "x11":
        return []
    desktops = [name.lower() for name in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":")]
    for desktop in desktops:
        known = _PROGRAMS.get(desktop) or (("zenity",) if desktop in _GTK else ())
        if known:
            return [program for program in known if shutil.which(program)]
    return []


def _folder_command(program: str, title: str, begin: str) -> list[str]:
    if program == "kdialog":
        return ["kdialog", "--title", title, "--getexistingdirectory", begin]
    return ["zenity", "--file-selection", "--directory", f"--title={title}", f"--filename={begin.rstrip('/')}/"]


def _files_command(program: str, title: str, kinds: Sequence[tuple[str, str]], begin: str) -> list[str]:
    if program == "kdialog":
        lines = "\n".join(f"{patterns}|{name}" for name, patterns in kinds)
        return ["kdialog", "--title", title, "--multiple", "--separate-output", "--getopenfilename", begin, lines]
    filters = [f"--file-filter={name} | {patterns}" for name, patterns in kinds]
    common = [f"--title={title}", f"--separator={_SEPARATOR}", f"--filename={begin.rstrip('/')}/"]
    return ["zenity", "--file-selection", "--multiple", *common, *filters]


def _ask(parent: tk.Misc, command: Sequence[str]) -> list[str] | None:
    """What was chosen, nothing when the user cancelled, None when the program cannot show its dialog.

    The window lives on meanwhile and takes no input.
    """
    answers: list[Answer] = []
    top = parent.winfo_toplevel()
    environment = os.environ | {"WINDOWID": str(int(top.wm_frame(), 16))}  # the dialog stays above the window
    asking = threading.Thread(
        target=lambda: answers.append(ask(command, None, environment=environment)), name="file dialog", daemon=True
    )
    before = str(parent.tk.call("grab", "current", top))
    waiting = ttk.Frame(top)
    waiting.grab_set()
    asking.start()

    def look() -> None:
        if asking.is_alive():
            waiting.after(_LOOK_MS, look)
        else:
            waiting.destroy()

    look()
    parent.wait_window(waiting)  # the program may end meanwhile, too
    with contextlib.suppress(tk.TclError):
        if before:
            parent.tk.call("grab", "set", before)
    if not answers or answers[0].status == _CANCELLED:
        return []
    if not answers[0].succeeded:
        return None
    return [path for path in answers[0].output.split(_SEPARATOR) if path]


def _hide_hidden(parent: tk.Misc) -> None:
    """Tk's own dialogs, on X11, show hidden files unless they are told not to, which they know once they are loaded."""
    with contextlib.suppress(tk.TclError):
        parent.tk.eval("catch {tk_getOpenFile -nonsense}")
        parent.tk.eval("set ::tk::dialog::file::showHiddenBtn 1; set ::tk::dialog::file::showHiddenVar 0")
