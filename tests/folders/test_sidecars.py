"""Files beside pictures: which belongs to which, and that a changed one counts without a picture being decoded."""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folders.picture_details import DetailsStore, FolderDetails
from semantik.folders.sidecars import find_sidecars
from semantik.records import DateSource, Details, ImageFile
from tests.support.libraries import paint

LONG = "original_1d9a7b33-52a1-4bb2-9b0a-5f5d0d4b1c2a_PXL_2"  # 51 characters


def of(folder: Path, picture: str, *sidecars: str) -> str | None:
    for name in sidecars:
        (folder / name).write_text("{}")
    found = find_sidecars(folder, [ImageFile(picture, 1, 1)])
    return found[picture].path if picture in found else None


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.xmp"),
        ("IMG_1.jpg", "IMG_1.xmp"),
        ("IMG_1.JPG", "img_1.XMP"),
        ("IMG_1.jpg", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        *(("IMG_1.jpg", f"IMG_1.jpg{'.supplemental-metadata'[:length]}.json") for length in range(1, 21)),
        ("IMG_1.jpg", "IMG_1.json"),
        ("IMG_1(2).jpg", "IMG_1.jpg(2).json"),
        ("IMG_1(2).jpg", "IMG_1(2).jpg.json"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-meta(2).json"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
        ("IMG_1-editado.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1-edited(2).jpg", "IMG_1.jpg(2).json"),
        ("IMG_1(2)-editado.jpg", "IMG_1.jpg(2).json"),
        ("IMG_1.MP4", "IMG_1.HEIC.json"),
        ("IMG_1.MP4", "IMG_1.MP4.supplemental-metadata.json"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
        (f"{LONG[:40]}.jpg", f"{LONG[:40]}.jpg.s.json"),
        (f"{LONG[:42]}.jpg", f"{LONG[:42]}.jpg.json"),
        ("Ca\u0301diz.jpg", "C\u00e1diz.jpg.json"),
    ],
)
def test_names(tmp_path: Path, picture: str, sidecar: str) -> None:
    assert of(tmp_path, picture, sidecar) == sidecar
    assert find_sidecars(tmp_path, [ImageFile("otra.jpg", 1, 1)]) == {}


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.jpg", "IMG_10.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg(1).json"),
        ("IMG_1(1).jpg", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpgx.json"),
        ("IMG_1.jpg", "metadata.json"),
        ("IMG_1.jpg", "IMG_1.jpg.txt"),
        ("IMG_1-edited.jpg", "IMG_2.jpg.json"),
        ("sin_nada", "otra.json"),
    ],
)
def test_names_of_other_pictures(tmp_path: Path, picture: str, sidecar: str) -> None:
    assert of(tmp_path, picture, sidecar) is None


def test_which_of_several_counts(tmp_path: Path) -> None:
    assert of(tmp_path, "a.jpg", "a.json", "a.jpg.json") == "a.jpg.json"
    assert of(tmp_path, "a.jpg", "a.jpg.supplemental-metadata.json") == "a.jpg.supplemental-metadata.json"
    assert of(tmp_path, "a.jpg", "a.xmp") == "a.xmp"
    assert of(tmp_path, "a.jpg", "a.jpg.xmp") == "a.jpg.xmp"


def test_folders_that_are_gone(tmp_path: Path) -> None:
    assert find_sidecars(tmp_path / "nada", [ImageFile("a.jpg", 1, 1), ImageFile("b\0/a.jpg", 1, 1)]) == {}


# -- What they tell ------------------------------------------------------------------------------------

SECONDS = 1_440_238_099
TAKEN = datetime.fromtimestamp(SECONDS, UTC).astimezone().replace(tzinfo=None)
XMP = '<x xmlns:p="http://ns.adobe.com/photoshop/1.0/" p:DateCreated="2011-08-22T10:08:19"/>'


def takeout(timestamp: object) -> str:
    return json.dumps({"title": "IMG.jpg", "photoTakenTime": {"timestamp": timestamp, "formatted": "22 ago 2015"}})


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (takeout(str(SECONDS)), TAKEN),
        (takeout(SECONDS), TAKEN),
        ("\ufeff" + takeout(str(SECONDS)), TAKEN),
        (takeout("0"), None),
        (takeout("9" * 5000), None),
        (takeout(10**17), None),
        (takeout(float("nan")), None),
        (takeout(None), None),
        (takeout([1]), None),
        ("[]", None),
        ("{}", None),
        ('{"photoTakenTime": 3}', None),
        ("[" * 100_000, None),
        ("", None),
        ("{", None),
    ],
)
def test_the_json_of_takeout(tmp_path: Path, pool: DecodePool, content: str, taken: datetime | None) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    (told,) = pool.describe([tmp_path / "a.json"])
    assert not isinstance(told, DecodeFailed)
    assert (told.taken, told.source) == (taken, DateSource.SIDECAR if taken else None)


