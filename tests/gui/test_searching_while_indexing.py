"""The real window and its pages during a first indexing: searches are answered from what is done."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from semantik.errors import PageBusy
from semantik.gui.actions import indexing
from semantik.gui.actions.loaded_actions import TWICE
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.index import ImageIndex
from semantik.storage.home import index_folder
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.page_outline import path_behind
from tests.support.window import Window

TIMEOUT = 30.0


class Gate:
    """Lets the encoder see so many pictures and no more, until it may see more; and holds texts while it is told to."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._most = 0
        self.texts = threading.Event()
        self.texts.set()

    def open_to(self, most: int) -> None:
        with self._changed:
            self._most = most
            self._changed.notify_all()

    def wait(self, seen: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: seen < self._most, TIMEOUT)


@pytest.fixture
def gate(monkeypatch):
    made = Gate()
    images, texts = FakeEncoder.encode_images, FakeEncoder.encode_texts

    def encode_images(self, batch):
        made.wait(self.images)
        return images(self, batch)

    def encode_texts(self, words):
        assert made.texts.wait(TIMEOUT)
        return texts(self, words)

    monkeypatch.setattr(FakeEncoder, "encode_images", encode_images)
    monkeypatch.setattr(FakeEncoder, "encode_texts", encode_texts)
    yield made
    made.texts.set()
    made.open_to(10**6)


@pytest.fixture
def many(tmp_path) -> Path:
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / f"{number:02}.png", (255, 120 - 3 * number, 0))
    return folder


def hint(window: Window) -> str:
    return str(window.part(ResultStrip).hint.cget("text"))


def found(window: Window) -> list[str]:
    return [path.name for path in window.part(ResultStrip).shown]


