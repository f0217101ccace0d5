"""Pictures under names that are no picture's: told by their first bytes, once, and never passed over in silence."""

from __future__ import annotations

import gzip
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding.pictures.formats import FORMATS, IMAGE_EXTENSIONS, RAW
from semantik.decoding.pictures.unlisted import (
    extension_of,
    recognise_unlisted,
    spoken_extension,
)
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.indexer import scan_changes, update_index
from semantik.folders.known_endings import NO_PICTURES, may_be_picture
from semantik.index import ImageIndex
from semantik.records import Reason
from tests.support import photo_files
from tests.support.fake_encoder import FakeEncoder
from tests.support.films import BLUE, GREEN, scenes, write_film
from tests.support.libraries import paint
from tests.support.pictures import encoded

STRANGE = (
    *("foto.jpg_large", "foto.jpg~", "foto.jpeg_", "foto.JPG.1", "foto.jpg(2)", "foto.jpg.bak", "foto", "foto."),
    *("VID_1.insp", "a.b.c.xyz", "foto.jpg!d", "ñandú.imagen", "foto.jpg_original", "foto.dat", "foto.old"),
)


def update(index, pool, **options):
    return update_index(index.folder, FakeEncoder(), index, pool=pool, **options)


def names(index):
    return sorted(file.path for file in index.files())


def test_pictures_under_strange_names_are_found(index, folder, pool):
    colours = {}
    for number, name in enumerate(STRANGE):
        kind = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")[number % 6]
        colours[name] = (10 * number, 200, 20)
        (folder / name).write_bytes(encoded(Image.new("RGB", (32, 32), colours[name]), kind))
    report = update(index, pool)
    assert (names(index), report.problems) == (sorted([*STRANGE, "otra.png"]), ())
    red, green, _ = index.vector("foto.jpg~")
    assert red / green == pytest.approx(10 / 200, abs=0.1)
    (folder / "foto.jpg~").unlink()
    (folder / "foto.jpg_large").write_bytes(b"no picture any more")
    assert len(scan_changes(index)[0].removed) == 2
    update(index, pool)
    assert set(STRANGE) - set(names(index)) == {"foto.jpg~", "foto.jpg_large"}


def test_what_no_decoder_reads_is_told(index, folder, pool):
    jpeg = encoded(Image.new("RGB", (64, 64), "red"), "JPEG")
    files = {
        "grande.psb": (b"8BPS\0\2" + bytes(40), Reason.DAMAGED),
        "dibujo.xcf": (b"gimp xcf v011\0" + bytes(40), Reason.NO_DECODER),
        "foto.jxr": (b"II\xbc\x01" + bytes(40), Reason.NO_DECODER),
        "rota.jpg_large": (jpeg[:200], Reason.DAMAGED),
        "rota": (b"\x89PNG\r\n\x1a\n" + bytes(40), Reason.DAMAGED),
    }
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    report = update(index, pool)
    assert {bad.path: bad.reason for bad in report.problems} == {name: reason for name, (_, reason) in files.items()}
    assert not scan_changes(index)[0]


def test_what_is_no_picture_is_looked_at_once(tmp_path, folder, fake, pool, monkeypatch):
    for name in ("LEEME", "datos.xyz", "juego.sav1", "nota.qqq"):
        (folder / name).write_bytes(b"BM is how this text begins")
    (folder / "vacio.xyz").touch()
    for ending in (".txt", ".zip", ".mp3", ".py", ".XMP"):
        (folder / f"nunca{ending}").write_bytes(encoded(Image.new("RGB", (8, 8)), "PNG"))
    opened = []
    from semantik.folders import doubtful_files

    real = doubtful_files.open_regular
    monkeypatch.setattr(doubtful_files, "open_regular", lambda path: opened.append(path.name) or real(path))
    library = IndexedFolder(tmp_path / "home", folder, fake, pool)
    report = library.update()
    assert (report.count, report.problems, library.problems()) == (1, (), ())
    assert sorted(opened) == ["LEEME", "datos.xyz", "juego.sav1", "nota.qqq"]
    again = IndexedFolder(tmp_path / "home", folder, fake, pool)
    assert again.open().state is State.READY
    assert again.update().count == 1
    assert len(opened) == 4
    # A new one is found when the folder is opened; what it is not is remembered even so.
    (folder / "nueva.xyz").write_bytes(b"still none")
    assert again.check().state is State.READY
    assert IndexedFolder(tmp_path / "home", folder, fake, pool).open().state is State.READY
    assert opened[4:] == ["nueva.xyz"]
    paint(folder / "nueva.png", (9, 9, 9)).rename(folder / "nueva.xyz")
    check = again.check()
    assert (check.state, [file.path for file in check.changes.added]) == (State.CHANGED, ["nueva.xyz"])
    assert again.update().count == 2


