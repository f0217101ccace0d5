"""Entries in the menu and on the desktop that open the program by a click: made and removed."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from pathlib import Path

import platformdirs

from semantik.desktop.helper_programs import ask
from semantik.desktop.launcher_files import (
    NAME,
    POWERSHELL,
    Program,
    desktop_entry,
    mac_command,
    windows_environment,
)
from semantik.errors import LauncherNotMade, system_detail
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import windows_icon
from semantik.words.text import say

log = logging.getLogger(__name__)

SCRIPT = "SemantikSearch.py"
ICON = "SS.png"

_PATIENCE = 60.0  # seconds for another program's answer


def in_folder(folder: Path, python: Path) -> Program:
    """The program that runs from a folder of its own."""
    return Program(python, (str(folder / SCRIPT),), folder, folder / ICON)


def installed(python: Path, icon: Path) -> Program:
    """The program that is among the packages of ``python``.

    As a module, and without the folder of the moment among the places for modules: its file would put all packages
    before Python's own modules. The command ``semantiksearch`` is not always beside Python.
    """
    return Program(python, ("-P", "-m", Path(SCRIPT).stem), Path.home(), icon)


def standalone(executable: Path, icon: Path) -> Program:
    """The program that brings its own Python, of which ``executable`` is the window's or the command line's part."""
    return Program(executable.with_name(NAME + executable.suffix), (), Path.home(), icon)


def install(program: Program, home: Path) -> list[Path]:
    """Make the entries for the program; earlier ones are replaced.

    On Linux in the menu and on the desktop, on macOS on the desktop, on Windows in both. ``home`` keeps the icon
    that Windows needs. Returns what was made. Raises LauncherNotMade.
    """
    made = []
    for path in places():
        try:
            if sys.platform == "win32":
                _make_link(_for_windows(program, home), path)
            else:
                content = mac_command(program) if sys.platform == "darwin" else desktop_entry(program)
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, content.encode("utf-8"), mode=0o755, ours=False)
                path.chmod(0o755)
                _trust(path)
        except (OSError, UnicodeEncodeError) as error:
            log.warning("no launcher entry %s", path, exc_info=True)
            detail = getattr(error, "strerror", None) or str(error)
            raise LauncherNotMade(path=str(path), detail=detail) from error
        made.append(path)
    return made


def remove(home: Path) -> list[Path]:
    """Delete what ``install`` made; returns what was there. Raises LauncherNotMade when something cannot be deleted."""
    removed = []
    for path in (*places(), windows_icon(home)):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LauncherNotMade(path=str(path), detail=system_detail(error)) from error
        removed.append(path)
    return removed


def places() -> list[Path]:
    """Where the entries belong on this system; a desktop only where there is one."""
    desktop = Path(platformdirs.user_desktop_dir())
    # Without a desktop, xdg-user-dirs names the user's own folder.
    on_desktop = [desktop] if desktop.is_dir() and desktop != Path.home() else []
    if sys.platform == "win32":
        menu = Path(os.environ.get("APPDATA", "~")).expanduser() / "Microsoft/Windows/Start Menu/Programs"
        return [place / f"{NAME}.lnk" for place in (menu, *on_desktop) if place.is_dir()]
    if sys.platform == "darwin":
        return [place / f"{NAME}.command" for place in on_desktop]
    menu = Path(platformdirs.user_data_dir()) / "applications"
    return [place / "semantiksearch.desktop" for place in (menu, *on_desktop)]


def _trust(path: Path) -> None:
    """Tell GNOME and Xfce that the user made this file; elsewhere being executable is enough."""
    if sys.platform == "darwin":
        return
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    for attribute, value in (("metadata::trusted", "true"), ("metadata::xfce-exe-checksum", checksum)):
        ask(["gio", "set", "-t", "string", str(path), attribute, value], _PATIENCE)


def _for_windows(program: Program, home: Path) -> Program:
    """The same program without a console window, and with an icon of the kind that Windows shows."""
    from PIL import Image

    windowless = Path(program.python).with_name("pythonw.exe")
    icon = windows_icon(home)
    with Image.open(program.icon) as picture:
        picture.save(icon, format="ICO", sizes=[(side, side) for side in (16, 24, 32, 48, 64, 128, 256)])
    return program._replace(python=windowless if windowless.is_file() else program.python, icon=icon)


def _make_link(program: Program, path: Path) -> None:
    """Have PowerShell make a shortcut. Raises LauncherNotMade."""
    environment = os.environ | windows_environment(program, path, say("launcher.comment"))
    answer = ask(POWERSHELL, _PATIENCE, environment=environment)
    if not answer.succeeded:
        log.warning("no launcher entry %s: %s", path, answer.errors)
        raise LauncherNotMade(path=str(path), detail=answer.errors.strip())
