"""The settings window: models fetched, measured, used and removed; what it says when that fails."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from tkinter import ttk

import numpy as np
import pytest

from semantik.encoders import registry
from semantik.encoders.clip import models as clip_models
from semantik.encoders.clip import multilingual
from semantik.encoders.open_clip import models as open_clip_models
from semantik.encoders.registry import DEFAULT_CLIP
from semantik.engine import model_trials
from semantik.engine.engine import Engine
from semantik.errors import Cancelled, ModelInUse, ModelNotRemoved, OwnCheckpoint
from semantik.gui.dialogs import model_table
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.storage.home import index_folder
from semantik.storage.settings import CONFIG_NAME, Config
from tests.support.small_models import CONTENTS, SIGLIP, SIZE, served_siglip
from tests.support.task_controls import CancelledWhen
from tests.support.waiting import PATIENCE
from tests.support.window import Window


@pytest.fixture
def servers(monkeypatch):
    """SigLIP 2 as two small files on a server of the test's own."""
    with served_siglip(monkeypatch) as served:
        yield served


@pytest.fixture
def folder(home) -> Path:
    """The weights folder."""
    return home / "w"


def settings(window: Window) -> SettingsDialog:
    """The settings window, opened by its button."""
    window.press(window.button("Ajustes…"))
    dialog = window.dialog()
    assert isinstance(dialog, SettingsDialog)
    return dialog


def row(dialog: SettingsDialog, name: str) -> list[str]:
    return [str(cell).strip() for cell in dialog.models.table.rows.item(name, "values")]


def select(window: Window, dialog: SettingsDialog, name: str) -> None:
    dialog.models.table.select(name)
    window.root.update()


def enabled(*buttons: ttk.Button) -> list[bool]:
    return [not button.instate(["disabled"]) for button in buttons]


def said(dialog: SettingsDialog) -> str:
    return str(dialog.models.message.cget("text"))


# -- What is shown -------------------------------------------------------------------------------------


def test_the_list_tells_what_each_model_is(window):
    dialog = settings(window)
    assert dialog.title() == "Ajustes"
    assert list(dialog.models.table.rows.get_children()) == [
        "builtin",
        "clip-vit-b-32",
        "multilingual",
        "siglip2-b-32-256",
        "siglip2-b-16",
        "siglip-b-16",
        "vit-b-32-datacomp",
    ]
    assert row(dialog, "builtin") == [
        *("Integrado (sin descarga)", "español y 15 más", "sin medir", "ninguna", "Apache-2.0", "en uso")
    ]
    assert row(dialog, SIGLIP) == [
        *("SigLIP 2 B/32 (español y muchos más)", "español y 100 más", "—", "1.470 MB", "Apache-2.0", "sin descargar")
    ]
    assert row(dialog, "multilingual")[:4] == ["Texto multilingüe para CLIP", "español y 50 más", "—", "517 MB"]
    panel = dialog.models
    assert panel.table.selected.name == "builtin"
    assert enabled(panel.use_button, panel.download_button, panel.remove_button) == [False, False, False]
    assert enabled(panel.measure_button, panel.cancel_button) == [True, False]
    select(window, dialog, SIGLIP)
    assert panel.download_button.cget("text") == "Descargar (1.470 MB)"
    assert enabled(panel.use_button, panel.download_button, panel.remove_button) == [False, True, False]
    assert panel.about_model.cget("text").startswith("El mejor equilibrio para buscar en español")
    assert panel.about_numbers.cget("text") == ""  # it is not here
    always = "Mirar las fotos siempre con precisión completa, aunque tarde más (desde el próximo inicio)"
    window.press(window.check(always, within=dialog))
    assert window.app.config.exact_numbers is True
    window.key(dialog, "<Escape>")
    window.wait(lambda: not dialog.winfo_exists())


def test_another_model_of_openai_is_listed_only_while_it_is_there(window, folder):
    weight = dataclasses.replace(clip_models.MODELS["clip-rn50"].weights)
    folder.mkdir()
    with (folder / weight.filename).open("wb") as file:
        file.truncate(weight.size)
    dialog = settings(window)
    assert row(dialog, "clip-rn50")[5] == "instalado"
    select(window, dialog, "clip-rn50")
    assert dialog.models.about_model.cget("text") == "Otro modelo de CLIP (OpenAI), para descripciones en inglés."
    assert dialog.models.about_numbers.cget("text") == (
        "precisión completa; antes de indexar la primera carpeta se prueba si hay algo más rápido que dé lo mismo"
    )
    window.answers = ["no"]
    window.press(dialog.models.remove_button)
    assert window.messages == [
        f"¿Eliminar CLIP RN50 (244 MB) de «{folder}»?\n\nLos índices hechos con él se conservan; si lo descarga otra "
        "vez, volverán a servir."
    ]
    assert (folder / weight.filename).exists()
    window.answers = ["yes"]
    window.press(dialog.models.remove_button)
    assert not (folder / weight.filename).exists()
    assert "clip-rn50" not in dialog.models.table.rows.get_children()
    assert said(dialog) == "CLIP RN50: eliminado; se han liberado 244 MB."
    dialog.destroy()


