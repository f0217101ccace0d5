"""Choosing files and folders with the dialogs that the user knows from other programs.

Windows and macOS show theirs for Tk's. On X11 Tk's own are bare: there the desktop shows its dialog, with small
pictures and the user's places, by its portal, or else by its program, where that is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tkinter import filedialog, ttk

from semantik.desktop import file_chooser_portal
from semantik.desktop.helper_programs import ask
from semantik.gui.widgets.input_grab import InputGrab
from semantik.storage.regular_files import is_folder

_PROGRAMS = {"kde": ("kdialog", "zenity"), "lxqt": ("kdialog", "zenity")}
"""By desktop, as XDG_CURRENT_DESKTOP names it; others that are known have the second alone."""

_GTK = frozenset(("gnome", "unity", "cinnamon", "x-cinnamon", "mate", "xfce", "budgie", "pantheon", "lxde", "cosmic"))
_SEPARATOR = "\n"
_CANCELLED = 1
_LOOK_MS = 50


def choose_folder(parent: tk.Misc, title: str, initial: str | Path | None = None) -> str:
    """A folder that is there, or "" when the user chose none. ``initial`` is where the dialog starts."""
    begin, window = _existing(initial), _window(parent)
    portal = partial(file_chooser_portal.choose, title, window, begin, folders=True)
    found = _ask_desktop(parent, portal, lambda program: _folder_command(program, title, begin))
    if found is not None:
        return found[0] if found else ""
    _hide_hidden(parent)
    return str(filedialog.askdirectory(parent=parent, title=title, initialdir=begin, mustexist=True) or "")


def choose_files(
    parent: tk.Misc, title: str, kinds: Sequence[tuple[str, str]], initial: str | Path | None = None
) -> tuple[str, ...]:
    """Files that are there, none when the user chose none. ``kinds``: names, each with its patterns."""
    begin, window = _existing(initial), _window(parent)
    portal = partial(file_chooser_portal.choose, title, window, begin, kinds=kinds)
    found = _ask_desktop(parent, portal, lambda program: _files_command(program, title, kinds, begin))
    if found is not None:
        return tuple(found)
    _hide_hidden(parent)
    return tuple(filedialog.askopenfilenames(parent=parent, title=title, filetypes=kinds, initialdir=begin) or ())


def _existing(initial: str | Path | None) -> str:
    """Where to begin: the user's folder where the wanted one is not there, as one of an unplugged disk."""
    with contextlib.suppress(OSError, ValueError):
        if initial and is_folder(Path(initial)):
            return str(initial)
    return str(Path.home())


def _window(parent: tk.Misc) -> int:
    """The id of the window that a dialog shall stay above."""
    return int(parent.winfo_toplevel().wm_frame(), 16)


def _programs() -> list[str]:
    """The desktop's own programs that are installed, the best first."""
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


def _ask_desktop(
    parent: tk.Misc, portal: Callable[[], list[str] | None], command: Callable[[str], list[str]]
) -> list[str] | None:
    """What was chosen, nothing when the user cancelled, None where Tk shall ask: the desktop has no dialog.

    ``command`` gives the command line of a program. The window lives on meanwhile and takes no input.
    """
    if parent.tk.call("tk", "windowingsystem") != "x11":
        return None  # Tk's are the system's
    environment = os.environ | {"WINDOWID": str(_window(parent))}
    ways: list[Callable[[], list[str] | None]] = [
        portal,
        *(partial(_run, command(program), environment) for program in _programs()),
    ]
    answers: list[list[str] | None] = []

    def work() -> None:
        answers.append(next((found for way in ways if (found := way()) is not None), None))

    asking = threading.Thread(target=work, name="file dialog", daemon=True)
    waiting = ttk.Frame(parent.winfo_toplevel())
    grab = InputGrab(waiting, parent)
    grab.take()
    asking.start()

    def look() -> None:
        if asking.is_alive():
            waiting.after(_LOOK_MS, look)
        else:
            waiting.destroy()

    waiting.after(_LOOK_MS, look)
    parent.wait_window(waiting)  # the program may end meanwhile, too
    grab.give_back()
    return answers[0] if answers else []


def _run(command: Sequence[str], environment: Mapping[str, str]) -> list[str] | None:
    answer = ask(command, None, environment=environment)
    if answer.status == _CANCELLED:
        return []
    if not answer.succeeded:
        return None
    return [path for path in answer.output.split(_SEPARATOR) if path]


def _hide_hidden(parent: tk.Misc) -> None:
    """Tk's own dialogs, on X11, show hidden files unless they are told not to, which they know once they are loaded."""
    with contextlib.suppress(tk.TclError):
        parent.tk.eval("catch {tk_getOpenFile -nonsense}")
        parent.tk.eval("set ::tk::dialog::file::showHiddenBtn 1; set ::tk::dialog::file::showHiddenVar 0")
