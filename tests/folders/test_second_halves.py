"""RAW files and live photos' videos beside a picture of their name: one shot counts once, and nothing is lost."""

from __future__ import annotations

import io
import os
import shutil
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from semantik.decoding.shots import LOOK_SIDE, Shot, likeness, look_alike, moment_of, told_alike
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.indexer import scan_changes, update_index
from semantik.folders.raw_jpeg_pairs import stem
from semantik.records import Reason
from tests.support import films, photo_files
from tests.support.fake_encoder import FakeEncoder
from tests.support.pictures import photo, quarters


def jpeg(path, image=None, taken="", camera="", size=(640, 480)):
    exif = Image.Exif()
    if taken:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if camera:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera.split(" ", 1)
    (image or photo(size)).save(path, "JPEG", exif=exif)
    return path


def raw(path):
    """The ACME One of 3 August 2019, 17:05:09, saw red, green, blue and white quarters."""
    return photo_files.dng(path, (64, 48))


def update(index, pool, **options):
    report = update_index(index.folder, FakeEncoder(), index, pool=pool, **options)
    changes, _ = scan_changes(index)
    assert not changes  # nothing is left to find out
    return report


def names(index):
    return sorted(file.path for file in index.files())


OTHER = quarters((640, 480)).rotate(180)
MOMENT, CAMERA = "2019:08:03 17:05:09", "ACME ACME One"

TWINS = {
    "the same moment and camera, edited": {"image": OTHER, "taken": MOMENT, "camera": CAMERA},
    "the same moment, no camera": {"image": OTHER, "taken": MOMENT},
    "no EXIF data, the same look": {"image": quarters((640, 480))},
    "another moment, the same look": {"image": quarters((640, 480)), "taken": "2020:01:01 10:00:00"},
    "another camera, the same look": {"image": quarters((640, 480)), "taken": MOMENT, "camera": "Apple iPhone 12"},
    "an unset clock, the same look": {"image": quarters((640, 480)), "taken": "0000:00:00 00:00:00"},
}
STRANGERS = {
    "another day": {"image": OTHER, "taken": "2022:01:01 09:00:00", "camera": CAMERA},
    "another camera": {"image": OTHER, "taken": MOMENT, "camera": "Apple iPhone 12"},
    "no EXIF data, another look": {"image": OTHER},
    "an unset clock, another look": {"image": OTHER, "taken": "0000:00:00 00:00:00"},
    "one colour": {"image": Image.new("RGB", (640, 480), "red")},
}


@pytest.mark.parametrize("picture", TWINS.values(), ids=TWINS)
def test_two_files_of_one_shot_count_once(index, folder, pool, picture):
    raw(folder / "IMG_1.DNG")
    jpeg(folder / "img_1.jpg", **picture)
    report = update(index, pool)
    assert (names(index), report.count, report.added, report.problems) == (["img_1.jpg", "otra.png"], 2, 2, ())
    assert index.skip_of("IMG_1.DNG").reason is Reason.SAME_SHOT


@pytest.mark.parametrize("picture", STRANGERS.values(), ids=STRANGERS)
def test_two_shots_under_one_name_are_two(index, folder, pool, picture):
    raw(folder / "IMG_1.DNG")
    jpeg(folder / "IMG_1.JPG", **picture)
    report = update(index, pool)
    assert (names(index), report.problems) == (["IMG_1.DNG", "IMG_1.JPG", "otra.png"], ())