def test_settings_wait_for_the_running_task(window, library, monkeypatch):
    from tests.support.fake_encoder import FakeEncoder

    go, encode = threading.Event(), FakeEncoder.encode_images
    monkeypatch.setattr(FakeEncoder, "encode_images", lambda self, batch: (go.wait(PATIENCE), encode(self, batch))[1])
    window.begin_folder(library)
    window.wait(lambda: window.find("button", "Pausar"), "indexing")
    window.press(window.button("Ajustes…"))
    assert window.messages == ["Espere a que termine la tarea en curso, o pulse «Cancelar»."]
    assert window.dialogs() == []
    go.set()
    window.wait_idle()


# -- Download, use, remove -----------------------------------------------------------------------------


def test_a_model_is_fetched_used_and_removed(window, servers, folder, home, library):
    window.choose_folder(library)
    window.messages.clear()
    dialog = settings(window)
    panel = dialog.models
    select(window, dialog, SIGLIP)
    assert panel.download_button.cget("text") == "Descargar (3 MB)"
    shares, words = [], []
    panel.progress.configure = lambda **o: (shares.append(o["value"]), ttk.Progressbar.configure(panel.progress, **o))
    panel.say = lambda text: (words.append(text), type(panel).say(panel, text))
    window.press(panel.download_button)
    window.wait_idle()
    assert [path.read_bytes() for path in sorted((folder / "s").glob("*s*n"))] == [CONTENTS[1]]
    assert (folder / "s" / "net.safetensors").read_bytes() == CONTENTS[0]
    assert shares[-2:] == [1.0, 0]
    assert sorted(shares[:-1]) == shares[:-1]
    assert any(text.startswith("Descargando SigLIP 2 B/32 (español y muchos más): 3 de 3 MB · ") for text in words)
    assert said(dialog) == "SigLIP 2 B/32 (español y muchos más): descargado. Pulse «Usar» para buscar con él."
    assert window.status == "Listo: 6 imágenes. Modelo: Integrado (sin descarga)."
    assert row(dialog, SIGLIP)[5] == "instalado"
    window.more_options()
    assert "SigLIP 2 B/32 (español y muchos más)" in window.combobox("Modelo")["values"]
    assert enabled(panel.use_button, panel.download_button, panel.remove_button) == [True, False, True]
    window.press(panel.use_button)
    window.wait_idle()
    assert not dialog.winfo_exists()
    assert window.messages[0].startswith("Esta carpeta aún no está indexada con el modelo SigLIP 2 B/32")
    assert window.app.engine.models.encoder.name == SIGLIP
    assert json.loads((home / CONFIG_NAME).read_text())["encoder"] == SIGLIP
    again = settings(window)
    assert row(again, SIGLIP)[5] == "en uso"
    assert row(again, "builtin")[5] == "instalado"
    assert enabled(again.models.use_button, again.models.remove_button) == [False, False]
    select(window, again, "builtin")
    window.press(again.models.use_button)
    window.wait_idle()
    last = settings(window)
    select(window, last, SIGLIP)
    window.press(last.models.remove_button)
    assert not (folder / "s").exists()
    assert row(last, SIGLIP)[5] == "sin descargar"
    assert enabled(last.models.use_button, last.models.download_button) == [False, True]
    window.more_options()
    assert "SigLIP 2 B/32 (español y muchos más)" not in window.combobox("Modelo")["values"]
    assert (index_folder(home, library, SIGLIP) / "image_index.json").is_file()
    last.destroy()


def test_a_cancelled_download_goes_on_where_it_was(window, servers, folder):
    dialog = settings(window)
    panel = dialog.models
    select(window, dialog, SIGLIP)
    servers[0].silent_after = 1_000_000
    window.press(panel.download_button)
    part = folder / "s" / "net.safetensors.part"
    window.wait(lambda: part.exists() and part.stat().st_size == 1_000_000, "a part")
    assert enabled(panel.use_button, panel.download_button, panel.remove_button, panel.measure_button) == [False] * 4
    assert dialog.window_language.instate(["disabled"])
    servers[0].stopped.set()  # the server ends its answer, so that the download looks up at once
    window.press(panel.cancel_button)
    window.wait_idle()
    assert said(dialog) == "Descarga detenida. Lo que llegó se conserva: «Continuar» sigue donde se quedó."
    assert row(dialog, SIGLIP)[5] == f"a medias: {1_000_000 * 100 // SIZE} %"
    assert panel.download_button.cget("text") == "Continuar (2 MB)"
    assert enabled(panel.download_button, panel.remove_button, panel.cancel_button) == [True, True, False]
    assert not dialog.window_language.instate(["disabled"])
    servers[0].silent_after = None
    window.press(panel.download_button)
    window.wait_idle()
    assert servers[0].requests[-1]["Range"] == "bytes=1000000-"
    assert row(dialog, SIGLIP)[5] == "instalado"
    dialog.destroy()


