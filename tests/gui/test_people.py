"""The people in the pictures, in the real window: the question before anything is done, and the groups of faces."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import ttk
from types import SimpleNamespace

import pytest

from semantik.desktop import file_manager
from semantik.errors import DownloadFailed, IndexNotSaved
from semantik.gui.dialogs import face_pictures
from semantik.gui.dialogs.face_pictures import SIDES, face_box, picture_side
from semantik.gui.dialogs.people import PeopleDialog
from semantik.gui.dialogs.people_offer import PeopleOffer
from semantik.gui.dialogs.person_faces import FaceTile, PersonDialog
from semantik.gui.dialogs.person_tile import PersonTile
from semantik.gui.widgets.entries import HintedEntry
from semantik.gui.widgets.tile_grid import TileGrid
from semantik.results.thumbnails import ThumbnailCache
from semantik.storage.settings import CONFIG_NAME
from tests.support.faces import face_of
from tests.support.fake_people import REGION, FakePeople, group
from tests.support.systems import grouped_faces
from tests.support.widget_finders import letter
from tests.support.window import Window

pytestmark = grouped_faces


@pytest.fixture
def pictures(library) -> list[Path]:
    """A picture for each face."""
    return sorted(library.rglob("*.png"))


def with_people(window: Window, folder: Path, people: FakePeople) -> FakePeople:
    """Open a folder in which these people are."""
    window.choose_folder(folder)
    window.messages.clear()
    window.app.engine.people = people
    return people


def opened(window: Window) -> PeopleDialog:
    """The people, where they are looked for already."""
    window.app.services.save(find_people=True)
    window.app.view.commands.show_people()
    dialog = window.dialog("Personas")
    assert isinstance(dialog, PeopleDialog)
    window.wait(lambda: str(dialog.count.cget("text")), "the groups")
    window.root.update()
    return dialog


def tile(dialog: PeopleDialog, name: str) -> PersonTile:
    """The one that says who it is, or of those without a name the first."""
    return next(tile for tile in dialog.grid_of_people.people() if tile.entry.get() == name)


def shown(dialog: PeopleDialog) -> list[tuple[str, str]]:
    """What is written below the faces, from the left: how many, and who."""
    tiles = [t for t in dialog.grid_of_people.tiles.values() if isinstance(t, PersonTile)]
    tiles.sort(key=lambda t: (t.winfo_y(), t.winfo_x()))
    return [(str(t._count.cget("text")), t.entry.value) for t in tiles]


def said(dialog) -> str:
    return str(dialog.message.cget("text"))


def focused(window: Window) -> str:
    return str(window.root.tk.call("focus"))


def reach(window: Window, entry: HintedEntry) -> None:
    """Wait until the keyboard is on an entry without a name, whose hint is gone then."""
    window.wait(lambda: focused(window) == str(entry) and not entry.get(), "the keyboard on the entry")


def enabled(window: Window, dialog) -> list[str]:
    buttons = window.find("button", within=dialog)
    return [str(b.cget("text")) for b in buttons if b.cget("text") and not b.instate(["disabled"])]


# -- The question --------------------------------------------------------------------------------------


def test_nothing_is_done_before_the_user_agrees(window, library, home, saved):
    people = with_people(window, library, FakePeople(unread=6))
    before, status = (home / CONFIG_NAME).read_bytes(), window.status

    def asked() -> PeopleOffer:
        window.press(window.button("Ajustes…"))
        window.press(window.button("Personas…", within=window.dialog("Ajustes")))
        offer = window.dialog("Personas")
        assert isinstance(offer, PeopleOffer)
        return offer

    offer = asked()
    words = " ".join(window.texts(offer))
    for part in ("datos biométricos", "RGPD (art. 9)", "no salen de este ordenador", "un botón las borra", "39 MB"):
        assert part in words
    window.press(window.button("Ahora no", within=offer))
    assert not offer.winfo_exists()
    for key in ("<Return>", "<Escape>"):  # Return is no as well
        offer = asked()
        window.key(offer, key)
        window.wait(lambda offer=offer: not offer.winfo_exists(), "the end of the question")
    window.wait_idle()
    assert (home / CONFIG_NAME).read_bytes() == before
    assert (people.downloads, window.status, window.messages) == (0, status, [])
    # What does not arrive changes nothing, and is told.
    people.fails = DownloadFailed(name="x", detail="sin red")
    window.press(window.button("Buscar personas", within=asked()))
    window.wait_idle()
    assert saved().get("find_people", False) is False
    assert (people.downloads, window.status, len(window.messages)) == (1, status, 1)
    window.press(window.button("Buscar personas", within=asked()))
    window.wait_idle()
    assert saved()["find_people"] is True
    assert people.downloads == 2
    assert window.status.startswith("Las caras de sus fotos se buscan desde ahora")
    people.models.are_ready = False  # the files were deleted: without them nothing comes any more
    window.press(window.button("Buscar personas", within=asked()))
    window.wait_idle()
    assert people.downloads == 3
    dialog = opened(window)
    assert "Todavía no hay caras: quedan 6 fotos por mirar." in window.texts(dialog)
    people.unread = 0
    dialog.look_again()
    window.wait(lambda: "No se han encontrado caras en sus fotos." in window.texts(dialog), "the end of the looking")
    window.key(dialog, "<Escape>")


# -- The groups ----------------------------------------------------------------------------------------


def test_people_are_named_by_keyboard(window, library, pictures):
    groups = [group(n, pictures[: 6 - n], "Luis" if n == 1 else "") for n in range(5)]
    people = with_people(window, library, FakePeople(groups))
    dialog = opened(window)
    assert shown(dialog) == [
        *(("6 caras", ""), ("5 caras", "Luis"), ("4 caras", ""), ("3 caras", ""), ("2 caras", "")),
    ]
    tiles = list(dialog.grid_of_people.people())
    assert [t.entry.get() for t in tiles[1:]] == ["Luis", *["¿Quién es?"] * 3]
    # The keyboard is on the first who has no name; Enter saves, and goes on to the next one.
    reach(window, tiles[0].entry)
    for letters in "  Ana ":
        tiles[0].entry.insert("end", letters)
    window.key(tiles[0].entry, "<Return>")
    window.wait(lambda: people.known["0"].name == "Ana", "the name")
    reach(window, tiles[2].entry)
    assert said(dialog) == "Guardado: Ana."
    # A name that somebody has, however it is written: no means another name, yes means one person.
    tiles[2].entry.insert(0, "ana")
    window.answers = ["no", "yes"]
    window.key(tiles[2].entry, "<Return>")
    assert window.messages == ["Ya hay una persona que se llama «Ana» (6 caras). ¿Es la misma?"]
    assert said(dialog).startswith("Dos personas no pueden llamarse igual")
    assert (people.known["2"].name, tiles[2].entry.get()) == ("", "ana")
    window.key(tiles[2].entry, "<Return>")
    window.wait(lambda: [text for text, _ in shown(dialog)] == ["10 caras", "5 caras", "3 caras", "2 caras"], "merged")
    assert (people.known["0"].name, people.known["0"].count, "2" in people.known) == ("Ana", 10, False)
    reach(window, tiles[3].entry)
    # Escape takes back what is typed, not the window; leaving the entry saves it.
    tiles[3].entry.insert(0, "Nadie")
    window.key(tiles[3].entry, "<Escape>")
    assert (dialog.winfo_exists(), tiles[3].entry.value, people.known["3"].name) == (1, "", "")
    tiles[3].entry.insert(0, "Eva")
    tiles[4].entry.focus_set()
    window.wait(lambda: people.known["3"].name == "Eva", "the name that was left")
    # So does closing; what is emptied has no name any more.
    window.type_into(tiles[1].entry, "")
    window.press(window.button("Cerrar", within=dialog))
    window.wait(lambda: people.known["1"].name == "", "no name")
    window.wait(lambda: not dialog.winfo_exists(), "the end of the window")
    # What could not be saved is told, and shown as it is.
    dialog = opened(window)
    people.fails = IndexNotSaved(path="/x", detail="lleno")
    window.messages.clear()
    first = tile(dialog, "Ana")
    window.type_into(first.entry, "Berta")
    window.key(first.entry, "<Return>")
    window.wait(lambda: window.messages and first.entry.value == "Ana", "the old name")
    assert people.known["0"].name == "Ana"


def take_out_the_second(window, dialog, people, pictures, monkeypatch) -> None:
    """Who is not Ana is taken out of her faces, by keyboard."""
    tile(dialog, "Ana").face.invoke()
    faces = window.dialog("Ana")
    assert isinstance(faces, PersonDialog)
    window.wait(lambda: len(faces.grid_of_faces.tiles) == 3, "her faces")
    boxes = [t.box for t in faces.grid_of_faces.tiles.values() if isinstance(t, FaceTile)]
    window.wait(lambda: focused(window) == str(boxes[0]), "the first face")
    assert not any(box.instate(["selected"]) or box.instate(["alternate"]) for box in boxes)
    assert enabled(window, faces) == ["Cerrar"]
    window.key(boxes[0], "<Right>")
    window.wait(lambda: focused(window) == str(boxes[1]), "the next face")
    window.key(boxes[1], "<space>")
    assert enabled(window, faces) == ["No es Ana", "Abrir la foto", "Cerrar"]
    seen: list[Path] = []
    monkeypatch.setattr(file_manager, "open_picture", seen.append)
    window.press(window.button("Abrir la foto", within=faces))
    window.wait(lambda: seen == [pictures[1]], "the photo")
    window.press(window.button("No es Ana", within=faces))
    window.wait(lambda: len(faces.grid_of_faces.tiles) == 2, "one face less")
    assert ([f.id for f in people.known["3"].faces], said(faces)) == (
        ["3-0", "3-2"],
        "1 cara queda aparte, sin nombre.",
    )
    window.key(faces, "<Escape>")
    window.wait(lambda: ("1 cara", "") in shown(dialog), "a group of its own")


def test_people_are_put_together_taken_apart_hidden_and_forgotten(window, library, pictures, monkeypatch, saved):
    groups = [group(n, pictures[: 6 - n], name) for n, name in enumerate(["", "Luis", "", "Ana", ""])]
    people = with_people(window, library, FakePeople(groups))
    dialog = opened(window)
    tiles = {t.group.id: t for t in dialog.grid_of_people.people()}
    assert enabled(window, dialog) == ["Borrar todo…", "Cerrar"]
    # Together: the one with a name keeps it. Two names are asked about.
    for number in "01":
        tiles[number].box.invoke()
    assert enabled(window, dialog) == ["Es la misma persona", "No mostrar", "Borrar todo…", "Cerrar"]
    window.press(window.button("Es la misma persona", within=dialog))
    window.wait(lambda: shown(dialog)[0] == ("11 caras", "Luis"), "merged")
    assert (window.messages, said(dialog)) == ([], "Ahora son una sola persona: Luis.")
    for number in "13":
        tiles[number].box.invoke()
    window.answers = ["no"]
    window.press(window.button("Es la misma persona", within=dialog))
    assert window.messages == ["¿Son Luis y Ana la misma persona? Se quedará el nombre «Luis»."]
    assert (people.known["1"].count, people.known["3"].name) == (11, "Ana")
    tiles["1"].box.invoke()
    # Hidden, and seen again where hidden ones are shown.
    window.press(window.button("No mostrar", within=dialog))
    window.wait(lambda: [name for _, name in shown(dialog)] == ["Luis", "", ""], "hidden")
    window.press(window.check("Mostrar también las ocultas", within=dialog))
    assert ("3 (oculta)", "Ana") in shown(dialog)
    tile(dialog, "Ana").box.invoke()
    window.press(window.button("Volver a mostrar", within=dialog))
    window.wait(lambda: ("3 caras", "Ana") in shown(dialog), "shown again")
    take_out_the_second(window, dialog, people, pictures, monkeypatch)
    # A search needs a name.
    tile(dialog, "¿Quién es?").box.invoke()
    window.press(window.button("Ver fotos", within=dialog))
    assert said(dialog) == "Escriba primero quién es: las fotos se buscan por el nombre."
    # All is forgotten, and nobody is looked for.
    window.messages.clear()
    window.answers = ["no", "yes"]
    window.press(window.button("Borrar todo…", within=dialog))
    assert "los nombres que ha puesto (2)" in window.messages[0]
    assert (people.deleted, saved()["find_people"]) == (0, True)
    window.press(window.button("Borrar todo…", within=dialog))
    window.wait(lambda: window.status == "Se ha borrado todo lo que se sabía de las personas.", "forgotten")
    assert (people.deleted, people.known, saved()["find_people"]) == (1, {}, False)
    assert window.dialogs() == []


def test_of_hundreds_only_those_in_sight_are_read(window, library, pictures, monkeypatch):
    people = with_people(window, library, FakePeople([group(n, pictures[n % 6 : n % 6 + 1]) for n in range(500)]))
    read: list[str] = []

    def count(engine, faces, side):
        read.extend(face.id for face in faces)
        return [None] * len(faces)

    monkeypatch.setattr(face_pictures, "face_pictures", count)
    dialog = opened(window)
    grid = dialog.grid_of_people
    assert str(dialog.count.cget("text")) == "500 personas."
    # One that was put into its window a moment ago, too, has the tile that is asked for.
    other = TileGrid(tk.Toplevel(window.root), (10, 10), lambda parent, key: ttk.Frame(parent), list)
    other.pack(fill="both", expand=True)
    other.show(["first"])
    assert other.see("first") is other.tiles["first"]
    other.master.destroy()
    # Those in sight and a row more, in the order in which they stand.
    columns = grid.columns
    assert columns >= 5
    made = len(grid.tiles)
    assert made <= 5 * columns
    window.wait(lambda: len(read) == made, "the faces in sight")
    assert read == [f"{n}-0" for n in range(made)]
    # The Tab key leads on to those that were not there yet.
    widget = grid.tiles[str(made - 1)].box
    widget.focus_set()
    window.wait(lambda: focused(window) == str(widget), "the last that was there")
    window.wait(lambda: str(made) in grid.tiles, "the next row")
    window.root.update()
    entry = widget.tk_focusNext()
    assert entry is grid.tiles[str(made - 1)].entry
    assert entry.tk_focusNext() is grid.tiles[str(made)].face
    # At the end there are the last ones, and nothing of what lies between was read.
    grid.see("499")
    window.wait(lambda: "499-0" in read, "the last face")
    assert len(read) < 80
    assert len(grid.tiles) <= 5 * columns + 1  # and the one with the keyboard
    assert "250-0" not in read
    # Those that were read are not read again.
    before = len(read)
    grid.see("0")
    grid.see("499")
    dialog.look_again()
    window.wait(lambda: not any(t.name == "ahead" for t in window.app.tasks._started if t.is_alive()), "quiet")
    assert [face for face in read[before:] if face in read[:before]] == []
    assert len(people.known) == 500
    # Each control has a letter of its own.
    letters = [letter(b) for b in window.find("button", within=dialog) if b.cget("text")]
    letters.append(letter(window.check("Mostrar también las ocultas", within=dialog)))
    assert all(letters)
    assert len(set(letters)) == len(letters) == 6
    window.key(dialog, "<Escape>")


def test_the_photos_of_a_person_are_searched_for(window, library):
    """With the engine's own people."""
    window.choose_folder(library)
    (folder,) = window.app.loaded.opened.library.indexed_folders
    window.app.services.save(find_people=True)
    for shot, file in enumerate(folder.photos()):
        folder.faces.add(file, [face_of("Ana" if file.path.startswith("viaje") else "Luis", shot)])
    dialog = opened(window)
    assert [count for count, _ in shown(dialog)] == ["3 caras", "3 caras"]
    tiles = list(dialog.grid_of_people.people())
    on_trip = next(t for t in tiles if t.group.faces[0].picture.is_relative_to(library / "viaje"))
    window.type_into(on_trip.entry, "Ana María")
    window.key(on_trip.entry, "<Return>")
    on_trip.box.invoke()
    window.press(window.button("Ver fotos", within=dialog))
    window.wait(lambda: window.find("picture"), "her photos")
    window.wait_idle()
    assert not dialog.winfo_exists()
    assert window.entry("Texto a Buscar").get() == 'persona:"Ana María"'
    assert [b.cget("text") for b in window.find("button") if "×" in str(b.cget("text"))] == ["Persona: Ana María  ×"]
    found = window.app.loaded.found._found
    assert {one.path.name for one in found} == {"amarillo.png", "blanco.png", "naranja.png"}
    window.app.view.commands.show_people()
    dialog = window.dialog("Personas")
    window.wait(lambda: ("3 caras", "Ana María") in shown(dialog), "the name is kept")
    window.answers = ["yes"]
    window.press(window.button("Borrar todo…", within=dialog))
    window.wait(lambda: window.status == "Se ha borrado todo lo que se sabía de las personas.", "forgotten")
    assert window.app.engine.people.groups() == []
    assert folder.faces.missing(folder.photos()) == folder.photos()


