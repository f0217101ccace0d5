"""Searches by several terms, with filters, names and folding: scores, orders and what is left out."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from semantik.decoding.decoded import Description
from semantik.errors import (
    ContradictoryDates,
    ContradictoryQuery,
    EmptyQuery,
    NoneMatchesFilters,
    NoSuchFolder,
    OnlyUnwanted,
)
from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.picture_details import DetailsStore, changed_at
from semantik.index import ImageIndex
from semantik.queries import Filters, Query, Shape, Term
from semantik.records import Details, Hit, ImageFile
from semantik.search.candidates import Limits
from semantik.search.name_matches import PathWords, query_words
from semantik.search.near_duplicates import NEAR, fold, group, join_equal, near_distance
from semantik.search.query_syntax import parse
from semantik.search.ranking import search
from semantik.storage.home import details_file
from semantik.words.text import explain
from tests.support.libraries import paint, together

MOMENTS = {
    "rojo.png": datetime(2018, 12, 31, 23, 59, 59),
    "verde.png": datetime(2019, 1, 1, 0, 0, 0),
    "azul.png": datetime(2019, 5, 3, 12, 0, 0),
    "viaje/amarillo.png": datetime(2019, 12, 31, 23, 0, 0),
    "viaje/blanco.png": datetime(2020, 1, 1, 0, 0, 0),
    "viaje/playa/naranja.png": datetime(2020, 2, 29, 8, 30, 0),
}


@pytest.fixture
def opened(home, library, fake, pool):
    """The six pictures as an indexed library; their files were changed at MOMENTS."""
    for name, moment in MOMENTS.items():
        os.utime(library / name, (0, moment.timestamp()))
    made = IndexedFolder(home, library, fake, pool)
    made.update()
    return made


def names(hits):
    return [hit.path.stem for hit in hits]


# -- Several terms -------------------------------------------------------------------------------------


def test_two_texts_are_one_direction_between_them(index, fake, pool, library):
    hits = search(parse("rojo + verde"), fake, index, 2, pool)
    assert hits[0] == Hit(1, pytest.approx(1.0, abs=1e-6), library / "viaje/amarillo.png")
    assert hits[1].path == library / "viaje/playa/naranja.png"
    assert hits[1].score == pytest.approx((255 + 128) / np.hypot(255, 128) / np.sqrt(2), abs=1e-3)


def test_weights_move_the_direction(index, fake, pool):
    # (2, 1, 0) is nearest to orange, (1, 2, 0) to yellow before green.
    assert names(search(parse("2:rojo + verde"), fake, index, 3, pool)) == ["naranja", "amarillo", "rojo"]
    assert names(search(parse("rojo + 2:verde"), fake, index, 3, pool)) == ["amarillo", "verde", "naranja"]


def test_what_is_unwanted_goes_to_the_end(index, fake, pool):
    assert names(search(parse("blanco"), fake, index, 3, pool))[:2] == ["blanco", "amarillo"]
    hits = search(parse("blanco - rojo"), fake, index, 6, pool)
    # (1, 1, 1) - 0.4 * (1, 0, 0), where white is a unit vector too
    query = np.array([1, 1, 1]) / np.sqrt(3) - 0.4 * np.array([1, 0, 0])
    query /= np.linalg.norm(query)
    assert names(hits)[0] == "blanco"
    assert names(hits)[-1] == "rojo"
    assert hits[-1].score == pytest.approx(query[0], abs=1e-5)


def test_a_text_and_a_picture(index, fake, pool, library):
    query = Query((Term("verde"), Term(image=library / "rojo.png")))
    assert names(search(query, fake, index, 1, pool)) == ["amarillo"]


def test_in_a_large_library_texts_and_pictures_count_by_their_spread(tmp_path, fake, pool):
    from semantik.search.query_vector import combine

    rng = np.random.default_rng(0)
    text, image = np.eye(8, dtype=np.float32)[:2]
    photos = rng.normal(0, 0.02, (200, 8)).astype(np.float32)
    photos[:, 1] += rng.normal(0, 0.2, 200)  # cosines with the picture spread ten times as wide
    vector = combine(np.stack([text, image]), [1, 1], [False, True], photos)
    spread = photos.std(axis=0)[:2]
    assert vector[0] / vector[1] == pytest.approx(spread[1] / spread[0], rel=1e-4)
    # Two texts are left as they are.
    vector = combine(np.stack([text, image]), [1, 1], [False, False], photos)
    assert vector[:2] == pytest.approx([np.sqrt(0.5)] * 2, abs=1e-6)
    assert combine(np.stack([text, text]), [0.4, -1], [False, False], photos) is None


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("", EmptyQuery, "Escriba qué quiere buscar"),
        ("orden:relevancia", EmptyQuery, "Escriba qué quiere buscar"),
        ("sin rojo", OnlyUnwanted, "Escriba también qué quiere ver, no solo qué no"),
        ("rojo + azul - Rojo", ContradictoryQuery, "La búsqueda pide y excluye a la vez «Rojo»."),
        ("rojo desde:2020 hasta:2019", ContradictoryDates, "La fecha inicial (2020-01-01) es posterior a la final"),
        ("rojo desde:2031", NoneMatchesFilters, "Ninguna imagen cumple los filtros (desde:2031-01-01)."),
    ],
)  # fmt: skip
def test_queries_that_nothing_can_answer_are_told(opened, words, error, message):
    with pytest.raises(error) as caught:
        together(opened).search(parse(words), 3)
    assert explain(caught.value).startswith(message)


def test_relevance_of_several_terms_is_their_mean_and_what_the_unwanted_leave(opened):
    def told(words):
        return {hit.path.stem: hit.relevance for hit in together(opened).search(parse(words), 6)}

    red, green, both = told("rojo"), told("verde"), told("rojo + verde")
    for name in red:
        assert both[name] == pytest.approx((red[name] * green[name]) ** 0.5, rel=1e-5)
    weighted = told("3:rojo + verde")
    assert weighted["naranja"] == pytest.approx(red["naranja"] ** 0.75 * green["naranja"] ** 0.25, rel=1e-5)
    without = told("rojo - verde")
    assert without["amarillo"] == pytest.approx(red["amarillo"] * (1 - green["amarillo"]), rel=1e-5)
    # Six pictures are too few to tell anything of an example. What the text alone tells would order the hits as if
    # there were no example, so nothing is told, and they stay by their scores.
    hits = together(opened).search(Query((Term("rojo"), Term(image=opened.folder / "azul.png"))), 6)
    assert {hit.relevance for hit in hits} == {None}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


# -- Filters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("carpeta:viaje", {"amarillo", "blanco", "naranja"}),
        ("carpeta:VIAJE/playa", {"naranja"}),
        ("carpeta:viaje/pla", None),
        ("desde:2019", {"verde", "azul", "amarillo", "blanco", "naranja"}),
        ("hasta:2018", {"rojo"}),
        ("fecha:2019", {"verde", "azul", "amarillo"}),
        ("desde:2019-05-03 hasta:2019-05-03", {"azul"}),
        ("fecha:2020-02 carpeta:viaje", {"naranja"}),
        ("hasta:9999-12-31", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("forma:horizontal", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("forma:vertical", None),
        ("lado:40", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("lado:41", None),
        ("tipo:png", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("tipo:jpg", None),
        ("-tipo:jpg", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("-tipo:png", None),
        ("-carpeta:viaje", {"rojo", "verde", "azul"}),
        ("sin carpeta:viaje/playa", {"rojo", "verde", "azul", "amarillo", "blanco"}),
        ("-fecha:2019", {"rojo", "blanco", "naranja"}),
        ("-desde:2020", {"rojo", "verde", "azul", "amarillo"}),
        ("carpeta:viaje -fecha:2019 -carpeta:viaje/playa", {"blanco"}),
        ("-forma:vertical -lado:41", {"rojo", "verde", "azul", "amarillo", "blanco", "naranja"}),
        ("-carpeta:viaje -fecha:2018", {"verde", "azul"}),
        ("carpeta:viaje -carpeta:viaje", None),
    ],
)
def test_filters(opened, filters, expected):
    if expected is None:
        with pytest.raises(NoneMatchesFilters):
            together(opened).search(parse(f"rojo {filters}"), 6)
    else:
        assert set(names(together(opened).search(parse(f"rojo {filters}"), 6))) == expected


def test_a_folder_that_is_excluded_but_is_not_there_is_told(opened):
    with pytest.raises(NoSuchFolder) as caught:
        together(opened).search(parse("rojo -carpeta:viage"), 3)
    assert "(-carpeta:viage)" in explain(caught.value)


def test_how_many_are_looked_at(opened, library):
    assert together(opened).searched(parse("rojo")) == 6
    assert together(opened).searched(parse("rojo carpeta:viaje")) == 3
    assert together(opened).searched(parse("rojo -carpeta:viaje/playa -fecha:2018")) == 4
    paint(library / "viaje" / "otra.png", (9, 9, 9))
    opened.update()
    assert together(opened).searched(parse("azul carpeta:viaje")) == 4


def test_shapes_and_types_and_accents(opened, library, fake):
    paint(library / "Año Nuevo" / "alta.jpg", (200, 0, 0), (30, 60))
    paint(library / "Año Nuevo" / "cuadrada.webp", (0, 200, 0), (50, 50))
    opened.update()
    assert names(together(opened).search(parse("rojo forma:vertical"), 6)) == ["alta"]
    assert names(together(opened).search(parse("rojo forma:cuadrada"), 6)) == ["cuadrada"]
    assert names(together(opened).search(parse('rojo carpeta:"ano nuevo" tipo:jpeg'), 6)) == ["alta"]
    assert names(together(opened).search(parse("rojo lado:60"), 6)) == ["alta"]


def test_a_filtered_search_returns_k_hits_whenever_k_exist(home, tmp_path, fake, pool):
    """The few that pass the filter score worst of all: filtering afterwards would leave none of them."""
    folder = tmp_path / "muchas"
    for number in range(60):
        paint(folder / "rojas" / f"{number:02}.png", (255, number, 0))
    for number in range(7):
        paint(folder / "azules" / f"{number}.png", (number, 0, 255))
    made = IndexedFolder(home, folder, fake, pool)
    made.update()
    hits = together(made).search(parse("rojo carpeta:azules"), 5)
    assert names(hits) == ["6", "5", "4", "3", "2"]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert len(together(made).search(parse("rojo carpeta:azules"), 20)) == 7
    assert names(together(made).search(parse("rojo -carpeta:rojas"), 5)) == ["6", "5", "4", "3", "2"]


def test_hits_carry_what_their_files_tell(opened, library):
    (hit,) = together(opened).search(parse("azul"), 1)
    assert hit.details == Details(40, 30, MOMENTS["azul.png"], dated=False, camera="")


def test_the_exif_date_goes_before_the_files_own(opened, library):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "Canon EOS 80D"
    exif.get_ifd(0x8769)[0x9003] = "2011:07:14 18:30:05"
    Image.new("RGB", (64, 48), (0, 0, 250)).save(library / "camara.jpg", exif=exif)
    opened.update()
    (hit,) = together(opened).search(parse("azul fecha:2011"), 6)
    assert hit.path.name == "camara.jpg"
    assert hit.details == Details(64, 48, datetime(2011, 7, 14, 18, 30, 5), dated=True, camera="Canon EOS 80D")


def test_orders(opened):
    assert names(together(opened).search(parse("rojo"), 3)) == ["rojo", "naranja", "amarillo"]
    newest = together(opened).search(parse("rojo orden:recientes"), 3)
    assert [(hit.path.stem, hit.rank) for hit in newest] == [("naranja", 2), ("amarillo", 3), ("rojo", 1)]
    assert names(together(opened).search(parse("rojo orden:antiguas"), 3)) == ["rojo", "amarillo", "naranja"]
    assert names(together(opened).search(parse("rojo orden:nombre"), 3)) == ["amarillo", "naranja", "rojo"]


# -- Details -------------------------------------------------------------------------------------------


def test_an_index_without_details_gets_them_when_a_filter_needs_them(opened, home, library, fake, pool):
    opened.details.store.path.unlink()
    again = IndexedFolder(home, library, fake, pool)
    again.load()
    assert names(together(again).search(parse("rojo fecha:2020-02"), 6)) == ["naranja"]
    assert again.details.store.missing(again.index.files()) == []


@pytest.mark.parametrize("damage", [b"", b"no base", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_details_are_read_from_the_pictures_anew(opened, damage):
    opened.details.store.path.write_bytes(damage)
    assert names(together(opened).search(parse("rojo fecha:2020-02"), 6)) == ["naranja"]
    with sqlite3.connect(opened.details.store.path) as base:
        assert base.execute("SELECT count(*) FROM pictures").fetchone() == (6,)


def test_where_nothing_can_be_written_details_are_kept_in_memory(opened, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    opened.details.store = DetailsStore(details_file(tmp_path / "file"))
    assert names(together(opened).search(parse("rojo fecha:2020-02"), 6)) == ["naranja"]
    assert names(together(opened).search(parse("rojo fecha:2019-05"), 6)) == ["azul"]


def test_details_are_of_one_version_of_a_file(tmp_path):
    store = DetailsStore(details_file(tmp_path))
    file = ImageFile("a\udce9.jpg", 10, 5)
    store.add(file, Description(3, 2, datetime(2001, 2, 3), "Nikon"))
    assert store.of([file, replace(file, size=11)]) == [Details(3, 2, datetime(2001, 2, 3), True, "Nikon"), None]
    assert store.missing([file, replace(file, mtime_ns=6)]) == [replace(file, mtime_ns=6)]
    store.add(replace(file, size=11), None)
    assert store.of([file, replace(file, size=11)]) == [None, Details(0, 0, changed_at(file))]
    assert list(store.matching(Filters(min_side=1))) == []
    assert list(store.matching(Filters(shape=Shape.SQUARE))) == []
    store.keep(["otra.jpg"])
    assert store.missing([replace(file, size=11)]) == [replace(file, size=11)]


def test_pictures_that_are_gone_are_forgotten(opened, library):
    (library / "rojo.png").unlink()
    opened.update()
    files = [ImageFile("rojo.png", 0, 0)]
    with sqlite3.connect(opened.details.store.path) as base:
        assert base.execute("SELECT count(*) FROM pictures").fetchone() == (5,)
    assert opened.details.store.of(files) == [None]


def test_a_broken_clock_gives_the_epoch():
    assert changed_at(ImageFile("a", 1, 10**30)) == datetime(1970, 1, 1)
    assert changed_at(ImageFile("a", 1, int(datetime(2019, 5, 3).timestamp()) * 10**9)).date() == date(2019, 5, 3)


# -- Names ---------------------------------------------------------------------------------------------


def test_words_worth_looking_for():
    assert query_words(["Perro en la PLAYA con Ñandú", "2019 playa"]) == ("perro", "playa", "nandu", "2019")
    assert query_words(["en la foto"]) == ()


def test_words_in_paths():
    paths = PathWords({"Viaje a Perú/IMG_Playa01.jpg": 3, "perros/Ñandú.jpg": 4, "aperrear/x.playa": 5, "jpg/a.jpg": 6})
    assert paths.find(("perro", "playa", "nandu", "peru")) == {3: ("playa", "peru"), 4: ("perro", "nandu")}
    assert paths.find(("jpg",)) == {6: ("jpg",)}
    assert paths.find(()) == {}


def test_a_name_raises_a_hit_and_is_marked(opened):
    assert names(together(opened).search(parse("azul + playa"), 2)) == ["azul", "blanco"]
    hits = together(opened).search(parse("azul + playa"), 3, by_name=True)
    # Half of the words are in each of two paths; that is worth 1.5 deviations of the six scores with blue.
    worth = 1.5 * float(np.std([0, 0, 1, 0, 3**-0.5, 0]))
    assert worth > 3**-0.5
    assert [(hit.path.stem, hit.named) for hit in hits] == [
        ("azul", ("azul",)),
        ("naranja", ("playa",)),
        ("blanco", ()),
    ]
    assert hits[1].score == pytest.approx(0, abs=1e-6)  # what is shown stays the cosine
    filtered = together(opened).search(parse("azul + playa carpeta:viaje"), 6, by_name=True)
    assert names(filtered) == ["naranja", "blanco", "amarillo"]


# -- Near-duplicates -----------------------------------------------------------------------------------


def unit(*angles):
    return np.array([[np.cos(a), np.sin(a)] for a in angles], np.float32)


def test_groups_follow_the_best_and_never_chain():
    near = 1 - np.cos(0.1)
    assert group(unit(0, 0.09, 0.18, 0.5, 0.41), near).tolist() == [0, 0, 2, 3, 3]
    assert group(unit(0, 0, 0), 0.0).tolist() == [0, 0, 0]
    assert group(unit(), 0.1).tolist() == []


def test_equal_files_are_one_group_whatever_the_distances_say():
    alone = np.arange(5)
    assert join_equal(alone, ["a", "b", None, "a", None]).tolist() == [0, 1, 2, 0, 4]
    assert join_equal(np.array([0, 0, 2, 2, 4]), ["a", "b", "b", "c", "a"]).tolist() == [0, 0, 0, 0, 0]


def test_equal_files_are_one_hit_in_a_library_of_three(home, tmp_path, fake, pool):
    folder = tmp_path / "iguales"
    for name in ("a", "b"):
        paint(folder / f"{name}.png", (255, 0, 0))
    paint(folder / "otra.png", (255, 0, 1))
    opened = IndexedFolder(home, folder, fake, pool)
    assert opened.update().added == 3
    assert fake.images == 2
    hits = together(opened).search(Query((Term("rojo"),)), 3, folded=True)
    assert [(hit.path.name, [copy.path.name for copy in hit.copies]) for hit in hits] == [
        ("a.png", ["b.png"]),
        ("otra.png", []),
    ]
    assert len(together(opened).search(Query((Term("rojo"),)), 3)) == 3


def test_a_picture_that_is_there_many_times_takes_no_place_of_others(tmp_path, fake, pool):
    index = ImageIndex(tmp_path, tmp_path, fake.space, fake.dim)
    red, green, blue = np.eye(fake.dim, dtype=np.float32)[:3]
    rows = np.stack([red] * 300 + [green, blue])
    index.add([ImageFile(f"{number}.png", 1, 1) for number in range(302)], rows, ["a"] * 300 + ["b", "c"])
    hits = search(parse("rojo"), fake, index, 3, pool, limits=Limits(folded=True))
    assert [len(hit.copies) for hit in hits] == [299, 0, 0]
    assert {hit.path.stem for hit in hits[1:]} == {"300", "301"}


def test_folding_keeps_the_best_and_counts_again():
    hits = [Hit(rank, 1 - rank / 10, Path(f"/{rank}.jpg")) for rank in range(1, 6)]
    folded = fold(hits, group(unit(0, 0.5, 0.01, 0.51, 1.0), 0.01), 2)
    assert [(hit.rank, hit.path.name, [copy.path.name for copy in hit.copies]) for hit in folded] == [
        (1, "1.jpg", ["3.jpg"]),
        (2, "2.jpg", ["4.jpg"]),
    ]
    assert folded[1].copies[0].score == pytest.approx(0.6)


def test_the_unit_of_distance_is_the_librarys_own():
    rng = np.random.default_rng(1)
    sample = rng.normal(size=(50, 16)).astype(np.float32)
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    mean = (1 - (sample @ sample.T)[np.triu_indices(50, 1)]).mean()
    assert near_distance(sample) == pytest.approx(NEAR * mean, rel=1e-5)
    assert near_distance(sample[:9]) == 0.0
    assert near_distance(np.repeat(sample[:1], 20, axis=0)) == pytest.approx(0, abs=1e-6)


def test_a_burst_does_not_fill_the_page(home, tmp_path, fake, pool):
    folder = tmp_path / "rafaga"
    for number in range(12):
        paint(folder / f"rafaga{number:02}.png", (255, number // 2, 0))
    for number, colour in enumerate([(255, 128, 0), (255, 255, 0), (0, 255, 0), (0, 0, 255), (255, 0, 255)]):
        paint(folder / f"otra{number}.png", colour)
    made = IndexedFolder(home, folder, fake, pool)
    made.update()
    assert names(together(made).search(parse("rojo"), 4)) == ["rafaga00", "rafaga01", "rafaga02", "rafaga03"]
    hits = together(made).search(parse("rojo"), 4, folded=True)
    assert names(hits) == ["rafaga00", "otra0", "otra1", "otra4"]
    assert names(hits[0].copies) == [f"rafaga{number:02}" for number in range(1, 12)]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert hits[0].copies[0].details.width == 40
