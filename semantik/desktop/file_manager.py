"""Showing a picture in the system's programs: selected in its folder by the file manager, or by its viewer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from semantik.desktop.helper_programs import start
from semantik.errors import PictureGone, PictureNotShown
from semantik.storage.regular_files import is_file, long_path

_SERVICE = "org.freedesktop.FileManager1"
_OBJECT = "/org/freedesktop/FileManager1"
_SECONDS = 15  # a file manager that has to start first answers within this, or will not


def reveal(path: Path) -> None:
    """Show ``path`` selected in the system's file manager, or at least its folder.

    No shell is involved, and programs get no name that could be an option: an address, or one quoted argument.
    Links are shown themselves, not what they lead to. Returns when the file manager was asked, which may be
    before it is on screen. Raises PictureGone, PictureNotShown.

    On Linux through org.freedesktop.FileManager1 (https://www.freedesktop.org/wiki/Specifications/file-manager-interface/).
    """
    path = path.absolute()
    if not os.path.lexists(long_path(path)):
        raise PictureGone(path=str(path))
    if sys.platform == "win32":
        shown = start(_explorer(path), seconds=_SECONDS)
    elif sys.platform == "darwin":
        shown = start(["/usr/bin/open", "-R", str(path)], seconds=_SECONDS)
    else:
        # xdg-open may run the file manager itself and not come back before that ends.
        shown = any(start(asked, seconds=_SECONDS + 1) for asked in _show_items(path)) or start(
            ["xdg-open", path.parent.as_uri()], seconds=2
        )
    if not shown:
        raise PictureNotShown(path=str(path))


def open_picture(path: Path) -> None:
    """Open ``path`` in the program that the system has for such pictures. No shell is involved.

    Raises PictureGone, PictureNotShown.
    """
    path = path.absolute()
    if not is_file(path):
        raise PictureGone(path=str(path))
    if sys.platform == "win32":
        shown = start(_explorer(path, select=False), seconds=_SECONDS)
    elif sys.platform == "darwin":
        shown = start(["/usr/bin/open", "--", str(path)], seconds=_SECONDS)
    else:
        # The viewer itself may run until it is closed.
        shown = start(["xdg-open", str(path)], seconds=2)
    if not shown:
        raise PictureNotShown(path=str(path))


def _explorer(path: Path, *, select: bool = True) -> str:
    # Explorer splits its line itself, at commas too unless they are quoted; no name on Windows has a quotation mark.
    system = os.environ.get("SYSTEMROOT", r"C:\Windows")
    return f'"{system}\\explorer.exe" {"/select," if select else ""}"{path}"'


def _show_items(path: Path) -> list[list[str]]:
    """Two programs that ask over D-Bus. Addresses hold ASCII letters, digits and "/%-._~": no quotes, no commas."""
    address, method = path.as_uri(), f"{_SERVICE}.ShowItems"
    return [
        [
            *("gdbus", "call", "--session", f"--timeout={_SECONDS}", f"--dest={_SERVICE}"),
            *(f"--object-path={_OBJECT}", f"--method={method}", f"['{address}']", "''"),
        ],
        [
            *("dbus-send", "--session", "--print-reply", f"--reply-timeout={_SECONDS * 1000}"),
            *(f"--dest={_SERVICE}", _OBJECT, method, f"array:string:{address}", "string:"),
        ],
    ]