class Index:
    """The pictures of a folder, as an index knows them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> Iterator[ImageFile]:
        for path in sorted(self.folder.glob("*.jpg")):
            status = path.stat()
            yield ImageFile(path.name, status.st_size, status.st_mtime_ns)


def test_a_changed_one_is_noticed(tmp_path: Path, pool: DecodePool, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fotos"
    paint(folder / "a.jpg", (255, 0, 0))
    paint(folder / "IMG-20190704-WA0007.jpg", (255, 0, 0))
    for path in folder.glob("*.jpg"):
        os.utime(path, (10**9, 10**9))
    details = FolderDetails(folder, pool, DetailsStore(tmp_path / "details.sqlite"))
    asked: list[str] = []
    describe = pool.describe

    def counted(paths):
        listed = list(paths)
        asked.extend(unicodedata.normalize("NFC", path.name) for path in listed)
        return describe(listed)

    monkeypatch.setattr(pool, "describe", counted)

    def dates() -> dict[str, tuple[datetime, bool, DateSource]]:
        details.catch_up(Index(folder), renew=True)  # type: ignore[arg-type]
        files = list(Index(folder).files())
        known = zip(files, details.store.of(files), strict=True)
        return {file.path[0]: (told.date, told.dated, told.source) for file, told in known if told}

    changed = datetime.fromtimestamp(10**9)
    named = (datetime(2019, 7, 4), False, DateSource.NAME)
    assert dates() == {"I": named, "a": (changed, False, DateSource.FILE)}
    assert sorted(asked) == ["IMG-20190704-WA0007.jpg", "a.jpg"]
    asked.clear()
    (folder / "a.jpg.json").write_text(takeout(SECONDS))
    assert dates() == {"I": named, "a": (TAKEN, True, DateSource.SIDECAR)}
    assert asked == ["a.jpg.json"]
    (folder / "a.jpg.json").write_text(takeout(str(SECONDS + 60)))
    assert dates()["a"] == (TAKEN.replace(minute=TAKEN.minute + 1), True, DateSource.SIDECAR)
    (folder / "a.xmp").write_text(XMP)
    assert dates()["a"] == (datetime(2011, 8, 22, 10, 8, 19), True, DateSource.SIDECAR)
    (folder / "a.xmp").write_text("<")
    assert dates()["a"] == (changed, False, DateSource.FILE)
    asked.clear()
    assert dates()["a"] == (changed, False, DateSource.FILE)
    for path in folder.glob("a.*[!g]"):
        path.unlink()
    assert dates() == {"I": named, "a": (changed, False, DateSource.FILE)}
    assert asked == []


def test_what_the_picture_tells_goes_first(tmp_path: Path, pool: DecodePool) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2010:08:22 10:08:19"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "a.xmp").write_text(XMP)
    details = FolderDetails(tmp_path, pool, DetailsStore(tmp_path / "details.sqlite"))
    details.catch_up(Index(tmp_path), renew=True)  # type: ignore[arg-type]
    (told,) = details.of(list(Index(tmp_path).files()))
    assert told == Details(8, 8, datetime(2010, 8, 22, 10, 8, 19), dated=True)
    assert told.source is DateSource.EXIF


GEOTAGGED = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    ' exif:GPSLatitude="36,31.806N" exif:GPSLongitude="6,18.36W"/>'
)


def of_version_2(base: sqlite3.Connection) -> None:
    base.execute("ALTER TABLE pictures DROP COLUMN noted_latitude")
    base.execute("ALTER TABLE pictures DROP COLUMN noted_longitude")
    base.execute("PRAGMA user_version = 2")


def of_version_3(base: sqlite3.Connection) -> None:
    """Taken over from version 2: the files beside pictures were read again, the pictures were not."""
    base.execute("UPDATE pictures SET sidecar = NULL")
    base.execute("PRAGMA user_version = 3")


@pytest.mark.parametrize("of_older", [of_version_2, of_version_3])
def test_places_in_xmp_that_an_older_program_did_not_read_are_read_once(
    tmp_path: Path,
    pool: DecodePool,
    monkeypatch: pytest.MonkeyPatch,
    of_older: Callable[[sqlite3.Connection], None],
) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (36.0, 0.0, 0.0), 3: "W", 4: (6.0, 0.0, 0.0)})
    for name, data in (("exif", {"exif": exif}), ("xmp", {"xmp": GEOTAGGED.encode()}), ("sidecar", {}), ("none", {})):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.jpg", **data)
    (tmp_path / "sidecar.xmp").write_text(GEOTAGGED)
    store = tmp_path / "details.sqlite"
    index: Any = Index(tmp_path)
    FolderDetails(tmp_path, pool, DetailsStore(store)).catch_up(index, renew=True)
    with closing(sqlite3.connect(store)) as base, base:
        base.execute("UPDATE pictures SET latitude = NULL, longitude = NULL WHERE path != ?", (b"exif.jpg",))
        base.execute("UPDATE pictures SET noted_latitude = NULL, noted_longitude = NULL")
        of_older(base)
    asked: list[str] = []
    describe = pool.describe

    def counted(paths):
        listed = list(paths)
        asked.extend(path.name for path in listed)
        return describe(listed)

    monkeypatch.setattr(pool, "describe", counted)
    details = FolderDetails(tmp_path, pool, DetailsStore(store))
    details.catch_up(index)
    assert asked == []  # a search does not wait for it
    cadiz = pytest.approx((36.53, -6.306), abs=0.001)
    for names in (["none.jpg", "sidecar.jpg", "sidecar.xmp", "xmp.jpg"], []):
        details.catch_up(index, renew=True)
        assert sorted(asked) == names
        places = {file.path: details.store.place_of(file) for file in index.files()}
        assert places == {"exif.jpg": (36.0, -6.0), "none.jpg": None, "sidecar.jpg": cadiz, "xmp.jpg": cadiz}
        asked.clear()
