"""Starred searches in the real window: the star, the list with what is new, the page's marks, and the page's star."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from semantik.desktop import file_manager
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.storage.home import saved_searches_file
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE


def listed(window) -> list[str]:
    """What the list of the text box offers when it opens: Tk has it filled first."""
    box = window.entry("Texto a Buscar")
    box.tk.eval(str(box.cget("postcommand")))
    return list(box.cget("values"))


def choose(window, told: str) -> None:
    """Choose a line of the list of the text box."""
    box = window.entry("Texto a Buscar")
    place = listed(window).index(told)
    box.current(place)
    box.event_generate("<<ComboboxSelected>>")
    window.root.update()
    window.wait_idle()


def stars(home: Path) -> list[str]:
    return [each["words"] for each in json.loads(saved_searches_file(home).read_text())]


def marks(page: Path) -> tuple[list[str], str]:
    """The names of the cards that are marked as new, and the line above."""
    html = page.read_text(encoding="utf-8")
    cards = re.findall(r'<li class="hit.*?</li>', html, re.DOTALL)
    names = [Path(re.search(r'href="([^"]+)"', card)[1]).stem for card in cards if 'class="new"' in card]
    line = re.search(r'<p class="new-hits">(.*?)</p>', html)
    return names, line[1] if line else ""


def marked(window) -> dict[str, list[str]]:
    """The names of the pictures in the window on which something is written, and what."""
    strip = window.part(ResultStrip)
    written = {
        path.name: [str(mark.cget("text")) for mark in button.winfo_children() if mark.winfo_ismapped()]
        for path, button in zip(strip.shown, strip.buttons, strict=False)
    }
    return {name: words for name, words in written.items() if words}


def update(window) -> None:
    window.answers = ["ok"]
    window.press(window.button("Actualizar índice"))
    window.wait_idle()


def test_a_star_keeps_a_search_and_tells_what_is_new(window, library, home, pages, monkeypatch):
    window.choose_folder(library)
    assert window.find("button", "☆") == []
    window.type_words("rojo")
    star = window.button("☆")
    window.press(star)
    window.wait(lambda: window.status.startswith("Búsqueda guardada"), "starred")
    assert star.cget("text") == "★"
    assert stars(home) == ["rojo"]
    window.type_words("rojo y más")
    assert star.cget("text") == "☆"
    assert listed(window) == ["★ rojo"]
    # What comes and answers is told in the list, before it is looked at.
    paint(library / "granate.png", (250, 5, 5))
    paint(library / "cielo.png", (5, 5, 250))
    update(window)
    window.wait(lambda: listed(window) == ["★ 1 nueva: rojo"], "counted")
    choose(window, "★ 1 nueva: rojo")
    assert window.entry("Texto a Buscar").get() == "rojo"
    assert star.cget("text") == "★"
    assert marks(pages[-1]) == (["granate"], "1 nueva desde la última vez.")
    assert window.status.endswith("1 nueva desde la última vez.")
    window.wait(lambda: marked(window), "marked in the window, too")
    assert marked(window) == {"granate.png": ["Nueva"]}
    strip = window.part(ResultStrip)
    told = {path.name: tip.text for path, tip in zip(strip.shown, strip.tips, strict=False)}
    assert told["granate.png"].endswith(" · nueva desde la última vez")
    assert "nueva" not in told["rojo.png"]
    opened: list[Path] = []
    monkeypatch.setattr(file_manager, "open_picture", opened.append)
    (mark,) = strip.buttons[[path.name for path in strip.shown].index("granate.png")].winfo_children()
    mark.event_generate("<Button-1>")  # what it covers is a part of the picture
    window.wait(lambda: opened == [library / "granate.png"], "opened")
    assert listed(window) == ["★ rojo", "rojo"]
    window.search("  rojo")  # not the same stroke of the key once more
    assert marks(pages[-1]) == ([], "")
    window.wait(lambda: window.pictures() and not marked(window), "all have been seen")
    # An earlier search is only typed, as ever; Up and Down know nothing of stars.
    window.type_words("")
    box = window.entry("Texto a Buscar")
    box.current(listed(window).index("rojo"))
    box.event_generate("<<ComboboxSelected>>")
    window.root.update()
    assert (box.get(), len(pages)) == ("rojo", 2)
    window.press(star)
    window.wait(lambda: window.status == "La búsqueda ya no está guardada.", "no star")
    assert star.cget("text") == "☆"
    assert (stars(home), listed(window)) == ([], ["rojo"])


@pytest.fixture
def ask(window):
    """Asks the program as a page does while the window lives; gives what it answers."""

    def asking(link: str, action: str, **body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Origin": "null"}
        request = Request(f"{link}/{action}", json.dumps(body).encode(), headers)
        answers: list[dict[str, Any]] = []
        window.app.tasks.ahead(lambda: answers.append(json.loads(urlopen(request, timeout=PATIENCE).read())))
        window.wait(lambda: answers, action)
        return answers[0]

    return asking


def test_controls_are_part_of_it_and_the_page_has_a_star_too(window, library, home, pages, ask):
    window.choose_folder(library)
    window.more_options()
    window.press(window.button("Filtros"))
    window.combobox("Carpeta").set("viaje")
    window.type_words("rojo")
    window.press(window.button("☆"))
    window.wait(lambda: saved_searches_file(home).exists() and stars(home) == ["rojo carpeta:viaje"], "kept")
    window.combobox("Carpeta").set("viaje/playa")
    window.radio("Buscar por Imagen").invoke()
    choose(window, "★ rojo carpeta:viaje")
    assert window.mode == "Buscar por Texto"
    assert window.combobox("Carpeta").get() == ""
    assert window.entry("Texto a Buscar").get() == "rojo carpeta:viaje"
    assert window.button("★")
    html = pages[-1].read_text(encoding="utf-8")
    assert html.count('<li class="hit') == 3
    assert 'aria-pressed="true" data-words="rojo carpeta:viaje"' in html
    # What cannot be read is said, and not kept.
    window.type_words("rojo fehca:2019")
    window.press(window.button("☆"))
    assert window.messages[-1].startswith("No hay ningún filtro «fehca:»")
    assert stars(home) == ["rojo carpeta:viaje"]
    # The page's star and the window's are the same.
    window.search("rojo  +  verde")
    html = pages[-1].read_text(encoding="utf-8")
    (link,) = re.findall(r'data-link="([^"]+)"', html)
    (words,) = re.findall(r'aria-pressed="false" data-words="([^"]+)" aria-label="Guardar esta búsqueda"', html)
    assert ask(link, "star", words=words, saved=True)["message"].startswith("Búsqueda guardada")
    assert stars(home) == [words, "rojo carpeta:viaje"]
    window.wait_idle()
    assert window.button("★")
    window.search("rojo   + verde")  # the same in other words
    assert 'aria-pressed="true"' in pages[-1].read_text(encoding="utf-8")
    assert window.button("★")
    assert ask(link, "star", words="rojo +   verde", saved=False)["message"] == "La búsqueda ya no está guardada."
    assert stars(home) == ["rojo carpeta:viaje"]
    assert window.button("☆")
    # In another language the star is told anew, and what was kept is read as ever.
    window.app.save_config(language="en")
    window.app.speak()
    window.type_into(window.entry("Text to Search"), "rojo carpeta:viaje")
    assert window.button("★")