def test_a_full_check_looks_again(index, folder, pool):
    picture = encoded(Image.new("RGB", (8, 8), "red"), "BMP")
    (folder / "x.dat").write_bytes(b"A" + picture[1:])
    update(index, pool)
    before = (folder / "x.dat").stat()
    (folder / "x.dat").write_bytes(picture)
    os.utime(folder / "x.dat", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(index) == ["otra.png"]
    update(index, pool, check=True)
    assert names(index) == ["otra.png", "x.dat"]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX special files and permissions")
def test_what_cannot_be_looked_at_holds_up_nothing(index, folder, pool, monkeypatch):
    os.mkfifo(folder / "tubo")
    (folder / "enlace").symlink_to("nirgendwo")
    (folder / "cerrado.xyz").write_bytes(encoded(Image.new("RGB", (8, 8)), "PNG"))
    (folder / "nube.xyz").write_bytes(encoded(Image.new("RGB", (8, 8)), "PNG"))
    from semantik.folders import doubtful_files, scan

    real = doubtful_files.open_regular

    def refuse(path):
        assert path.name != "nube.xyz"  # reading would download it
        if path.name == "cerrado.xyz":
            raise PermissionError(13, "refused")
        return real(path)

    cloud = (folder / "nube.xyz").stat().st_ino
    monkeypatch.setattr(doubtful_files, "open_regular", refuse)
    monkeypatch.setattr(scan, "is_only_in_cloud", lambda status: status.st_ino == cloud)
    report = update(index, pool)
    assert (names(index), report.problems) == (["otra.png"], ())
    monkeypatch.undo()
    assert update(index, pool).count == 3


# -- The rules -----------------------------------------------------------------------------------------


def test_no_ending_is_in_two_lists():
    assert not NO_PICTURES & (IMAGE_EXTENSIONS | VIDEO_EXTENSIONS)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in NO_PICTURES)


@pytest.mark.parametrize(
    ("name", "ending", "meant", "looked_at"),
    [
        ("foto.jpg", ".jpg", ".jpg", False),
        ("foto.JPG.1", ".1", ".jpg", True),
        ("DSC_1.NEF~", ".nef~", ".nef", True),
        ("DSC_1.nef.bak", ".bak", ".nef", True),
        ("foto.jpg_large", ".jpg_large", ".jpg", True),
        ("foto.tga (2)", ".tga (2)", ".tga", True),
        ("LEEME", "", "", True),
        (".jpg", "", "", True),
        ("notas.TXT", ".txt", ".txt", False),
        ("clip.mp4", ".mp4", ".mp4", False),
        ("copia.jpg.zip", ".zip", ".zip", False),
        ("versión 1.2", ".2", ".2", True),
    ],
)
def test_endings(name, ending, meant, looked_at):
    assert (extension_of(name), spoken_extension(name), may_be_picture(name)) == (ending, meant, looked_at)


@pytest.mark.parametrize(
    "head",
    [
        *(b"BMW cars and more of such text", b"P1 is the first page", b"P6 is\n the sixth 6 6 6", b"BM" + bytes(60)),
        *(b"\xff\x0a, says the text, and goes on like that for some time without end", b"DDS is a format"),
        *(b"\x01\xda is SGI's", b"\0\0\1\0\1\0 16 x 16 " + bytes(40), b"\0\0\2\0", b"DanM", b"\x80\xe8\0\0"),
        *(b"<!DOCTYPE html><html><body><svg></svg>", b"<html><svg>", b"<?xml version='1.0'?><html><svg>"),
        *(
            b"%PDF-1.7",
            b"PK\3\4",
            b"\x7fELF",
            b"ID3",
            b"RIFF1234WAVE",
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
            b"MZ",
            b"",
        ),
        gzip.compress(b"<svg/>", mtime=0),
    ],
)
def test_short_signatures_are_not_believed_alone(head):
    assert recognise_unlisted(head, "algo.xyz") is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM", "DDS", "AVIF", "QOI"])
def test_pictures_are_recognised_by_their_beginning(kind):
    data = encoded(Image.new("RGB", (32, 32), "red"), kind)
    assert recognise_unlisted(data[:1024], "sin nombre").name == kind


