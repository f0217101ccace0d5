"""Sun Valley for screens of more than 96 pixels per inch: its pictures and lengths enlarged while it is loaded."""

from __future__ import annotations

import base64
import io
import re
import tkinter as tk
from pathlib import Path

import sv_ttk

_FOLDER = Path(sv_ttk.__file__).parent
_LENGTH = re.compile(r"(-(?:border|padding|width|height|size|sashthickness) )(\{[^}]*\}|-?\d+)")
_NUMBER = re.compile(r"-?\d+")
_SPRITE = re.compile(r"^\s*(\S+) (\d+) (\d+) (\d+) (\d+) ?\\?$", re.MULTILINE)
_READS_FILES = re.compile(r"^\s*(?:source|load_images) \[.*$", re.MULTILINE)


def load(root: tk.Tk, scale: float) -> None:
    """Load both themes at ``scale``; afterwards ``sv_ttk.set_theme`` uses them. At 1 they are left as they are.

    The theme draws its widgets with pictures of fixed size, whose borders are given in pixels; ttk stretches only
    what is between the borders. So both have to grow, before its Tcl code makes elements of them.
    """
    if scale == 1.0 or getattr(root, "_sv_ttk_loaded", False):
        return
    root.tk.eval(_scaled((_FOLDER / "sv.tcl").read_text(encoding="utf-8"), scale))
    for name in ("light", "dark"):
        _make_pictures(root, name, scale)
        root.tk.eval(_scaled((_FOLDER / "theme" / f"{name}.tcl").read_text(encoding="utf-8"), scale))
    root._sv_ttk_loaded = True  # type: ignore[attr-defined]  # what sv_ttk itself would set


def _scaled(code: str, scale: float) -> str:
    code = _READS_FILES.sub("", code)
    return _LENGTH.sub(lambda found: found[1] + _NUMBER.sub(lambda n: str(round(int(n[0]) * scale)), found[2]), code)


def _make_pictures(root: tk.Tk, name: str, scale: float) -> None:
    from PIL import Image

    space = f"::ttk::theme::sv_{name}"
    root.tk.eval(f"namespace eval {space} {{variable I}}")
    listed = _SPRITE.findall((_FOLDER / "theme" / f"sprites_{name}.tcl").read_text(encoding="utf-8"))
    with Image.open(_FOLDER / "theme" / f"spritesheet_{name}.png") as sheet:
        for sprite, *numbers in listed:
            x, y, width, height = map(int, numbers)
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            cut = sheet.crop((x, y, x + width, y + height)).resize(size, Image.Resampling.LANCZOS)
            png = io.BytesIO()
            cut.save(png, "PNG")
            picture = root.tk.call("image", "create", "photo", "-data", base64.b64encode(png.getvalue()))
            root.tk.call("set", f"{space}::I({sprite})", picture)
