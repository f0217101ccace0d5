"""``details``: what is known of a picture, from where, and what is said of one of which nothing is known."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from semantik.engine.engine import Engine
from semantik.records import TextLine
from semantik.storage import settings
from tests.support.faces import face_of
from tests.support.fake_encoder import replace_encoders_of
from tests.support.films import scenes, write_film
from tests.support.libraries import paint
from tests.support.systems import grouped_faces


@pytest.fixture(autouse=True)
def fakes(monkeypatch, home):
    return replace_encoders_of(monkeypatch, home)


@pytest.fixture
def album(tmp_path, run) -> Path:
    """A photo with all that a camera writes, its copy, a picture of nothing but its name's date, and a broken file."""
    folder = tmp_path / "fotos"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0110] = "Kodak 3"
    exif.get_ifd(0x8769)[0x9003] = "2019:05:03 14:05:00"
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: (36.0, 31.0, 48.0), 3: "W", 4: (6.0, 17.0, 24.0)})
    Image.new("RGB", (60, 40), (255, 0, 0)).save(folder / "cadiz.jpg", exif=exif)
    (folder / "copias").mkdir()
    shutil.copy(folder / "cadiz.jpg", folder / "copias" / "otra.jpg")
    paint(folder / "IMG_20180704_101500.png", (0, 255, 0))
    (folder / "rota.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    run("index", folder)
    return folder


def know_what_is_in_it(home, album, path):
    """As reading the picture would have it, and the user, who named who is in it."""
    config = replace(settings.load_config(home), find_people=True)
    settings.save_config(config, home)
    engine = Engine(home, config)
    library = engine.open(album)
    library.open()
    (folder,) = library.indexed_folders
    by_path = {file.path: file for file in folder.photos()}
    file = by_path[path]
    folder.texts.add(file, [TextLine(words, (0.0, 0.0, 50.0, 10.0), 0.9) for words in ("FARMACIA", "LUNA")])
    folder.texts.flush()
    for each in (path, "copias/otra.jpg"):  # one face alone is no group
        folder.faces.add(by_path[each], [face_of("Ana", each)])
    (group,) = engine.people.groups()
    engine.people.name(group.id, "Ana")
    engine.close()


@grouped_faces
def test_all_that_is_known_is_told_with_where_it_is_from(run, album, home):
    know_what_is_in_it(home, album, "cadiz.jpg")
    code, out, err = run("details", album / "cadiz.jpg", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert len(told.pop("fingerprint")) == 32
    assert told == {
        "path": str(album / "cadiz.jpg"),
        "folder": str(album),
        "bytes": (album / "cadiz.jpg").stat().st_size,
        "is_there": True,
        "is_changed": False,
        "width": 60,
        "height": 40,
        "date": "2019-05-03T14:05:00",
        "date_source": "exif",
        "date_sure": True,
        "camera": "Kodak 3",
        "latitude": pytest.approx(36.53),
        "longitude": pytest.approx(-6.29),
        "place": {"name": "Cádiz", "region": "Andalucía", "country": "España"},
        "text": ["FARMACIA", "LUNA"],
        "people": ["Ana"],
        "models": [{"name": "builtin", "space": "fake/builtin", "vectors": 1}],
        "same_content": [str(album / "copias" / "otra.jpg")],
    }
    _, out, _ = run("details", album / "cadiz.jpg")
    assert out.splitlines() == [
        f"Archivo: {album / 'cadiz.jpg'}",
        f"Carpeta indexada: {album}",
        f"Tamaño del archivo: {(album / 'cadiz.jpg').stat().st_size} B",
        "Tamaño: 60 × 40 px",
        "Fecha: 3 de mayo de 2019, 14:05 (según los datos EXIF)",
        "Cámara: Kodak 3",
        "Latitud y longitud: 36,53000; -6,29000",
        "Lugar: Cádiz, Andalucía, España",
        "Texto en la imagen: «FARMACIA» «LUNA»",
        "Personas: Ana",
        "Indexada con: Integrado (sin descarga): 1 vector",
        f"El mismo contenido: {album / 'copias' / 'otra.jpg'}",
    ]
    _, out, _ = run("details", album / "IMG_20180704_101500.png")
    assert "Fecha: 4 de julio de 2018, 10:15 (según el nombre; dudosa)\n" in out
    assert "Latitud" not in out


def test_it_knows_all_models_and_folders_that_have_it(run, album, monkeypatch):
    monkeypatch.setattr("semantik.engine.models.Models.is_ready", lambda self, name: True)
    run("index", album, "--encoder", "clip-vit-b-32")
    run("index", album / "copias")
    told = json.loads(run("details", album / "copias" / "otra.jpg", "--json")[1])
    # The innermost folder that was indexed, under its own name; the same file in the outer one is no other file.
    assert told["folder"] == str(album / "copias")
    assert [each["name"] for each in told["models"]] == ["builtin"]
    assert told["same_content"] == [str(album / "cadiz.jpg")]
    told = json.loads(run("details", album / "cadiz.jpg", "--json")[1])
    assert [each["name"] for each in told["models"]] == ["builtin", "clip-vit-b-32"]
    assert told["same_content"] == [str(album / "copias" / "otra.jpg")]


def test_a_file_that_changed_or_went_is_told_as_such(run, album):
    paint(album / "IMG_20180704_101500.png", (0, 0, 255), (80, 80))
    _, out, _ = run("details", album / "IMG_20180704_101500.png")
    assert "Estado: ha cambiado desde que se indexó\n" in out
    assert "Tamaño: 80 × 80 px\n" in out
    (album / "cadiz.jpg").unlink()
    _, out, _ = run("details", album / "cadiz.jpg")
    assert "Estado: no está ahora en su sitio; se muestra lo que se guardó\n" in out
    assert "Cámara: Kodak 3\n" in out


def test_a_video_and_its_moments(run, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    write_film(folder / "mar.avi", scenes(((255, 0, 0), 2), ((0, 0, 255), 2)))
    os.utime(folder / "mar.avi", (0, datetime(2019, 5, 3, 14, 5).timestamp()))
    run("index", folder)
    told = json.loads(run("details", folder / "mar.avi", "--json")[1])
    assert told["models"][0]["vectors"] == len(told["moments"]) > 1
    second = told["moments"][1]
    one = json.loads(run("details", f"{folder / 'mar.avi'}#t={second:.2f}", "--json")[1])
    assert one == told | {"moment": second}
    code, _, err = run("details", f"{folder / 'mar.avi'}#t=999.00")
    assert code == 1
    assert err.startswith(f"semantik: De «{folder / 'mar.avi'}» no está indexado ese momento, sino estos: 0:00")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no-hay.jpg", "No se encuentra la imagen «{path}». Compruebe el nombre."),
        ("copias", "«{path}» es una carpeta. Indique una imagen."),
        ("rota.jpg", "«{path}» no está en el índice de «{folder}»: el archivo está dañado."),
        ("nueva.png", "«{path}» aún no está en el índice de «{folder}». Póngalo al día con la orden «index»."),
        ("../fuera.png", "«{path}» no está en ninguna carpeta indexada."),
    ],
)
def test_what_is_not_known_is_told_in_one_line(run, album, name, told):
    paint(album / "nueva.png", (9, 9, 9))
    paint(album.parent / "fuera.png", (9, 9, 9))
    path = Path(os.path.normpath(album / name))
    assert run("details", album / name) == (1, "", f"semantik: {told.format(path=path, folder=album)}\n")


def test_a_home_without_indexes_knows_nothing(run, library):
    code, out, err = run("details", library / "rojo.png")
    assert (code, out) == (1, "")
    assert err == f"semantik: «{library / 'rojo.png'}» no está en ninguna carpeta indexada.\n"
