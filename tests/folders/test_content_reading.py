"""What is read in a folder's pictures, in which order, what becomes of failures, and that nothing is read twice."""

from __future__ import annotations

import os
import shutil

import pytest

from semantik.decoding.decoded import PictureContent
from semantik.errors import Cancelled, DecodeFailed
from semantik.folders.content_reading import ContentReading, TextReader
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import Face, Reason, TextLine
from tests.support.films import moving, write_film
from tests.support.libraries import paint
from tests.support.reading import WHOLE, NotingReader, ScriptedPool, texts_of

TEXT, FACES = frozenset({"text"}), frozenset({"faces"})


def index_of(home, folder, fake, pool) -> IndexedFolder:
    made = IndexedFolder(home, folder, fake, pool)
    made.update()
    return made


@pytest.fixture
def opened(home, library, fake, pool) -> IndexedFolder:
    return index_of(home, library, fake, pool)


def read_all(reading: ContentReading, pool: ScriptedPool) -> ContentReading:
    while reading.left:
        reading.step(pool.read)
    reading.flush()
    return reading


def reading_of(opened: IndexedFolder, *readers, without=()) -> ContentReading:
    return ContentReading(opened.folder, opened.index, readers, without)


def failing(reason: Reason):
    def answer(path):
        raise DecodeFailed(path=str(path), reason=reason, detail="")

    return ScriptedPool(answer)


def test_what_is_not_read_yet_is_read_the_newest_day_first(home, tmp_path, fake, pool):
    for day in ("20190803", "20240101", "20211231"):
        paint(tmp_path / "fotos" / f"IMG_{day}_120000.png", (int(day[3]), 0, 9))
    opened = index_of(home, tmp_path / "fotos", fake, pool)
    scripted, reader = ScriptedPool(), NotingReader()
    reading = reading_of(opened, reader)
    assert reading.left == 3
    reading.step(scripted.read)
    assert (reading.left, reading.read) == (2, 1)
    # A new run, as after a kill: what was noted is not read again.
    reading = reading_of(opened, reader)
    assert reading.left == 2
    read_all(reading, scripted)
    assert scripted.asked == ["IMG_20240101_120000.png", "IMG_20211231_120000.png", "IMG_20190803_120000.png"]
    assert {path: texts_of(content) for path, content in reader.noted.items()} == {
        name: [name[:-4]] for name in scripted.asked
    }
    assert reader.flushed == 1
    assert reading_of(opened, reader).left == 0


def test_texts_are_kept_in_the_folder_s_store(opened):
    scripted = ScriptedPool()
    wanted = [True]
    reader = TextReader(opened.texts, lambda: wanted[0])
    assert reader.wanted()
    read_all(reading_of(opened, reader), scripted)
    assert set(scripted.kinds) == {TEXT}
    files = list(opened.index.files())
    assert TextReader(opened.texts, lambda: True).missing(files) == []
    wanted[0] = False
    assert not reader.wanted()


def test_files_of_one_content_are_read_once(home, tmp_path, fake, pool):
    folder = paint(tmp_path / "fotos" / "rojo.png", (255, 0, 0)).parent
    for name in ("copia.png", "otra.png"):
        shutil.copy(folder / "rojo.png", folder / name)
    paint(folder / "azul.png", (0, 0, 255))
    opened = index_of(home, folder, fake, pool)
    scripted, reader = ScriptedPool(), NotingReader()
    reading = reading_of(opened, reader)
    assert reading.left == 4
    read_all(reading, scripted)
    assert len(scripted.asked) == 2
    assert set(reader.noted) == {"rojo.png", "copia.png", "otra.png", "azul.png"}
    assert reading.read == 4
    assert reader.noted["rojo.png"] == reader.noted["copia.png"] == reader.noted["otra.png"]


def test_one_of_several_of_the_same_content_that_is_gone_is_told_by_another(home, tmp_path, fake, pool):
    folder = paint(tmp_path / "fotos" / "rojo.png", (255, 0, 0)).parent
    shutil.copy(folder / "rojo.png", folder / "copia.png")
    opened = index_of(home, folder, fake, pool)
    reader = NotingReader()

    def answer(path):
        if len(scripted.asked) == 1:
            raise DecodeFailed(path=str(path), reason=Reason.VANISHED, detail="")
        return PictureContent(())

    scripted = ScriptedPool(answer)
    read_all(reading_of(opened, reader), scripted)
    assert len(scripted.asked) == len(set(scripted.asked)) == 2
    assert list(reader.noted) == [scripted.asked[1]]


