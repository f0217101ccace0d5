"""Texts in pictures are read behind the window: what it says of that, what stops it, and the setting."""

from __future__ import annotations

import pytest

from semantik.decoding.decoded import PictureContent
from semantik.engine import background_reading
from semantik.storage.home import texts_file
from tests.support.reading import ScriptedPool, read_pictures
from tests.support.waiting import SOON, wait_until

READ = "Leer los textos que aparecen en las fotos, para buscar por ellos"


@pytest.fixture
def pools(encoders, monkeypatch) -> list[ScriptedPool]:
    """The pools that were made to read pictures; they are held until they are let go."""
    made: list[ScriptedPool] = []

    def make() -> ScriptedPool:
        pool = ScriptedPool(lambda path: PictureContent(()))
        pool.go_on.clear()
        made.append(pool)
        return pool

    read_pictures(monkeypatch, make)
    monkeypatch.setattr(background_reading, "QUIET", 0.0)
    return made


def shown(window) -> str:
    label = window.app.view.bottom.reading
    return label.cget("text") if label.winfo_ismapped() else ""


def test_the_window_reads_behind_the_user_and_says_how_much_is_left(start, library, pools):
    window = start(image_folder=str(library))
    window.wait(lambda: shown(window) == "Leyendo los textos de las fotos: quedan 6")
    assert pools[0].begun.is_set()
    # A search stops it at once, and it goes on with the same picture.
    window.search("rojo")
    assert pools[0].closed
    window.wait(lambda: len(pools) == 2 and pools[1].begun.is_set())
    assert pools[1].asked == pools[0].asked[:1]
    # Another language says the same.
    window.app.services.save(language="en")
    window.app.services.happened.language_chosen()
    window.wait(lambda: shown(window) == "Reading the texts in the pictures: 6 left")
    # Without the wish nothing is read any more.
    window.app.services.save(read_texts=False)
    pools[1].go_on.set()
    window.wait(lambda: shown(window) == "")
    assert len(pools[1].asked) == 1


def test_the_setting_switches_it_and_closing_the_window_ends_it(start, library, home, pools):
    window = start(image_folder=str(library), read_texts=False)
    assert window.status.startswith("Listo: 6 imágenes")
    window.press(window.button("Ajustes…"))
    dialog = window.dialog()
    assert pools == []
    window.press(window.check(READ, within=dialog))
    window.press(window.button("Cerrar", within=dialog))
    assert window.app.config.read_texts
    window.wait(lambda: pools and pools[0].begun.is_set())
    reading = window.app.loaded.reading._reading
    window.close()
    assert pools[0].closed
    wait_until(lambda: not reading._thread, SOON)
    (folder,) = (home / "indexes").iterdir()
    assert texts_file(folder).name == "texts.sqlite"
