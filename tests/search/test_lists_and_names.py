"""Filters alone, pictures by their names, words that a model cannot read, and why a search finds nothing."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest

from semantik.engine.library import Library
from semantik.errors import (
    AllExcluded,
    AllInCloud,
    EmptyQuery,
    FolderNotFound,
    IndexingStopped,
    NoFolderActive,
    NoImages,
    NoIndex,
    NoneReadable,
    NoSuchFolder,
    TextUnread,
)
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import IndexedFolder
from semantik.long_tasks import TaskControl
from semantik.queries import Term
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import catalogue, explain
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.libraries import paint, together

COLOURS = {"rojo": (255, 0, 0), "verde": (0, 255, 0), "azul": (0, 0, 255), "amarillo": (255, 255, 0)}


class Reader(FakeEncoder):
    """Reads no emoji and no numbers."""

    def unread(self, text):
        return tuple(word for word in text.split() if not word.isalpha())


@pytest.fixture
def folder(tmp_path):
    """Pictures of 2018, 2019 and 2020, the later the further in."""
    root = tmp_path / "fotos"
    for name, colour, year in (
        ("Rojo.png", "rojo", 2018),
        ("viajes/IMG_0001.JPG", "azul", 2019),
        ("viajes/2019/Ñandú (1).png", "verde", 2019),
        ("viajes/2019/rojo grande.png", "amarillo", 2020),
        ("otras/img_0001.jpg", "verde", 2018),
    ):
        path = paint(root / name, COLOURS[colour])
        os.utime(path, (0, datetime(year, 5, len(name)).timestamp()))
    return root


@pytest.fixture
def opened(home, folder, pool):
    made = IndexedFolder(home, folder, Reader(), pool)
    made.update()
    return made


def found(opened, words, top_k=None, **how):
    library = together(opened)
    hits = library.ask(library.read(words), top_k or library.count, **how).hits
    return [hit.path.relative_to(opened.folder).as_posix() for hit in hits]


# -- Filters alone -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fecha:2019", ["viajes/2019/Ñandú (1).png", "viajes/IMG_0001.JPG"]),
        ("fecha:2019 orden:antiguas", ["viajes/IMG_0001.JPG", "viajes/2019/Ñandú (1).png"]),
        ("carpeta: viajes", ["viajes/2019/rojo grande.png", "viajes/2019/Ñandú (1).png", "viajes/IMG_0001.JPG"]),
        ("tipo:jpg", ["viajes/IMG_0001.JPG", "otras/img_0001.jpg"]),
        ("tipo:jpg orden:nombre carpeta:otras", ["otras/img_0001.jpg"]),
        ("forma:horizontal hasta:2018", ["otras/img_0001.jpg", "Rojo.png"]),
        ("-tipo:png", ["viajes/IMG_0001.JPG", "otras/img_0001.jpg"]),
        ("sin carpeta: viajes tipo:jpg", ["otras/img_0001.jpg"]),
        ("lado:40 desde:2020", ["viajes/2019/rojo grande.png"]),
    ],
)
def test_a_filter_alone_lists_what_passes_it_newest_first(opened, words, expected):
    assert found(opened, words, 5, folded=False) == expected
    assert found(opened, words, 1, folded=False) == expected[:1]
    answer = together(opened).ask(together(opened).read(words), 5, folded=False, only_relevant=True)
    assert (answer.searched, answer.left_out) == (len(expected), 0)
    assert {(hit.score, hit.relevance) for hit in answer.hits} == {(None, None)}
    assert [hit.rank for hit in answer.hits] == list(range(1, len(expected) + 1))


def test_an_order_alone_lists_everything_and_nothing_asks_for_nothing(opened):
    assert found(opened, "orden:fecha", 2, folded=False) == ["viajes/2019/rojo grande.png", "viajes/2019/Ñandú (1).png"]
    assert len(found(opened, "orden:nombre", 5, folded=False)) == 5
    with pytest.raises(EmptyQuery):
        found(opened, "orden:relevancia")
    with pytest.raises(NoSuchFolder) as caught:
        found(opened, "carpeta: nada")
    assert explain(caught.value).startswith("Ninguna carpeta con imágenes de la biblioteca se llama así (carpeta:nada)")


def test_a_list_folds_what_is_alike_and_still_fills_up(opened, folder):
    for copy in range(3):
        paint(folder / f"viajes/copia {copy}.png", COLOURS["azul"])
    opened.update()
    assert len(found(opened, "carpeta:viajes", 8, folded=False)) == 6
    assert len(found(opened, "carpeta:viajes", 3, folded=True)) == 3


# -- Names ---------------------------------------------------------------------------------------------

NANDU = "viajes/2019/Ñandú (1).png"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        *((words, NANDU) for words in ("Ñandú (1).png", "ñandú (1).PNG", "2019/Ñandú (1).png")),
        ("VIAJES\\2019\\ñandú (1).png", NANDU),
        *((unicodedata.normalize(form, NANDU.rpartition("/")[2]), NANDU) for form in ("NFC", "NFD")),
        *((words, "Rojo.png") for words in ("rojo.png", "ROJO.PNG", "Rojo.png")),
        *((words, "viajes/IMG_0001.JPG") for words in ("IMG_0001.JPG", "viajes/img_0001.jpg")),
        ("img_0001.jpg", "otras/img_0001.jpg"),
        ("otras/IMG_0001.jpg", "otras/img_0001.jpg"),
    ],
)  # fmt: skip
def test_a_name_means_the_picture_wherever_it_lies(opened, words, name):
    library = together(opened)
    for written in (words, f'"{words}"', f"perro + {words}"):
        assert library.read(written).terms[-1] == Term(image=opened.folder / name)
    assert found(opened, words, 1) == [name]


def test_a_name_that_several_have_is_told_and_a_missing_one_is_missing(opened):
    answer = together(opened).ask(together(opened).read("img_0001.jpg"), 2)
    assert answer.remarks("Modelo") == [
        f"Hay 2 imágenes llamadas «img_0001.jpg»; se ha buscado con «{opened.folder / 'otras/img_0001.jpg'}»."
    ]
    assert together(opened).read("nada.jpg").images == (opened.folder / "nada.jpg",)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("rojo grande", "viajes/2019/rojo grande.png"),
        ("Rojo_Grande", "viajes/2019/rojo grande.png"),
        ("rojo", "Rojo.png"),
        ("img 0001", "otras/img_0001.jpg"),
        ("nandu 1", NANDU),
    ],
)
def test_an_exact_name_comes_first_when_names_count(opened, words, first):
    assert found(opened, words, 5, by_name=True, folded=False)[0] == first


def test_pictures_of_one_name_come_first_together(opened):
    assert sorted(found(opened, "img_0001.jpg", 2, by_name=True)) == ["otras/img_0001.jpg", "viajes/IMG_0001.JPG"]


# -- What a model cannot read --------------------------------------------------------------------------


def test_what_cannot_be_read_is_a_remark_and_an_error_when_nothing_is_left(opened):
    answer = together(opened).ask(together(opened).read("rojo 🐶 + verde - 3019"), 2)
    assert answer.remarks("Modelo")[-1:] == ["El modelo Modelo no entiende «🐶 3019»: no ha contado en la búsqueda."]
    page = answer.page({}, "Modelo", None)
    assert list(page.notices) == answer.remarks("Modelo")
    for words in ("🐶", '"2019"', "🐶 1 - verde", "🐶 fecha:2019"):
        with pytest.raises(TextUnread):
            found(opened, words)
    # In names it is found all the same.
    assert found(opened, '"2019"', 5, by_name=True) == [NANDU, "viajes/2019/rojo grande.png"]
    with pytest.raises(TextUnread):
        found(opened, '"1999"', 5, by_name=True)


# -- Why nothing is found ------------------------------------------------------------------------------


def why(opened, words="rojo"):
    library = opened if isinstance(opened, Library) else together(opened)
    with pytest.raises((NoIndex, NoImages, AllExcluded, FolderNotFound, NoFolderActive)) as caught:
        library.ask(library.read(words), 1)
    assert explain(caught.value)
    return type(caught.value)


def test_every_way_to_find_nothing_has_its_own_reason(home, tmp_path, fake, pool, monkeypatch):
    root = tmp_path / "fotos"
    root.mkdir()
    made = IndexedFolder(home, root, fake, pool)
    made.open()
    assert why(made) is NoIndex
    with pytest.raises(NoImages):
        made.update()
    assert why(made) is NoImages
    (root / "rota.jpg").write_bytes(b"no picture")
    made.update()
    assert why(made) is NoneReadable
    again = IndexedFolder(home, root, fake, pool)
    again.open()
    assert why(again) is NoneReadable
    made.unwanted = Exclusions(("*.jpg",))
    with pytest.raises(AllExcluded):
        made.update()
    assert why(made) is AllExcluded
    (root / "rota.jpg").unlink()
    root.rmdir()
    elsewhere = FakeEncoder()
    elsewhere.name = "none"
    other = IndexedFolder(home, root, elsewhere, pool)
    assert (other.open(), why(other))[1] is FolderNotFound
    assert why(Library([made], fake, together(made)._searcher, together(made).config, [root])) is NoFolderActive


def test_a_run_that_was_stopped_is_not_a_folder_that_was_never_indexed(home, library, fake, pool):
    made = IndexedFolder(home, library, fake, pool)
    control = TaskControl()
    control.cancel()
    assert made.update(control).cancelled
    assert why(made) is IndexingStopped


def test_a_folder_in_the_cloud_is_told(home, library, fake, pool):
    made = IndexedFolder(home, library, fake, pool)
    made.only_in_cloud = 6
    assert why(made) is AllInCloud


# -- The command line ----------------------------------------------------------------------------------

WINDOW = ("window", "folders", "filters", "settings", "skipped", "about")
ENGINE = ("error", "cli", "reason", "damage", "doctor", "remark")
QUOTED = re.compile(r"[«“]([^«»“”]+)[»”]")
PRESS = re.compile(r"\b(pulse|press|click|pressione|clique|haga clic)\b", re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_of_the_command_line_names_a_button(language):
    texts = catalogue(language)
    labels = {
        re.sub(r"\s*\(?\{.*|[….:]+$", "", form).strip()
        for key, forms in texts.items()
        for form in forms
        if key.split(".")[0] in WINDOW
    }
    assert len(labels) > 100
    for key in texts:
        if key.split(".")[0] in ENGINE and not key.endswith(".terminal"):
            for form in texts.get(f"{key}.terminal", texts[key]):
                named = {quoted.rstrip("….:").strip() for quoted in QUOTED.findall(form)}
                assert not named & labels, (key, form)
                assert not PRESS.search(form), (key, form)


def test_the_command_line_speaks_of_commands(monkeypatch, home, library, run):
    replace_encoders(monkeypatch)
    code, _, err = run("search", library / "nada", "--text", "rojo")
    assert (code, err.splitlines()[-1]) == (
        1,
        f"semantik: No se encuentra la carpeta «{library / 'nada'}». Compruebe el nombre, y que su disco esté "
        "conectado.",
    )
    code, _, err = run("search", library / "rojo.png", "--text", "rojo")
    assert (
        err == f"semantik: «{library / 'rojo.png'}» es un archivo, no una carpeta. Indique la carpeta en la que está.\n"
    )
    assert "Examinar" in explain(FolderNotFound(folder="x"))  # in the window, as before
    empty = library.parent / "rotas"
    empty.mkdir()
    (empty / "rota.jpg").write_bytes(b"no picture")
    for _ in range(2):
        code, _, err = run("search", empty, "--text", "rojo")
        assert (code, err.splitlines()[-1]) == (
            1,
            f"semantik: No se pudo leer ningún archivo de imagen de «{empty}» (1). La orden «index» dice el motivo de "
            "cada uno.",
        )


def test_a_filter_alone_on_the_command_line(monkeypatch, home, folder, run):
    replace_encoders(monkeypatch)
    code, out, _ = run("search", folder.as_uri(), "--text", "fecha:2019", "--json")
    hits = json.loads(out)
    assert (code, [Path(hit["path"]).name for hit in hits]) == (0, ["Ñandú (1).png", "IMG_0001.JPG"])
    assert {hit["score"] for hit in hits} == {None}
    code, out, _ = run("search", folder, "--text", "tipo:jpg")
    assert out.split() == ["1", str(folder / "viajes/IMG_0001.JPG"), "2", str(folder / "otras/img_0001.jpg")]
    code, out, err = run("search", folder, "--text", "clima:Madrid rojo", "--image", "ÑANDÚ (1).png", "-k", "1")
    assert (code, out.split()[-1]) == (0, "(1).png")
    assert "«clima:Madrid» se ha buscado como texto" in err