def test_both_kinds_are_asked_for_at_once_and_only_what_is_missing(opened):
    face = Face(WHOLE, 1.0, (1.0, *[0.0] * 127))
    scripted = ScriptedPool(lambda path: PictureContent((TextLine("x", WHOLE, 1.0),), (face,)))
    texts, faces = NotingReader(), NotingReader("faces")
    texts.noted["rojo.png"] = PictureContent(())
    files = {file.path for file in opened.index.files()}
    assert "rojo.png" in files
    read_all(reading_of(opened, texts, faces), scripted)
    assert len(scripted.asked) == len(files)
    assert dict(zip(scripted.asked, scripted.kinds, strict=True))["rojo.png"] == FACES
    assert scripted.kinds.count(TEXT | FACES) == len(files) - 1
    assert set(texts.noted) == set(faces.noted) == files
    assert texts_of(texts.noted["rojo.png"]) == []


@pytest.mark.parametrize("reason", [Reason.DAMAGED, Reason.TOO_LARGE, Reason.UNSUPPORTED])
def test_what_cannot_be_read_for_good_is_noted_as_nothing(opened, reason):
    reader = NotingReader()
    reading = read_all(reading_of(opened, reader), failing(reason))
    assert len(reader.noted) == 6
    assert all(content.texts == () for content in reader.noted.values())
    assert reading.failed == []


@pytest.mark.parametrize("reason", [Reason.VANISHED, Reason.ONLY_IN_CLOUD, Reason.PERMISSION, Reason.NO_DECODER])
def test_what_may_pass_is_tried_again_the_next_time(opened, reason):
    reader, scripted = NotingReader(), failing(reason)
    reading = read_all(reading_of(opened, reader), scripted)
    assert (len(scripted.asked), reader.noted, reading.failed) == (6, {}, [])
    assert reading_of(opened, reader).left == 6


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.DECODER_CRASHED, Reason.OUT_OF_MEMORY])
def test_a_computer_that_is_not_up_to_it_is_left_in_peace(opened, reason):
    reader, scripted = NotingReader(), failing(reason)
    reading = read_all(reading_of(opened, reader), scripted)
    assert (len(scripted.asked), reader.noted) == (5, {})
    # Files that cost a process are not tried twice while the program runs; short memory is no fault of theirs.
    assert reading_of(opened, reader, without=reading.failed).left == (6 if reason is Reason.OUT_OF_MEMORY else 1)


def test_a_file_that_changes_while_it_is_read_is_not_noted(opened, library):
    reader = NotingReader()

    def answer(path):
        os.utime(path, (1, 1))
        return PictureContent((TextLine("of the new file", WHOLE, 1.0),))

    read_all(reading_of(opened, reader), ScriptedPool(answer))
    assert reader.noted == {}


def test_a_kind_that_cannot_be_read_here_is_told_and_left(opened):
    reader, faces = NotingReader(), NotingReader("faces")
    scripted = ScriptedPool(lambda path: PictureContent(None, (), "text: no such package"))
    reading = read_all(reading_of(opened, reader, faces), scripted)
    assert (reading.unable, reader.noted) == ({"text": "text: no such package"}, {})
    assert len(faces.noted) == 6
    assert scripted.kinds == [TEXT | FACES] + 5 * [FACES]
    scripted = ScriptedPool(lambda path: PictureContent(None, None, "text: no such package"))
    reading = read_all(reading_of(opened, reader), scripted)
    assert (len(scripted.asked), reading.left, reading.read) == (1, 0, 0)


def test_what_is_stopped_in_a_picture_goes_on_with_it(opened):
    reader, scripted = NotingReader(), ScriptedPool()
    reading = reading_of(opened, reader)
    reading.step(scripted.read)
    scripted.closed = True
    with pytest.raises(Cancelled):
        reading.step(scripted.read)
    assert (reading.left, len(reader.noted)) == (5, 1)
    other = ScriptedPool()
    read_all(reading, other)
    assert other.asked[0] == scripted.asked[1]
    assert len(reader.noted) == 6


def test_videos_are_not_read(home, tmp_path, fake, pool):
    folder = paint(tmp_path / "fotos" / "rojo.png", (255, 0, 0)).parent
    write_film(folder / "clip.mp4", moving([(255, 0, 0), (0, 0, 255)], 0.4))
    opened = index_of(home, folder, fake, pool)
    assert {file.path for file in opened.index.files()} == {"rojo.png", "clip.mp4"}
    scripted = ScriptedPool()
    read_all(reading_of(opened, NotingReader()), scripted)
    assert scripted.asked == ["rojo.png"]
