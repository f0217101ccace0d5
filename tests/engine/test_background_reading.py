"""Reading behind the user: it makes way at once, goes on where it was, says how much is left, and ends at once."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack

import pytest

from semantik.decoding.decoded import PictureContent
from semantik.engine.background_reading import BackgroundReading
from semantik.engine.background_updates import BackgroundUpdates
from semantik.errors import DecoderNotStarted
from semantik.folders.content_reading import TextReader
from semantik.folders.indexed_folder import IndexedFolder
from tests.support.libraries import paint
from tests.support.reading import NotingReader, ScriptedPool, lasting_reading_pool
from tests.support.signs import write_sign
from tests.support.waiting import PATIENCE, SOON, wait_until


@pytest.fixture
def opened(home, library, fake, pool) -> IndexedFolder:
    made = IndexedFolder(home, library, fake, pool)
    made.update()
    return made


@pytest.fixture
def other(home, tmp_path, fake, pool) -> IndexedFolder:
    made = IndexedFolder(home, paint(tmp_path / "viajes" / "granate.png", (200, 20, 20)).parent, fake, pool)
    made.update()
    return made


class Reading(BackgroundReading):
    """One whose pools are scripted and kept, and whose news are collected."""

    def __init__(self, reader: NotingReader, *, held: bool = False) -> None:
        self.pools: list[ScriptedPool] = []
        self.told: queue.Queue = queue.Queue()
        self.reader = reader
        self.begins_held = held
        self.answer = None
        super().__init__(self._pool_made, lambda folder: [reader], lambda *news: self.told.put(news), quiet=0.0)

    def _pool_made(self) -> ScriptedPool:
        pool = ScriptedPool(self.answer)
        if self.begins_held:
            pool.go_on.clear()
        self.pools.append(pool)
        return pool

    def ended(self) -> None:
        """Wait until nothing is left to do."""
        if thread := self._thread:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def lefts(self) -> list[int]:
        return [self.told.get_nowait()[0] for _ in range(self.told.qsize())]


@pytest.fixture
def ending():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make(ending):
    def begin(reader: NotingReader | None = None, **options) -> Reading:
        made = Reading(reader or NotingReader(), **options)
        ending.callback(made.close)
        return made

    return begin


def test_all_folders_are_read_and_how_much_is_left_is_told(make, opened, other):
    reading = make()
    reading.follow([opened, other])
    reading.ended()
    assert len(reading.reader.noted) == 7
    (pool,) = reading.pools
    assert len(pool.asked) == 7
    assert pool.asked[-1] == "granate.png"
    assert pool.closed  # large models are not kept for nothing
    told = [reading.told.get_nowait() for _ in range(reading.told.qsize())]
    assert (told[0], told[-1]) == ((7, frozenset({"text"})), (0, frozenset({"text"})))
    # Nothing is new: no process is started, and nothing is said.
    reading.follow([opened, other])
    reading.ended()
    assert (len(reading.pools), reading.lefts()) == (1, [])


def test_nothing_is_read_that_nobody_wants(make, opened):
    reading = make()
    reading.reader.on = False
    reading.follow([opened])
    reading.ended()
    assert (reading.pools, reading.reader.noted, reading.lefts()) == ([], {}, [])
    reading.reader.on = True
    reading.follow([opened])
    reading.ended()
    assert len(reading.reader.noted) == 6


def test_it_makes_way_in_the_middle_of_a_picture_and_goes_on_with_it(make, opened):
    reading = make(held=True)
    reading.follow([opened])
    wait_until(lambda: reading.pools and reading.pools[0].begun.is_set())
    reading.hold()
    wait_until(lambda: reading.pools[0].closed, SOON)
    assert reading.reader.noted == {}
    reading.hold()  # a second task begins before the first has ended
    reading.release()
    assert reading.reader.noted == {}
    assert len(reading.pools) == 1
    reading.begins_held = False
    reading.release()
    reading.ended()
    assert [len(pool.asked) for pool in reading.pools] == [1, 6]
    assert reading.pools[0].asked[0] == reading.pools[1].asked[0]
    assert len(reading.reader.noted) == 6


def test_nothing_begins_while_it_is_held(make, opened):
    reading = make()
    with reading.aside():
        reading.follow([opened])
        assert reading.pools == []
        assert reading.reader.noted == {}
    reading.ended()
    assert len(reading.reader.noted) == 6


def test_other_folders_take_the_place_of_those_before(make, opened, other):
    reading = make(held=True)
    reading.follow([opened])
    wait_until(lambda: reading.pools and reading.pools[0].begun.is_set())
    reading.follow([other])
    reading.pools[0].go_on.set()
    reading.ended()
    assert reading.pools[0].asked[1:] == ["granate.png"]
    assert reading.lefts()[-1] == 0


def test_closing_ends_it_at_once_and_writes_what_was_read(make, opened):
    reading = make()
    one_read = threading.Event()

    def answer(path):
        if one_read.is_set():
            reading.pools[0].go_on.clear()
            reading.pools[0].begun.set()
            reading.pools[0].go_on.wait(PATIENCE)
        one_read.set()
        return PictureContent(())

    reading.answer = answer
    reading.follow([opened])
    wait_until(lambda: reading.pools and len(reading.pools[0].asked) == 2)
    closer = threading.Thread(target=reading.close)
    closer.start()
    closer.join(SOON)
    assert not closer.is_alive()
    assert 1 <= len(reading.reader.noted) <= 2
    assert reading.reader.flushed == 1
    reading.follow([opened])  # too late
    assert len(reading.pools) == 1


def test_what_fails_ends_the_round_and_not_the_program(make, opened, caplog):
    reading = make()

    def answer(path):
        raise DecoderNotStarted(detail="no memory")

    reading.answer = answer
    reading.follow([opened])
    reading.ended()
    assert len(reading.pools[0].asked) == 1
    assert "no more is read in pictures" in caplog.text
    reading.answer = None
    reading.follow([opened])
    reading.ended()
    assert len(reading.reader.noted) == 6

    def broken(path):
        raise ZeroDivisionError

    reading.reader.noted.clear()
    reading.answer = broken
    reading.follow([opened])
    reading.ended()
    assert "ZeroDivisionError" in caplog.text


def test_a_kind_that_cannot_be_read_here_is_not_asked_for_again(make, opened):
    reading = make()
    reading.answer = lambda path: PictureContent(None, None, "text: no such package")
    reading.follow([opened])
    reading.ended()
    reading.follow([opened])
    reading.ended()
    assert [len(pool.asked) for pool in reading.pools] == [1]


def test_nothing_is_read_while_a_folder_is_brought_up_to_date(make, opened, ending):
    reading, held = make(), []

    def news(told):
        held.append(reading._holds)

    updates = BackgroundUpdates({opened.folder: opened}.get, lambda: True, news, reading.aside)
    ending.callback(updates.close)
    paint(opened.folder / "nueva.png", (1, 2, 3))
    updates.notice(opened.folder)
    wait_until(lambda: updates._thread is None)
    assert held == [1, 1]
    assert reading._holds == 0


def test_texts_are_read_by_a_real_process_and_found_after_a_kill(home, tmp_path, fake, pool, ending):
    folder = write_sign(tmp_path / "fotos" / "cartel.png", "FARMACIA").parent
    opened = IndexedFolder(home, folder, fake, pool)
    opened.update()
    ended = threading.Event()
    reading = BackgroundReading(
        lasting_reading_pool,
        lambda indexed_folder: [TextReader(indexed_folder.texts, lambda: True)],
        lambda left, kinds: ended.set() if not left else None,
        quiet=0.0,
    )
    ending.callback(reading.close)
    reading.follow([opened])
    assert ended.wait(PATIENCE)
    again = IndexedFolder(home, folder, fake, pool)  # as another program sees it that never heard of this one
    again.load()
    assert again.texts.missing(again.index.files()) == []