def newer(page: Path) -> int:
    """What the program tells a page that is open."""
    (link,) = re.findall(r'data-link="([^"]+)"', page.read_text(encoding="utf-8"))
    request = urllib.request.Request(f"{link}/newer", headers={"Origin": "null"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return int(json.load(answer)["count"])


def test_what_is_indexed_is_found_while_the_rest_goes_on(window, many, gate, pages):
    window.begin_folder(many)
    window.wait(lambda: window.app.actions.indexing.running, "indexing")
    window.type_words("rojo").event_generate("<Return>")
    window.wait(lambda: window.messages, "told to wait")
    assert window.messages == ["Todavía no hay ninguna foto indexada. Podrá buscar dentro de unos segundos."]
    assert pages == []
    gate.open_to(8)
    window.wait(lambda: window.status.startswith("Indexando 8 de 40"), "eight")
    assert hint(window).startswith("Ya puede buscar en las fotos indexadas, las más nuevas primero")
    entry = window.type_words("rojo")
    entry.event_generate("<Return>")
    entry.event_generate("<Return>")  # struck twice
    window.wait(lambda: pages and window.pictures(), "the first answer")
    assert len(pages) == 1
    progress, answer = window.status.splitlines()
    assert progress.startswith("Indexando 8 de 40 (20 %)")
    assert re.fullmatch(
        r"8 resultados en el navegador, entre 8 de 40 fotos \(\d,\d\d s\)\. Modelo: Integrado \(sin descarga\)\..*",
        answer,
    )
    assert found(window)[0] == "07.png"
    assert "Entre 8 de 40 fotos" in window.texts(window.part(ResultStrip))
    assert window.button("Pausar").instate(["!disabled"])
    html = pages[0].read_text(encoding="utf-8")
    assert "entre 8 de 40 fotos" in html
    assert newer(pages[0]) == 0
    _ask_from_the_page(window, gate, many, pages)
    _ask_while_paused(window, gate, entry, pages)
    gate.open_to(10**6)
    window.press(window.button("Reanudar"))
    window.wait_idle()
    assert window.status.startswith("Listo: 40 imágenes.")
    assert newer(pages[0]) == 32
    window.search("rojo")
    assert "entre 40 imágenes" in pages[2].read_text(encoding="utf-8")
    assert re.match(r"\d+ resultados en el navegador \(", window.status)
    window.wait(lambda: found(window)[:1] == ["39.png"], "the last answer's pictures")
    assert "Entre 20 de 40 fotos" not in [text for text in window.texts(window.part(ResultStrip)) if text]
    assert len(window.messages) == 2  # and the summary of what was indexed


def _ask_from_the_page(window, gate, many, pages):
    """The page asks for more, and gets it, while what needs the whole window has to wait."""
    gate.open_to(16)
    window.wait(lambda: window.status.startswith("Indexando 16 de 40"), "sixteen")
    assert newer(pages[0]) == 8
    requests, answers = window.app.actions.searching._requests, []

    def ask() -> None:
        answers.append(requests.refine("rojo", {"top_k": "20"}))
        with pytest.raises(PageBusy):
            requests.copy([many / "00.png"])
        answers.append("busy")

    page = threading.Thread(target=ask)
    page.start()
    window.wait(lambda: len(answers) == 2, "the page's answer")
    page.join(TIMEOUT)
    assert "entre 16 de 40 fotos" in path_behind(answers[0]).read_text(encoding="utf-8")
    window.wait(lambda: found(window)[:1] == ["15.png"], "that answer's pictures")


def _ask_while_paused(window, gate, entry, pages):
    """Held still, the same key finds what is there by then."""
    window.press(window.button("Pausar"))
    gate.open_to(20)
    window.wait(lambda: window.status.startswith("En pausa: "), "paused")
    window.wait(lambda: time.monotonic() - window.app.actions._found_at > TWICE, "what is no second strike any more")
    entry.event_generate("<Return>")
    window.wait(lambda: len(pages) == 2, "the answer while it holds still")
    assert window.status.splitlines()[0] == "En pausa: 20 de 40 (50 %). Lo hecho está guardado."
    assert "entre 20 de 40 fotos" in pages[1].read_text(encoding="utf-8")


def test_a_cancelled_indexing_says_what_is_missing_and_a_first_question_waits_for_enough(
    window, many, gate, pages, monkeypatch
):
    monkeypatch.setattr(indexing, "ENOUGH", 12)
    window.app.actions.first_steps._query = "rojo"  # as if it had been chosen in the guide
    gate.open_to(8)
    window.begin_folder(many)
    window.wait(lambda: window.status.startswith("Indexando 8 de 40"), "eight")
    assert pages == []
    gate.open_to(12)
    window.wait(lambda: pages, "the first answer")
    assert "entre 12 de 40 fotos" in pages[0].read_text(encoding="utf-8")
    window.press(window.button("Cancelar"))
    gate.open_to(10**6)
    window.wait_idle()
    # The next batch may be at the gate by then, or not.
    count = window.app.loaded.opened.library.count
    assert count in (12, 16)
    assert window.status == f"Cancelado: {count} imágenes indexadas. «Actualizar índice» sigue donde se quedó."
    window.search("rojo")
    assert f"entre {count} de 40 fotos" in pages[1].read_text(encoding="utf-8")
    assert len(pages) == 2


def test_closing_waits_for_a_search_beside_an_indexing(window, many, gate, pages, home):
    gate.open_to(8)
    window.begin_folder(many)
    window.wait(lambda: window.status.startswith("Indexando 8 de 40"), "eight")
    gate.texts.clear()
    window.type_words("rojo").event_generate("<Return>")
    window.wait(lambda: window.app.tasks.busy_beside, "a search")

    def let_go() -> None:
        gate.open_to(10**6)
        gate.texts.set()

    window.app.services.happened.cancelling.connect(let_go)
    window.close()
    # What was embedded by then is kept: eight pictures, and what of the next batches had begun.
    assert ImageIndex.load(index_folder(home, many, "builtin"), many).count in (8, 12, 16)
    assert pages == []
