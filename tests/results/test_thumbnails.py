"""The thumbnail cache: what is stored comes back, what is broken is made again, and nothing breaks a search."""

from __future__ import annotations

import errno
import io
import logging
import os
from dataclasses import replace

import pytest
from PIL import Image

from semantik.decoding.decoded import Thumbnail
from semantik.decoding.fingerprint import fingerprint
from semantik.errors import DecodeFailed
from semantik.records import Reason
from semantik.results import thumbnails
from semantik.results.thumbnails import ThumbnailCache
from tests.support.faulty_disk import refuse_at_first
from tests.support.libraries import paint

RED, GREEN, BLUE = (250, 20, 20), (20, 250, 20), (20, 20, 250)


class Maker:
    """Stands in for the decoder processes and notes what it was asked for."""

    def __init__(self):
        self.made = []

    def thumbnails(self, paths, side):
        for path in paths:
            self.made.append((path.name, side))
            try:
                with Image.open(path) as image:
                    image.thumbnail((side, side))
                    stream = io.BytesIO()
                    image.convert("RGB").save(stream, "JPEG")
                    yield Thumbnail(stream.getvalue(), *image.size)
            except OSError:
                yield DecodeFailed(path=str(path), reason=Reason.DAMAGED, detail="")


@pytest.fixture
def maker():
    return Maker()


@pytest.fixture
def cache(tmp_path):
    return ThumbnailCache(tmp_path / "cache")


@pytest.fixture
def photos(tmp_path):
    colours = {"a.png": RED, "b.png": GREEN, "c.png": BLUE}
    return [paint(tmp_path / "fotos" / name, colour, (200, 100)) for name, colour in colours.items()]


def entries(cache):
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def pixel(thumbnail, x=5, y=5):
    return Image.open(io.BytesIO(thumbnail.jpeg)).convert("RGB").getpixel((x, y))


def near(one, other):
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("known", ["content", "name"])
def test_of_a_picture_that_is_not_there_what_was_kept_is_shown(tmp_path, maker, photos, known):
    prints = {path: fingerprint(path) for path in photos}
    if known == "name":  # written to while it was read: nothing tells its content
        prints = {path: replace(each, digest="") for path, each in prints.items()}
    cache = ThumbnailCache(tmp_path / "cache", content_of=prints.get)
    cache.get_many(photos[:2], maker, side=40)
    cache.get_many(photos[:1], maker)
    for path in photos:
        path.unlink()
    found = cache.get_many(photos, maker, side=40)
    assert [(path, each.width) for path, each in found.items()] == [(photos[0], 40), (photos[1], 40)]
    assert near(pixel(found[photos[1]]), GREEN)
    larger = cache.get_many(photos, maker, side=640)  # of another side rather than none
    assert {path: each.width for path, each in larger.items()} == {photos[0]: 200}
    assert len(maker.made) == 3


def test_thumbnails_show_the_pictures_in_order(cache, maker, photos):
    found = cache.get_many(reversed(photos), maker, side=40)
    assert list(found) == [photos[2], photos[1], photos[0]]
    for path, colour in zip(photos, (RED, GREEN, BLUE), strict=True):
        assert (found[path].width, found[path].height) == (40, 20)
        assert Image.open(io.BytesIO(found[path].jpeg)).size == (40, 20)
        assert near(pixel(found[path]), colour)


def test_the_second_time_nothing_is_decoded_and_the_bytes_are_the_same(cache, maker, photos):
    first = cache.get_many(photos, maker, side=40)
    again = ThumbnailCache(cache.folder).get_many(photos, maker, side=40)
    assert again == first
    assert len(maker.made) == 3


def test_only_what_is_missing_is_decoded_once(cache, maker, photos):
    cache.get_many(photos[:1], maker)
    maker.made.clear()
    assert list(cache.get_many([photos[0], photos[1], photos[1]], maker)) == photos[:2]
    assert maker.made == [("b.png", thumbnails.SIDE)]


