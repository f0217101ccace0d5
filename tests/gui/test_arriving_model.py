"""A model is brought while another one answers: downloaded, indexed with and offered, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from semantik.downloads import model_file_set
from semantik.encoders import registry
from semantik.encoders.registry import DEFAULT_CLIP
from semantik.errors import DiskFull, NoNetwork
from semantik.gui.dialogs import guide
from semantik.gui.main_window.arrival_row import ArrivalRow
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.small_models import CONTENTS, SIGLIP, served_siglip
from tests.support.weights_server import Server
from tests.support.window import Window

TITLE = "SigLIP 2 B/32"
LISTED = f"{TITLE} (descargar: 3 MB)"
READY = f"{TITLE} está listo: ya ha visto sus fotos."
PREPARED = "Listo: 6 imágenes. Modelo: SigLIP 2 B/32 (español y muchos más)."


@pytest.fixture
def servers(monkeypatch) -> Iterator[list[Server]]:
    """SigLIP 2 as two small files."""
    with served_siglip(monkeypatch) as served:
        yield served


@pytest.fixture
def held(servers) -> threading.Event:
    """Lets the weights go on their way."""
    servers[0].gate = threading.Event()
    return servers[0].gate


@pytest.fixture
def at_home(start, library, home) -> Callable[..., Window]:
    """Opens the window of somebody whose photos are indexed with the embedded model, and nothing is left to tell."""

    def begin(**settings: object) -> Window:
        window = start(image_folder=str(library), **settings)
        window.messages.clear()
        return window

    return begin


@pytest.fixture
def suggested(monkeypatch, library) -> None:
    """The guide finds these photos by itself."""
    monkeypatch.setattr(guide, "suggested_folders", lambda: [library])


def told(window: Window) -> str:
    """What the row of a model on its way says; "" while there is none."""
    row = window.part(ArrivalRow)
    return str(row.message.cget("text")) if row.winfo_ismapped() else ""


def choose(window: Window, title: str) -> None:
    """Pick a model in "Modelo"."""
    window.more_options()
    box = window.combobox("Modelo")
    box.current(box["values"].index(title))
    box.event_generate("<<ComboboxSelected>>")
    window.root.update()


def fetch(window: Window) -> None:
    """Choose SigLIP 2, and agree to its download."""
    choose(window, LISTED)
    window.press(window.button("Descargar (3 MB)", within=window.dialog()))


def offered(window: Window) -> Any:
    """The button that takes the model into use, as soon as it is offered."""
    window.wait(lambda: window.find("button", "Usarlo ya"), "the offer")
    return window.button("Usarlo ya")


def encoder(window: Window) -> str:
    return str(window.app.engine.models.encoder.name)


@pytest.mark.usefixtures("suggested")
def test_from_the_guide_to_the_better_model(start, home, held, saved, pages):
    window = start(encoder="", ready=False)
    steps = window.dialog()
    assert isinstance(steps, guide.Guide)
    window.wait(steps.folder_step.list.chosen, "the folder")
    window.press(steps.main)
    assert steps.model_step.model.get() == SIGLIP
    window.press(steps.main)
    steps.search_step.query.set("rojo")
    window.press(steps.main)
    # The guide is over, and what was asked in it is answered, although nothing has arrived.
    window.wait(lambda: pages and not window.app.tasks.busy, "the results page")
    assert encoder(window) == "builtin"
    assert told(window) == f"Descargando {TITLE}…"
    assert (saved()["encoder"], saved()["next_encoder"], saved()["guide"]) == ("builtin", SIGLIP, False)
    assert "6 imágenes nuevas" in window.messages.pop()
    held.set()
    use = offered(window)
    assert told(window) == READY
    assert len([*home.glob(f"indexes/*/{SIGLIP}/image_index.json")]) == 1
    assert (encoder(window), window.messages, window.dialogs()) == ("builtin", [], [])
    window.search("azul")
    assert "Modelo: Integrado" in window.status
    window.press(use)
    window.wait(lambda: window.status == PREPARED, "the other index")
    assert (encoder(window), told(window), window.messages) == (SIGLIP, "", [])
    assert (saved()["encoder"], saved()["next_encoder"]) == (SIGLIP, "")
    window.search("azul")
    assert "Modelo: SigLIP 2 B/32" in window.status
    assert len(pages) == 3


def test_chosen_in_more_options_it_comes_the_same_way(at_home, held, encoders, saved, library):
    window = at_home()
    choose(window, LISTED)
    window.press(window.button("Ahora no", within=window.dialog()))
    assert (told(window), window.status) == ("", "Listo: 6 imágenes. Modelo: Integrado (sin descarga).")
    fetch(window)
    assert window.combobox("Modelo").get() == "Integrado (sin descarga)"
    choose(window, LISTED)  # once more
    assert (window.status, window.dialogs()) == (f"{TITLE} ya está en camino.", [])
    # What is indexed for the user goes first.
    go, encode = threading.Event(), FakeEncoder.encode_images
    FakeEncoder.encode_images = lambda self, batch: (go.wait(20), encode(self, batch))[1]
    try:
        paint(library / "gris.png", (99, 99, 99))
        window.press(window.button("Actualizar índice"))
        held.set()
        waits = f"{TITLE} ya está descargado; se preparará cuando acabe lo que se está indexando."
        window.wait(lambda: told(window) == waits, "the download")
        assert not any(made.name == SIGLIP and made.images for made in encoders)
    finally:
        go.set()
        FakeEncoder.encode_images = encode
    offered(window)
    window.wait_idle()
    window.press(window.button("Ahora no"))
    assert window.status == f"Podrá cambiar a {TITLE} cuando quiera, al momento, en «Modelo»."
    assert (told(window), encoder(window), saved()["next_encoder"]) == ("", "builtin", "")
    # It can be switched to at any time: nothing is asked and nothing indexed.
    window.messages.clear()
    before = sum(made.images for made in encoders)
    choose(window, "SigLIP 2 B/32 (español y muchos más)")
    window.wait(lambda: window.status == PREPARED.replace("6", "7"), "the other index")
    assert (window.messages, sum(made.images for made in encoders)) == ([], before)


def test_closing_keeps_it_and_the_next_start_goes_on(start, at_home, servers, saved, home):
    window = at_home()
    part = home / "w" / "s" / "net.safetensors.part"
    servers[0].silent_after = 1_000_000
    fetch(window)
    window.wait(lambda: part.exists() and part.stat().st_size == 1_000_000, "a part")
    servers[0].stopped.set()  # the server ends its answer, so that the download looks up at once
    window.close()
    servers[0].silent_after = None
    assert saved()["next_encoder"] == SIGLIP
    servers[1].gate = threading.Event()
    again = start()
    again.wait(lambda: servers[1].requests, "the second file")
    assert servers[0].requests[-1]["Range"] == "bytes=1000000-"
    # Who leaves it for later is not surprised by it at the next start.
    again.press(again.button("Más tarde"))
    assert told(again) == f"{TITLE} espera: no se descarga ni se prepara hasta que lo diga."
    servers[1].gate.set()
    again.close()
    asked = len(servers[1].requests)
    later = start()
    assert told(later).startswith(f"{TITLE} espera")
    assert (len(servers[1].requests), saved()["next_encoder_paused"]) == (asked, True)
    later.press(later.button("Seguir ahora"))
    offered(later)
    later.close()
    # The offer stays until it is answered, and needs nothing new.
    last = start()
    last.press(offered(last))
    last.wait(lambda: last.status == PREPARED, "the other index")
    assert [path.read_bytes() for path in sorted((home / "w" / "s").glob("*s*n"))] == [CONTENTS[1]]


def test_what_hinders_it_is_told_in_its_row_alone(at_home, servers, saved, monkeypatch, home):
    failures = [
        NoNetwork(name=TITLE, host="example.org"),
        DiskFull(name=TITLE, folder=home / "w", needed_mb=1500),
    ]
    download = model_file_set.download

    def fail(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop(0)
        return download(*arguments, **options)

    monkeypatch.setattr(registry.model_file_set, "download", fail)
    window = at_home()
    fetch(window)
    offline = "No hay conexión con example.org, así que SigLIP 2 B/32 no se pudo descargar. Compruebe la red e "
    window.wait(lambda: told(window) == f"{offline}inténtelo de nuevo.", "no network")
    assert (encoder(window), window.combobox("Modelo").get()) == ("builtin", "Integrado (sin descarga)")
    window.search("rojo")
    window.press(window.button("Reintentar"))
    full = f"No hay espacio para {TITLE} en «{home / 'w'}»: hacen falta 1500 MB. Libere espacio e inténtelo de nuevo."
    window.wait(lambda: told(window) == full, "no space")
    window.press(window.button("No lo quiero"))
    assert (told(window), saved()["next_encoder"], window.messages) == ("", "", [])
    assert window.status == (
        f"{TITLE} ya no se descarga ni se prepara; lo hecho se conserva. Elíjalo otra vez en «Modelo» y seguirá."
    )
    # A model of which something is wrong stays where it is, and is not offered.
    servers[0].content = bytes(len(CONTENTS[0]))
    fetch(window)
    window.wait(lambda: "su suma SHA-256 no coincide" in told(window), "a wrong file")
    assert window.find("button", "Usarlo ya") == []
    # In another language the row is there as before.
    window.app.save_config(language="en")
    window.app.speak()
    window.root.update()
    assert "its SHA-256 differs" in told(window)
    assert window.find("button", "Try again")
    # Whoever removes what arrived of it does not want it.
    window.app.services.happened.model_removing("multilingual")  # a part of another one
    assert saved()["next_encoder"] == SIGLIP
    window.app.services.happened.model_removing(SIGLIP)
    assert (told(window), saved()["next_encoder"]) == ("", "")


def test_clip_gets_the_text_tower_that_it_lacks(at_home, monkeypatch, servers, saved, home):
    """The model in use is completed, and used at once: nothing is indexed, nothing asked."""
    from semantik.encoders.clip import multilingual
    from semantik.encoders.open_clip import models as open_clip_models
    from semantik.engine import models

    monkeypatch.setattr(multilingual, "FILES", open_clip_models.MODELS[SIGLIP].files)
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: name in ("builtin", DEFAULT_CLIP))
    window = at_home(encoder=DEFAULT_CLIP)
    before = window.app.engine.models.encoder
    window.app.loaded.models.accept(DEFAULT_CLIP)
    window.wait(lambda: window.app.loaded.arriving.name == "" and not window.app.tasks.busy, "the tower")
    assert (home / "w" / "s" / "tokenizer.json").read_bytes() == CONTENTS[1]
    assert window.app.engine.models.encoder is not before
    assert (told(window), saved()["next_encoder"], saved()["encoder"]) == ("", "", DEFAULT_CLIP)
    assert window.status == "CLIP ViT-B/32 ya tiene todo lo que le faltaba."