def test_a_wrong_file_is_told_and_thrown_away(window, servers, folder):
    dialog = settings(window)
    select(window, dialog, SIGLIP)
    servers[0].content = bytes(len(CONTENTS[0]))
    window.press(dialog.models.download_button)
    window.wait_idle()
    assert said(dialog) == (
        "El archivo de SigLIP 2 B/32 no es el original (su suma SHA-256 no coincide) y no se usará. "
        "Descárguelo de nuevo."
    )
    assert row(dialog, SIGLIP)[5] == "sin descargar"
    assert window.messages == []
    dialog.destroy()


def test_a_download_goes_on_after_the_settings_are_closed(window, servers, folder):
    dialog = settings(window)
    select(window, dialog, SIGLIP)
    servers[0].gate = threading.Event()
    window.press(dialog.models.download_button)
    window.wait(lambda: servers[0].requests, "a request")
    dialog.destroy()
    servers[0].gate.set()
    window.wait_idle()
    assert (folder / "s" / "tokenizer.json").exists()
    window.more_options()
    assert "SigLIP 2 B/32 (español y muchos más)" in window.combobox("Modelo")["values"]
    assert window.status == "Elija la carpeta de sus fotos para empezar."
    # And a failure is told in a box, since there is no other place.
    (folder / "s" / "tokenizer.json").unlink()
    servers[1].content = bytes(len(CONTENTS[1]))
    servers[1].gate = threading.Event()
    again = settings(window)
    select(window, again, SIGLIP)
    window.press(again.models.download_button)
    again.destroy()
    servers[1].gate.set()
    window.wait_idle()
    assert window.messages == [
        "El archivo de SigLIP 2 B/32 no es el original (su suma SHA-256 no coincide) y no se usará. "
        "Descárguelo de nuevo."
    ]


def test_the_text_tower_belongs_to_clip(window, servers, folder, monkeypatch, home):
    monkeypatch.setattr(multilingual, "FILES", open_clip_models.MODELS[SIGLIP].files)
    window.app.engine.models.use(DEFAULT_CLIP)
    dialog = settings(window)
    panel = dialog.models
    select(window, dialog, "multilingual")
    window.press(panel.download_button)
    window.wait_idle()
    assert said(dialog) == "Texto multilingüe para CLIP: descargado. CLIP ViT-B/32 lo usa desde ahora."
    assert enabled(panel.use_button, panel.download_button, panel.remove_button) == [False, False, True]
    before = window.app.engine.models.encoder
    window.press(panel.remove_button)
    assert not (folder / "s").exists()
    assert window.app.engine.models.encoder is not before  # it may have had the tower's file open
    dialog.destroy()