def test_another_side_or_a_changed_picture_is_another_thumbnail(cache, maker, photos):
    cache.get_many(photos[:1], maker, side=40)
    assert cache.get_many(photos[:1], maker, side=20)[photos[0]].width == 20
    before = photos[0].stat()
    paint(photos[0], BLUE, (200, 100))
    os.utime(photos[0], ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    assert near(pixel(cache.get_many(photos[:1], maker, side=40)[photos[0]]), BLUE)
    assert len(maker.made) == 3


def test_vanished_and_damaged_pictures_are_absent(cache, maker, photos):
    photos[0].write_bytes(b"no image")
    cache.get_many(photos[1:2], maker)
    photos[1].unlink()  # its thumbnail is cached, but there is no picture to open any more
    assert list(cache.get_many([*photos, photos[0].parent / "nunca.jpg"], maker)) == [photos[2]]


def test_an_entry_is_a_jpeg_that_any_viewer_opens(cache, maker, photos):
    cache.get_many(photos[:1], maker, side=40)
    (entry,) = entries(cache)
    with Image.open(entry) as image:
        image.load()
        assert (image.format, image.size) == ("JPEG", (40, 20))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: data[:-30] + bytes([data[-30] ^ 1]) + data[-29:],
        lambda data: b"GIF89a" + b"\0" * 500,
        lambda data: b"\0" * (17 << 20),
    ],
    ids=["empty", "short", "cut", "longer", "picture bit", "size bit", "foreign", "huge"],
)
def test_a_damaged_entry_is_made_again(cache, maker, photos, damage, caplog):
    good = cache.get_many(photos[:1], maker)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert cache.get_many(photos[:1], maker) == good
    assert entry.read_bytes() == whole
    assert len(maker.made) == 2
    assert "made again" in caplog.text


def test_an_entry_under_another_pictures_name_is_refused(cache, maker, photos):
    red = cache.get_many(photos[:1], maker)
    (first,) = entries(cache)
    cache.get_many(photos[1:2], maker)
    (second,) = (entry for entry in entries(cache) if entry != first)
    second.write_bytes(first.read_bytes())
    found = cache.get_many(photos[:2], maker)
    assert near(pixel(found[photos[1]]), GREEN)
    assert found[photos[0]] == red[photos[0]]


def test_the_least_recently_used_go_first(tmp_path, maker):
    photos = [paint(tmp_path / "fotos" / f"{i}.png", RED, (64, 64)) for i in range(10)]
    cache = ThumbnailCache(tmp_path / "cache")
    for path in photos:
        cache.get_many([path], maker)
    now = {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in photos}
    by_use = {path: cache._entry(thumbnails._key(path, now[path], thumbnails.SIDE)) for path in photos}
    for day, entry in enumerate(by_use.values()):  # as if used one a day, the first picture longest ago
        os.utime(entry, (day * 86400, day * 86400))
    cache.get_many(photos[:1], maker)  # the oldest is used again
    (size,) = {entry.stat().st_size for entry in entries(cache)}

    small = ThumbnailCache(cache.folder, limit_bytes=size * 10)
    new = paint(tmp_path / "fotos" / "nueva.png", RED, (64, 64))
    small.get_many([new], maker)  # the eleventh: eviction goes down to nine
    assert [path.name for path in photos if not by_use[path].exists()] == ["1.png", "2.png"]
    maker.made.clear()
    assert len(small.get_many([*photos, new], maker)) == 11
    assert maker.made == [("1.png", thumbnails.SIDE), ("2.png", thumbnails.SIDE)]


def test_eviction_leaves_foreign_files_alone_and_clears_old_leftovers(tmp_path, maker, photos):
    cache = ThumbnailCache(tmp_path / "cache", limit_bytes=1)
    folder = cache.folder / "ab"
    folder.mkdir(parents=True)
    foreign = folder / "notas.txt"
    foreign.write_text("mías")
    (cache.folder / "foto.jpg").write_bytes(b"own")
    old, fresh = folder / f"{'a' * 40}.0123abcd.tmp", folder / f"{'b' * 40}.0123abcd.tmp"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    fresh.write_bytes(b"x")  # another program may be writing it right now
    assert list(cache.get_many(photos, maker)) == photos
    assert {entry.name for entry in entries(cache)} == {foreign.name, fresh.name, "foto.jpg"}