def test_a_raw_file_beside_a_picture_that_cannot_be_read_is_found_until_that_is_mended(index, folder, pool):
    whole = jpeg(folder / "buena.jpg", photo((400, 300)), MOMENT, CAMERA).read_bytes()
    (folder / "buena.jpg").unlink()
    broken = {"vacia": b"", "rota": whole[:300], "cortada": whole[: len(whole) // 2], "texto": b"not a picture"}
    reasons = {"vacia": Reason.EMPTY, "rota": Reason.DAMAGED, "cortada": Reason.TRUNCATED, "texto": Reason.NOT_AN_IMAGE}
    raw(folder / "vacia.dng")
    for name, data in broken.items():
        if name != "vacia":
            shutil.copy(folder / "vacia.dng", folder / f"{name}.dng")
        (folder / f"{name}.jpg").write_bytes(data)
    report = update(index, pool)
    assert names(index) == ["cortada.dng", "cortada.jpg", "otra.png", "rota.dng", "texto.dng", "vacia.dng"]
    assert {bad.path.removesuffix(".jpg"): bad.reason for bad in report.problems} == reasons
    for name in broken:
        (folder / f"{name}.jpg").write_bytes(whole)
    report = update(index, pool)
    assert names(index) == ["cortada.jpg", "otra.png", "rota.jpg", "texto.jpg", "vacia.jpg"]
    assert (report.count, report.problems) == (5, ())
    (folder / "rota.jpg").write_bytes(broken["rota"])
    (folder / "texto.jpg").unlink()
    update(index, pool)
    assert names(index) == ["cortada.jpg", "otra.png", "rota.dng", "texto.dng", "vacia.jpg"]


def test_what_was_found_out_is_remembered_and_no_file_is_opened(tmp_path, folder, fake, pool, monkeypatch):
    raw(folder / "IMG_1.DNG")
    jpeg(folder / "IMG_1.JPG", taken=MOMENT)
    raw(folder / "IMG_2.DNG")
    jpeg(folder / "IMG_2.JPG", taken="2001:02:03 04:05:06")
    (folder / "sin nombre").write_bytes(b"nothing")
    library = IndexedFolder(tmp_path / "home", folder, fake, pool)
    assert library.update().count == 4
    # Neither are they read again when the update is asked for, nor does the program open one itself.
    asked = []
    monkeypatch.setattr(pool, "shots", lambda *arguments, **options: asked.append(arguments))
    monkeypatch.setattr("semantik.folders.doubtful_files.open_regular", asked.append)
    again = IndexedFolder(tmp_path / "home", folder, fake, pool)
    assert (again.open().state, again.count) == (State.READY, 4)
    assert (again.update().added, asked) == (0, [])


def test_halves_that_moved_or_got_another_time_are_not_decoded_again(index, folder, pool):
    (folder / "a").mkdir()
    for name, taken in (("IMG_1", MOMENT), ("IMG_2", "2001:02:03 04:05:06")):
        raw(folder / "a" / f"{name}.DNG")
        jpeg(folder / "a" / f"{name}.JPG", taken=taken)
    update(index, pool)
    (folder / "a").rename(folder / "b")
    fake, expected = FakeEncoder(), ["b/IMG_1.JPG", "b/IMG_2.DNG", "b/IMG_2.JPG", "otra.png"]
    report = update_index(folder, fake, index, pool=pool)
    assert (fake.images, report.removed, names(index)) == (0, 0, expected)
    for file in (folder / "b").iterdir():
        os.utime(file, ns=(10**18, file.stat().st_mtime_ns - 3600 * 10**9))
    report = update_index(folder, fake, index, pool=pool)
    assert (fake.images, report.removed, names(index)) == (0, 0, expected)
    assert not scan_changes(index)[0]


PAIRS = (
    ("PXL_20250126_164931991.RAW-01.COVER.jpg", "PXL_20250126_164931991.RAW-02.ORIGINAL.dng"),
    ("PXL_20220101_100000000_RAW-01.COVER.jpg", "PXL_20220101_100000000_RAW-02.ORIGINAL.dng"),
    ("PXL_20210101_100000000.RAW-01.MP.COVER.jpg", "PXL_20210101_100000000.RAW-02.ORIGINAL.dng"),
    ("PXL_20200101_100000000.MP.jpg", "PXL_20200101_100000000.dng"),
    ("PXL_20200101_100000000.MP.jpg", "PXL_20200101_100000000.MP.mp4"),
    ("MVIMG_20180101_100000.jpg", "MVIMG_20180101_100000.MP4"),
    ("IMG_1.HEIC", "img_1.mov"),
    ("IMG_E1234.HEIC", "IMG_E1234.MOV"),
)
APART = (
    ("IMG_1234.HEIC", "IMG_E1234.MOV"),
    ("PXL_20250126_164931991.jpg", "PXL_20250126_164931992.dng"),
    ("PXL_1.RAW-01.COVER.jpg", "PXL_2.RAW-02.ORIGINAL.dng"),
    ("a/IMG_1.jpg", "b/IMG_1.dng"),
    ("x.cover.jpg", "y.original.dng"),
)


def test_which_names_are_compared():
    assert [stem(one) == stem(other) for one, other in PAIRS] == [True] * len(PAIRS)
    assert [stem(one) == stem(other) for one, other in APART] == [False] * len(APART)


def test_pixels_pair_counts_once(index, folder, pool):
    raw(folder / "PXL_20250126_164931991.RAW-02.ORIGINAL.dng")
    jpeg(folder / "PXL_20250126_164931991.RAW-01.COVER.jpg", quarters((640, 480)))
    (folder / "PXL_20200101_100000000.MP").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    update(index, pool)
    assert names(index) == ["PXL_20250126_164931991.RAW-01.COVER.jpg", "otra.png"]


def film(path, image, seconds=1.0, rate=15.0):
    pixels = np.asarray(image.resize(films.SIZE))
    return films.write_film(path, [pixels] * int(seconds * rate), rate=rate)


def test_a_live_photo_counts_once_and_a_film_beside_a_photo_does_not(index, folder, pool):
    still = photo((320, 240))
    jpeg(folder / "viva.jpg", still)
    film(folder / "viva.mov", still)
    jpeg(folder / "otra escena.jpg", still)
    film(folder / "otra escena.mov", quarters((320, 240)))
    jpeg(folder / "larga.jpg", still)
    film(folder / "larga.mov", still, seconds=20, rate=1.0)
    film(folder / "sola.mov", quarters((320, 240)))
    (folder / "rota.jpg").write_bytes(b"no picture")
    film(folder / "rota.mov", quarters((320, 240)))
    update(index, pool)
    assert {"larga.mov", "otra escena.mov", "sola.mov", "rota.mov"} <= set(names(index))
    assert {"viva.jpg", "otra escena.jpg", "larga.jpg"} <= set(names(index))
    assert "viva.mov" not in names(index)


# -- The rules -----------------------------------------------------------------------------------------

moments = st.datetimes(datetime(1995, 1, 1), datetime(2090, 1, 1))


def digits(moment):
    return moment.strftime("%Y%m%d%H%M%S")


@given(moments, moments, st.sampled_from(["", "acme one"]), st.sampled_from(["", "acme one", "other two"]))
def test_raw_files_agree_by_moment_and_camera(one, other, camera, second):
    half, picture = Shot(digits(one), camera), Shot(digits(other), second)
    same_camera = not (camera and second) or camera == second
    assert told_alike(half, picture) == (digits(one) == digits(other) and same_camera)
    assert told_alike(half, Shot(digits(one), camera))
    assert not told_alike(half, Shot("", camera))


@given(moments, st.integers(-56, 56), st.integers(0, 5), st.floats(0.5, 8))
def test_a_live_photos_video_agrees_in_any_zone(moment, quarters_of_hours, before, seconds):
    video = Shot(digits(moment + timedelta(minutes=15 * quarters_of_hours, seconds=-before)), "", seconds)
    picture = Shot(digits(moment), "apple iphone 12")
    assert told_alike(video, picture)
    assert not told_alike(Shot(video.moment, "", 9.0), picture)
    assert not told_alike(Shot(digits(moment + timedelta(days=2)), "", seconds), picture)
    assert not told_alike(Shot(digits(moment + timedelta(minutes=7)), "", seconds), picture)


@given(st.text("0123456789: -T+.\0ñ", max_size=30) | st.binary(max_size=30) | st.none() | st.integers())
def test_a_moment_is_fourteen_digits_or_nothing(value):
    told = moment_of(value)
    assert told == "" or (len(told) == 14 and datetime.strptime(told, "%Y%m%d%H%M%S"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2019:08:03 17:05:09", "20190803170509"),
        ("2019-08-03T17:05:09+02:00", "20190803170509"),
        (b"2019:08:03 17:05:09\0", "20190803170509"),
        *(
            (text, "")
            for text in ("0000:00:00 00:00:00", "    :  :     :  :  ", "2000:01:01 00:00:00", "2019:08:03", "")
        ),
    ],
)
def test_moments_of_exif_texts(text, told):
    assert moment_of(text) == told


def test_looks_are_alike_whatever_the_exposure():
    noise = np.random.default_rng(2).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    one, other = (np.asarray(Image.fromarray(each).resize((LOOK_SIDE, LOOK_SIDE))) for each in noise)
    darker = (one.astype(float) ** 1.5 / 255**0.5 * 0.8).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(one).save(buffer, "JPEG", quality=40)
    assert likeness(one, darker) > 0.95
    assert likeness(one, np.asarray(Image.open(buffer))) > 0.85
    assert likeness(one, other) < 0.5
    flat, bright = np.full_like(one, 9), np.full_like(one, 200)
    assert [likeness(flat, each) for each in (flat, bright, one)] == [1, 0, 0]
    assert look_alike(Shot("", "", 2.0, np.stack([other, one])), Shot("", "", 0.0, darker[None]))
    assert not look_alike(Shot("", ""), Shot("", "", 0.0, one[None]))
