"""sv-ttk's two themes, at any scale: all that is known of the inside of that package stands here.

The package itself offers them for screens of 96 pixels per inch. For others its files are read: the Tcl code, the list
of its pictures, and the two sheets that these are cut from. tests/project/test_inside_packages.py holds what is
assumed about them, and says what to do when a new version has it otherwise.
"""

from __future__ import annotations

import base64
import io
import re
import tkinter as tk
from pathlib import Path
from tkinter import font, ttk

import sv_ttk

THEMES = {"light": "sun-valley-light", "dark": "sun-valley-dark"}
"""What ttk calls them."""

FONTS = "SunValley"
"""What the names of the themes' fonts begin with."""

BODY_FONT = "SunValleyBodyFont"

FOLDER = Path(sv_ttk.__file__).parent

LENGTH = re.compile(r"(-(?:border|padding|width|height|size|sashthickness) )(\{[^}]*\}|-?\d+)")
"""An option of the Tcl code that is measured in pixels, and its value or values."""

SPRITE = re.compile(r"^\s*(\S+) (\d+) (\d+) (\d+) (\d+) ?\\?$", re.MULTILINE)
"""A picture in the list: its name, and its left, top, width and height in the sheet."""

READS_FILES = re.compile(r"^\s*(?:source|load_images) \[.*$", re.MULTILINE)
"""A line of the Tcl code that reads a file beside it."""

_NUMBER = re.compile(r"-?\d+")


def load(root: tk.Tk, scale: float) -> None:
    """Make ttk know both themes, enlarged to ``scale``. A second time nothing happens.

    They draw widgets with pictures of fixed size, whose borders are given in pixels; ttk stretches only what is
    between the borders. So both have to grow, before the Tcl code makes elements of them.
    """
    if THEMES["light"] in ttk.Style(root).theme_names():
        return
    if scale == 1.0:
        sv_ttk.get_theme(root)  # loads them first
        return
    root.tk.eval(_scaled((FOLDER / "sv.tcl").read_text(encoding="utf-8"), scale))
    for name in THEMES:
        _make_pictures(root, name, scale)
        root.tk.eval(_scaled((FOLDER / "theme" / f"{name}.tcl").read_text(encoding="utf-8"), scale))


def fonts(root: tk.Tk) -> list[str]:
    """The names of the themes' fonts."""
    return [name for name in font.names(root) if name.startswith(FONTS)]


def _scaled(code: str, scale: float) -> str:
    code = READS_FILES.sub("", code)
    return LENGTH.sub(lambda found: found[1] + _NUMBER.sub(lambda n: str(round(int(n[0]) * scale)), found[2]), code)


def _make_pictures(root: tk.Tk, name: str, scale: float) -> None:
    from PIL import Image

    space = f"::ttk::theme::sv_{name}"
    root.tk.eval(f"namespace eval {space} {{variable I}}")
    listed = SPRITE.findall((FOLDER / "theme" / f"sprites_{name}.tcl").read_text(encoding="utf-8"))
    with Image.open(FOLDER / "theme" / f"spritesheet_{name}.png") as sheet:
        for sprite, *numbers in listed:
            x, y, width, height = map(int, numbers)
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            cut = sheet.crop((x, y, x + width, y + height)).resize(size, Image.Resampling.LANCZOS)
            png = io.BytesIO()
            cut.save(png, "PNG")
            picture = root.tk.call("image", "create", "photo", "-data", base64.b64encode(png.getvalue()))
            root.tk.call("set", f"{space}::I({sprite})", picture)
