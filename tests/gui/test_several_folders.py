"""Several folders as one library in the real window: adding, states, searching together or alone, taking out."""

from __future__ import annotations

import json
import os
import tkinter as tk
from pathlib import Path

import pytest

from semantik.desktop import file_manager
from semantik.engine.answers import Answer
from semantik.engine.models import Models
from semantik.gui.actions.searching import Searching
from semantik.gui.main_window.folder_list import FEWEST_LINES, MOST_LINES, FolderLine, FolderList
from semantik.gui.main_window.folder_row import FolderRow
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.gui.widgets import file_dialogs
from semantik.gui.widgets.screen_scale import AROUND
from semantik.storage.home import index_folder
from semantik.storage.settings import CONFIG_NAME, load_config
from semantik.words import text
from tests.support.folder_list import add, rows, select, toggle
from tests.support.libraries import paint
from tests.support.screens import press
from tests.support.widget_finders import letter
from tests.support.window import Window

FOLDERS = "Directorio de Imágenes"

ANSWERS: list[Answer] = []
"""What the searches found."""


@pytest.fixture
def start(start, monkeypatch):
    told = Searching._answered

    def keep(self, answer, page):
        ANSWERS.append(answer)
        told(self, answer, page)

    monkeypatch.setattr(Searching, "_answered", keep)
    return start


@pytest.fixture
def trip(tmp_path) -> Path:
    """Another folder, as of another disk: two pictures, one of them nearly red."""
    folder = tmp_path / "disco" / "viajes"
    paint(folder / "granate.png", (200, 20, 20))
    paint(folder / "2019" / "cielo.png", (40, 60, 255))
    return folder


@pytest.fixture
def both(start, library, trip) -> Window:
    """A window in which the two folders are open and indexed."""
    window = start(encoder="builtin")
    window.choose_folder(library)
    add(window, trip)
    window.messages.clear()
    return window


def found(window: Window, words: str) -> list[str]:
    """The names of the hits, best first."""
    window.search(words)
    return [hit.path.name for hit in ANSWERS.pop().hits]


def shown(window: Window) -> tuple[bool, bool, bool]:
    """Whether there is an entry for one folder, a list of several, and a button to take one out."""
    return tuple(bool(window.find(*what)) for what in (("entry", FOLDERS), ("table", FOLDERS), ("button", "Quitar")))


# -- Adding ----------------------------------------------------------------------------------------------


def test_a_second_folder_turns_the_entry_into_a_list(start, library, trip, home):
    window = start(encoder="builtin")
    assert shown(window) == (True, False, False)
    window.choose_folder(library)
    window.messages.clear()
    add(window, trip)
    assert shown(window) == (False, True, True)
    assert rows(window) == [("☑", str(library), "6 fotos", "al día"), ("☑", str(trip), "2 fotos", "al día")]
    (done,) = window.messages  # only the new folder was indexed
    assert "2 imágenes nuevas" in done
    saved = json.loads((home / CONFIG_NAME).read_text())
    assert (saved["image_folder"], saved["folders"]) == (str(library), [str(library), str(trip)])
    assert int(window.entry("Resultados a Mostrar (K)").cget("to")) == 8


def test_the_folders_are_searched_as_one(both):
    assert found(both, "rojo")[:2] == ["rojo.png", "granate.png"]
    assert found(both, "azul")[:2] == ["azul.png", "cielo.png"]
    assert both.status.startswith("8 resultados en el navegador")
    both.wait(lambda: [path.name for path in both.part(ResultStrip).shown[:2]] == ["azul.png", "cielo.png"])


def test_a_folder_within_another_is_not_added(both, library):
    add(both, library / "viaje")
    assert both.messages == [f"«{library / 'viaje'}» ya está dentro de «{library}»: sus fotos ya se encuentran."]
    assert len(rows(both)) == 2
    both.messages.clear()
    add(both, library)
    assert both.messages == [f"«{library}» ya está dentro de «{library}»: sus fotos ya se encuentran."]


def test_a_folder_that_holds_others_takes_their_place_if_wanted(both, tmp_path, library, trip):
    both.answers = ["no"]
    add(both, tmp_path / "disco")
    assert both.messages[0].startswith(f"«{tmp_path / 'disco'}» contiene «{trip}», que ya está en la biblioteca.")
    assert [path for _, path, _, _ in rows(both)] == [str(library), str(trip)]
    both.answers = ["yes"]
    add(both, tmp_path / "disco")
    assert [path for _, path, _, _ in rows(both)] == [str(library), str(tmp_path / "disco")]
    assert both.app.loaded.opened.library.count == 8


