"""Searches during an update answer from what is done by then, and know how much is not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from semantik.engine.background_updates import BackgroundUpdates
from semantik.engine.library import Library
from semantik.errors import BadTopK, IndexNotSaved
from semantik.folders import embedding_run
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex, index_store
from semantik.long_tasks import TaskControl
from semantik.search.query_syntax import parse
from tests.support.films import BLUE, RED, write_film
from tests.support.gated_encoder import TIMEOUT, GatedEncoder
from tests.support.libraries import paint, strip, together

DAY = 24 * 3600


@pytest.fixture
def encoder() -> GatedEncoder:
    made = GatedEncoder()
    made.gated = True
    return made


@pytest.fixture
def begin(encoder):
    """Runs a function in a thread, which the encoder holds before each batch; in the end it is let go."""
    with ThreadPoolExecutor(1) as thread, ExitStack() as ending:
        ending.callback(encoder.let_on, free=True)
        yield thread.submit


def on_day(path: Path, day: int) -> Path:
    """Give a file the last change of a day after 2015-01-01."""
    time = date(2015, 1, 1).toordinal() * DAY - date(1970, 1, 1).toordinal() * DAY + day * DAY + DAY // 2
    os.utime(path, (time, time))
    return path


def reds(folder: Path, count: int) -> Path:
    """Nearly red pictures, the last the newest."""
    for number in range(count):
        on_day(paint(folder / f"{number:02}.png", (255, 2 * number, 0)), number)
    return folder


@pytest.fixture
def opened(home, tmp_path, encoder, pool) -> IndexedFolder:
    """A folder of ten that was never indexed."""
    return IndexedFolder(home, reds(tmp_path / "fotos", 10), encoder, pool)


def names(library: Library, words: str = "rojo", top_k: int = 50) -> list[str]:
    return [hit.path.name for hit in library.search(parse(words), top_k)]


def test_a_first_indexing_is_searched_batch_by_batch(opened, encoder, begin):
    library = together(opened)
    update = begin(opened.update)
    moments = []
    for batch in range(3):
        encoder.wait_at_gate()
        assert (library.count, library.awaited) == (4 * batch, 10 - 4 * batch if batch else 0)
        if batch:
            assert names(library) == [f"{number:02}.png" for number in range(10 - 4 * batch, 10)]
            answer = library.ask(parse("rojo"), 10)
            assert (answer.searched, answer.known, answer.awaited, answer.of) == (
                4 * batch,
                4 * batch,
                10 - 4 * batch,
                10,
            )
            assert len(answer.shown) == 4 * batch
            with pytest.raises(BadTopK):
                library.ask(parse("rojo"), 11)
            moments.append((library.as_it_is(), names(library)))
        encoder.let_on()
    assert update.result(TIMEOUT).count == 10
    assert (library.count, library.awaited, library.expected) == (10, 0, 10)
    assert names(library) == [f"{number:02}.png" for number in range(10)]
    # What was seen on the way stayed as it was, though the files on disk were merged meanwhile.
    for moment, found in moments:
        assert names(moment) == found
        assert moment.awaited == 10 - moment.count


def test_filters_equal_content_and_names_work_on_the_part(home, tmp_path, encoder, pool, begin):
    folder = reds(tmp_path / "fotos", 8)
    copy = folder / "07 copia.png"  # is taken with the other one's vector at the end, which goes by the first name
    copy.write_bytes((folder / "07.png").read_bytes())
    on_day(copy, 7)
    on_day(paint(folder / "viaje" / "verde.png", (0, 200, 0)), 9)
    opened = IndexedFolder(home, folder, encoder, pool)
    library = together(opened)
    update = begin(opened.update)
    encoder.wait_at_gate()
    encoder.let_on()
    encoder.wait_at_gate()
    assert (library.count, library.awaited) == (4, 6)
    assert sorted(names(library)) == ["05.png", "06.png", "07 copia.png", "verde.png"]
    assert names(library, "rojo desde:2015-01-07") == ["06.png", "07 copia.png", "verde.png"]
    assert names(library, "carpeta:viaje") == ["verde.png"]
    assert library.subfolders() == ["viaje"]
    (named, *_) = library.search(parse("verde"), 1, by_name=True)
    assert named.named == ("verde",)
    assert library.find("00.png") == []
    encoder.let_on(free=True)
    assert update.result(TIMEOUT).count == 10
    assert (library.count, library.awaited) == (10, 0)
    assert "07.png" in names(library)
    found = library.search(parse("rojo"), 10, folded=True)
    alike = [{hit.path.name, *(copy.path.name for copy in hit.copies)} for hit in found]
    assert [{"07.png", "07 copia.png"} <= group for group in alike].count(True) == 1


def test_several_folders_videos_and_wide_pictures_are_there_whole_or_not_at_all(home, tmp_path, encoder, pool, begin):
    done = IndexedFolder(home, reds(tmp_path / "listas", 3), encoder, pool)
    encoder.gated = False
    assert done.update().count == 3
    encoder.gated = True
    folder = tmp_path / "nuevas"
    on_day(strip(folder / "ancha.png", (255, 0, 0)), 40)
    film = folder / "corto.mp4"
    folder.mkdir(exist_ok=True)
    shots = (np.full((48, 64, 3), colour, np.uint8) for colour in (RED, BLUE))
    on_day(write_film(film, [frame for shot in shots for frame in [shot] * 20]), 30)
    reds(folder, 6)
    opened = IndexedFolder(home, folder, encoder, pool)
    library = together(done, opened)
    update = begin(library.update, [opened])
    encoder.wait_at_gate()
    while opened.index is None:  # both are in the first batch, the newest, and take several calls of the encoder
        assert (library.count, library.awaited) == (3, 0)
        encoder.let_on()
        encoder.wait_at_gate()
    views, moments = (len(opened.index.rows_of(path)) for path in ("ancha.png", "corto.mp4"))
    assert (views > 1, moments > 1) == (True, True)
    assert (library.count, library.awaited) == (3 + 3 + moments, 4)
    found = library.search(parse("rojo"), 50)
    assert {hit.path.parent.name for hit in found} == {"listas", "nuevas"}
    assert [hit.path.name for hit in found].count("ancha.png") == 1
    encoder.let_on(free=True)
    assert update.result(TIMEOUT)[0].report.count == opened.count
    assert [len(opened.index.rows_of(path)) for path in ("ancha.png", "corto.mp4")] == [views, moments]
    assert (library.count, library.awaited) == (3 + 6 + 1 + moments, 0)


def test_folders_that_have_yet_to_come_are_named(opened, tmp_path, encoder, begin):
    folders = [reds(tmp_path / name, 1) for name in ("viajes", "escaneos")]
    later = [IndexedFolder(opened.home, folder, encoder, opened.pool) for folder in folders]
    library = together(opened, *later)
    update = begin(library.update, [opened, *later])
    for _ in range(2):
        encoder.wait_at_gate()
        encoder.let_on()
    encoder.wait_at_gate()
    answer = library.ask(parse("rojo"), 3)
    assert (answer.known, answer.awaited, answer.unbegun) == (8, 2, ("viajes", "escaneos"))
    assert answer.remarks("x") == ["Todavía no se busca en «viajes» y «escaneos»: se indexa después."]
    encoder.let_on(free=True)
    assert [outcome.report.count for outcome in update.result(TIMEOUT)] == [10, 1, 1]
    answer = library.ask(parse("rojo"), 3)
    assert (answer.known, answer.awaited, answer.unbegun, answer.remarks("x")) == (12, 0, (), [])


def test_names_are_those_of_the_moment(opened, encoder, begin):
    encoder.gated = False
    opened.update()
    library = together(opened)
    assert [hit.path.name for hit in library.search(parse("rojo"), 1, by_name=True)] == ["00.png"]
    (opened.folder / "lejos").mkdir()
    (opened.folder / "09.png").rename(opened.folder / "lejos" / "verdes.png")
    paint(opened.folder / "nueva.png", (255, 50, 0))
    encoder.gated = True
    update = begin(opened.update)
    encoder.wait_at_gate()  # what moved is known by now, and as many pictures as before
    assert (library.count, library.awaited) == (10, 1)
    assert names(library, "carpeta:lejos") == ["verdes.png"]
    (named, *_) = library.search(parse("verdes"), 1, by_name=True)
    assert named.path.name == "verdes.png"
    encoder.let_on(free=True)
    assert update.result(TIMEOUT).count == 11


def test_what_was_cancelled_still_says_what_is_missing_until_it_is_not(opened, encoder, begin):
    control = TaskControl()
    update = begin(opened.update, control)
    encoder.wait_at_gate()
    control.cancel()
    encoder.let_on(free=True)
    assert update.result(TIMEOUT).cancelled
    assert (opened.count, opened.awaited) == (4, 6)
    (opened.folder / "00.png").unlink()
    assert opened.check().state is State.CHANGED
    assert opened.awaited == 5
    assert opened.update().count == 9
    assert opened.awaited == 0


def test_only_what_is_not_known_in_any_version_is_awaited(home, tmp_path, encoder, pool, begin):
    folder = reds(tmp_path / "fotos", 6)
    opened = IndexedFolder(home, folder, encoder, pool)
    encoder.gated = False
    assert opened.update().count == 6
    for number in range(6):
        on_day(paint(folder / f"{number:02}.png", (0, 0, 200 + number), (30, 20)), number)
    on_day(paint(folder / "nueva.png", (0, 0, 255), (30, 20)), 3)
    encoder.gated = True
    update = begin(opened.update)
    told = []
    for _ in range(2):
        encoder.wait_at_gate()
        told.append((opened.count, opened.awaited))
        encoder.let_on()
    assert update.result(TIMEOUT).count == 7
    assert told == [(6, 1), (7, 0)]


def test_what_was_done_on_a_full_disk_can_be_found_and_the_rest_is_awaited(opened, encoder, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_store, "commit", full)
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 8)
    encoder.gated = False
    with pytest.raises(IndexNotSaved):
        opened.update()
    assert (opened.count, opened.awaited) == (8, 2)
    assert names(together(opened)) == [f"{number:02}.png" for number in range(2, 10)]


def test_a_background_update_says_of_how_much_the_searched_index_does_not_know(home, tmp_path, encoder, pool):
    opened = IndexedFolder(home, reds(tmp_path / "fotos", 3), encoder, pool)
    encoder.gated = False
    opened.update()
    searched = opened.index
    encoder.gated = True
    paint(opened.folder / "más.png", (255, 99, 0))
    news = []
    updates = BackgroundUpdates({opened.folder: opened}.get, lambda: True, news.append)
    try:
        updates.notice(opened.folder)
        encoder.wait_at_gate()
        answer = together(opened).ask(parse("rojo"), 3)
        assert (answer.known, answer.awaited) == (3, 1)
        assert opened.index is searched
        thread = updates._thread
        encoder.let_on(free=True)
        thread.join(TIMEOUT)
    finally:
        updates.close()
    assert (opened.count, opened.awaited) == (4, 0)
    assert ImageIndex.load(opened.store, opened.folder).count == 4
