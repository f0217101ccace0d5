"""Pictures and fonts on screens and systems of all kinds: what macOS and Windows would answer is simulated."""

from __future__ import annotations

import time
import tkinter as tk
from itertools import pairwise
from pathlib import Path
from tkinter import font, ttk

import pytest
import sv_ttk
from PIL import Image, ImageChops

from semantik.desktop import system_theme
from semantik.gui.main_window.query_rows import QueryPreview
from semantik.gui.main_window.result_strip import WIDTH, Found, ResultStrip
from semantik.gui.widgets import sun_valley, theme
from tests.support.screens import photograph
from tests.support.waiting import PATIENCE
from tests.support.window import INTERPRETERS, Window

MACOS_IMAGES = """
rename image ::usual_image
set ::read {}
proc image args {
    if {$args eq "types"} {return {photo bitmap nsimage}}
    if {[lrange $args 0 1] ne "create nsimage"} {return [usual_image {*}$args]}
    lassign $args create kind name
    array set given [lrange $args 3 end]
    if {$given(-as) ne "file"} {error "not a file"}
    usual_image create photo $name.file -file $given(-source)
    lappend ::read [list $given(-source) [$name.file cget -width] [usual_image width $name.file] \
        [usual_image height $name.file] [$name.file get 0 0] [$name.file get 1 0]]
    usual_image create photo $name -width $given(-width) -height $given(-height)
    return $name
}
"""
"""Tk 9's images of macOS's own kind: a file's pixels, in the room that is named. Keeps what was in each file."""


@pytest.fixture
def begin(start, monkeypatch, displays):
    monkeypatch.setattr(system_theme, "prefers_dark", lambda: False)

    def begin_at(percent: int) -> Window:
        monkeypatch.setenv("DISPLAY", displays[percent])
        return start(language="es", theme="light")

    return begin_at


def stripes(width: int, height: int) -> Image.Image:
    """Black and white columns, a pixel wide each: whatever is made smaller or larger is grey."""
    row = bytes(value for column in range(width) for value in (255 * (column % 2),) * 3)
    return Image.frombytes("RGB", (width, height), row * height)


def columns(display: str, widget) -> set[tuple[int, int]]:
    """Neighbouring pixels in the middle of a widget on the screen, by their red."""
    left, top = widget.winfo_rootx() + widget.winfo_width() // 2 - 10, widget.winfo_rooty() + widget.winfo_height() // 2
    seen = photograph(display).crop((left, top, left + 20, top + 1)).convert("RGB")
    reds = [seen.getpixel((place, 0))[0] for place in range(20)]
    return set(pairwise(reds))


SHARP = {(0, 255), (255, 0)}


# -- Pictures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [100, 200])
def test_pictures_have_the_pixels_of_the_screen(begin, displays, percent):
    window = begin(percent)
    root, strip, preview = window.root, window.part(ResultStrip), window.part(QueryPreview)
    root.geometry("+0+0")
    times = percent // 100
    strip.show([Found(Path("/f/1.jpg"), stripes(72 * times, 54 * times), "1.jpg")])
    preview.show((Path("/f/1.jpg"),), stripes(92 * times, 68 * times))
    window.wait(lambda: columns(displays[percent], strip.buttons[0]) == SHARP, "the strip's picture, sharp")
    window.wait(lambda: columns(displays[percent], preview) == SHARP, "the example picture, sharp")
    for widget, width, height in ((strip.buttons[0], 72, 54), (preview, 92, 68)):
        (image,) = root.tk.splitlist(widget.cget("image"))
        assert root.tk.call("image", "width", image) == width * times
        assert root.tk.call("image", "height", image) == height * times
    window.press(window.button("?"))
    icon = window.dialog().icon
    assert (icon.width(), icon.height()) == (64 * times, 64 * times)


