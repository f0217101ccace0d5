"""What the user excludes, and RAW files beside pictures of the same name: in the scan and in the index."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from semantik.engine.engine import Engine
from semantik.errors import AllExcluded, MassRemoval
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.indexer import scan_changes, update_index
from semantik.folders.raw_jpeg_pairs import RAW_EXTENSIONS, TWIN_EXTENSIONS, superseded
from semantik.folders.scan import find_images
from semantik.index import ImageIndex
from semantik.records import Reason
from semantik.storage.settings import Config
from tests.support.libraries import paint

PATHS = (
    "a.jpg",
    "b.PNG",
    "Borradores/c.jpg",
    "viajes/2019/d.jpg",
    "viajes/2019/mar/e.png",
    "viajes/2020/borradores/f.jpg",
    "viajes/2020/g[1].jpg",
    "Otoño/h.jpg",
)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(folder, *patterns, **options):
    return [file.path for file in find_images(folder, unwanted=Exclusions(patterns), **options)]


@pytest.mark.parametrize(
    ("patterns", "excluded"),
    [
        ([], set()),
        (["  ", "/"], set()),
        (["borradores"], {"Borradores/c.jpg", "viajes/2020/borradores/f.jpg"}),
        (["/borradores"], {"Borradores/c.jpg", "viajes/2020/borradores/f.jpg"} - {"viajes/2020/borradores/f.jpg"}),
        (["*.png"], {"b.PNG", "viajes/2019/mar/e.png"}),
        (["viajes/2019/*"], {"viajes/2019/d.jpg", "viajes/2019/mar/e.png"}),
        (["VIAJES\\2019\\*.jpg"], {"viajes/2019/d.jpg"}),
        (["viajes/**/*.jpg"], {"viajes/2019/d.jpg", "viajes/2020/borradores/f.jpg", "viajes/2020/g[1].jpg"}),
        (["viajes/*.jpg"], set()),
        (["20??"], {path for path in PATHS if path.startswith("viajes")}),
        (["d.jpg/", "mar/"], {"viajes/2019/mar/e.png"}),
        (["g[1].jpg"], {"viajes/2020/g[1].jpg"}),
        (["OTON\u0303O"], {"Otoño/h.jpg"}),
        (["a.jpg", "mar"], {"a.jpg", "viajes/2019/mar/e.png"}),
        (["2019"], {"viajes/2019/d.jpg", "viajes/2019/mar/e.png"}),
        (["201"], set()),
    ],
)
def test_patterns_exclude_names_and_paths(tmp_path, patterns, excluded):
    for path in PATHS:
        touch(tmp_path / path)
    assert set(PATHS) - set(names(tmp_path, *patterns)) == excluded
    unwanted = Exclusions(patterns)
    assert {path for path in PATHS if unwanted.covers(path)} == excluded
    assert bool(unwanted) is any(pattern.strip(" /") for pattern in patterns)


def test_excluded_folders_are_not_even_listed(tmp_path, monkeypatch):
    touch(tmp_path / "privado" / "x.jpg")
    touch(tmp_path / "y.jpg")
    listed = []
    real = os.scandir

    def scandir(path):
        if not isinstance(path, int):  # pytest clears away by numbers
            listed.append(os.path.basename(path))  # noqa: PTH119
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert names(tmp_path, "privado") == ["y.jpg"]
    assert "privado" not in listed


def test_litter_of_every_system_is_left_out(tmp_path):
    touch(tmp_path / "foto.jpg")
    for litter in (
        "._foto.jpg",
        ".trash/a.jpg",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
        "@eaDir/foto.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "#recycle/a.jpg",
        "@Recycle/a.jpg",
        "@__thumb/default_foto.jpg",
        ".thumbnails/normal/a.png",
        "$RECYCLE.BIN/S-1-5/a.jpg",
        "RECYCLER/a.jpg",
        "System Volume Information/a.jpg",
        "lost+found/a.jpg",
        "__MACOSX/._foto.jpg",
    ):
        touch(tmp_path / litter)
    assert names(tmp_path) == ["foto.jpg"]


@pytest.mark.parametrize(
    ("field", "flag"), [("st_file_attributes", stat.FILE_ATTRIBUTE_HIDDEN), ("st_flags", stat.UF_HIDDEN)]
)
def test_what_the_system_hides_by_an_attribute_is_left_out(tmp_path, monkeypatch, field, flag):
    for name in ("AlbumArt.jpg", "IMG_1.CR2", "IMG_1.jpg", "oculta/x.jpg", "visible/y.jpg"):
        touch(tmp_path / name)

    class Status:
        """A status as the other system gives it; AlbumArt.jpg, IMG_1.jpg and the folder "oculta" are hidden."""

        def __init__(self, path, status):
            self._status = status
            name = os.path.basename(path)  # noqa: PTH119
            setattr(self, field, flag | 0x20 if name in ("AlbumArt.jpg", "IMG_1.jpg", "oculta") else 0x20)

        def __getattr__(self, name):
            return getattr(self._status, name)

    class Entry:
        def __init__(self, entry):
            self._entry = entry

        def stat(self, **options):
            return Status(self._entry.path, self._entry.stat(**options))

        def __getattr__(self, name):
            return getattr(self._entry, name)

    class Entries:
        def __init__(self, folder):
            self._entries = real_scandir(folder)

        def __enter__(self):
            return map(Entry, self._entries.__enter__())

        def __exit__(self, *error):
            return self._entries.__exit__(*error)

    real_scandir, real_stat = os.scandir, Path.stat
    monkeypatch.setattr(os, "scandir", Entries)
    monkeypatch.setattr(Path, "stat", lambda path, **options: Status(path, real_stat(path, **options)))
    monkeypatch.setattr("semantik.folders.litter.HIDES_BY_ATTRIBUTE", False)  # as on Linux
    assert names(tmp_path) == ["AlbumArt.jpg", "IMG_1.jpg", "oculta/x.jpg", "visible/y.jpg"]
    monkeypatch.setattr("semantik.folders.litter.HIDES_BY_ATTRIBUTE", True)
    assert names(tmp_path) == ["IMG_1.CR2", "visible/y.jpg"]


# -- RAW beside a picture ------------------------------------------------------------------------------


def test_a_raw_file_beside_its_picture_counts_once(tmp_path):
    for name in (
        *("IMG_1.CR2", "img_1.JPG"),
        *("IMG_2.CR2", "IMG_3.jpg"),
        *("DSC.NEF", "dsc.heic", "DSC.ARW"),
        *("a.dng", "a.svg", "b.dng", "b.ico", "c.dng", "c.txt", "d.dng", "d.jxl", "e.dng", "e.exr"),
        *("f.heic", "f.jpg"),
        *("otra/IMG_2.jpg", "ÑU.raf", "ñu.tif"),
        "g.dng/x.jpg",
        *("h.orf", "h.jpg/x.png"),
        *("i.rw2", "._i.jpg"),
    ):
        touch(tmp_path / name)
    found = names(tmp_path)
    assert not {"IMG_1.CR2", "DSC.NEF", "DSC.ARW", "ÑU.raf"} & set(found)
    assert set(found) == {
        *("img_1.JPG", "IMG_2.CR2", "IMG_3.jpg", "dsc.heic"),
        *("a.dng", "a.svg", "b.dng", "b.ico", "c.dng", "d.dng", "d.jxl", "e.dng", "e.exr"),
        *("f.heic", "f.jpg", "otra/IMG_2.jpg", "ñu.tif", "g.dng/x.jpg", "h.orf", "h.jpg/x.png", "i.rw2"),
    }


def test_an_excluded_picture_takes_no_raw_files_place(tmp_path):
    touch(tmp_path / "IMG_1.CR2")
    touch(tmp_path / "IMG_1.JPG")
    assert names(tmp_path, "*.jpg") == ["IMG_1.CR2"]
    assert names(tmp_path, "*.cr2") == ["IMG_1.JPG"]


def test_a_scan_opens_no_file(tmp_path, monkeypatch):
    touch(tmp_path / "IMG_1.CR2")
    touch(tmp_path / "IMG_1.JPG")
    monkeypatch.setattr("io.open", None)
    monkeypatch.setattr("builtins.open", None)
    assert names(tmp_path, "x") == ["IMG_1.JPG"]


def test_kinds_are_apart():
    assert not RAW_EXTENSIONS & TWIN_EXTENSIONS
    assert {".jpg", ".heic", ".png", ".tif"} <= TWIN_EXTENSIONS
    assert superseded(["a/x.cr2", "b/x.cr2", "y.jpg"], ["A/X.JPG", "y.png", "b/y.jpg"]) == {"a/x.cr2"}


# -- In the index --------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path):
    """Forty pictures: 30 in "borradores", 10 beside it."""
    folder = tmp_path / "muchas"
    for number in range(40):
        paint(folder / ("borradores" if number < 30 else ".") / f"{number:02}.png", (number, 200, 40), (8, 8))
    return folder


@pytest.fixture
def big(tmp_path, many, fake, pool):
    made = ImageIndex(tmp_path / "store-2", many, fake.space, fake.dim)
    assert update_index(many, fake, made, pool=pool).count == 40
    return made


def test_excluded_pictures_go_without_a_question(big, many, fake, pool):
    unwanted = Exclusions(["borradores"])
    changes, _ = scan_changes(big, unwanted=unwanted)
    assert (len(changes.removed), changes.unchanged) == (30, 10)
    report = update_index(many, fake, big, pool=pool, unwanted=unwanted)
    assert (report.removed, report.count) == (30, 10)
    report = update_index(many, fake, big, pool=pool)
    assert (report.added, report.count) == (30, 40)


def test_a_disk_that_goes_away_is_still_asked_about(tmp_path, big, many, fake, pool):
    """Of the ten that are wanted all but one go missing; the thirty that the user excluded do not hide that."""
    for number in range(30, 60):
        paint(many / "aparte" / f"{number}.png", (number, 20, 40), (8, 8))
    update_index(many, fake, big, pool=pool)
    (many / "aparte").rename(tmp_path / "fuera")
    with pytest.raises(MassRemoval) as caught:
        update_index(many, fake, big, pool=pool, unwanted=Exclusions(["borradores"]))
    assert caught.value.params == {"folder": str(many), "gone": 30, "count": 40}
    assert big.count == 70


def test_excluding_everything_is_told_and_drops_nothing(big, many, fake, pool, tmp_path):
    everything = Exclusions(["*"])
    with pytest.raises(AllExcluded):
        scan_changes(big, unwanted=everything)
    with pytest.raises(AllExcluded):
        update_index(many, fake, big, pool=pool, unwanted=everything)
    assert big.count == 40
    library = IndexedFolder(tmp_path / "home", many, fake, pool, unwanted=Exclusions())
    library.update()
    library.unwanted = everything
    check = library.check()
    assert (check.state, type(check.error), library.count) == (State.UNREACHABLE, AllExcluded, 40)


def test_pictures_that_take_the_place_of_all_raw_files_are_no_loss(tmp_path, fake, pool, monkeypatch):
    folder = tmp_path / "raw"
    source = paint(tmp_path / "x.png", (1, 2, 3), (8, 8))
    monkeypatch.setattr("semantik.folders.scan.RAW_EXTENSIONS", frozenset({".png"}))
    monkeypatch.setattr("semantik.folders.raw_jpeg_pairs.RAW_EXTENSIONS", frozenset({".png"}))
    for name in ("semantik.folders.scan.TWIN_EXTENSIONS", "semantik.folders.raw_jpeg_pairs.TWIN_EXTENSIONS"):
        monkeypatch.setattr(name, frozenset({".jpg"}))
    folder.mkdir()
    for number in range(25):
        shutil.copy(source, folder / f"{number}.png")
    index = ImageIndex(tmp_path / "store-3", folder, fake.space, fake.dim)
    assert update_index(folder, fake, index, pool=pool).count == 25
    for number in range(25):
        paint(folder / f"{number}.jpg", (number, 0, 0), (8, 8))
    report = update_index(folder, fake, index, pool=pool)
    assert (report.added, report.removed, report.count) == (25, 25, 25)
    (folder / "3.jpg").unlink()  # the picture goes, its RAW file comes back
    report = update_index(folder, fake, index, pool=pool)
    assert (report.added, report.removed, report.count) == (1, 1, 25)
    assert "3.png" in index.rows()


def test_bad_files_that_become_excluded_are_forgotten(index, library, fake, pool):
    (library / "mala.jpg").write_bytes(b"no picture")
    report = update_index(library, fake, index, pool=pool)
    assert [(problem.path, problem.reason) for problem in report.problems] == [("mala.jpg", Reason.NOT_AN_IMAGE)]
    report = update_index(library, fake, index, pool=pool, unwanted=Exclusions(["mala.*"]))
    assert (report.problems, index.problems()) == ((), [])


def test_the_engine_excludes_what_the_settings_say(home, library, monkeypatch):
    from tests.support.fake_encoder import replace_encoders

    replace_encoders(monkeypatch)
    engine = Engine(home, Config(exclude=("viaje",)))
    try:
        (opened,) = engine.open(library).indexed_folders
        assert opened.update().count == 3
        engine.exclude(("*.PNG", "x"))
        assert engine.config.exclude == ("*.PNG", "x")
        assert opened.check().error.params == {"folder": str(library)}
        engine.exclude(())
        assert opened.update().count == 6
        assert engine.open(library).indexed_folders[0].unwanted.patterns == ()
    finally:
        engine.close()
