"""Where the window opens, that it is whole then, and that nothing of it goes away while something is told."""

from __future__ import annotations

import re

import pytest

from semantik.gui.actions.first_steps import FirstSteps
from semantik.gui.dialogs.about import EXAMPLES
from semantik.gui.main_window.folder_list import FolderLine
from semantik.gui.main_window.folder_row import FolderRow
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.gui.widgets.scrolled_frame import ScrolledFrame
from semantik.search.query_syntax import parse
from semantik.storage.settings import CONFIG_NAME, load_config
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import in_all_languages, say
from tests.support.window import Window


def place(window: Window) -> list[int]:
    """Width, height, left and top."""
    return list(map(int, re.findall(r"-?\d+", window.root.geometry())))


def test_the_window_opens_whole_and_in_the_middle(start):
    window = start(ready=False, encoder="builtin")
    assert window.root.winfo_ismapped()
    assert window.button(say("window.search")).winfo_ismapped()
    width, height, x, y = place(window)
    assert abs(x + width / 2 - window.root.winfo_screenwidth() / 2) < 40
    assert abs(y + height / 2 - window.root.winfo_screenheight() / 2) < px(window.root, AROUND)
    assert width >= window.root.winfo_reqwidth()
    assert height >= window.root.winfo_reqheight()


@pytest.mark.parametrize("kept", ["900x600+30+40", "+120+90", "900x600+5000+4000", "9999x9999+-700+-900", "unreadable"])
def test_it_opens_where_it_was_as_far_as_that_is_on_a_screen(start, kept):
    window = start(encoder="builtin", window_place=kept)
    width, height, x, y = place(window)
    root = window.root
    assert x >= 0
    assert y >= 0
    assert x + width <= root.winfo_screenwidth()
    assert y + height <= root.winfo_screenheight()
    if kept.startswith("900x600"):
        assert (width, height) == (900, 600)
    if kept in ("900x600+30+40", "+120+90"):
        assert f"+{x}+{y}" in kept


def test_its_place_is_remembered(start, home):
    window = start(encoder="builtin")
    window.root.geometry("880x590+50+60")
    window.wait(lambda: place(window) == [880, 590, 50, 60], "the window is moved")
    window.close()
    assert load_config(home).window_place == "880x590+50+60"
    assert place(start()) == [880, 590, 50, 60]


def test_nothing_goes_away_while_something_is_told(window):
    row, gone = window.part(FolderRow), []
    lines = [FolderLine(f"/{n}", 3, say("folders.ready"), active=True) for n in range(3)]
    for shown in ((), lines):
        row.show(shown)
        window.root.update()
        window.root.bind_all("<Unmap>", lambda event: gone.append(str(event.widget)))
        for told in ("a", "b"):
            window.app.services.tell(told)
            row.show([FolderLine(f"/{told}{n}", n, told, active=True) for n, _ in enumerate(shown)])
            window.root.update()
        window.root.unbind_all("<Unmap>")
    assert gone == []


def test_what_a_newcomer_sees_is_little_and_more_is_remembered(start, home):
    window = start(encoder="builtin")
    roles = ("button", "check", "radio", "entry")
    assert sum(len(window.find(role)) for role in roles) <= 13
    assert window.find("combobox", say("window.model")) == window.find("button", say("window.paste")) == []
    window.more_options()
    assert window.find("combobox", say("window.model")) != []
    window.close()
    assert load_config(home).more_options is True
    assert start().find("button", say("window.paste")) != []


def test_filters_that_are_hidden_are_told(window):
    window.more_options()
    window.press(window.button("Filtros"))
    window.entry("Desde").insert(0, "2019")
    window.press(window.button("Más opciones"))
    assert window.find("entry", "Desde") == []
    window.press(window.button("Más opciones (1)"))
    assert window.entry("Desde").get() == "2019"


def test_what_has_no_room_is_scrolled_to(window):
    top = window.part(MainView).top
    assert isinstance(top, ScrolledFrame)
    assert not top.scrolls
    needed = top.inside.winfo_reqheight()
    top.limit(needed // 2)
    window.root.update()
    assert top.scrolls
    search = window.button(say("window.search"))
    search.focus_force()
    window.root.update()
    bottom = top.winfo_rooty() + top.winfo_height()
    window.wait(lambda: search.winfo_rooty() + search.winfo_height() <= bottom, "the focus is in sight")
    top.limit(needed)
    window.root.update()
    assert not top.scrolls


def test_control_a_selects_all_of_every_entry(window):
    for label in ("Directorio de Imágenes", "Texto a Buscar", "Ruta de Imagen", "Resultados a Mostrar (K)"):
        entry = window.entry(label)
        window.type_into(entry, "123")
        window.key(entry, "<Control-a>")
        assert entry.selection_get() == "123"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_help_are_queries(example):
    for words in in_all_languages(f"help.{example}"):
        query = parse(words)
        assert len(query.terms) >= 1
        assert query.remarks == ()
    assert len(in_all_languages(f"help.{example}")) == len(LANGUAGES)


def test_an_example_of_the_help_is_searched_for(window, library, pages):
    window.choose_folder(library)
    window.press(window.button("?"))
    window.press(window.button("perro en la playa", within=window.dialog()))
    window.wait_idle()
    assert window.entry("Texto a Buscar").get() == "perro en la playa"
    assert len(pages) == 1


def test_lost_settings_are_told_before_the_guide(start, home, monkeypatch):
    told_before: list[list[str]] = []
    monkeypatch.setattr(FirstSteps, "show", lambda self: told_before.append(list(window.messages)))
    (home / CONFIG_NAME).write_bytes(b"\x00\x01 no settings")
    window = start(ready=False)
    window.wait(lambda: told_before, "the guide")
    ((message,),) = told_before
    assert f"«{CONFIG_NAME}.damaged»" in message