def test_a_raw_file_is_one_under_the_name_of_a_copy(tmp_path):
    head = photo_files.dng(tmp_path / "a.dng", (64, 48)).read_bytes()[:1024]
    assert recognise_unlisted(head, "IMG_1.dng~") is RAW
    assert recognise_unlisted(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "dibujo").name == "SVG"
    tga = io.BytesIO()
    Image.new("RGB", (8, 8)).save(tga, "TGA")
    assert recognise_unlisted(tga.getvalue(), "x.tga.bak").name == "TGA"
    assert recognise_unlisted(tga.getvalue(), "x.dat") is None


@given(st.binary(max_size=1024), st.sampled_from(["", "x", "x.y", "x.jpg~", "x.tga.1", "\0.nef_", "x." + "a" * 300]))
def test_any_bytes_are_something_or_nothing(head, name):
    kind = recognise_unlisted(head, name)
    assert kind is None or not kind.readable or kind in FORMATS


# -- Names as the index gives to parts of files

NAMESAKES = ("x.jpg#t=3", "x.jpg#t=3.5", "x.jpg#xywh=percent:1,2,3,4", "x.png#xywh=1,2,3,4", "a#t=1.jpg", "#t=1.00")
KEYS = ("x.jpg#t=3.00", "c.mp4#t=1.00", "x.jpg#xywh=percent:1.00,2.00,3.00,4.00", "#t=1.00#t=2.00", "ñ#t=0.50")


@pytest.mark.parametrize("others", [(), ("x.jpg",)])
def test_a_file_called_as_a_part_is_a_file_or_is_told(index, folder, pool, others):
    for number, name in enumerate((*NAMESAKES, *KEYS, *others)):
        (folder / name).write_bytes(encoded(Image.new("RGB", (16, 9), (number * 10, 99, 7)), "JPEG"))
    (folder / "texto.jpg#t=4.00").write_bytes(b"text")
    report = update(index, pool)
    assert names(index) == sorted(["otra.png", *NAMESAKES, *others])
    assert {(problem.path, problem.reason) for problem in report.problems} == {(key, Reason.NAME) for key in KEYS}
    assert all(index.rows_of(name) == [index.rows()[name]] for name in names(index))
    assert not any(index.rows_of(key) for key in KEYS)
    again = ImageIndex.load(index.store, folder)
    assert not scan_changes(again)[0] and not again.unsaved
    assert update(again, pool).problems == report.problems
    (folder / KEYS[0]).rename(folder / "buena.jpg")
    assert {problem.path for problem in update(again, pool).problems} == {*KEYS[1:]}
    assert again.rows_of("buena.jpg")


def test_it_is_never_taken_for_a_frame_that_is_indexed(index, folder, pool, fake):
    (folder / "c.mp4#t=1.00").write_bytes(encoded(Image.new("RGB", (16, 9), (200, 99, 7)), "PNG"))
    write_film(folder / "c.mp4", scenes((BLUE, 1.0), (GREEN, 1.0)))
    update(index, pool)
    frames = [index.key_of(row) for row in index.rows_of("c.mp4")]
    assert frames and all(key.startswith("c.mp4#t=") for key in frames)
    for key in frames:
        (folder / key).write_bytes(encoded(Image.new("RGB", (16, 9), (200, 99, 7)), "PNG"))
    report = update(index, pool)
    assert {problem.path for problem in report.problems} == {"c.mp4#t=1.00", *frames}
    assert [index.key_of(row) for row in index.rows_of("c.mp4")] == frames
    for key in frames:
        (folder / key).unlink()
    update(index, pool)
    assert [index.key_of(row) for row in index.rows_of("c.mp4")] == frames


def test_as_an_example_it_is_itself(folder, pool, fake):
    for name, colour in (("x.jpg", (0, 0, 0)), ("x.jpg#t=3.00", (200, 99, 7)), ("x.jpg#t=3", (9, 200, 7))):
        (folder / name).write_bytes(encoded(Image.new("RGB", (16, 9), colour), "PNG"))
        assert tuple(pool.fit(folder / name, fake.input_spec).pixels[0, 0]) == colour
    (folder / "x.jpg#xywh=percent:1.00,2.00,3.00,4.00").write_bytes(encoded(Image.new("RGB", (9, 9), (1, 2, 3)), "PNG"))
    fitted = pool.fit(folder / "x.jpg#xywh=percent:1.00,2.00,3.00,4.00", fake.input_spec)
    assert tuple(fitted.pixels[0, 0]) == (1, 2, 3)