def test_a_retina_screen_gets_all_its_pixels(begin):
    window = begin(100)
    root, strip, preview = window.root, window.part(ResultStrip), window.part(QueryPreview)
    root.tk.eval(MACOS_IMAGES)
    strip.show([Found(Path("/f/1.jpg"), stripes(144, 108), "1.jpg"), Found(Path("/f/2.jpg"), None, "2.jpg")])
    preview.show((Path("/f/1.jpg"),), stripes(184, 136))
    window.press(window.button("?"))
    root.update()
    read = [root.tk.splitlist(one) for one in root.tk.splitlist(root.tk.getvar("read"))]
    assert [tuple(map(int, one[2:4])) for one in read] == [(144, 108), (144, 108), (184, 136), (128, 128)]
    black, white = (0, 0, 0), (255, 255, 255)
    for place in (0, 2):
        assert [tuple(map(int, root.tk.splitlist(colour))) for colour in read[place][4:]] == [black, white]
    # The room that they take is the same as on any screen, and nothing is left of the files.
    assert [(image.width(), image.height()) for image in strip._photos] == [(72, 54), (72, 54)]
    assert (window.dialog().icon.width(), window.dialog().icon.height()) == (64, 64)
    assert not any(Path(one[0]).exists() for one in read)
    shown = {str(image) for image in strip._photos}
    assert shown <= set(root.tk.splitlist(root.tk.call("image", "names")))
    strip.say("nada")
    assert shown.isdisjoint(root.tk.splitlist(root.tk.call("image", "names")))


def test_as_many_pictures_fit_on_a_retina_screen_as_on_any(begin):
    window = begin(100)
    root, strip = window.root, window.part(ResultStrip)
    found = [Found(Path(f"/f/{n}.jpg"), None, f"{n}.jpg") for n in range(5)]

    def shown() -> list[tuple[int, int, int, int]]:
        strip.show(found)
        root.update()
        return [
            (b.winfo_x(), b.winfo_y(), b.winfo_width(), b.winfo_height()) for b in strip.buttons if b.winfo_ismapped()
        ]

    root.geometry("1200x900+0+0")
    window.wait(lambda: strip.winfo_height() > 300, "the window is large")
    usual = shown()
    assert len(usual) == 5
    assert usual[0][2] > 2 * WIDTH
    root.tk.eval(MACOS_IMAGES)
    assert shown() == usual


@pytest.mark.parametrize("trouble", ["file", "image"])
def test_a_coarse_picture_is_better_than_none(begin, monkeypatch, trouble):
    window, images = begin(100), MACOS_IMAGES
    if trouble == "file":
        monkeypatch.setenv("TMPDIR", "/no/such/folder")
    else:
        images = images.replace("lassign $args", 'error "Failed to load image file."; lassign $args')
    window.root.tk.eval(images)
    strip = window.part(ResultStrip)
    strip.show([Found(Path("/f/1.jpg"), stripes(144, 108), "1.jpg")])
    (photo,) = strip._photos
    assert (photo.width(), photo.height()) == (72, 54)


# -- The theme's own pictures --------------------------------------------------------------------------


