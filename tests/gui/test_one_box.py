"""What, where, when, who and the words in the picture in one box: everything is read and found in the real window."""

from __future__ import annotations

import shutil

import pytest
from PIL import ExifTags, Image

from semantik.engine import background_reading
from tests.support.face_models import face_models, portraits
from tests.support.reading import lasting_reading_pool, read_pictures
from tests.support.signs import sign
from tests.support.systems import grouped_faces

pytestmark = grouped_faces

CADIZ, TOLEDO = (36.53, -6.30), (39.857, -4.024)
SUMMER, WINTER = "2019:07:15 12:00:00", "2019:01:15 12:00:00"
ANA, SOMEBODY = "Female_43_1_1_1.jpg", "Female_42_1_1_1.jpg"
PICTURES = {
    "todo.jpg": (CADIZ, SUMMER, "FARMACIA", ANA),
    "otro sitio.jpg": (TOLEDO, SUMMER, "FARMACIA", ANA),
    "otro tiempo.jpg": (CADIZ, WINTER, "FARMACIA", ANA),
    "otro letrero.jpg": (CADIZ, SUMMER, "PANADERO", ANA),
    "otra persona.jpg": (CADIZ, SUMMER, "FARMACIA", SOMEBODY),
}
ONE_LESS = {
    "Lugar: Cádiz, España  ×": "otro sitio.jpg",
    "Fecha: verano 2019 (21 jun 2019 – 22 sept 2019)  ×": "otro tiempo.jpg",
    "Texto: «farmacia»  ×": "otro letrero.jpg",
    "Persona: Ana  ×": "otra persona.jpg",
}
ASKED = "rojo Ana texto:farmacia en Cádiz verano 2019"


def photograph(path, degrees, taken, words, portrait):
    """A red wall with a sign and a portrait, and what a camera writes beside it."""
    wall = Image.new("RGB", (1000, 800), (255, 0, 0))
    wall.paste(sign(words, size=(420, 120))[0], (40, 640))
    with Image.open(portraits() / portrait) as face:
        face.thumbnail((320, 320))
        wall.paste(face, (660, 20))
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    north, east = degrees
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (north, 0.0, 0.0), 3: "W", 4: (-east, 0.0, 0.0)})
    path.parent.mkdir(parents=True, exist_ok=True)
    wall.save(path, exif=exif, quality=92)


@pytest.fixture
def known(start, tmp_path, encoders, monkeypatch):
    """The window, once everything was read, and one person has her name."""
    models = tmp_path / "modelos" / "faces"
    models.mkdir(parents=True)
    for file in face_models():
        shutil.copy(file, models)
    for name, facts in PICTURES.items():
        photograph(tmp_path / "fotos" / name, *facts)
    read_pictures(monkeypatch, lasting_reading_pool)
    monkeypatch.setattr(background_reading, "QUIET", 0.0)
    window = start(
        image_folder=str(tmp_path / "fotos"), weights_folder=str(models.parent), find_people=True, only_relevant=False
    )
    window.wait_idle()
    people, (folder,) = window.app.engine.people, window.app.loaded.opened.library.indexed_folders
    window.wait(lambda: not folder.texts.missing(folder.photos()) and not people.unread, "everything is read")
    window.wait(lambda: [group.count for group in people.groups()] == [4], "faces are grouped")
    (group,) = people.groups()
    people.name(group.id, "Ana")
    return window


def wait_found(window, *names: str) -> None:
    """Until the strip shows these pictures, and no others."""
    window.wait(
        lambda: [sorted(one.path.name for one in window.app.loaded.found._found)] == [sorted(names)], str(names)
    )
    window.wait_idle()


def test_all_of_it_in_one_box_and_each_part_taken_away_by_a_click(known):
    for chip, also in ONE_LESS.items():
        known.search(ASKED)
        wait_found(known, "todo.jpg")
        chips = [str(each.cget("text")) for each in known.find("button") if "×" in str(each.cget("text"))]
        assert sorted(chips) == sorted(ONE_LESS)
        known.press(known.button(chip))
        wait_found(known, "todo.jpg", also)
    known.search("rojo en Cádiz sin Ana")
    wait_found(known, "otra persona.jpg")
    known.search('rojo "en Cádiz" "Ana"')  # in quotes they are words
    known.wait(lambda: known.status.startswith("5 resultados"))
    assert [str(each.cget("text")) for each in known.find("button") if "×" in str(each.cget("text"))] == []
