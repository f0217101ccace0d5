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

BODY_FONT, CAPTION_FONT = "SunValleyBodyFont", "SunValleyCaptionFont"

FOLDER = Path(sv_ttk.__file__).parent

LENGTH = re.compile(r"(-(?:border|padding|width|height|size|sashthickness) )(\{[^}]*\}|-?\d+)")
"""An option of the Tcl code that is measured in pixels, and its value or values."""

SPRITE = re.compile(r"^\s*(\S+) (\d+) (\d+) (\d+) (\d+) ?\\?$", re.MULTILINE)
"""A picture in the list: its name, and its left, top, width and height in the sheet."""

READS_FILES = re.compile(r"^\s*(?:source|load_images) \[.*$", re.MULTILINE)
"""A line of the Tcl code that reads a file beside it."""

_NUMBER = re.compile(r"-?\d+")

_WIDE, _HIGH = 160, 32
"""Pixels that the middle of a picture has at least, see ``_WIDENED``."""

_WIDENED = """
    # $picture with its middle repeated; $border is that of a ttk element: all sides, or left and right, top and bottom.
    # Where $sticky does not hold it at both ends, the element is as large as the picture, which is left as it is.
    proc ::semantik_widened {picture border sticky} {
        upvar #0 ::semantik_made($picture,$border,$sticky) widened
        if {[info exists widened]} {return $widened}
        foreach {left top right bottom} [switch [llength $border] {
            1 {lrepeat 4 $border} 2 {concat $border $border} 4 {set border} default {lrepeat 4 0}
        }] {}
        set width [image width $picture]
        set height [image height $picture]
        set across [expr {$width - $left - $right}]
        set down [expr {$height - $top - $bottom}]
        if {$across < 1 || $down < 1} {return $picture}
        set columns [expr {$left && $right && [string match e*w $sticky] ? (%WIDE% + $across - 1) / $across : 1}]
        set rows [expr {$top && $bottom && [string match *n*s* $sticky] ? (%HIGH% + $down - 1) / $down : 1}]
        set x [expr {$left + $across * $columns}]
        set y [expr {$top + $down * $rows}]
        set widened [image create photo -width [expr {$x + $right}] -height [expr {$y + $bottom}]]
        foreach {from to left_to right_to} [list 0 $left 0 $left $left [expr {$width - $right}] $left $x \
                [expr {$width - $right}] $width $x [expr {$x + $right}]] {
            foreach {above below top_to bottom_to} [list 0 $top 0 $top $top [expr {$height - $bottom}] $top $y \
                    [expr {$height - $bottom}] $height $y [expr {$y + $bottom}]] {
                if {$from < $to && $above < $below} {
                    $widened copy $picture -from $from $above $to $below -to $left_to $top_to $right_to $bottom_to \\
                        -compositingrule set
                }
            }
        }
        return $widened
    }
    rename ::ttk::style ::semantik_style
    proc ::ttk::style args {
        if {[lrange $args 0 1] eq "element create" && [lindex $args 3] eq "image"} {
            set options [lrange $args 5 end]
            if {[dict exists $options -border]} {
                set border [dict get $options -border]
                set sticky nsew
                if {[dict exists $options -sticky]} {set sticky [dict get $options -sticky]}
                set sticky [join [lsort [split $sticky {}]] {}]
                set first [lindex $args 4 0]
                set pictures [list [semantik_widened $first $border $sticky]]
                foreach {state picture} [lrange [lindex $args 4] 1 end] {
                    lappend pictures $state [semantik_widened $picture $border $sticky]
                }
                set size [list -width [image width $first] -height [image height $first]]
                set args [concat [lrange $args 0 3] [list $pictures] $size $options]
            }
        }
        uplevel 1 [linsert $args 0 ::semantik_style]
    }
"""
_AS_BEFORE = "rename ::ttk::style {}; rename ::semantik_style ::ttk::style; array unset ::semantik_made"


def load(root: tk.Tk, scale: float) -> None:
    """Make ttk know both themes, enlarged to ``scale``. A second time nothing happens.

    They draw widgets with pictures of fixed size, whose borders are given in pixels; ttk repeats what is between the
    borders, which may be 2 pixels, as often as the widget is wide. That takes long for an entry, above all on Windows,
    where a picture that lets something show through is slow to draw. So the pictures get wide, and look the same.
    """
    if THEMES["light"] in ttk.Style(root).theme_names():
        return
    root.tk.eval(_WIDENED.replace("%WIDE%", str(round(_WIDE * scale))).replace("%HIGH%", str(round(_HIGH * scale))))
    try:
        _load(root, scale)
    finally:
        root.tk.eval(_AS_BEFORE)


def _load(root: tk.Tk, scale: float) -> None:
    """Pictures and borders both have to grow, before the Tcl code makes elements of them."""
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
