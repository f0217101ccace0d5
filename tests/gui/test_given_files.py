"""The program started with folders and pictures: dropped onto its icon, or named on the command line."""

from __future__ import annotations

import sys

import pytest

import SemantikSearch
from tests.support.libraries import paint
from tests.support.window import Window


def opened(window: Window) -> list[str]:
    return [path.name for path in window.app.actions.opened.require().folders]


def test_a_folder_is_opened_beside_the_others_and_a_picture_searched_with(start, library, tmp_path, pages, monkeypatch):
    more = paint(tmp_path / "viajes" / "granate.png", (250, 5, 5)).parent
    # One that is open already is no news; a picture from anywhere is searched with as soon as that is possible.
    monkeypatch.chdir(tmp_path)
    given = ["-psn_0_12345", "viajes", str(library), "viajes/granate.png"]
    window = start(image_folder=str(library), given=given)
    window.wait(lambda: pages, "a page")
    window.wait_idle()
    assert opened(window) == ["fotos", "viajes"]
    assert window.app.config.folders == (str(library), str(more))
    assert window.mode == "Buscar por Imagen"
    assert window.entry("Ruta de Imagen").get() == str(more / "granate.png")
    assert [message[:16] for message in window.messages] == ["Índice terminado"]  # of both folders
    window.close()
    # What is not there is told, what lies within an open folder, too.
    window = start(answers=["ok", "ok"], given=["no-hay.jpg", str(library / "viaje")])
    inside, missing = window.messages
    assert inside.startswith(f"«{library / 'viaje'}» ya está dentro de")
    assert missing.startswith(f"No se encuentra la imagen «{tmp_path / 'no-hay.jpg'}»")
    assert opened(window) == ["fotos", "viajes"]
    assert window.mode == "Buscar por Texto"


def test_the_program_hands_over_what_stands_on_its_command_line(monkeypatch, home):
    given: list[object] = []

    class App(SemantikSearch.SemantikSearchApp):
        def __init__(self, root, home, named=()):
            given.extend(named)
            raise KeyboardInterrupt

    monkeypatch.setattr(SemantikSearch, "SemantikSearchApp", App)
    monkeypatch.setattr(SemantikSearch.tk, "Tk", lambda **options: None)
    monkeypatch.setattr(SemantikSearch, "claim_pixels", lambda: None)
    monkeypatch.setattr(SemantikSearch, "claim_task_bar", lambda: None)
    monkeypatch.setattr(sys, "argv", ["SemantikSearch.py", "/fotos", "/a.jpg"])
    with pytest.raises(KeyboardInterrupt):
        SemantikSearch.main()
    assert given == ["/fotos", "/a.jpg"]