def test_a_folder_that_is_dropped_onto_the_list_is_added(both, tmp_path, library, trip):
    other = paint(tmp_path / "otra" / "verde2.png", (0, 200, 0)).parent
    both.app.examples.take([other])
    both.wait_idle()
    assert [path for _, path, _, _ in rows(both)] == [str(library), str(trip), str(other)]
    assert found(both, "verde")[:2] == ["verde.png", "verde2.png"]


def test_several_folders_are_dropped_at_once(start, library, trip):
    window = start(encoder="builtin")
    window.app.examples.take([library, trip])
    window.wait_idle()
    assert rows(window) == [("☑", str(library), "6 fotos", "al día"), ("☑", str(trip), "2 fotos", "al día")]


def test_the_dialog_that_is_cancelled_adds_nothing(both, monkeypatch):
    monkeypatch.setattr(file_dialogs.filedialog, "askdirectory", lambda **options: "")
    both.press(both.button("Añadir…"))
    assert len(rows(both)) == 2
    assert both.messages == []


# -- Together or alone -----------------------------------------------------------------------------------


def test_a_click_on_its_mark_leaves_a_folder_out_and_takes_it_in_again(both, home, trip):
    table = both.table(FOLDERS)
    x, y, width, height = table.bbox("1", "mark")

    def click() -> None:
        table.event_generate("<Button-1>", x=x + width // 2, y=y + height // 2)
        table.event_generate("<ButtonRelease-1>", x=x + width // 2, y=y + height // 2)
        both.root.update()

    click()
    assert [mark for mark, *_ in rows(both)] == ["☑", "☐"]
    assert load_config(home).inactive_folders == (str(trip),)
    assert both.status == "Listo: 6 imágenes. Modelo: Integrado (sin descarga)."
    assert "granate.png" not in found(both, "rojo")
    click()
    assert [mark for mark, *_ in rows(both)] == ["☑", "☑"]
    assert load_config(home).inactive_folders == ()
    assert found(both, "rojo")[1] == "granate.png"


def test_a_double_click_searches_in_one_alone_and_again_in_all(both):
    table = both.table(FOLDERS)
    x, y, width, height = table.bbox("1", "path")
    for begin, marks in ((1_000, ["☐", "☑"]), (5_000, ["☑", "☑"])):
        for moment in (0, 80, 160):  # milliseconds; a nervous third click does no more than two
            for event in ("<Button-1>", "<ButtonRelease-1>"):
                table.event_generate(event, x=x + width // 2, y=y + height // 2, time=begin + moment)
        both.root.update()
        assert [mark for mark, *_ in rows(both)] == marks
    assert found(both, "azul")[:2] == ["azul.png", "cielo.png"]


def test_one_folder_at_least_stays(both):
    toggle(both, 0)
    toggle(both, 1)
    assert [mark for mark, *_ in rows(both)] == ["☐", "☑"]
    assert both.status == "Al menos una carpeta tiene que quedar marcada para buscar en ella."


def test_the_list_by_keyboard(both, monkeypatch, library, trip):
    display = os.environ["DISPLAY"]
    table = both.table(FOLDERS)
    both.more_options()
    assert letter(both.button("Quitar"))
    both.entry("Texto a Buscar").focus_force()
    press(display, f"alt+{letter(table)}")
    both.wait(lambda: both.root.focus_get() is table, "the list has the keyboard")
    press(display, "Down", "space")
    both.wait(lambda: [mark for mark, *_ in rows(both)] == ["☑", "☐"])
    popped = []
    menu = both.part(FolderList).menu
    monkeypatch.setattr(menu, "tk_popup", lambda x, y: popped.append((x, y)))
    press(display, "shift+F10")
    both.wait(lambda: popped)
    assert [menu.entrycget(place, "label") for place in range(5)] == [
        "Buscar solo en esta",
        "Buscar en todas",
        "Actualizar su índice",
        "Mostrar en el explorador de archivos",
        "Quitar de la biblioteca",
    ]
    menu.invoke(1)
    both.wait(lambda: [mark for mark, *_ in rows(both)] == ["☑", "☑"])
    revealed = []
    monkeypatch.setattr(file_manager, "reveal", revealed.append)
    menu.invoke(3)
    both.wait(lambda: revealed == [trip])
    press(display, "Delete")
    both.wait(lambda: not table.winfo_ismapped())
    both.wait_idle()
    assert both.entry(FOLDERS).get() == str(library)


# -- Taking out, and coming back ---------------------------------------------------------------------------


def test_quitar_keeps_the_pictures_and_the_index(both, library, trip, home, encoders):
    select(both, 1)
    both.press(both.button("Quitar"))
    both.wait_idle()
    assert shown(both)[:2] == (True, False)
    assert both.entry(FOLDERS).get() == str(library)
    assert load_config(home).folders == ()
    assert sorted(path.name for path in trip.rglob("*.png")) == ["cielo.png", "granate.png"]
    assert "granate.png" not in found(both, "rojo")
    before = sum(fake.images for fake in encoders)
    add(both, trip)
    assert both.app.loaded.opened.library.count == 8
    assert sum(fake.images for fake in encoders) == before  # its index was kept
    assert both.messages == []


def test_the_next_start_has_them_all_with_what_rests(both, start, library, trip):
    toggle(both, 0)
    both.close()
    again = start()
    assert rows(again) == [("☐", str(library), "6 fotos", "al día"), ("☑", str(trip), "2 fotos", "al día")]
    assert again.messages == []
    assert found(again, "rojo") == ["granate.png", "cielo.png"]


def test_another_model_opens_the_same_folders(both, monkeypatch, library, trip):
    monkeypatch.setattr(Models, "is_ready", lambda self, name: True)
    toggle(both, 0)
    both.app.loaded.models.take("clip-vit-b-32")
    both.wait_idle()
    assert rows(both) == [("☐", str(library), "", "sin indexar"), ("☑", str(trip), "2 fotos", "al día")]
    assert both.messages[0].startswith("Esta carpeta aún no está indexada con el modelo CLIP ViT-B/32")
    both.app.loaded.models.take("builtin")
    both.wait_idle()
    assert rows(both) == [("☐", str(library), "6 fotos", "al día"), ("☑", str(trip), "2 fotos", "al día")]


def test_typing_another_folder_is_what_browse_is_for(both, start, tmp_path, home):
    """Without the list there is one folder, as before: another that is opened takes its place."""
    select(both, 1)
    both.press(both.button("Quitar"))
    both.wait_idle()
    other = paint(tmp_path / "otra" / "verde2.png", (0, 200, 0)).parent
    both.choose_folder(other)
    assert both.app.loaded.opened.named == (str(other),)
    assert found(both, "verde") == ["verde2.png"]


def test_the_language_changes_with_the_list_in_place(both, trip):
    both.app.save_config(language="en")
    both.app.speak()
    both.root.update()
    assert [state for *_, state in rows(both)] == ["up to date", "up to date"]
    assert [count for _, _, count, _ in rows(both)] == ["6 photos", "2 photos"]
    assert both.find("button", "Remove")
    text.set_language("es")


# -- States ------------------------------------------------------------------------------------------------


def test_changed_and_missing_folders_are_told_apart(both, start, library, trip, tmp_path):
    both.close()
    paint(library / "nueva.png", (1, 1, 254))
    trip.rename(tmp_path / "desenchufado")
    window = start(answers=["no"])
    (question,) = window.messages
    assert question.startswith("fotos: La carpeta ha cambiado desde la última vez: 1 imagen nueva.")
    assert rows(window) == [
        ("☑", str(library), "6 fotos", "con cambios"),
        ("☑", str(trip), "2 fotos", "no disponible"),
    ]
    assert found(window, "rojo")[:2] == ["rojo.png", "granate.png"]  # the unplugged disk's index is searched
    # What can be brought up to date is; what cannot is told.
    window.messages.clear()
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    assert len(window.messages) == 1
    assert f"«{trip}»" in window.messages[0]
    assert [state for *_, state in rows(window)] == ["al día", "no disponible"]
    assert found(window, "azul")[:2] == ["azul.png", "nueva.png"]


def test_a_damaged_index_is_asked_about_at_the_start_and_by_the_button(both, start, home, library, trip):
    both.close()
    (index_folder(home, trip, "builtin") / "image_index.json").write_text("{")
    window = start(answers=["no"])
    assert len(window.messages) == 1
    assert window.messages[0].startswith("viajes: ")
    assert [state for *_, state in rows(window)] == ["al día", "índice dañado"]
    assert found(window, "rojo")[0] == "rojo.png"
    window.answers = ["yes", "ok"]
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    window.wait(lambda: rows(window)[1][3] == "al día" and not window.app.tasks.busy)
    assert found(window, "rojo")[:2] == ["rojo.png", "granate.png"]


def test_one_question_for_all_that_changed(both, start, library, trip):
    both.close()
    paint(library / "nueva.png", (1, 1, 254))
    paint(trip / "otra.png", (1, 254, 1))
    paint(trip / "y_otra.png", (254, 254, 1))
    window = start(answers=["yes"])
    assert window.messages[0].startswith("2 carpetas han cambiado desde la última vez: en total, 3 imágenes nuevas")
    assert "3 imágenes nuevas y 8 ya estaban" in window.messages[1]
    assert [count for _, _, count, _ in rows(window)] == ["7 fotos", "4 fotos"]


def test_one_folder_is_brought_up_to_date_from_its_menu(both, library, trip):
    paint(library / "nueva.png", (1, 1, 254))
    paint(trip / "otra.png", (1, 254, 1))
    both.app.loaded.folders.update(str(trip))
    both.wait_idle()
    assert [count for _, _, count, _ in rows(both)] == ["6 fotos", "3 fotos"]
    (done,) = both.messages
    assert "1 imagen nueva y 2 ya estaban" in done


def test_pictures_that_were_deleted_in_two_folders_are_asked_about_in_both(both, library, trip, tmp_path):
    other = tmp_path / "muchas"
    for folder in (other, trip):
        for number in range(40):
            paint(folder / f"{number}.png", (number, 0, 200))
    add(both, other)
    both.press(both.button("Actualizar índice"))
    both.wait_idle()
    for folder in (other, trip):
        for number in range(36):
            (folder / f"{number}.png").unlink()
    both.messages.clear()
    both.answers = ["yes", "yes", "ok"]
    both.press(both.button("Actualizar índice"))
    both.wait(lambda: both.app.loaded.opened.library.count == 6 + 6 + 4 and not both.app.tasks.busy)
    assert [count for _, _, count, _ in rows(both)] == ["6 fotos", "6 fotos", "4 fotos"]


def test_bad_files_of_both_folders_are_listed_with_their_folder(both, library, trip):
    (library / "rota.jpg").write_bytes(b"x")
    (trip / "rota.jpg").write_bytes(b"x")
    both.press(both.button("Actualizar índice"))
    both.wait_idle()
    both.press(both.button("Omitidas (2)"))
    dialog = both.dialog()
    table = both.table(within=dialog)
    names = [str(table.item(row, "values")[0]) for row in table.get_children()]
    assert len(set(names)) == 2
    paint(trip / "buena.png", (1, 2, 3)).replace(trip / "rota.jpg")
    both.press(both.button("Reintentar todos", within=dialog))
    both.wait_idle()
    skipped = both.button("Omitidas (1)")
    assert [count for _, _, count, _ in rows(both)] == ["6 fotos", "3 fotos"]
    # Of a folder that rests nothing is told.
    toggle(both, 0)
    assert not skipped.winfo_ismapped()


def test_as_many_folders_are_listed_as_the_screen_has_room_for(window, monkeypatch):
    window.more_options()
    row, shown = window.part(FolderRow), []
    lines = [FolderLine(f"/media/{letter}", 10, "al día", active=True) for letter in "abcdefgh"]
    for height in (768, 680, 640, 600, 560, 520, 480):
        with monkeypatch.context() as screen:
            screen.setattr(tk.Misc, "winfo_screenheight", lambda self, height=height: height)
            row.show(lines[: 8 - len(shown) % 2])
            window.root.update()
        shown.append(int(row.list.table.cget("height")))
        assert shown[-1] == FEWEST_LINES or window.root.minsize()[1] <= height - AROUND
    assert shown == sorted(shown, reverse=True)
    assert (shown[0], shown[-1]) == (MOST_LINES, FEWEST_LINES)
    assert len(set(shown)) > 2