def test_what_cannot_be_removed_is_told(window, servers, folder, monkeypatch):
    window.app.engine.models.download(SIGLIP)
    dialog = settings(window)
    select(window, dialog, SIGLIP)

    def fail(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(registry.model_file_set, "remove", fail)
    window.press(dialog.models.remove_button)
    assert said(dialog) == (
        "No se pudo eliminar SigLIP 2 B/32: no hay permiso para escribir ahí. "
        "Cierre los programas que lo usen e inténtelo de nuevo."
    )
    assert row(dialog, SIGLIP)[5] == "instalado"
    dialog.destroy()


# -- Speed ---------------------------------------------------------------------------------------------


def test_the_trial_shows_and_remembers_seconds(window, servers, home, monkeypatch):
    window.app.engine.models.download(SIGLIP)
    asked: list[str] = []

    def measure(encoder, control):
        asked.append(encoder.name)
        return {"builtin": 0.0214, SIGLIP: 0.25}[encoder.name]

    monkeypatch.setattr(model_trials, "measure", measure)
    dialog = settings(window)
    panel, words = dialog.models, []
    panel.say = lambda text: (words.append(text), type(panel).say(panel, text))
    window.press(panel.measure_button)
    window.wait_idle()
    assert asked == ["builtin", SIGLIP]
    assert words[:2] == [
        "Midiendo Integrado (sin descarga) (1 de 2)…",
        "Midiendo SigLIP 2 B/32 (español y muchos más) (2 de 2)…",
    ]
    assert (row(dialog, "builtin")[2], row(dialog, SIGLIP)[2]) == ("21 s", "4,2 min")
    assert said(dialog).startswith("Medido en este equipo")
    assert json.loads((home / "model_speeds.json").read_text()) == {"builtin": 0.0214, SIGLIP: 0.25}

    def stop(encoder, control):
        window.app.tasks.cancel()
        raise Cancelled

    monkeypatch.setattr(model_trials, "measure", stop)
    window.press(panel.measure_button)
    window.wait_idle()
    assert said(dialog) == "Medición detenida."
    dialog.destroy()
    again = settings(window)
    assert row(again, SIGLIP)[2] == "4,2 min"
    again.destroy()


def test_the_trial_times_one_batch_after_warming_up(fake, monkeypatch):
    clock, counts = [0.0], []

    def encode(batch):
        assert (batch.dtype, batch.shape[1:]) == (np.float32, (3, 8, 8))
        counts.append(len(batch))
        clock[0] += 10.0 if len(counts) == 1 else 0.25 * len(batch)  # the first pictures pay for everything

    monkeypatch.setattr(fake, "encode_images", encode)
    monkeypatch.setattr(model_trials.time, "perf_counter", lambda: clock[0])
    fake.batch_size = 64
    assert model_trials.measure(fake) == pytest.approx(0.25)
    assert counts == [2, 2, 8]  # two seconds' worth
    fake.batch_size = 3
    assert model_trials.measure(fake) == pytest.approx(0.25)
    assert counts[3:] == [2, 2, 3]
    with pytest.raises(Cancelled):
        model_trials.measure(fake, CancelledWhen(lambda: True))


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": "x", "b": -1, "c": NaN}', ""])
def test_damaged_speeds_count_as_not_measured(home, content):
    (home / "model_speeds.json").write_text(content)
    assert model_trials.read_speeds(home) == {}
    model_trials.remember_speed(home, "builtin", 0.5)
    assert model_trials.read_speeds(home) == {"builtin": 0.5}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59.4, "59 s"), (90, "1,5 min"), (1800, "30 min"), (9000, "2,5 h")],
)
def test_durations_are_small_numbers(seconds, words):
    assert model_table.duration(seconds) == words


# -- The engine's side ---------------------------------------------------------------------------------


@pytest.fixture
def engine(home, folder):
    made = Engine(home, Config(weights_folder=str(folder), encoder="builtin"))
    yield made
    made.close()


def clip_files(folder: Path) -> list[Path]:
    """What is in the weights folder of somebody who used CLIP ViT-B/32, and beside it what must stay."""
    folder.mkdir()
    names = [
        *("ViT-B-32.pt", "ViT-B-32-40d365715913.safetensors", "ViT-B-32-40d365715913-int8.onnx"),
        *("ViT-B-16.pt", "ViT-B-32-0123456789ab.safetensors", "other.txt"),
    ]
    for name in names:
        (folder / name).write_bytes(b"x" * 10)
    return [folder / name for name in names]


def test_removing_clip_removes_what_was_made_of_it(engine, folder):
    files = clip_files(folder)
    assert engine.models.remove(DEFAULT_CLIP) == 30
    assert [path.exists() for path in files] == [False, False, False, True, True, True]
    assert engine.models.remove(DEFAULT_CLIP) == 0
    assert engine.models.remove("clip-rn50") == 0


def test_the_model_in_use_and_the_own_checkpoint_are_refused(home, folder, engine):
    files = clip_files(folder)
    engine.models.use(DEFAULT_CLIP)
    with pytest.raises(ModelInUse) as refused:
        engine.models.remove(DEFAULT_CLIP)
    assert refused.value.params == {"name": "CLIP ViT-B/32 (rápido)"}
    own = Engine(home, Config(weights_folder=str(folder), clip_checkpoint=str(files[0])))
    try:
        with pytest.raises(OwnCheckpoint):
            own.models.remove(DEFAULT_CLIP)
    finally:
        own.close()
    assert all(path.exists() for path in files)


def test_a_removal_that_fails_can_be_tried_again(engine, folder, monkeypatch):
    files = clip_files(folder)
    unlink = Path.unlink

    def refuse(path, **options):
        if path.suffix == ".onnx":
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(ModelNotRemoved):
            engine.models.remove(DEFAULT_CLIP)
    assert files[0].exists()  # still listed as installed, so that "Eliminar" is still offered
    engine.models.remove(DEFAULT_CLIP)
    assert [path.exists() for path in files[:3]] == [False, False, False]