@pytest.mark.parametrize("kind", ["file in its place", "disk full", "no permission"])
def test_a_folder_that_takes_nothing_never_breaks_a_search(  # noqa: PLR0917 - fixtures
    cache, maker, photos, kind, monkeypatch, caplog
):
    if kind == "file in its place":
        cache.folder.write_text("un archivo")
    else:
        code = errno.ENOSPC if kind == "disk full" else errno.EACCES

        def refuse(source, target):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(thumbnails.os, "replace", refuse)
    with caplog.at_level(logging.WARNING):
        assert list(cache.get_many(photos, maker)) == photos
        assert list(cache.get_many(photos, maker)) == photos
    assert len(maker.made) == 6
    assert caplog.text.count("not cached") == 2
    assert kind == "file in its place" or entries(cache) == []


def test_an_entry_that_cannot_be_touched_still_serves(cache, maker, photos, monkeypatch):
    first = cache.get_many(photos, maker)

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "read-only")

    monkeypatch.setattr(thumbnails.os, "utime", refuse)
    assert cache.get_many(photos, maker) == first
    assert len(maker.made) == 3


def test_decoder_processes_make_them_upright(cache, tmp_path, pool):
    image = Image.new("RGB", (300, 200), BLUE)
    image.paste(RED, (0, 0, 300, 100))  # red above blue; the camera was held on its side
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright: red at the right
    path = tmp_path / "girada.jpg"
    image.save(path, exif=exif, quality=95)
    found = cache.get_many([path, tmp_path / "no está.jpg"], pool, side=90)
    assert list(found) == [path]
    assert (found[path].width, found[path].height) == (60, 90)
    assert near(pixel(found[path], 50, 45), RED)
    assert near(pixel(found[path], 10, 45), BLUE)
    assert Image.open(io.BytesIO(found[path].jpeg)).getexif().get(0x0112, 1) == 1


def test_windows_waits_for_a_virus_scanner_that_reads_a_new_entry(tmp_path, monkeypatch):
    picture, cache, maker = paint(tmp_path / "foto.png", (9, 9, 200)), ThumbnailCache(tmp_path / "cache"), Maker()
    refusals = refuse_at_first(monkeypatch, "replace", 5)
    made = cache.get_many([picture], maker)
    assert not refusals
    assert ThumbnailCache(tmp_path / "cache").get_many([picture], maker) == made
    assert [name for name, _ in maker.made] == ["foto.png"]


def test_a_picture_of_known_content_keeps_its_thumbnail_under_other_names_and_times(cache, maker, photos):
    known = {}
    by_content = ThumbnailCache(cache.folder, content_of=known.get)
    first = cache.get_many(photos[:1], maker, side=40)[photos[0]]
    known[photos[0]] = fingerprint(photos[0])  # it was made before the content was known
    assert by_content.get_many(photos[:1], maker, side=40)[photos[0]] == first
    moved = photos[0].rename(photos[0].with_name("otro nombre.png"))
    os.utime(moved, ns=(1, 1_500_000_000_000_000_000))
    known[moved] = fingerprint(moved)
    assert by_content.get_many([moved], maker, side=40)[moved] == first
    assert len(maker.made) == 1
    paint(moved, BLUE, (200, 100))  # the index knows the old content only
    os.utime(moved, ns=(1, 1_500_000_000_000_000_100))  # Windows counts in steps of 100 ns
    assert near(pixel(by_content.get_many([moved], maker, side=40)[moved]), BLUE)
    assert len(maker.made) == 2


def test_pictures_whose_disk_is_unplugged_keep_their_thumbnails(tmp_path):
    folder, maker = tmp_path / "disco" / "fotos", Maker()
    paths = [paint(folder / "a.png", RED), paint(folder / "b.png", BLUE)]
    known = {path: fingerprint(path) for path in paths}
    cache = ThumbnailCache(tmp_path / "cache", content_of=known.get)
    before = cache.get_many(paths, maker)
    (tmp_path / "disco").rename(tmp_path / "fuera")
    assert cache.get_many(paths, maker) == before
    assert ThumbnailCache(cache.folder).get_many(paths, maker) == {}
    assert len(maker.made) == 2
