"""The real window on a real screen, with a predictable encoder: what it shows, asks, refuses and remembers."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import tkinter as tk
from pathlib import Path

import pytest

import SemantikSearch
from semantik import __version__
from semantik.encoders import proof, registry
from semantik.engine import models
from semantik.errors import NoNetwork
from semantik.gui import window_services
from semantik.gui.actions import loaded_actions
from semantik.gui.main_window.arrival_row import ArrivalRow
from semantik.gui.main_window.filter_panel import FilterPanel
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets import file_dialogs
from semantik.long_tasks import Progress
from semantik.results import page
from semantik.storage.home import index_folder
from semantik.storage.settings import CONFIG_NAME
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import change_silently, paint
from tests.support.page_outline import Outline
from tests.support.systems import mapped_files
from tests.support.waiting import PATIENCE

# -- What is on the window -----------------------------------------------------------------------------


def test_labels_are_the_specified_ones(window):
    assert window.root.title() == "Semantic Image Search"
    texts = window.texts()
    for label in (
        "Directorio de Imágenes",
        "Examinar",
        "Actualizar índice",
        "Buscar por Texto",
        "Buscar por Imagen",
        "Texto a Buscar",
        "Ruta de Imagen",
        "Resultados a Mostrar (K)",
        "Buscar",
        "?",
    ):
        assert label in texts
    assert texts.count("Examinar") == 2
    assert window.status == "Elija la carpeta de sus fotos para empezar."


def test_the_window_says_what_it_loads_before_it_is_ready(start):
    window = start(encoder="builtin", ready=False)
    assert window.status == "Cargando el motor de búsqueda…"
    assert window.app.engine is None
    window.wait_idle()
    assert window.status == "Elija la carpeta de sus fotos para empezar."


def test_nothing_is_cut_off(window):
    for filters in (False, True):
        if filters:
            window.more_options()
            window.press(window.button("Filtros"))
        shown = [widget for widget in window.part(MainView).winfo_children() if widget.winfo_manager()]
        assert bool(window.part(FilterPanel).winfo_ismapped()) is filters
        for widget in shown:
            assert widget.winfo_width() >= widget.winfo_reqwidth()
        assert window.root.winfo_height() >= window.root.winfo_reqheight()


@pytest.mark.parametrize("content", [None, b"broken"])
def test_a_missing_or_broken_icon_breaks_nothing(start, monkeypatch, tmp_path, content):
    icon = tmp_path / "SS.png"
    if content:
        icon.write_bytes(content)
    monkeypatch.setattr(SemantikSearch, "ICON", icon)
    window = start(encoder="builtin")
    assert window.app.icon is None
    window.press(window.button("?"))
    assert "SemantikSearch" in window.texts(window.dialog())
    window.dialog().destroy()


def test_about_tells_what_it_is(window):
    assert window.app.icon is not None
    window.press(window.button("?"))
    box = window.dialog()
    texts = "\n".join(window.texts(box))
    assert box.title() == "Ayuda de SemantikSearch"
    for part in (
        f"Versión {__version__}",
        "Encuentra sus fotos por lo que se ve en ellas",
        "Modelo en uso: Integrado (sin descarga)",
        "Licencia MIT",
        "Creado por el equipo de SemantikSearch",
    ):
        assert part in texts
    window.key(box, "<Escape>")
    window.wait(lambda: not box.winfo_exists())


# -- The folder and its index --------------------------------------------------------------------------


def test_typing_a_folder_indexes_it_on_focus_out(window, library, home, encoders):
    window.choose_folder(library)
    assert len(window.messages) == 1
    assert window.messages[0].startswith("Índice terminado en ")
    assert window.messages[0].endswith(": 6 imágenes nuevas. En total, 6.")
    assert window.status == "Listo: 6 imágenes. Modelo: Integrado (sin descarga)."
    assert window.progress == 0  # cleared
    assert json.loads((home / CONFIG_NAME).read_text())["image_folder"] == str(library)
    assert (index_folder(home, library, "builtin") / "image_index.json").is_file()
    assert encoders[-1].images == 6


def test_browse_takes_the_chosen_folder(window, library, monkeypatch):
    monkeypatch.setattr(file_dialogs.filedialog, "askdirectory", lambda **options: str(library))
    window.press(window.button("Examinar", near="Directorio de Imágenes"))
    window.wait_idle()
    assert window.entry("Directorio de Imágenes").get() == str(library)
    assert window.app.loaded.opened.library.count == 6


def test_the_last_folder_is_reopened_with_its_index_and_nothing_is_embedded(start, library, encoders):
    first = start(encoder="builtin")
    first.choose_folder(library)
    first.close()
    again = start()
    assert again.entry("Directorio de Imágenes").get() == str(library)
    assert again.status == "Listo: 6 imágenes. Modelo: Integrado (sin descarga)."
    assert again.messages == []
    assert encoders[-1].images == 0
    assert again.app.is_index_valid()


def test_progress_is_shown_while_indexing(window, tmp_path):
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / f"{number}.png", (number * 6, 100, 0))
    seen: list[tuple[str, float]] = []

    def note(progress, library):
        seen.append((window.status, window.progress))

    window.app.services.happened.indexing_progressed.connect(note)
    window.choose_folder(folder)
    assert seen[0][0] == "Cargando el modelo Integrado (sin descarga)…"
    status, share = seen[5]
    assert status.startswith("Indexando 20 de 40 (50 %) · ")
    assert "img/s" in status
    assert share == pytest.approx(0.5)
    assert seen[-1][1] == 1.0


def test_cancelling_keeps_what_was_done_and_updating_goes_on(window, tmp_path, monkeypatch):
    folder = tmp_path / "muchas"
    for number in range(60):
        paint(folder / f"{number}.png", (number * 4, 100, 0))
    go_on = False
    cancelled = threading.Event()
    window.app.services.happened.cancelling.connect(cancelled.set)

    def cancel_early(progress, library):
        if progress.done == 8 and not go_on:
            window.press(window.button("Cancelar"))

    # The encoder waits for the window after its second batch, so that the cancel comes in time.
    encode = FakeEncoder.encode_images

    def wait_for_cancel(self, batch):
        if self.images >= 8:
            cancelled.wait(PATIENCE)
        return encode(self, batch)

    monkeypatch.setattr(FakeEncoder, "encode_images", wait_for_cancel)
    window.app.services.happened.indexing_progressed.connect(cancel_early)
    window.choose_folder(folder)
    count = window.app.loaded.opened.library.count
    assert 8 <= count < 60
    assert window.status == (f"Cancelado: {count} imágenes indexadas. «Actualizar índice» sigue donde se quedó.")
    go_on = True
    monkeypatch.setattr(FakeEncoder, "encode_images", encode)
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert window.messages[-1].endswith(f"{60 - count} imágenes nuevas y {count} ya estaban. En total, 60.")


def test_a_changed_folder_is_asked_about(start, library, encoders):
    first = start(encoder="builtin")
    first.choose_folder(library)
    first.close()
    paint(library / "nuevo.png", (0, 0, 200))
    paint(library / "rojo.png", (255, 0, 0), (99, 99))
    (library / "verde.png").unlink()
    refused = start(answers=["no"])
    assert refused.messages == [
        "La carpeta ha cambiado desde la última vez: 1 imagen nueva, 1 modificada y 1 que ya no está.\n\n"
        "¿Actualizar el índice ahora?"
    ]
    assert refused.status == "6 imágenes; la carpeta ha cambiado. Pulse «Actualizar índice» cuando quiera."
    assert not refused.app.is_index_valid()
    refused.close()
    agreed = start(answers=["yes", "ok"])
    assert agreed.messages[1].endswith("2 imágenes nuevas, 4 ya estaban y 2 quitadas. En total, 6.")
    assert encoders[-1].images == 2
    assert agreed.app.is_index_valid()


@mapped_files
def test_a_damaged_index_is_told_and_rebuilt_when_the_user_agrees(start, library, home):
    first = start(encoder="builtin")
    first.choose_folder(library)
    first.close()
    store = index_folder(home, library, "builtin")
    (vectors,) = store.glob("*.bin")
    damaged = bytearray(vectors.read_bytes())
    damaged[60] ^= 1
    vectors.write_bytes(damaged)
    refused = start(answers=["no"])
    assert refused.messages == [
        f"El índice guardado no se puede usar: sus vectores están dañados ({vectors.name}).\n\n"
        "¿Crear el índice de nuevo? Los archivos dañados se guardan aparte."
    ]
    assert refused.status == "Sin índice. Pulse «Actualizar índice»."
    assert vectors.read_bytes() == damaged
    refused.close()
    agreed = start()
    assert agreed.app.loaded.opened.library.count == 6
    (kept,) = store.glob("damaged-*/*.bin")
    assert kept.read_bytes() == damaged


def test_a_folder_that_does_not_exist_is_told(window, tmp_path):
    window.choose_folder(tmp_path / "nada")
    assert window.messages == [
        f"No se encuentra la carpeta «{tmp_path / 'nada'}». Compruebe el nombre o elija otra con «Examinar»."
    ]


def test_a_folder_without_pictures_is_told(window, tmp_path):
    (tmp_path / "vacia").mkdir()
    window.choose_folder(tmp_path / "vacia")
    assert window.messages == [f"No hay imágenes en la carpeta «{tmp_path / 'vacia'}». Elija otra carpeta."]


def test_an_unplugged_library_stays_searchable(start, library, pages):
    first = start(encoder="builtin")
    first.choose_folder(library)
    first.close()
    library.rename(library.with_name("desenchufada"))
    window = start()
    assert window.messages == []  # one sentence says it all
    assert (
        window.status
        == "La carpeta no está disponible; conecte su disco. Mientras tanto puede buscar en las 6 fotos ya indexadas."
    )
    window.search("rojo")
    assert "rojo.png" in pages[0].read_text(encoding="utf-8")


def test_mass_removal_is_asked_about(window, tmp_path):
    folder = tmp_path / "nas"
    for number in range(30):
        paint(folder / "disco" / f"{number}.png", (number, 9, 0))
    paint(folder / "otra.png", (1, 2, 3))
    window.choose_folder(folder)
    shutil.rmtree(folder / "disco")
    window.messages.clear()
    window.answers = ["no"]
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert window.messages[0].startswith(f"Faltan 30 de las 31 imágenes indexadas de «{folder}».")
    assert window.app.loaded.opened.library.count == 31
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert window.app.loaded.opened.library.count == 1


def test_updating_what_is_up_to_date_offers_to_read_all_pictures(window, library):
    window.choose_folder(library)
    change_silently(library / "azul.png", (255, 0, 1))
    window.messages.clear()
    window.answers = ["no"]
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert window.messages[0].startswith("Índice terminado")
    assert "¿Leer también su contenido, por si alguno cambió sin que se note?" in window.messages[0]
    index = window.app.loaded.opened.library.indexed_folders[0].index
    assert index.vector("azul.png") == pytest.approx([0, 0, 1])
    window.answers = ["yes", "ok"]
    window.press(window.button("Actualizar índice"))
    window.wait(lambda: len(window.messages) == 3)
    window.wait_idle()
    assert "1 imagen nueva, 5 ya estaban y 1 quitada" in window.messages[2]
    index = window.app.loaded.opened.library.indexed_folders[0].index
    assert index.vector("azul.png") == pytest.approx([1, 0, 0], abs=0.01)


def test_skipped_files_are_listed_with_reasons(window, library):
    (library / "rota.jpg").write_bytes(b"not a picture")
    (library / "vacia.jpg").write_bytes(b"")
    window.choose_folder(library)
    assert window.messages[0].endswith("2 archivos con problemas: pulse «Omitidas» para ver la lista.")
    window.press(window.button("Omitidas (2)"))
    table = window.table(within=window.dialog())
    assert [table.item(row, "values") for row in table.get_children()] == [
        ("rota.jpg", "no es una imagen conocida"),
        ("vacia.jpg", "el archivo está vacío"),
    ]
    window.dialog().destroy()


# -- Searching -----------------------------------------------------------------------------------------


def test_return_searches_by_text_and_opens_the_page(window, library, pages):
    window.choose_folder(library)
    window.search("rojo")
    assert len(pages) == 1
    html = pages[0].read_text(encoding="utf-8")
    assert html.index("rojo.png") < html.index("naranja.png") < html.index("amarillo.png")
    assert "1,000" in html
    assert window.status.startswith("6 resultados en el navegador (0,")


def test_only_relevant_results_when_asked_for(window, library, pages, home, start):
    window.choose_folder(library)
    window.more_options()
    window.press(window.check("Solo resultados relevantes"))
    assert json.loads((home / CONFIG_NAME).read_text())["only_relevant"] is True
    window.search("rojo")
    assert window.status.startswith("1 resultado")
    html = pages[0].read_text(encoding="utf-8")
    assert "5 imágenes menos relevantes no se muestran" in html
    # The other five are on the page, out of sight until its link is followed.
    hits = [attrs for attrs, _ in Outline(html).all("li") if "hit" in attrs.get("class", "").split()]
    assert ["less" in attrs["class"].split() for attrs in hits] == [False] + [True] * 5
    assert Outline(html).texts("p", "show-less") == ["5 imágenes menos relevantes"]
    window.close()
    again = start()
    assert again.check("Solo resultados relevantes").instate(["selected"])
    again.press(again.check("Solo resultados relevantes"))
    again.search("rojo")
    assert again.status.startswith("6 resultados en el navegador")


@pytest.mark.parametrize(
    ("role", "label"),
    [
        ("entry", "Directorio de Imágenes"),
        ("entry", "Ruta de Imagen"),
        ("entry", "Resultados a Mostrar (K)"),
        ("combobox", "Modelo"),
        ("radio", "Buscar por Texto"),
        ("button", "?"),
    ],
)
def test_return_searches_from_anywhere(window, library, pages, role, label):
    window.choose_folder(library)
    window.type_words("azul")
    window.more_options()
    (focused,) = window.find(role, label)
    window.key(focused, "<Return>")
    window.wait_idle()
    assert len(pages) == 1


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")
def test_real_keys_search_too(window, library, pages):
    window.choose_folder(library)
    entry = window.entry("Texto a Buscar")
    entry.focus_force()
    # The keys come from outside, while this thread keeps the window alive. Two calls: after a search,
    # xdotool would send its keys past the keyboard, to the window that it found.
    focus = "xdotool search --onlyvisible --name '^Semantic Image Search$' windowfocus --sync"
    keys = subprocess.Popen(f"{focus} && xdotool type --delay 30 verde && xdotool key Return", shell=True)
    window.wait(lambda: pages, "a page")
    window.wait_idle()
    assert keys.wait(PATIENCE) == 0
    assert entry.get() == "verde"
    html = pages[0].read_text(encoding="utf-8")
    assert html.index("verde.png") < html.index("rojo.png")


def test_searching_by_image(window, library, pages):
    window.choose_folder(library)
    window.leave(window.type_picture(f'"{library / "viaje" / "amarillo.png"}"'))
    assert window.mode == "Buscar por Imagen"
    window.push_search()
    html = pages[0].read_text(encoding="utf-8")
    assert html.index("naranja.png") < html.index("azul.png")


def test_return_in_the_image_path_searches_by_that_image(window, library, pages):
    window.choose_folder(library)
    window.search("rojo")
    window.key(window.type_picture(library / "azul.png"), "<Return>")
    window.wait_idle()
    assert window.mode == "Buscar por Imagen"
    html = pages[1].read_text(encoding="utf-8")
    assert html.index("azul.png") < html.index("rojo.png")
    window.search("rojo")
    assert window.mode == "Buscar por Imagen"  # set by typing, as below
    window.key(window.entry("Texto a Buscar"), "<KeyPress-a>")
    assert window.mode == "Buscar por Texto"


def test_browse_image_takes_the_chosen_picture(window, library, pages, monkeypatch):
    window.choose_folder(library)
    monkeypatch.setattr(file_dialogs.filedialog, "askopenfilenames", lambda **options: (str(library / "azul.png"),))
    window.press(window.button("Examinar", near="Ruta de Imagen"))
    assert window.mode == "Buscar por Imagen"
    window.push_search()
    assert len(pages) == 1


def test_k_limits_the_results_and_is_remembered(start, library, pages):
    window = start(encoder="builtin")
    window.choose_folder(library)
    assert window.entry("Resultados a Mostrar (K)").get() == "6"  # 20 were wanted, 6 are there
    window.entry("Resultados a Mostrar (K)").set("2")
    window.search("rojo")
    assert window.status.startswith("2 resultados")
    window.close()
    again = start()
    assert again.entry("Resultados a Mostrar (K)").get() == "2"


def test_a_bad_k_is_told(window, library, pages):
    window.choose_folder(library)
    for value in ("0", "7", "abc", "", "-3", "999999999999999999"):
        window.messages.clear()
        window.entry("Resultados a Mostrar (K)").set(value)
        window.search("rojo")
        assert window.messages == [f"K debe ser un número entero de 1 a 6. «{value}» no lo es."]
        assert pages == []


def test_searching_without_a_folder_is_told(window):
    window.search("rojo")
    assert window.messages == ["Elija primero la carpeta de sus fotos con «Examinar»."]


def test_updating_without_a_folder_is_told(window):
    window.press(window.button("Actualizar índice"))
    assert window.messages == ["Elija primero la carpeta de sus fotos con «Examinar»."]


def test_searching_without_an_index_is_told(window, tmp_path):
    (tmp_path / "vacia").mkdir()
    window.choose_folder(tmp_path / "vacia")
    window.messages.clear()
    window.search("rojo")
    assert window.messages == [f"No hay imágenes en la carpeta «{tmp_path / 'vacia'}». Elija otra carpeta."]


def test_an_empty_query_is_told(window, library):
    window.choose_folder(library)
    window.messages.clear()
    window.search("   ")
    assert window.messages == ["Escriba qué quiere buscar, por ejemplo «perro en la playa»."]


def test_missing_query_images_are_told(window, library, tmp_path):
    window.choose_folder(library)
    window.messages.clear()
    window.radio("Buscar por Imagen").invoke()
    window.press(window.button("Buscar"))
    assert window.messages.pop() == "Elija primero una imagen de ejemplo con «Examinar»."
    window.type_picture(tmp_path / "nada.jpg")
    window.push_search()
    assert window.messages.pop() == f"No se encuentra la imagen «{tmp_path / 'nada.jpg'}». Elija otra con «Examinar»."
    (tmp_path / "rota.jpg").write_bytes(b"not a picture")
    window.type_picture(tmp_path / "rota.jpg")
    window.push_search()
    assert window.messages.pop() == (
        f"No se puede leer la imagen «{tmp_path / 'rota.jpg'}»: no es una imagen conocida. Elija otra."
    )


def test_searching_while_indexing_is_told(window, library, monkeypatch):
    hold = threading.Event()
    encode = FakeEncoder.encode_images

    def wait(self, batch):
        hold.wait(PATIENCE)
        return encode(self, batch)

    monkeypatch.setattr(FakeEncoder, "encode_images", wait)
    window.begin_folder(library)
    window.wait(lambda: window.status.startswith("Cargando el modelo"), "indexing")
    window.press(window.button("Buscar"))
    assert window.messages == ["Todavía no hay ninguna foto indexada. Podrá buscar dentro de unos segundos."]
    assert "disabled" in window.button("Actualizar índice").state()
    hold.set()
    window.wait_idle()
    assert window.app.loaded.opened.library.count == 6


def test_the_window_answers_while_indexing(window, tmp_path, monkeypatch):
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / f"{number}.png", (number, 100, 0), (300, 200))
    encode, embedding, answered = FakeEncoder.encode_images, threading.Event(), threading.Event()
    ticks = 0

    def wait(self, batch):
        embedding.set()
        assert answered.wait(PATIENCE), "the window did not answer while a batch was embedded"
        return encode(self, batch)

    def tick():
        nonlocal ticks
        ticks += embedding.is_set()
        if ticks == 50:
            window.type_words("mientras tanto")
            answered.set()
        window.root.after(5, tick)

    monkeypatch.setattr(FakeEncoder, "encode_images", wait)
    window.root.after(5, tick)
    window.choose_folder(folder)
    assert answered.is_set()
    assert window.entry("Texto a Buscar").get() == "mientras tanto"
    assert window.app.loaded.opened.library.count == 40


def test_closing_while_indexing_saves_first(start, tmp_path, home, monkeypatch):
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / f"{number}.png", (number * 6, 100, 0))
    window = start(encoder="builtin")
    cancelled = threading.Event()
    window.app.services.happened.cancelling.connect(cancelled.set)
    encode = FakeEncoder.encode_images

    def wait(self, batch):
        if self.images >= 8:
            cancelled.wait(PATIENCE)
        return encode(self, batch)

    monkeypatch.setattr(FakeEncoder, "encode_images", wait)
    window.begin_folder(folder)
    window.wait(lambda: window.status.startswith("Indexando 8"), "eight")
    window.close()
    stored = json.loads((index_folder(home, folder, "builtin") / "image_index.json").read_text())
    assert 8 <= stored["index"]["count"] < 40


def test_an_unexpected_error_is_logged_and_told(window, library, home, monkeypatch):
    window.choose_folder(library)
    window.messages.clear()

    def fail(self, texts):
        raise ZeroDivisionError("bug")

    monkeypatch.setattr(FakeEncoder, "encode_texts", fail)
    window.search("rojo")
    log = home / "semantiksearch.log"
    assert window.messages == [f"Algo ha fallado. Los detalles están en el registro: {log}"]
    content = log.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in content
    assert "ZeroDivisionError: bug" in content


def test_a_page_without_a_browser_is_told(window, library, monkeypatch):
    window.choose_folder(library)
    window.messages.clear()
    monkeypatch.setattr(page.webbrowser, "open_new_tab", lambda address: False)
    window.search("rojo")
    assert window.messages[0].startswith("No se pudo abrir el navegador. La página de resultados está en:\n")
    assert Path(window.messages[0].splitlines()[1]).is_file()


# -- Choosing the model --------------------------------------------------------------------------------


def test_who_skipped_the_guide_is_asked_once_and_the_embedded_model_needs_no_download(start, home):
    window = start(encoder="", guide=False, ready=False)
    dialog = window.dialog()
    texts = window.texts(dialog)
    assert "Descargar (1.470 MB)" in texts
    assert window.status == "Elija un modelo."
    window.press(window.button("Empezar con el integrado", within=dialog))
    window.wait_idle()
    assert window.app.engine.models.encoder.name == "builtin"
    assert json.loads((home / CONFIG_NAME).read_text())["encoder"] == "builtin"
    window.close()
    again = start()
    assert again.dialogs() == []


def test_a_failed_download_goes_on_with_the_embedded_model(start, monkeypatch):
    def fail(*arguments):
        raise NoNetwork(name="SigLIP 2 B/32", host="example.org")

    monkeypatch.setattr(registry.model_file_set, "download", fail)
    window = start(encoder="", guide=False, ready=False)
    window.press(window.button("Descargar (1.470 MB)", within=window.dialog()))
    window.wait_idle()
    row = window.part(ArrivalRow).message
    window.wait(lambda: window.find("button", "Reintentar"), "the failure")
    assert str(row.cget("text")) == (
        "No hay conexión con example.org, así que SigLIP 2 B/32 no se pudo descargar. Compruebe la red e inténtelo "
        "de nuevo."
    )
    assert window.messages == []
    assert window.app.engine.models.encoder.name == "builtin"
    window.more_options()
    assert window.combobox("Modelo").get() == "Integrado (sin descarga)"


def test_a_model_that_does_not_work_is_told_and_not_used(start, library, monkeypatch):
    refused = proof.Proof({"es": 0.5, "en": 0.5}, "meaning")
    monkeypatch.setattr(proof, "prove", lambda encoder, languages, control: refused)
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: True)  # it came by other ways than a download
    window = start(encoder="clip-vit-b-32", guide=False, ready=False)
    window.wait_idle()
    sentence = (
        "El modelo CLIP ViT-B/32 no ha pasado la prueba: no reconoce dibujos sencillos por su descripción, así que no "
        "se usa. Elimínelo en «Ajustes…» y descárguelo de nuevo, o elija otro modelo."
    )
    assert window.messages == [f"{sentence}\n\nMientras tanto se usa el modelo integrado."]
    assert window.app.engine.models.encoder.name == "builtin"
    window.more_options()
    box = window.combobox("Modelo")
    box.current(next(i for i, title in enumerate(box["values"]) if title.startswith("CLIP ViT-B/32")))
    box.event_generate("<<ComboboxSelected>>")  # it is known by now
    window.wait_idle()
    assert window.messages[1:] == window.messages[:1]
    assert (window.app.engine.models.encoder.name, box.get()) == ("builtin", "Integrado (sin descarga)")


def test_choosing_clip_downloads_all_that_it_takes_and_indexes_before_it_is_used(window, library, home, monkeypatch):
    window.choose_folder(library)
    window.messages.clear()
    arrived: list[str] = []
    shown = threading.Semaphore(0)

    def download(model, folder, control):
        control.report(Progress(100 << 20, model.size, 5 << 20, 48.0))
        assert shown.acquire(timeout=PATIENCE)
        arrived.append(model.name)

    monkeypatch.setattr(registry.model_file_set, "download", download)
    monkeypatch.setattr(registry.model_file_set, "is_ready", lambda model, folder: model.name in arrived)
    window.more_options()
    box = window.combobox("Modelo")
    assert [*box["values"]] == [
        "CLIP ViT-B/32 (descargar: 855 MB)",
        "SigLIP 2 B/32 (descargar: 1.470 MB)",
        "Integrado (sin descarga)",
    ]
    box.current(0)
    seen: list[str] = []
    line = window.part(ArrivalRow).message
    show = line.configure

    def note(**options):
        show(**options)
        if " de 855 MB" in options.get("text", ""):
            seen.append(options["text"])
            shown.release()

    monkeypatch.setattr(line, "configure", note)
    box.event_generate("<<ComboboxSelected>>")
    window.press(window.button("Descargar (855 MB)", within=window.dialog()))
    window.wait(lambda: window.find("button", "Usarlo ya"), "the offer")
    assert arrived == ["CLIP ViT-B/32", "clip-ViT-B-32-multilingual-v1"]
    assert seen == [
        "Descargando CLIP ViT-B/32: 100 de 855 MB · 5,0 MB/s · quedan 3 min",
        "Descargando CLIP ViT-B/32: 438 de 855 MB · 5,0 MB/s · quedan 1 min",
    ]
    assert window.app.engine.models.encoder.name == "builtin"
    window.press(window.button("Usarlo ya"))
    window.wait(lambda: window.status == "Listo: 6 imágenes. Modelo: CLIP ViT-B/32 (rápido).", "the other index")
    assert window.messages == []
    assert window.app.engine.models.encoder.name == "clip-vit-b-32"
    assert json.loads((home / CONFIG_NAME).read_text())["encoder"] == "clip-vit-b-32"
    for name in ("builtin", "clip-vit-b-32"):
        assert (index_folder(home, library, name) / "image_index.json").is_file()


def test_settings_that_cannot_be_saved_stop_nothing(start, library, monkeypatch):
    window = start(encoder="builtin")

    def fail(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(window_services, "save_config", fail)
    window.choose_folder(library)
    assert window.app.loaded.opened.library.count == 6


def test_no_widget_survives_the_window(window):
    window.close()
    with pytest.raises(tk.TclError):
        window.root.winfo_exists()


def test_return_struck_twice_is_one_search(window, library, pages, monkeypatch):
    monkeypatch.setattr(loaded_actions, "TWICE", 60.0)  # on any machine
    window.choose_folder(library)
    window.type_words("azul")
    entry = window.entry("Texto a Buscar")
    for _ in range(3):
        window.key(entry, "<Return>")
    window.wait_idle()
    window.key(entry, "<Return>")
    window.wait_idle()
    assert len(pages) == 1
    window.type_words("rojo")
    window.key(entry, "<Return>")
    window.wait_idle()
    assert len(pages) == 2


def test_the_macs_quit_saves_as_closing_does(window):
    window.app.save_config(theme="dark")
    window.root.after_cancel(window._watching)
    window.root.tk.call("::tk::mac::Quit")
    window.wait(lambda: not window._alive(), "closed")
    window.app.tasks.finish()
