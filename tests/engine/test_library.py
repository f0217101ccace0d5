"""Several folders as one library: searched as one index would be, filtered by name, kept up to date one by one."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from semantik.encoders.base import unit_rows
from semantik.engine.library import Library
from semantik.errors import IndexNotSaved, NoneMatchesFilters
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index import ImageIndex, JoinedIndexes, index_store
from semantik.queries import Query, Term
from semantik.records import ImageFile, frame_key
from semantik.search.query_syntax import format_query, parse
from tests.support.libraries import paint, together

CHANCE = np.random.default_rng(7)


def file(path: str, size: int = 1) -> ImageFile:
    return ImageFile(path, size, 1)


def filled(folder, paths, vectors, space="fake/rgb") -> ImageIndex:
    """An index in memory, of pictures that need not exist."""
    made = ImageIndex(folder / "store", folder, space, vectors.shape[1])
    made.add([file(path) for path in paths], vectors)
    return made


def names(hits) -> list[str]:
    return [hit.path.name for hit in hits]


@pytest.fixture
def trips(tmp_path):
    """Another folder, as of another disk: four pictures; one is nearly the red of ``library``, one its very green."""
    folder = tmp_path / "usb" / "viajes"  # by name it comes after "fotos"
    paint(folder / "granate.png", (250, 8, 8))
    paint(folder / "2019" / "cielo.png", (40, 60, 255))
    paint(folder / "2019" / "mar" / "turquesa.png", (0, 200, 180))
    paint(folder / "verde.png", (0, 255, 0))
    return folder


@pytest.fixture
def both(home, library, trips, fake, pool):
    """The libraries of the two folders, up to date."""
    made = [IndexedFolder(home, folder, fake, pool) for folder in (library, trips)]
    assert [each.update().count for each in made] == [6, 4]
    return made


# -- Indexes that are joined -------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path):
    """Three parts, with rows that are gone in the first two, and one index over the same rows."""
    vectors = unit_rows(CHANCE.normal(size=(60, 8)).astype(np.float32))
    vectors[45] = vectors[3]  # the same picture in the first part and in the third
    paths = [f"{number:02}.jpg" for number in range(60)]
    bounds = ((0, 20), (20, 32), (32, 60))
    parts = [filled(tmp_path / str(start), paths[start:end], vectors[start:end]) for start, end in bounds]
    whole = filled(tmp_path / "todo", paths, vectors)
    for index in (parts[0], whole):
        index.remove(["05.jpg"])
    for index in (parts[1], whole):
        index.remove(["21.jpg", "31.jpg"])
    return JoinedIndexes(parts), whole, vectors


def test_joined_indexes_find_what_one_index_over_all_finds(three):
    joined, whole, vectors = three
    assert (joined.count, joined.starts, joined.folder) == (57, (0, 20, 32, 60), joined.parts[0].folder)
    for query in (vectors[3], vectors[20], unit_rows(-vectors[:1])[0]):
        for top_k in (1, 5, 57, 100):
            scores, rows = joined.search(query, top_k)
            wanted_scores, wanted_rows = whole.search(query, top_k)
            assert rows.tolist() == wanted_rows.tolist()
            assert scores.tolist() == wanted_scores.tolist()
            assert len(rows) == min(top_k, 57)
    # Of equal scores the earlier folder's comes first.
    assert joined.search(vectors[3], 2)[1].tolist() == [3, 45]


def test_a_mask_holds_for_the_rows_of_all_parts(three):
    joined, whole, vectors = three
    among = joined.mask([4, 5, 19, 20, 21, 50])
    assert np.flatnonzero(among).tolist() == [4, 5, 19, 20, 21, 50]
    scores, rows = joined.search(vectors[20], 9, among)
    assert sorted(rows.tolist()) == [4, 19, 20, 50]  # 5 and 21 are gone
    assert (rows[0], scores[0]) == (20, pytest.approx(1.0, abs=1e-6))
    assert rows.tolist() == whole.search(vectors[20], 9, among)[1].tolist()


def test_rows_of_all_parts_are_read_and_told_apart(three):
    joined, _, vectors = three
    assert joined.vectors([45, 0, 20, 45]).tolist() == vectors[[45, 0, 20, 45]].tolist()
    places = [joined.part_of(row) for row in (0, 19, 20, 31, 32, 59)]
    assert places == [(0, 0), (0, 19), (1, 0), (1, 11), (2, 0), (2, 27)]
    assert joined.file_of(20) == file("20.jpg")
    assert joined.path_of(59) == joined.parts[2].folder / "59.jpg"


def test_a_sample_takes_of_each_part_its_share(tmp_path):
    parts = [
        filled(tmp_path / name, [f"{number}.jpg" for number in range(count)], np.full((count, 2), place, np.float32))
        for place, (name, count) in enumerate({"a": 30, "b": 10, "c": 1}.items(), start=1)
    ]
    joined = JoinedIndexes(parts)
    assert joined.sample(100)[:, 0].tolist() == [1] * 30 + [2] * 10 + [3]
    # 20 of 41: 14 of the 30, as every third, and 4 of the 10, as every third too.
    assert joined.sample(20)[:, 0].tolist() == [1] * 10 + [2] * 4
    for part, paths in zip(parts, (range(30), range(10), range(1)), strict=True):
        part.remove([f"{number}.jpg" for number in paths])
    assert joined.sample(20).shape == (0, 2)


def test_frames_of_a_video_in_a_later_part_keep_their_moments(tmp_path):
    film = [frame_key("v/clip.mp4", moment) for moment in (0, 12.5)]
    one = filled(tmp_path / "a", ["x.jpg"], np.eye(3, dtype=np.float32)[:1])
    other = filled(tmp_path / "b", ["y.jpg", *film], np.eye(3, dtype=np.float32))
    joined = JoinedIndexes([one, other])
    assert [joined.moment_of(row) for row in range(4)] == [None, None, 0.0, 12.5]
    assert joined.path_of(3) == tmp_path / "b" / "v" / "clip.mp4"
    assert joined.file_of(3) == file("v/clip.mp4")


def test_indexes_of_other_spaces_or_sizes_are_not_joined(tmp_path):
    one = filled(tmp_path, ["x.jpg"], np.ones((1, 3), np.float32))
    with pytest.raises(ValueError, match=r"\['fake/rgb', 'other'\] are not one"):
        JoinedIndexes([one, filled(tmp_path, ["x.jpg"], np.ones((1, 3), np.float32), space="other")])
    with pytest.raises(ValueError, match="are not one"):
        JoinedIndexes([one, filled(tmp_path, ["x.jpg"], np.ones((1, 4), np.float32))])


# -- Searching ---------------------------------------------------------------------------------------------


@pytest.fixture
def parent(tmp_path, both, fake, pool):
    """The folder that holds the two, indexed as one in a home of its own."""
    made = IndexedFolder(tmp_path / "home" / "otra", tmp_path, fake, pool)
    assert made.update().count == 10
    return made


@pytest.mark.parametrize("words", ["rojo", "verde", "rojo + verde - azul", "2:azul sin rojo", "azul orden:nombre"])
@pytest.mark.parametrize("top_k", [1, 3, 10])
def test_two_folders_answer_as_their_parent_alone_would(both, parent, words, top_k):
    joined = together(*both).search(parse(words), top_k)
    assert joined == together(parent).search(parse(words), top_k)
    assert len(joined) == top_k
    assert None not in [hit.details for hit in joined]


def test_a_picture_and_a_text_are_weighed_over_both_folders(both, parent, library):
    query = Query((Term(text="verde"), Term(image=library / "rojo.png"), Term(text="azul", weight=-1)))
    found = together(*both).search(query, 10)
    assert found == together(parent).search(query, 10)
    assert found[0].relevance == pytest.approx(together(parent).search(query, 1)[0].relevance)
    # One folder alone is too small to tell the spread of its scores, and so weighs them otherwise.
    alone = {hit.path: hit.score for hit in together(both[0]).search(query, 6)}
    assert alone[found[0].path] != pytest.approx(found[0].score, abs=1e-3)


def test_the_best_of_both_folders_come_with_their_own_details(both, library, trips):
    moments = {library / "rojo.png": datetime(2018, 1, 2, 3, 4), trips / "granate.png": datetime(2021, 5, 6, 7, 8)}
    for path, moment in moments.items():
        os.utime(path, (0, moment.timestamp()))
    for each in both:
        each.update()
    found = together(*both)
    hits = found.search(parse("rojo"), 2)
    assert [(hit.rank, hit.path) for hit in hits] == list(enumerate(moments, start=1))
    assert hits[0].score == pytest.approx(1.0)
    assert [hit.details.date for hit in hits] == list(moments.values())
    newest, oldest = (found.search(parse(f"rojo orden:{order}"), 2) for order in ("recientes", "antiguas"))
    assert [names(newest), names(oldest)] == [["granate.png", "rojo.png"], ["rojo.png", "granate.png"]]
    assert names(found.search(parse("rojo desde:2021-05-06 hasta:2021-05-06"), 9)) == ["granate.png"]
    assert found.searched(parse("rojo hasta:2018")) == 1


def test_near_duplicates_in_two_folders_are_one_hit(both, library, trips):
    first, *rest = together(*both).search(parse("rojo"), 9, folded=True)
    assert (first.path, [(copy.path, copy.rank) for copy in first.copies]) == (
        library / "rojo.png",
        [(trips / "granate.png", 1)],
    )
    assert (first.copies[0].details.width, first.copies[0].details.height) == (40, 30)
    assert [hit.rank for hit in rest] == list(range(2, 2 + len(rest)))
    green = next(hit for hit in rest if hit.path.name == "verde.png")
    assert [copy.path for copy in green.copies] == [trips / "verde.png"]
    # A single folder of less than ten pictures tells no distance, whatever was found out for both.
    assert [hit.copies for hit in together(both[0]).search(parse("rojo"), 6, folded=True)] == [()] * 6


def test_names_count_in_the_second_folder(both):
    hits = together(*both).search(parse("azul + turquesa"), 10, by_name=True)
    assert {hit.path.name: hit.named for hit in hits if hit.named} == {
        "azul.png": ("azul",),
        "turquesa.png": ("turquesa",),
    }
    assert names(hits)[:2] == ["azul.png", "turquesa.png"]
    assert "turquesa.png" not in names(together(*both).search(parse("azul + turquesa"), 2))
    # What a folder of the library is called says nothing of its pictures.
    assert {hit.named for hit in together(*both).search(parse("viajes"), 10, by_name=True)} == {()}


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("viajes", {"granate.png", "cielo.png", "turquesa.png", "verde.png"}),
        ("VIAJES/2019", {"cielo.png", "turquesa.png"}),
        ("2019", {"cielo.png", "turquesa.png"}),
        ("2019/mar", {"turquesa.png"}),
        ("viajes/2019/mar/", {"turquesa.png"}),
        ("fotos/viaje", {"amarillo.png", "blanco.png", "naranja.png"}),
        ("viaje", {"amarillo.png", "blanco.png", "naranja.png"}),
        ("fotos", {"rojo.png", "verde.png", "azul.png", "amarillo.png", "blanco.png", "naranja.png"}),
    ],
)
def test_folders_are_asked_for_by_name_and_by_what_is_in_them(both, folder, found):
    hits = together(*both).search(parse(f"verde carpeta:{folder}"), 10)
    assert set(names(hits)) == found
    assert together(*both).searched(parse(f"verde carpeta:{folder}")) == len(found)


@pytest.mark.parametrize("folder", ["mar", "viajes/viaje", "fotos/2019", "otra"])
def test_a_folder_that_is_nowhere_is_told(both, folder):
    for ask in (lambda query: together(*both).search(query, 3), together(*both).searched):
        with pytest.raises(NoneMatchesFilters) as caught:
            ask(parse(f"verde carpeta:{folder}"))
        assert caught.value.params == {"filters": f"carpeta:{folder}"}


def test_of_one_folder_alone_the_name_is_no_part(both):
    alone = together(both[1])
    assert alone.subfolders() == ["2019", "2019/mar"]
    assert len(alone.search(parse("verde carpeta:2019"), 9)) == 2
    for folder in ("viajes", "viajes/2019"):
        with pytest.raises(NoneMatchesFilters):
            alone.search(parse(f"verde carpeta:{folder}"), 9)
    # The same searcher: what it kept for one folder is not taken for two, nor the other way round.
    two = Library(both, both[0].encoder, alone._searcher, alone.config)
    assert len(two.search(parse("verde carpeta:viajes"), 9)) == 4
    with pytest.raises(NoneMatchesFilters):
        alone.search(parse("verde carpeta:viajes"), 9)


def test_the_folders_to_ask_for_begin_with_the_names(both):
    found = ["fotos", "fotos/viaje", "fotos/viaje/playa", "viajes", "viajes/2019", "viajes/2019/mar"]
    assert together(*both).subfolders() == found
    assert [together(*both).searched(parse(f"x carpeta:{folder}")) for folder in found] == [6, 3, 1, 4, 2, 1]


def test_two_folders_of_one_name_share_it(tmp_path, home, fake, pool):
    made = []
    for disk, colour in (("a", (255, 0, 0)), ("b", (240, 20, 0))):
        paint(tmp_path / disk / "2019" / "mar" / f"{disk}.png", colour)
        made.append(IndexedFolder(home, tmp_path / disk / "2019", fake, pool))
        made[-1].update()
    found = together(*made)
    assert made[0].store != made[1].store
    assert found.subfolders() == ["2019", "2019/mar"]
    for folder in ("2019", "2019/mar", "mar"):
        assert names(found.search(parse(f"rojo carpeta:{folder}"), 2)) == ["a.png", "b.png"]
    # A folder within may have that name, too.
    paint(tmp_path / "b" / "2019" / "2019" / "isla" / "c.png", (200, 0, 0))
    made[1].update()
    assert names(found.search(parse("rojo carpeta:2019/isla"), 3)) == ["c.png"]
    assert names(found.search(parse("rojo carpeta:2019/2019"), 3)) == ["c.png"]


def test_pictures_of_both_folders_go_by_name_in_the_query(both, library, trips):
    query = Query((Term(image=trips / "2019" / "cielo.png"), Term(image=library / "verde.png", weight=-1)))
    assert format_query(query, together(*both).folders) == f"{Path('2019/cielo.png')} - verde.png"
    assert parse("2019/cielo.png - verde.png", together(*both).folders) == query


def test_a_filter_still_fits_when_what_changed_could_not_be_saved(both, library, monkeypatch):
    found = together(*both)
    assert names(found.search(parse("rojo carpeta:viajes"), 1)) == ["granate.png"]
    paint(library / "rojo.png", (0, 0, 255), (50, 50))  # as many pictures as before, in one row more

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_store, "commit", full)
    with pytest.raises(IndexNotSaved):
        both[0].update()
    assert (both[0].count, both[0].index.total_rows) == (6, 7)
    assert names(found.search(parse("rojo carpeta:viajes"), 1)) == ["granate.png"]


def test_a_folder_within_another_brings_its_own_details(home, library, fake, pool):
    """The window does not open such folders together, but settings may name them, or a link may lead there."""
    outer = IndexedFolder(home, library, fake, pool)
    outer.update()
    paint(library / "viaje" / "granate.png", (250, 8, 8), (60, 20))  # of which the outer index knows nothing yet
    inner = IndexedFolder(home, library / "viaje", fake, pool)
    inner.update()
    hits = together(outer, inner).search(parse("rojo"), 2)
    assert names(hits) == ["rojo.png", "granate.png"]
    assert [(hit.details.width, hit.details.height) for hit in hits] == [(40, 30), (60, 20)]