# -- The pictures of faces -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "region", "box"),
    [
        ((400, 300), (40.0, 40.0, 10.0, 10.0), (148.0, 103.0, 212.0, 167.0)),
        ((400, 300), (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 64.0, 64.0)),  # no further than the edge
        ((400, 300), (90.0, 90.0, 10.0, 10.0), (336.0, 236.0, 400.0, 300.0)),
        ((400, 300), (10.0, 10.0, 80.0, 80.0), (50.0, 0.0, 350.0, 300.0)),  # no larger than the picture
    ],
)
def test_what_is_cut_out_is_a_square_around_the_face(size, region, box):
    assert face_box(size, region) == pytest.approx(box)


def test_pictures_are_read_as_large_as_the_face_needs():
    assert [picture_side((0, 0, share, share * 1.5), 128) for share in (50, 20, 10, 5, 2, 0)] == [
        *(400, 400, 1280, 2560, 2560, 2560),
    ]
    assert picture_side((0, 0, 15, 10), 128) == picture_side((0, 0, 10, 15), 128)
    assert picture_side((0, 0, 0.1, 0.1), 10_000) == SIDES[-1]


def test_faces_are_cut_from_what_can_be_read(pool, pictures, tmp_path):
    from semantik.gui.dialogs.face_pictures import face_pictures as cut

    red = next(path for path in pictures if path.name == "rojo.png")
    faces = [*group(1, [red, tmp_path / "fehlt.png"]).faces, *group(2, [red]).faces]
    engine = SimpleNamespace(pool=pool, thumbnails=ThumbnailCache(tmp_path / "thumbnails"))
    made = cut(engine, faces, 40)
    assert [picture is not None for picture in made] == [True, False, True]
    assert made[0].size == (40, 40)
    red_, green, blue = made[0].getpixel((20, 20))
    assert red_ > 240
    assert max(green, blue) < 15
    assert faces[0].region == REGION
