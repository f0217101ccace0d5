"""The guide of the first start in the real window, and what becomes of its answers."""

from __future__ import annotations

import json
from pathlib import Path

import platformdirs
import pytest

from semantik.engine import models
from semantik.gui.dialogs.guide import Guide
from semantik.storage.settings import CONFIG_NAME
from tests.support.libraries import paint
from tests.support.window import Window


@pytest.fixture
def ready(monkeypatch) -> set[str]:
    """The models that are on disk, beside the embedded one."""
    names: set[str] = set()
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: name == "builtin" or name in names)
    return names


@pytest.fixture
def user(tmp_path, monkeypatch) -> Path:
    """Somebody who has pictures where the system wants them, and others beside."""
    folder = tmp_path / "ana"
    monkeypatch.setattr(Path, "home", lambda: folder)
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(folder / "Imágenes"))
    monkeypatch.setattr(platformdirs, "user_desktop_dir", lambda: str(folder / "Escritorio"))
    for name, colour in (("rojo", (255, 0, 0)), ("azul", (0, 0, 255))):
        paint(folder / "Imágenes" / f"{name}.png", colour)
    paint(folder / "Fotos" / "verde.png", (0, 255, 0))
    return folder


@pytest.fixture
def start(start, ready, user):
    return start


def guide_of(window: Window) -> Guide:
    """The guide, as soon as it has counted the pictures of its folders."""
    guide = window.dialog()
    assert isinstance(guide, Guide)
    boxes = guide.folder_step.list.boxes
    window.wait(lambda: boxes and all(str(box.count.cget("text")) != "contando…" for box in boxes), "counts")
    return guide


def test_three_steps_lead_to_the_first_results(start, user, saved, pages):
    window = start(ready=False)
    guide = guide_of(window)
    assert window.status == "Elija la carpeta de sus fotos para empezar."
    window.press(guide.folder_step.list.boxes[1].box)  # the second folder as well
    window.press(guide.main)
    window.press(guide.model_step.embedded)
    window.press(guide.main)
    window.press(guide.search_step.watch_box)
    guide.search_step.query.set("rojo")
    window.press(guide.main)
    window.wait(lambda: pages and not window.app.tasks.busy, "the results page")
    assert pages[0].read_text(encoding="utf-8").index("rojo.png") > 0
    assert window.entry("Texto a Buscar").get() == "rojo"
    assert window.mode == "Buscar por Texto"
    window.wait(lambda: window.status.startswith("3 resultados en el navegador"), "the results")
    window.more_options()
    assert window.check("Incluir las fotos nuevas sin preguntar").instate(["selected"])
    folders = [str(user / "Imágenes"), str(user / "Fotos")]
    found = saved()
    assert (found["guide"], found["watch"], found["encoder"]) == (False, True, "builtin")
    assert (found["image_folder"], found["folders"]) == (folders[0], folders)
    (done,) = window.messages
    assert "3 imágenes nuevas" in done
    window.close()
    again = start()
    assert again.dialogs() == []
    assert again.status == "Listo: 3 imágenes. Modelo: Integrado (sin descarga)."


def test_a_folder_within_another_is_not_opened_twice(start, user, home):
    paint(user / "Imágenes" / "viaje" / "amarillo.png", (255, 255, 0))
    window = start(ready=False)
    guide = guide_of(window)
    guide.folder_step.list.add(user / "Imágenes" / "viaje", ticked=True)
    window.press(guide.main)
    window.press(guide.model_step.embedded)
    window.press(guide.main)
    window.press(guide.main)
    window.more_options()
    window.wait(lambda: window.combobox("Modelo").get() and not window.app.tasks.busy, "indexed")
    assert window.entry("Directorio de Imágenes").get() == str(user / "Imágenes")
    assert window.app.loaded.opened.library.count == 3


def test_skipping_it_begins_with_what_needs_nothing(start, saved, user):
    window = start(ready=False)
    window.press(guide_of(window).skip_button)
    window.wait_idle()
    assert window.status == "Elija la carpeta de sus fotos para empezar."
    assert window.app.engine.models.encoder.name == "builtin"
    assert (saved()["guide"], saved()["encoder"]) == (False, "builtin")
    assert window.entry("Directorio de Imágenes").get() == ""
    window.close()
    again = start()
    assert again.dialogs() == []


def test_skipping_it_takes_a_model_that_is_there_already(start, ready):
    ready.add("clip-vit-b-32")
    window = start(ready=False)
    window.press(guide_of(window).skip_button)
    window.wait_idle()
    assert window.app.engine.models.encoder.name == "clip-vit-b-32"


def test_who_has_chosen_before_is_not_shown_it(start, home, library):
    for chosen in ({"encoder": "builtin"}, {"image_folder": str(library), "encoder": "builtin"}, {"guide": False}):
        (home / CONFIG_NAME).write_text(json.dumps(chosen))
        window = start()
        assert not any(isinstance(dialog, Guide) for dialog in window.dialogs())
        for dialog in window.dialogs():
            dialog.destroy()  # the choice of a model
        window.close()


def test_it_can_be_seen_again_and_keeps_what_is_open(start, library, home, user, pages):
    window = start(encoder="builtin", guide=False, watch=True)
    window.choose_folder(library)
    window.messages.clear()
    window.press(window.button("?"))
    window.press(window.button("Primeros pasos", within=window.dialog("Ayuda de SemantikSearch")))
    window.wait(lambda: any(isinstance(dialog, Guide) for dialog in window.dialogs()), "the guide")
    guide = guide_of(window)
    assert guide.folder_step.list.chosen() == (library,)
    assert guide.search_step.watch.get() is True
    window.press(guide.skip_button)
    window.wait_idle()
    assert window.entry("Directorio de Imágenes").get() == str(library)
    assert window.app.loaded.opened.library.count == 6
    window.app.show_first_steps()
    guide = guide_of(window)
    window.press(guide.main)
    window.press(guide.model_step.embedded)
    window.press(guide.main)
    guide.search_step.query.set("verde")
    window.press(guide.main)
    window.wait(lambda: pages and not window.app.tasks.busy, "the results page")
    assert window.messages == []  # nothing was indexed again
    assert window.status.startswith("6 resultados en el navegador")


def test_it_does_not_come_between_a_running_task(start, library):
    window = start(encoder="builtin")
    window.app.services.start(lambda: None, lambda done: None, window.app.services.show_failure)
    window.app.show_first_steps()
    assert window.messages == ["Espere a que termine la tarea en curso, o pulse «Cancelar»."]
    window.wait_idle()
    assert not any(isinstance(dialog, Guide) for dialog in window.dialogs())
