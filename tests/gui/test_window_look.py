"""How the real window looks and is used by keyboard: themes, scales, both languages, mnemonics, pause, results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tkinter as tk
from itertools import pairwise
from pathlib import Path
from tkinter import font, ttk

import pytest

from semantik.desktop import file_manager, notifications, system_theme
from semantik.encoders.registry import encoder_names
from semantik.gui.actions import found_pictures, indexing
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.dialogs.people import PeopleActions, PeopleDialog
from semantik.gui.dialogs.people_offer import PeopleOffer
from semantik.gui.dialogs.person_faces import PersonDialog
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.gui.main_window.filter_panel import FilterPanel
from semantik.gui.main_window.folder_list import FEWEST_LINES, MOST_LINES, FolderLine
from semantik.gui.main_window.folder_row import FolderRow
from semantik.gui.main_window.main_view import MainView
from semantik.gui.main_window.query_rows import QueryPreview
from semantik.gui.main_window.result_strip import MOST, WIDTH, Found, ResultStrip
from semantik.gui.main_window.status_rows import StatusRows
from semantik.gui.widgets.access_keys import matched
from semantik.gui.widgets.screen_scale import AROUND, px, scale
from semantik.gui.widgets.sun_valley import _scaled
from semantik.gui.widgets.theme import COLOURS, worn
from semantik.index import ImageIndex
from semantik.records import Problem, Reason
from semantik.results import page
from semantik.storage.home import index_folder
from semantik.storage.settings import CONFIG_NAME, Config, load_config
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import counted, say
from tests.support.cut_off_texts import cut_off
from tests.support.fake_encoder import FakeEncoder
from tests.support.fake_people import FakePeople, group
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.screens import LAPTOP, SIZE, photograph, press
from tests.support.waiting import PATIENCE
from tests.support.widget_finders import in_sight, letter, tab_order, written
from tests.support.window import Window

FOLDERS = "Directorio de Imágenes"

SMALL = 720
"""Lines at 100 % of the smallest screens that are common: 1920 × 1080 at 150 %, 2560 × 1440 at 200 %."""


@pytest.fixture
def start(start, monkeypatch, displays):
    monkeypatch.setattr(system_theme, "prefers_dark", lambda: False)

    def begin_at(percent: int = 100, **settings: object) -> Window:
        monkeypatch.setenv("DISPLAY", displays[percent])
        return start(**{"language": "es", "theme": "light"} | settings)

    return begin_at


@pytest.fixture
def window(start) -> Window:
    return start()


def luminance(widget: tk.Misc, colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [value / 65535 for value in widget.winfo_rgb(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(widget: tk.Misc, one: str, other: str) -> float:
    light, dark = sorted((luminance(widget, one), luminance(widget, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def focused(window: Window) -> tk.Misc:
    return window.root.nametowidget(str(window.root.tk.call("focus")))


def key(window: Window, display: str, *keys: str) -> None:
    press(display, *keys)
    window.root.after(60, lambda: window.root.setvar("pressed", "1"))
    window.root.setvar("pressed", "0")
    window.wait(lambda: window.root.getvar("pressed") == "1")


# -- Themes, scales and languages ----------------------------------------------------------------------


THEMES_BY_TURNS = {(100, "es"): "light", (100, "en"): "dark", (200, "es"): "dark", (200, "en"): "light"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("percent", [100, 200])
def test_all_windows_fit_their_screen_with_nothing_cut_off(start, displays, percent, language):
    theme = THEMES_BY_TURNS.get((percent, language), "dark")
    window = start(percent, theme=theme, language=language, more_options=True)
    root, strip, rows = window.root, window.part(ResultStrip), window.part(StatusRows)
    window.combobox(say("window.model")).configure(values=[say(f"model.{name}") for name in encoder_names()])
    rows.show_skipped(12_345)
    strip.show([Found(Path(f"/f/{n}.jpg"), None, f"{n}.jpg") for n in range(MOST)])
    rows.show_running(True, True)
    found = counted("status.found", 1000, seconds="1,25", model="SigLIP 2")
    window.status_line.configure(text=say("status.read_as_english", found=found))
    root.update()
    assert scale(root) == percent / 100
    names = [f"/media/disco/{letter}" for letter in "abcdefgh"]
    lines = [FolderLine(name, 123_456, say("folders.unreachable"), active=True) for name in names]
    for filters, folders in ((False, []), (False, lines), (True, []), (True, lines)):
        if filters != window.part(FilterPanel).winfo_ismapped():
            window.press(window.button(say("window.filters")))
        window.part(FolderRow).show(folders)
        root.update()
        assert cut_off(root) == []
        # Where the screen is too small for everything, it is the strip that makes room.
        assert strip.winfo_ismapped() == (percent == 100 or not filters)
        width, height = root.minsize()
        assert width <= (LAPTOP[0] if percent == 100 else SIZE[0] * 0.99)
        assert height <= px(root, (SMALL if percent == 200 else SIZE[1]) - AROUND)
        if percent == 100:  # a smaller screen shows fewer folders at once
            fewer = (MOST_LINES - FEWEST_LINES) if folders else 0
            assert height - fewer * int(ttk.Style(root).lookup("Treeview", "rowheight")) <= LAPTOP[1]
    window.part(FolderRow).show(())
    rows.show_paused(True)
    offers = [(say("arrival.use"), window.app.search), (say("arrival.decline"), window.app.search)]
    rows.arrival.say(say("arrival.ready_unindexed", name="SigLIP 2 B/32"), offers)
    root.update()
    assert cut_off(root) == []
    assert root.minsize()[1] <= px(root, (SMALL if percent == 200 else SIZE[1]) - AROUND)
    sizes = root.minsize(), [(w.winfo_reqwidth(), w.winfo_reqheight()) for w in in_sight(root)]
    window.app.save_config(theme="light" if theme == "dark" else "dark")  # takes as much room
    root.update()
    assert (root.minsize(), [(w.winfo_reqwidth(), w.winfo_reqheight()) for w in in_sight(root)]) == sizes
    assert cut_off(root) == []
    window.app.save_config(theme=theme)
    root.geometry("+0+0")
    root.update()
    ground = {"light": "#fafafa", "dark": "#1c1c1c"}[theme]
    window.wait(lambda: near(photograph(displays[percent]), root, (4, 4), ground), "the theme's ground")
    problems = [Problem(f"/fotos/{reason.value}.jpg", reason) for reason in Reason]
    for show in (
        lambda: about(window),
        lambda: ProblemsDialog(root, problems, retry=lambda chosen: None),
        lambda: ModelChoice(root, say("model.siglip2-b-16"), 1464, lambda yes: None),
        lambda: settings(window),
        lambda: PeopleOffer(root, 39, window.app.search),
        lambda: people(window),
        lambda: faces(window),
    ):
        dialog = show()
        root.update()
        assert cut_off(dialog) == [], dialog
        assert dialog.winfo_reqwidth() <= SIZE[0] * 0.99, dialog
        assert dialog.winfo_reqheight() <= SIZE[1] * 0.96, dialog
        dialog.destroy()


def about(window: Window) -> tk.Toplevel:
    window.press(window.button("?"))
    return window.dialog()


def people(window: Window) -> tk.Toplevel:
    groups = [group(n, [Path("/f/1.jpg")] * 1234, "María del Carmen" * n, hidden=n > 1) for n in range(4)]
    do = PeopleActions(lambda name: None, lambda: None)
    dialog = PeopleDialog(window.app.services, window.app.engine, FakePeople(groups, unread=123_456), do)
    window.press(window.check(say("persons.show_hidden"), within=dialog))
    window.wait(lambda: len(dialog.grid_of_people.tiles) == 4, "the groups")
    dialog.tell(say("persons.other_name"))
    window.root.update()
    assert cut_off(dialog) == []
    long = "María del Carmen " * 40
    dialog.rename(groups[0], long)
    window.wait(lambda: dialog.grid_of_people.tiles["0"].whole_name.text == long, "the name that does not fit")
    return dialog


def faces(window: Window) -> tk.Toplevel:
    somebody = group(1, [Path("/f/1.jpg")] * 1234, "María del Carmen " * 40)
    change = window.app.services.start_aside
    dialog = PersonDialog(window.app.services, window.app.engine, FakePeople([somebody]), somebody, change)
    window.wait(lambda: len(dialog.grid_of_faces.tiles) > 1, "the faces")
    dialog.message.configure(text=counted("persons.taken_out", 1234))
    return dialog


def settings(window: Window) -> tk.Toplevel:
    window.press(window.button(say("window.settings")))
    return window.dialog()


def near(picture, widget: tk.Misc, place: tuple[int, int], colour: str) -> bool:
    """Whether a pixel of a widget on the screen has a colour, but for rounding."""
    found = picture.getpixel((widget.winfo_rootx() + place[0], widget.winfo_rooty() + place[1]))
    wanted = [value >> 8 for value in widget.winfo_rgb(colour)]
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 3


def test_dialogs_stay_on_the_screen_of_a_window_at_its_edge(window, monkeypatch):
    root = window.root
    asked: list[str] = []  # not every window manager puts right what is asked of it
    monkeypatch.setattr(AboutDialog, "geometry", lambda self, wanted: asked.append(wanted))
    size = (root.winfo_width(), root.winfo_height())
    for corner in ((0, 0), (SIZE[0] - 60, SIZE[1] - 60)):
        root.geometry(f"{size[0]}x{size[1]}+{corner[0]}+{corner[1]}")
        window.wait(lambda corner=corner: abs(root.winfo_rootx() - corner[0]) < 60, "the window is moved")
        dialog = about(window)
        x, y = map(int, asked[-1].removeprefix("+").split("+"))
        assert 0 <= x <= SIZE[0] - dialog.winfo_reqwidth()
        assert 0 <= y <= SIZE[1] - dialog.winfo_reqheight() - px(root, AROUND)
        dialog.destroy()
        root.update()
    assert len(asked) == 2


def test_everything_grows_with_the_screen(start):
    sizes = {}
    for percent in (100, 200):
        window = start(percent, more_options=True)
        sizes[percent] = [
            -int(font.nametofont("SunValleyBodyFont", window.root).cget("size")),
            window.button("Buscar").winfo_reqheight(),
            window.check("Solo resultados relevantes").winfo_reqheight(),
            window.entry("Texto a Buscar").winfo_reqheight(),
            ttk.Style(window.root).lookup("Treeview", "rowheight"),
            px(window.root, 16),
            window.part(ResultStrip).hint.winfo_reqheight(),
            font.nametofont("TkDefaultFont", window.root).metrics("linespace"),
        ]
        window.close()
    for small, large in zip(sizes[100], sizes[200], strict=True):
        assert large == pytest.approx(2 * small, rel=0.13)
    assert sizes[100][0] == 14
    assert sizes[200][0] == 28


def test_the_desktops_resolution_goes_before_the_screens(displays):
    # In a process of its own: Tk keeps what one window set for all later ones.
    environment = os.environ | {"DISPLAY": displays[100]}
    code = "import tkinter; from semantik.gui.widgets import screen_scale; print(screen_scale.prepare(tkinter.Tk()))"

    def measured(**variables: str) -> float:
        command = [sys.executable, "-c", code]
        shown = subprocess.run(
            command, env=environment | variables, cwd=REPO, capture_output=True, text=True, check=True
        )
        return float(shown.stdout)

    assert measured() == 1.0
    assert measured(GDK_SCALE="2") == 2.0
    subprocess.run(["xrdb", "-merge"], input="Xft.dpi: 144\n", env=environment, text=True, check=True)
    try:
        assert measured(GDK_SCALE="2") == 1.5
    finally:
        subprocess.run(["xrdb", "-remove"], env=environment, check=True)


def test_lengths_of_the_theme_are_scaled_and_nothing_else():
    code = (
        'x -border 4 -padding {8 2 8 3} -foreground "#ffffff" -size -14 -width 26 -side left $I(a-2)\nsource [file x]'
    )
    assert _scaled(code, 1.5) == (
        'x -border 6 -padding {12 3 12 4} -foreground "#ffffff" -size -21 -width 39 -side left $I(a-2)\n'
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(start, theme):
    window = start(theme=theme, more_options=True)
    style, root = ttk.Style(window.root), window.root
    ground = style.lookup("TFrame", "background")
    window.root.update()
    hint = str(window.part(ResultStrip).hint.cget("foreground"))
    assert hint == COLOURS[theme]["hint"]
    pairs = [
        (style.lookup("TLabel", "foreground"), ground),
        (hint, ground),
        (COLOURS[theme]["selected_text"], COLOURS[theme]["selected"]),
        *(
            (style.lookup("Treeview", "foreground", state), style.lookup("Treeview", "background", state))
            for state in (["selected"], ["selected", "focus"])
        ),
        (style.lookup("Accent.TButton", "foreground"), {"light": "#005fb8", "dark": "#57c8ff"}[theme]),
        (style.lookup("TButton", "foreground"), ground),
    ]
    assert [pair for pair in pairs if contrast(root, *pair) < 4.5] == []
    window.more_options()
    box = window.combobox("Modelo")
    listed = f"{root.tk.call('ttk::combobox::PopdownWindow', box)}.f.l"
    colours = [str(root.tk.call(listed, "cget", option)) for option in ("-foreground", "-background")]
    assert contrast(root, *colours) > 7
    assert luminance(root, colours[1]) == pytest.approx(luminance(root, ground), abs=0.02)


def test_the_theme_is_chosen_in_the_settings_and_remembered(window, home):
    dialog = settings(window)
    assert list(dialog.theme["values"]) == ["El del sistema", "Claro", "Oscuro"]
    dialog.theme.set("Oscuro")
    dialog.theme.event_generate("<<ComboboxSelected>>")
    window.root.update()
    assert worn(window.root) == "dark"
    assert load_config(home).theme == "dark"
    # What is no ttk widget follows as well.
    assert luminance(dialog, str(dialog.excluded.text.cget("background"))) < 0.05
    assert contrast(dialog, *(str(dialog.excluded.text.cget(o)) for o in ("foreground", "background"))) > 7
    dialog.destroy()
    assert str(window.part(ResultStrip).hint.cget("foreground")) == COLOURS["dark"]["hint"]


def test_the_systems_theme_is_followed_when_it_changes(start, monkeypatch):
    dark = True
    monkeypatch.setattr(system_theme, "prefers_dark", lambda: dark)
    window = start(theme="system")
    assert worn(window.root) == "dark"
    dark = False
    window.app.look._asked = 0.0
    window.button("Buscar").focus_force()  # the user comes back from the system's settings
    window.wait(lambda: worn(window.root) == "light")
    window.app.save_config(theme="light")
    window.app.look.wear("light")
    dark = True
    window.app.look._asked = 0.0
    window.entry("Directorio de Imágenes").focus_force()
    window.root.update()
    assert worn(window.root) == "light"


def test_a_theme_that_does_not_exist_is_the_systems(home):
    (home / CONFIG_NAME).write_text(json.dumps({"theme": "pink"}))
    assert load_config(home).theme == Config.theme == "system"


@pytest.mark.parametrize(
    ("answer", "dark"), [("(<<uint32 1>>,)", True), ("(<<uint32 2>>,)", False), ("(<<uint32 0>>,)", None)]
)
def test_the_desktops_portal_is_asked(monkeypatch, answer, dark):
    asked = []

    def run(command, **options):
        asked.append((command, options.get("shell", False)))
        return subprocess.CompletedProcess(command, 0, stdout=answer)

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(subprocess, "run", run)
    assert system_theme._ask_portal() is dark
    assert asked[0][0][-2:] == ["org.freedesktop.appearance", "color-scheme"]
    assert asked[0][1] is False


# -- The keyboard --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_are_unique_and_lead_where_they_say(start, displays, language):
    window = start(language=language, more_options=True)
    window.part(StatusRows).show_running(True, True)
    window.root.event_generate("<<Relabel>>")
    fields = [
        *(window.entry(say(f"window.{name}")) for name in ("folder_group", "text", "image", "top_k")),
        window.combobox(say("window.model")),
    ]
    checks = {name: window.check(say(f"window.{name}")) for name in ("only_relevant", "fold_similar", "names_count")}
    radios = {name: window.radio(say(f"window.{name}")) for name in ("by_text", "by_image", "by_both")}
    buttons = {
        name: window.button(say(f"window.{name}"))
        for name in ("update", "paste", "filters", "search", "settings", "pause", "cancel")
    }
    browse = [window.button(say("window.browse"), near=say(f"window.{place}")) for place in ("folder_group", "image")]
    keys = window.part(MainView).letters.keys
    named = {str(widget) for widget in keys.values()}
    letter_of = {str(widget): letter for letter, widget in keys.items()}
    for widget in (*fields, *checks.values(), *radios.values(), *buttons.values(), *browse):
        assert str(widget) in named
        assert letter_of[str(widget)] == letter(widget)  # what is underlined is what leads there
    assert len(keys) == len(named)
    display = displays[100]
    buttons["search"].focus_force()
    window.root.update()
    for entry in fields:
        key(window, display, f"alt+{letter(entry)}")
        assert focused(window) is entry
    key(window, display, f"alt+{letter(buttons['filters'])}")
    assert window.part(FilterPanel).winfo_ismapped()
    key(window, display, f"alt+{letter(checks['names_count'])}")
    assert load_config(window.app.home).names_count is True
    key(window, display, f"alt+{letter(radios['by_both'])}")
    assert window.mode == say("window.by_both")
    assert focused(window) is window.entry(say("window.text"))
    # A letter stays what it was when more controls are shown.
    more = window.part(MainView).letters.keys
    assert {letter: more[letter] for letter in keys} == keys
    pause = letter(buttons["pause"])
    window.part(StatusRows).show_paused(True)
    assert letter(window.button(say("window.resume"))) == pause
    key(window, display, "F1")
    about = window.dialog()
    assert isinstance(about, AboutDialog)
    key(window, display, "Escape")
    window.wait(lambda: not about.winfo_exists())


def test_letters_are_matched_so_that_all_have_one():
    assert matched([["ab"], ["ab"]]) == ["a", "b"]
    assert matched([["ab"], ["a1"]]) == ["b", "a"]
    assert matched([["aa"], ["aa"]]) == ["a", None]
    assert matched([["Buscar"]], taken="b") == ["u"]
    assert matched([["Pausar", "Reanudar"]]) == ["a"]
    assert matched([["?"], ["Ñandú"], ["dos tres"]]) == [None, "a", "d"]


@pytest.mark.parametrize("folders", [1, 3])
def test_tab_goes_as_the_eye_does(window, folders):
    root, strip = window.root, window.part(ResultStrip)
    window.more_options()
    window.part(FolderRow).show([FolderLine(f"/{n}", 3, say("folders.ready"), active=True) for n in range(folders)])
    window.press(window.button("Filtros"))
    window.part(StatusRows).show_skipped(3)
    strip.show([Found(Path(f"/f/{n}.jpg"), None, f"{n}.jpg") for n in range(4)])
    root.update()
    first = window.entry(FOLDERS) if folders == 1 else window.table(FOLDERS)
    order = tab_order(first)
    assert len(order) > 25
    assert [w for w in order if w in strip.buttons] == [strip.buttons[0]]  # one stop; arrows go on
    for left, right in pairwise(order):
        same_row = left.winfo_rooty() + left.winfo_height() > right.winfo_rooty() + right.winfo_height() // 2
        assert right.winfo_rootx() > left.winfo_rootx() if same_row else right.winfo_rooty() > left.winfo_rooty(), (
            str(left),
            str(right),
        )


def test_the_focus_can_be_seen(start, displays):
    window = start(more_options=True)
    root, about = window.root, window.button("?")
    root.geometry("+0+0")
    for widget in (
        window.button("Buscar"),
        window.check("Solo resultados relevantes"),
        window.radio("Buscar por Texto"),
        window.button("Actualizar índice"),
        window.entry("Texto a Buscar"),
    ):
        about.focus_force()
        root.update()
        window.wait(lambda: focused(window) is about)
        box = (widget.winfo_rootx(), widget.winfo_rooty())
        box = (*box, box[0] + widget.winfo_width(), box[1] + widget.winfo_height())
        before = photograph(displays[100]).crop(box).tobytes()
        widget.focus_force()
        root.update()
        window.wait(lambda box=box, before=before: photograph(displays[100]).crop(box).tobytes() != before)


# -- Pause ---------------------------------------------------------------------------------------------


@pytest.fixture
def gate(monkeypatch):
    """The encoder waits after eight pictures until this is set."""
    opened = threading.Event()
    encode = FakeEncoder.encode_images

    def encode_images(self, batch):
        if self.images >= 8:
            opened.wait(PATIENCE)
        return encode(self, batch)

    monkeypatch.setattr(FakeEncoder, "encode_images", encode_images)
    return opened


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / f"{number:02}.png", (number * 6, 100, 0))
    return folder


def disabled(widget: ttk.Widget) -> bool:
    return widget.instate(["disabled"])


def pause(window: Window, folder: Path, gate: threading.Event) -> None:
    assert window.find("button", "Pausar") == window.find("button", "Cancelar") == []
    window.begin_folder(folder)
    window.wait(lambda: window.status.startswith("Indexando 8 de 40"))
    button = window.button("Pausar")
    assert not disabled(button)
    window.press(button)
    assert window.status == "En pausa en cuanto se guarde lo hecho…"
    assert button.cget("text") == "Reanudar"
    gate.set()
    window.wait(lambda: window.status.startswith("En pausa: "), "paused")


def test_indexing_pauses_and_goes_on(window, many, gate):
    pause(window, many, gate)
    assert window.status == "En pausa: 12 de 40 (30 %). Lo hecho está guardado."
    assert window.progress == pytest.approx(0.3)
    gate.clear()
    window.press(window.button("Reanudar"))
    assert window.status == "Se reanuda…"
    gate.set()
    window.wait_idle()
    assert window.status.startswith("Listo: 40 imágenes.")
    assert "40 imágenes nuevas" in window.messages[-1]
    assert window.find("button", "Pausar") == window.find("button", "Cancelar") == []


def test_cancelling_and_closing_while_paused(start, many, gate):
    window = start()
    pause(window, many, gate)
    window.press(window.button("Cancelar"))
    window.wait_idle()
    assert window.status == "Cancelado: 12 imágenes indexadas. «Actualizar índice» sigue donde se quedó."
    gate.clear()
    window.app.engine.models.encoder.images = 0
    window.press(window.button("Actualizar índice"))
    window.wait(lambda: window.status.startswith("Indexando 8 de 28"))
    window.press(window.button("Pausar"))
    gate.set()
    window.wait(lambda: window.status.startswith("En pausa: "), "paused")
    window.close()
    assert ImageIndex.load(index_folder(window.app.home, many, "builtin"), many).count == 24


# -- Results inside the window -------------------------------------------------------------------------


@pytest.fixture
def searched(window, library) -> Window:
    window.choose_folder(library)
    window.search("rojo")
    window.wait(window.pictures, "pictures in the strip")
    window.root.update()
    return window


def test_the_best_pictures_are_shown_in_the_window(searched, displays, monkeypatch, library):
    root, strip = searched.root, searched.part(ResultStrip)
    assert [path.name for path in strip.shown[:2]] == ["rojo.png", "naranja.png"]
    assert len(strip.shown) == 6
    assert strip.tips[0].text == "rojo.png · quizá"
    root.geometry("+0+0")
    root.update()
    pictures = searched.pictures()
    middle = (pictures[0].winfo_width() // 2, pictures[0].winfo_height() // 2)
    searched.wait(lambda: near(photograph(displays[100]), pictures[0], middle, "#fe0000"), "a red picture")
    opened = []
    monkeypatch.setattr(file_manager, "open_picture", opened.append)
    searched.press(pictures[0])
    pictures[0].focus_force()
    root.update()
    key(searched, displays[100], "Right", "Return")
    searched.wait(lambda: len(opened) == 2)
    assert sorted(path.name for path in opened) == ["naranja.png", "rojo.png"]
    key(searched, displays[100], "End")
    assert focused(searched) is pictures[5]
    key(searched, displays[100], "Right", "Home", "Left")
    assert focused(searched) is pictures[0]
    assert searched.status.startswith("6 resultados en el navegador")  # Return did not search


def test_the_menu_of_a_picture(searched, monkeypatch, library):
    shown = []
    monkeypatch.setattr(file_manager, "reveal", shown.append)
    strip = searched.part(ResultStrip)
    popped = []
    monkeypatch.setattr(strip.menu, "tk_popup", lambda x, y: popped.append((x, y)))
    searched.pictures()[1].event_generate("<Button-3>", x=5, y=5)
    assert len(popped) == 1
    labels = [strip.menu.entrycget(place, "label") for place in range(3)]
    assert labels == ["Abrir", "Buscar similares", "Mostrar en la carpeta"]
    strip.menu.invoke(2)
    searched.wait(lambda: shown)
    assert shown == [library / "viaje" / "playa" / "naranja.png"]
    strip.menu.invoke(1)
    searched.wait_idle()
    # Never the picture itself; and the box shows words that can be edited, no path.
    searched.wait(lambda: strip.shown and strip.shown[0].name == "amarillo.png")
    assert "naranja.png" not in [path.name for path in strip.shown]
    assert searched.mode == "Buscar por Texto"
    assert searched.entry(say("window.text")).get() == "parecidas a naranja.png"


def test_what_a_picture_cannot_do_is_told(searched, library):
    (library / "rojo.png").unlink()
    searched.press(searched.pictures()[0])
    searched.wait(lambda: len(searched.messages) == 2)
    assert searched.messages[1].startswith("La imagen «")
    assert "ya no está en su sitio" in searched.messages[1]


def test_the_page_opens_again(searched, monkeypatch):
    pages = []
    monkeypatch.setattr(page.webbrowser, "open_new_tab", lambda address: bool(pages.append(address)) or True)
    searched.press(searched.button("Ver página"))
    assert len(pages) == 1
    assert pages[0].startswith("file:")


def test_as_many_pictures_as_fit(window, displays):
    strip, root = window.part(ResultStrip), window.root
    strip.show([Found(Path(f"/f/{n}.jpg"), None, f"{n}.jpg") for n in range(20)])
    root.update()
    few = len(strip.shown)
    assert 6 <= few < MOST
    last = strip.buttons[few - 1]
    assert last.winfo_rootx() + last.winfo_width() < window.button("Ver página").winfo_rootx()
    root.geometry(f"1500x{root.winfo_height()}")
    window.wait(lambda: len(strip.shown) >= 12, "twelve pictures")
    assert {button.winfo_y() for button in strip.buttons if button.winfo_ismapped()} == {0}
    # Maximised, there is a grid of all of them, as large as they can be; arrows go up and down in it.
    root.geometry(f"{SIZE[0]}x{SIZE[1]}")
    window.wait(lambda: len(strip.shown) == 20 and len({b.winfo_y() for b in strip.buttons}) > 1, "a grid")
    assert strip.buttons[0].winfo_width() > 2.9 * WIDTH
    columns = sum(button.winfo_y() == 0 for button in strip.buttons)
    strip.buttons[1].focus_force()
    root.update()
    for stroke, place in (("Down", 1 + columns), ("Up", 1), ("Up", 1)):
        key(window, displays[100], stroke)
        assert focused(window) is strip.buttons[place]
    root.geometry("")
    window.wait(lambda: len(strip.shown) == few, "a row again")


def test_what_comes_next_is_said_while_there_are_no_results(window, library, tmp_path):
    strip = window.part(ResultStrip)
    assert str(strip.hint.cget("text")).startswith("Elija la carpeta de sus fotos con «Examinar»")
    window.choose_folder(library)
    assert str(strip.hint.cget("text")).startswith("Escriba qué busca")
    assert strip.hint.winfo_ismapped()
    window.search("rojo")
    window.wait(lambda: strip.buttons)
    assert not strip.hint.winfo_ismapped()
    paint(tmp_path / "otra" / "x.png", (1, 2, 3))
    window.choose_folder(tmp_path / "otra")
    assert strip.buttons == []
    assert strip.hint.winfo_ismapped()


def test_the_strip_outlives_a_change_of_language(searched):
    searched.app.save_config(language="en")
    searched.app.speak()
    searched.root.update()
    assert len(searched.part(ResultStrip).shown) == 6
    assert searched.button("View page").winfo_ismapped()


def test_the_example_picture_is_shown_beside_its_entry(window, displays, tmp_path, library):
    preview, root = window.part(QueryPreview), window.root
    assert not preview.winfo_ismapped()
    picture = paint(tmp_path / "muestra.png", (0, 0, 254), (400, 300))
    window.leave(window.type_picture(picture))
    window.wait(preview.winfo_ismapped, "the preview")
    root.geometry("+0+0")
    root.update()
    middle = (preview.winfo_width() // 2, preview.winfo_height() // 2)
    window.wait(lambda: near(photograph(displays[100]), preview, middle, "#0000fe"), "a blue picture")
    assert preview.tip.text == "muestra.png"
    for typed in (str(tmp_path / "no.png"), str(picture), "https://example.org/a.jpg", str(picture), ""):
        window.leave(window.type_picture(typed))
        shown = (picture,) if typed == str(picture) else ()
        window.wait(lambda shown=shown: preview.paths == shown, typed)
        assert bool(preview.winfo_manager()) is bool(shown)


# -- Skipped files -------------------------------------------------------------------------------------


@pytest.fixture
def problems(window, library, monkeypatch):
    for name, content in (("a.jpg", b""), ("b.jpg", b"not a picture"), ("c.jpg", b"")):
        (library / name).write_bytes(content)
    window.choose_folder(library)
    shown = []
    monkeypatch.setattr(file_manager, "reveal", shown.append)
    window.press(window.button("Omitidas (3)"))
    return window.dialog(), shown


def names(table: ttk.Treeview) -> list[str]:
    return [table.item(row, "values")[0] for row in table.get_children()]


def test_skipped_files_are_sorted_and_shown(window, problems, library, displays):
    dialog, shown = problems
    table, reveal = window.table(within=dialog), window.button("Mostrar en la carpeta", within=dialog)
    order = window.combobox("Ordenar por", within=dialog)
    assert names(table) == ["a.jpg", "b.jpg", "c.jpg"]
    assert table.heading("path")["text"] == "Archivo ▴"
    dialog.sort("path")
    assert names(table) == ["c.jpg", "b.jpg", "a.jpg"]
    order.set("Motivo")
    order.event_generate("<<ComboboxSelected>>")
    assert names(table) == ["a.jpg", "c.jpg", "b.jpg"]
    assert table.heading("reason")["text"] == "Motivo ▴"
    assert disabled(reveal)
    row = table.get_children()[1]
    x, y, width, height = table.bbox(row)
    for event in 2 * ("<Button-1>", "<ButtonRelease-1>"):
        table.event_generate(event, x=x + width // 2, y=y + height // 2)
    window.wait(lambda: shown == [library / "c.jpg"])
    window.wait(lambda: not disabled(reveal))
    table.focus_force()
    window.root.update()
    key(window, displays[100], "Return")
    window.wait(lambda: len(shown) == 2)
    key(window, displays[100], "Escape")
    window.wait(lambda: not dialog.winfo_exists())


def test_skipped_files_are_tried_again(window, problems, library):
    dialog, _ = problems
    retry, table = window.button("Reintentar todos", within=dialog), window.table(within=dialog)
    table.selection_set(table.get_children()[0])
    window.root.update()
    assert retry.cget("text") == "Reintentar"
    good = paint(library.parent / "good.png", (1, 2, 3)).read_bytes()
    (library / "a.jpg").write_bytes(good)
    window.press(retry)
    window.wait_idle()
    assert window.app.loaded.opened.library.count == 7
    assert window.find("button", "Omitidas (2)")
    assert not dialog.winfo_exists()


def test_what_is_only_in_the_cloud_is_downloaded_when_it_is_chosen(window):
    away, bad = Problem("nube.jpg", Reason.ONLY_IN_CLOUD), Problem("mala.jpg", Reason.DAMAGED)
    tried = []
    for problems, chosen, expected in (
        ([away, bad], None, [bad]),  # "all" downloads nothing
        ([away, bad], "nube.jpg", [away]),
        ([away], None, None),
        ([away], "nube.jpg", [away]),
    ):
        dialog = ProblemsDialog(window.root, problems, retry=tried.append)
        table = window.table(within=dialog)
        hint = next(written(each) for each in in_sight(dialog) if "nube" in written(each))
        assert hint.startswith("Lo que solo está en la nube no se descarga sin pedirlo")
        if chosen:
            table.selection_set(next(row for row in table.get_children() if table.item(row, "values")[0] == chosen))
            window.root.update()
        assert disabled(dialog.retry_button) is (expected is None)
        if expected:
            window.press(dialog.retry_button)
            assert tried.pop() == expected
        else:
            dialog.destroy()
        window.root.update()


# -- Notifications -------------------------------------------------------------------------------------


def test_the_end_of_a_long_run_is_told_to_who_looks_elsewhere(window, library, monkeypatch):
    told = []
    monkeypatch.setattr(indexing, "notify", lambda title, message: told.append((title, message)))
    monkeypatch.setattr(indexing, "LONG", 0.0)
    window.root.focus_force()
    window.root.update()
    window.choose_folder(library)
    assert told == []  # the window is in front
    monkeypatch.setattr(indexing, "in_front", lambda root: False)
    paint(library / "nueva.png", (3, 3, 3))
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert told == [("Semantic Image Search", window.messages[-1])]
    assert "1 imagen nueva" in told[0][1]
    monkeypatch.setattr(indexing, "LONG", 30.0)
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert len(told) == 1  # it was short


def test_whether_the_window_is_in_front(window, displays):
    window.root.focus_force()
    window.wait(lambda: indexing.in_front(window.root))
    window.root.iconify()
    window.wait(lambda: not indexing.in_front(window.root))
    window.root.deiconify()


@pytest.mark.parametrize(("system", "program"), [("linux", "notify-send"), ("darwin", "/usr/bin/osascript")])
def test_notifications_are_plain_arguments(monkeypatch, system, program):
    monkeypatch.setattr(notifications.sys, "platform", system)
    title, message = 'T "x"; $(id)', "-a <b> & 'c'\n2"
    commands = notifications._commands(title, message)
    assert commands[0][0] == program
    assert title in commands[0]
    if system == "linux":
        assert commands[0][-3:] == ["--", title, "-a &lt;b&gt; &amp; 'c'\n2"]
        assert commands[1][-5] == '"T \\"x\\"; $(id)"'
        assert commands[1][-4] == "\"-a &lt;b&gt; &amp; 'c'\\n2\""
    else:
        assert commands[0][-2:] == [title, message]


def test_a_system_without_notifications_is_left_alone(monkeypatch, caplog):
    def run(command, **options):
        assert options.get("shell", False) is False
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "run", run)
    notifications._try_each([["notify-send"], ["gdbus"]])
    monkeypatch.setattr(notifications.sys, "platform", "win32")
    assert notifications._commands("a", "b") == []


def test_a_picture_is_opened_by_its_path_alone(monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(file_manager.sys, "platform", "linux")
    monkeypatch.setattr(file_manager, "start", lambda command, seconds: bool(started.append(command)) or True)
    picture = paint(tmp_path / "-x $(id).png", (1, 2, 3))
    file_manager.open_picture(picture)
    assert started == [["xdg-open", str(picture)]]


def test_tooltips_without_a_relevance_are_the_name(tmp_path):
    from semantik.records import Hit

    assert found_pictures.told(Hit(1, 0.5, tmp_path / "a.jpg")) == "a.jpg"
    assert found_pictures.told(Hit(1, 0.5, tmp_path / "a.jpg", 0.256)) == "a.jpg · relevancia 26 %"