def drawn_widgets(root: tk.Tk, display: str, name: str) -> tuple[Image.Image, list[tuple[int, int]]]:
    """Widgets of all kinds in a theme, large and in their natural size: how they look, and that size."""
    ttk.Style(root).theme_use(name)
    root.overrideredirect(True)
    frame = ttk.Frame(root, width=1000, height=700)
    frame.pack()
    root.geometry("1000x700+0+0")
    made: list[ttk.Widget] = []
    for row, state in enumerate([[], ["disabled"], ["focus"], ["hover", "active"]]):
        for column, kind in enumerate([ttk.Button, ttk.Entry, ttk.Combobox, ttk.Spinbox]):
            made.append(widget := kind(frame))
            widget.state(state)
            widget.place(x=12 + 240 * column, y=7 + 33 * row, width=[201, 37, 233, 219][column], height=29 + row)
    for place, (kind, options) in enumerate(
        [
            (ttk.Button, {"style": "Accent.TButton"}),
            (ttk.Checkbutton, {"style": "Toggle.TButton"}),
            (ttk.LabelFrame, {"text": "a"}),
            (ttk.Frame, {"style": "Card.TFrame"}),
            (ttk.Notebook, {}),
            (ttk.Treeview, {"show": "headings", "columns": ("a", "b")}),
            (ttk.Progressbar, {"value": 61}),
            (ttk.Scale, {"value": 0.3}),
            (ttk.Separator, {}),
            (ttk.Scrollbar, {"orient": "horizontal"}),
        ]
    ):
        made.append(widget := kind(frame, **options))
        widget.place(x=10 + 497 * (place % 2), y=150 + 104 * (place // 2), width=480 + place, height=90 + place)
    made.append(upright := ttk.Scrollbar(frame))
    upright.place(x=985, y=0, height=650)
    deadline = time.monotonic() + PATIENCE
    before, now = None, photograph(display)
    while before is None or before.tobytes() != now.tobytes():
        assert time.monotonic() < deadline
        root.update()
        before, now = now, photograph(display)
    return now.convert("RGB").crop((0, 0, 1000, 700)), [(w.winfo_reqwidth(), w.winfo_reqheight()) for w in made]


@pytest.mark.parametrize("name", sun_valley.THEMES)
def test_widened_pictures_look_as_the_themes_own(name, displays, monkeypatch):
    monkeypatch.setenv("DISPLAY", displays[100])
    seen, wide = [], []
    for load in (sv_ttk.get_theme, lambda root: sun_valley.load(root, 1.0)):
        root = tk.Tk()
        INTERPRETERS.append(root.tk)
        load(root)
        seen.append(drawn_widgets(root, displays[100], sun_valley.THEMES[name]))
        pictures = root.tk.splitlist(root.tk.call("image", "names"))
        wide.append(sum(root.tk.call("image", "width", picture) >= 160 for picture in pictures))
        root.destroy()
    (plain, plain_sizes), (widened, sizes) = seen
    assert ImageChops.difference(plain, widened).getbbox() is None
    assert len(set(plain.get_flattened_data())) > 20  # there is something to see
    assert sizes == plain_sizes
    assert wide[0] == 1  # the sheet that the pictures are cut from
    assert wide[1] > 50


# -- Fonts ---------------------------------------------------------------------------------------------

WINDOWS_10 = ["Segoe UI", "Segoe UI Semibold", "Tahoma", "Arial"]
WINDOWS_11 = [
    *WINDOWS_10,
    *("Segoe UI Variable Small", "Segoe UI Variable Text", "Segoe UI Variable Text Semibold"),
    *("Segoe UI Variable Display", "Segoe UI Variable Display Semib"),
]
"""As Windows tells them: none has more than 31 letters."""

ASKED = {
    "SunValleyCaptionFont": "Segoe UI Variable Small",
    "SunValleyBodyFont": "Segoe UI Variable Text",
    "SunValleyBodyStrongFont": "Segoe UI Variable Text Semibold",
    "SunValleyBodyLargeFont": "Segoe UI Variable Text",
    "SunValleySubtitleFont": "Segoe UI Variable Display Semibold",
    "SunValleyTitleFont": "Segoe UI Variable Display Semibold",
    "SunValleyTitleLargeFont": "Segoe UI Variable Display Semibold",
    "SunValleyDisplayFont": "Segoe UI Variable Display Semibold",
}
"""What the theme wants on Windows."""


@pytest.fixture
def on_windows(begin, monkeypatch):
    """Dresses a window whose system has some fonts and calls its own Segoe UI; what the theme's fonts became."""

    def dressed(families: list[str]) -> dict[str, tuple[str, str, int]]:
        root = begin(100).root
        assert set(sun_valley.fonts(root)) == set(ASKED)
        for name, family in ASKED.items():
            font.nametofont(name, root).configure(family=family, weight="normal")
        monkeypatch.setattr(theme.font, "families", lambda window: tuple(families))
        monkeypatch.setattr(theme.font.Font, "actual", lambda self, option: "Segoe UI")
        for name in ("dark", "light", "light"):  # whatever follows leaves it as it is
            theme.dress(root, name)
        options = {name: font.nametofont(name, root).configure() for name in ASKED}
        assert str(ttk.Style(root).lookup(".", "font")) == "SunValleyBodyFont"
        return {name: (one["family"], one["weight"], int(one["size"])) for name, one in options.items()}

    return dressed


SIZES = dict(zip(ASKED, (-12, -14, -14, -18, -20, -28, -40, -68), strict=True))


def test_windows_10_gets_the_font_that_it_has(on_windows):
    strong = {name for name, family in ASKED.items() if family.endswith("Semibold")}
    assert on_windows(WINDOWS_10) == {
        name: ("Segoe UI", "bold" if name in strong else "normal", size) for name, size in SIZES.items()
    }


def test_windows_11_keeps_its_own_by_the_names_that_it_knows(on_windows):
    assert on_windows(WINDOWS_11) == {name: (ASKED[name][:31], "normal", size) for name, size in SIZES.items()}
    assert {ASKED[name][:31] for name in ASKED} <= set(WINDOWS_11)
