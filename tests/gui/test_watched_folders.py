"""The watched folders in the real window: new pictures are told or taken in, and folders go and come back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from semantik.engine.background_updates import BackgroundUpdates
from semantik.folders.watching.folder_watch import FolderWatch, WatchKind
from semantik.gui.actions import folder_watching
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.index import ImageIndex
from semantik.storage.home import index_folder
from semantik.storage.settings import load_config
from tests.support.fake_encoder import FakeEncoder
from tests.support.folder_list import add, rows, toggle
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE
from tests.support.window import Window

WATCH = "Incluir las fotos nuevas sin preguntar"


@pytest.fixture
def watches(monkeypatch) -> list[FolderWatch]:
    """Watches that are as quick as a test wants them; those that were made are in the list."""
    monkeypatch.setattr(folder_watching, "QUIET", 0.1)
    made: list[FolderWatch] = []
    begin = FolderWatch.__init__

    def quick(self, on_change, **options):
        begin(self, on_change, **options | {"check": 0.05})
        made.append(self)

    monkeypatch.setattr(FolderWatch, "__init__", quick)
    return made


@pytest.fixture
def start(start, watches):
    def begin_watched(folder: Path, **settings: object) -> Window:
        window = start(**{"encoder": "builtin"} | settings)
        window.choose_folder(folder)
        window.messages.clear()
        settle(window, watches[0], folder)
        return window

    return begin_watched


def settle(window: Window, watch: FolderWatch, folder: Path, kind: WatchKind = WatchKind.EVENTS) -> None:
    window.wait(lambda: watch.kind(folder) is kind, f"{folder} is watched")


def held(monkeypatch) -> tuple[threading.Event, threading.Event]:
    """Hold pictures that are embedded from now on: set when one came, and to be set to let all pass."""
    encoding, go_on = threading.Event(), threading.Event()
    encode = FakeEncoder.encode_images

    def slow(self, batch):
        encoding.set()
        assert go_on.wait(PATIENCE)
        return encode(self, batch)

    monkeypatch.setattr(FakeEncoder, "encode_images", slow)
    return encoding, go_on


def count(window: Window) -> int:
    return window.app.loaded.opened.library.count


def test_new_pictures_are_taken_in_without_a_question(start, library, home):
    window = start(library)
    window.more_options()
    window.press(window.check(WATCH))
    assert load_config(home).watch is True
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(lambda: count(window) == 7, "the new picture")
    window.wait(lambda: window.status == "Añadido al índice: 1 imagen nueva. En total, 7.")
    assert window.messages == []
    assert int(window.entry("Resultados a Mostrar (K)").cget("to")) == 7
    window.search("azul")
    window.wait(lambda: [p.name for p in window.part(ResultStrip).shown[:2]] == ["azul.png", "nueva.png"])
    (library / "nueva.png").unlink()
    window.wait(lambda: count(window) == 6)
    gone = "Las imágenes que ya no están se han quitado del índice. En total, 6."
    window.wait(lambda: window.status.startswith(gone))


def test_without_that_they_are_told_and_left_for_the_button(start, library):
    window = start(library)
    paint(library / "nueva.png", (1, 1, 254))
    paint(library / "viaje" / "otra.png", (1, 1, 250))
    window.wait(lambda: window.status == "Hay 2 imágenes nuevas. Pulse «Actualizar índice» cuando quiera.")
    assert count(window) == 6
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert count(window) == 8
    assert "2 imágenes nuevas" in window.messages[0]


def test_saying_so_takes_in_what_was_told_before(start, library):
    window = start(library)
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(lambda: window.status.startswith("Hay 1 imagen nueva."))
    window.more_options()
    window.press(window.check(WATCH))
    window.wait(lambda: count(window) == 7)
    window.wait(lambda: window.status == "Añadido al índice: 1 imagen nueva. En total, 7.")


def test_at_the_next_start_nothing_is_asked_any_more(start, library, watches):
    window = start(library)
    window.more_options()
    window.press(window.check(WATCH))
    window.close()
    paint(library / "nueva.png", (1, 1, 254))
    watches.clear()
    again = start(library, watch=True)
    again.wait(lambda: count(again) == 7)
    again.wait(lambda: again.status == "Añadido al índice: 1 imagen nueva. En total, 7.")
    assert again.messages == []


def test_a_search_goes_on_while_pictures_are_taken_in(start, library, monkeypatch):
    window = start(library)
    window.more_options()
    window.press(window.check(WATCH))
    encoding, go_on = held(monkeypatch)
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(encoding.is_set)
    window.search("azul")  # its answer is that of the index as it was
    assert window.status.startswith("6 resultados en el navegador")
    assert not window.app.tasks.busy
    go_on.set()
    window.wait(lambda: count(window) == 7)


def test_closing_the_window_saves_what_was_taken_in_so_far(start, library, monkeypatch, home, tmp_path):
    window = start(library)
    window.more_options()
    window.press(window.check(WATCH))
    monkeypatch.setattr(FakeEncoder, "batch_size", 2)
    encoding, go_on = held(monkeypatch)
    for number in range(12):
        paint(tmp_path / "carrete" / f"{number}.png", (number, 0, 0))
    (tmp_path / "carrete").rename(library / "carrete")  # all at once, or the first batch may be of one
    window.wait(encoding.is_set)
    close = BackgroundUpdates.close

    def closing(self):
        self._closed = True
        go_on.set()
        close(self)

    monkeypatch.setattr(BackgroundUpdates, "close", closing)
    window.close()
    # One batch of two; the rest is done after the next start.
    assert ImageIndex.load(index_folder(home, library, "builtin"), library).count == 8


def test_a_disk_that_is_unplugged_is_told_and_comes_back(start, library, tmp_path, watches):
    window = start(library)
    library.rename(tmp_path / "fuera")
    told = "La carpeta no está disponible; conecte su disco. Mientras tanto puede buscar en las 6 fotos ya indexadas."
    window.wait(lambda: window.status == told)
    window.search("rojo")
    assert window.status.startswith("6 resultados en el navegador")
    (tmp_path / "fuera").rename(library)
    window.wait(lambda: window.status == "Listo: 6 imágenes. Modelo: Integrado (sin descarga).")
    settle(window, watches[0], library)
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(lambda: window.status.startswith("Hay 1 imagen nueva."))


def test_each_of_several_folders_tells_its_own_state(start, library, tmp_path, watches):
    window = start(library)
    trip = paint(tmp_path / "viajes" / "cielo.png", (40, 60, 255)).parent
    add(window, trip)
    settle(window, watches[0], trip)
    paint(trip / "mar.png", (30, 60, 250))
    window.wait(lambda: [state for *_, state in rows(window)] == ["al día", "con cambios"])
    assert window.status == "viajes: Hay 1 imagen nueva. Pulse «Actualizar índice» cuando quiera."
    window.more_options()
    window.press(window.check(WATCH))
    window.wait(lambda: [state for *_, state in rows(window)] == ["al día", "al día"])
    window.wait(lambda: window.status == "viajes: Añadido al índice: 1 imagen nueva. En total, 2.")
    # A folder that rests is not watched.
    toggle(window, 1)
    paint(trip / "isla.png", (30, 90, 250))
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(lambda: [shown for _, _, shown, _ in rows(window)] == ["7 fotos", "2 fotos"])
    with pytest.raises(KeyError):
        watches[0].kind(trip)


def test_most_pictures_gone_is_for_the_user_to_confirm(start, library, tmp_path):
    for number in range(40):
        paint(library / "carrete" / f"{number}.png", (number, 0, 200))
    window = start(library, watch=True)
    (library / "carrete").rename(tmp_path / "carrete")  # all at once
    window.wait(lambda: window.status == "La carpeta ha cambiado. Pulse «Actualizar índice» cuando quiera.")
    assert count(window) == 46
    window.answers = ["yes"]
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert count(window) == 6


def test_indexing_by_hand_waits_for_what_is_being_taken_in(start, library, monkeypatch):
    window = start(library, watch=True)
    encoding, go_on = held(monkeypatch)
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(encoding.is_set)
    window.press(window.button("Actualizar índice"))
    assert window.app.tasks.busy
    go_on.set()
    window.wait_idle()
    assert count(window) == 7
    assert window.messages[-1].startswith("Índice terminado")
    window.search("azul")
    assert window.status.startswith("7 resultados en el navegador")


def test_another_folder_is_opened_while_pictures_are_taken_in(start, library, tmp_path, monkeypatch):
    window = start(library, watch=True)
    other = paint(tmp_path / "otra" / "verde.png", (0, 200, 0)).parent
    encoding, go_on = held(monkeypatch)
    paint(library / "nueva.png", (1, 1, 254))
    window.wait(encoding.is_set)
    window.begin_folder(other)
    go_on.set()
    window.wait_idle()
    assert window.status == "Listo: 1 imagen. Modelo: Integrado (sin descarga)."
    window.choose_folder(library)  # nothing that was done is lost
    assert count(window) == 7
