"""A picture is known by its content: what moved, was renamed, touched or copied is not embedded again."""

from __future__ import annotations

import itertools
import os
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semantik.errors import MassRemoval
from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.words.phrases import changes_question, really_new
from tests.support.crash_worker import LocalPool, PixelEncoder, embed
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import change_silently, paint

HOUR = 3600 * 10**9
START = 1_700_000_000 * 10**9  # ns


@pytest.fixture
def index(tmp_path, library, fake):
    return ImageIndex(tmp_path / "store", library, fake.space, fake.dim)


def update(index, **options):
    """The report of an update, and how many pictures were embedded."""
    encoder = FakeEncoder()
    again = ImageIndex.load(index.store, index.folder)
    report = update_index(index.folder, encoder, again, pool=LocalPool(), **options)
    return report, encoder.images


@pytest.fixture
def indexed(index, fake, pool):
    update_index(index.folder, fake, index, pool=pool)
    assert fake.images == 6
    return index


def vector(index, name):
    return ImageIndex.load(index.store, index.folder).vector(name)


def test_a_renamed_folder_keeps_its_vectors(indexed, library):
    (library / "viaje").rename(library / "Viaje a Asturias")
    report, embedded = update(indexed)
    assert (report.added, report.reused, report.removed, embedded) == (0, 6, 0, 0)
    assert vector(indexed, "Viaje a Asturias/playa/naranja.png") == pytest.approx([0.8938, 0.4486, 0], abs=1e-3)


def test_names_that_change_places_keep_their_vectors(indexed, library):
    (library / "rojo.png").rename(library / "x")
    (library / "azul.png").rename(library / "rojo.png")
    (library / "x").rename(library / "azul.png")
    report, embedded = update(indexed)
    assert (report.added, report.reused, report.removed, embedded) == (0, 6, 0, 0)
    assert vector(indexed, "rojo.png") == pytest.approx([0, 0, 1])
    assert vector(indexed, "azul.png") == pytest.approx([1, 0, 0])


@pytest.mark.parametrize("shift", [HOUR, -HOUR, 5 * HOUR, -1, 123_456_789])
def test_other_times_are_taken_in_without_embedding(indexed, library, shift):
    for path in library.rglob("*.png"):
        os.utime(path, ns=(START, path.stat().st_mtime_ns + shift))
    report, embedded = update(indexed)
    assert (report.added, report.reused, report.removed, embedded) == (0, 6, 0, 0)
    stored = {file.path: file.mtime_ns for file in ImageIndex.load(indexed.store, library).files()}
    assert stored["azul.png"] == (library / "azul.png").stat().st_mtime_ns


def test_names_in_another_case_are_the_same_pictures(indexed, library):
    (library / "rojo.png").rename(library / "x")  # wine calls both one name, and leaves it as it is
    (library / "x").rename(library / "ROJO.PNG")
    report, embedded = update(indexed)
    assert (report.reused, report.removed, embedded) == (6, 0, 0)
    assert vector(indexed, "ROJO.PNG") == pytest.approx([1, 0, 0])


def test_a_copy_is_not_embedded_and_an_original_may_go(indexed, library):
    shutil.copy(library / "rojo.png", library / "viaje" / "copia.png")
    report, embedded = update(indexed)
    assert (report.added, report.reused, report.count, embedded) == (1, 6, 7, 0)
    assert vector(indexed, "viaje/copia.png") == pytest.approx([1, 0, 0])
    (library / "rojo.png").unlink()
    report, embedded = update(indexed)
    assert (report.removed, report.count, embedded) == (1, 6, 0)


def test_equal_files_are_embedded_once(tmp_path):
    folder = tmp_path / "fotos"
    for name in ("a", "b", "viaje/c"):
        paint(folder / f"{name}.png", (0, 255, 0))
    (folder / "mala.png").write_bytes(b"no")
    shutil.copy(folder / "mala.png", folder / "peor.png")
    encoder = FakeEncoder()
    index = ImageIndex(tmp_path / "store", folder, encoder.space, encoder.dim)
    report = update_index(folder, encoder, index, pool=LocalPool())
    assert (report.added, report.count, encoder.images) == (3, 3, 1)
    assert [problem.path for problem in report.problems] == ["mala.png", "peor.png"]
    assert vector(index, "viaje/c.png") == pytest.approx([0, 1, 0])


def test_only_what_is_really_gone_is_missing(tmp_path):
    folder, encoder = tmp_path / "fotos", FakeEncoder()
    for number in range(30):
        paint(folder / f"{number}.png", (number, 255, 0))
    index = ImageIndex(tmp_path / "store", folder, encoder.space, encoder.dim)
    update_index(folder, encoder, index, pool=LocalPool())
    (folder / "viejas").mkdir()
    for number in range(30):
        (folder / f"{number}.png").rename(folder / "viejas" / f"{number}.png")
    report, embedded = update(index)
    assert (report.reused, report.removed, embedded) == (30, 0, 0)
    for number in range(20):
        (folder / "viejas" / f"{number}.png").unlink()
    for number in range(20, 30):
        (folder / "viejas" / f"{number}.png").rename(folder / f"nueva{number}.png")
    with pytest.raises(MassRemoval) as caught:
        update(index)
    assert (caught.value.params["gone"], caught.value.params["count"]) == (20, 30)
    report, embedded = update(index, allow_mass_removal=True)
    assert (report.reused, report.removed, embedded) == (10, 20, 0)


def test_a_full_check_finds_what_size_and_time_hide(indexed, library):
    change_silently(library / "azul.png", (255, 0, 1))
    assert update(indexed)[1] == 0
    report, embedded = update(indexed, check=True)
    assert (report.added, report.reused, report.removed, embedded) == (1, 5, 1, 1)
    assert vector(indexed, "azul.png") == pytest.approx([1, 0, 1 / 255], abs=1e-4)
    assert update(indexed, check=True)[1] == 0


def test_pictures_of_an_older_index_are_known_by_name_size_and_time(indexed, library):
    indexed.learn({file.path: "" for file in indexed.files()})
    with indexed.locked():
        indexed.save()
    (library / "viaje").rename(library / "viajes")
    os.utime(library / "rojo.png", ns=(START, (library / "rojo.png").stat().st_mtime_ns - HOUR))
    os.utime(library / "azul.png", ns=(START, (library / "azul.png").stat().st_mtime_ns - 17))
    report, embedded = update(indexed)
    assert (report.reused, report.removed, embedded) == (5, 1, 1)  # azul.png may be another picture
    again = ImageIndex.load(indexed.store, library)
    assert len(again.fingerprint_of(again.rows()["viajes/blanco.png"])) == 32


# -- Anything at all that may happen to the files between two updates


class Folder:
    """A folder of BMP pictures, all of one size, whose content is told by a number."""

    def __init__(self, place):
        self.place = place
        self.contents: dict[str, int] = {}  # by path
        self._clock = itertools.count(1)
        self._new = itertools.count(1)
        for name in ("a.bmp", "b.bmp", "x/c.bmp", "x/y/d.bmp"):
            self.write(name, next(self._new))

    def write(self, name, content, mtime_ns=None):
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(content).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(noise).save(path)
        self.contents[name] = content
        self.touch(name, START + next(self._clock) * 1_234_567_891 if mtime_ns is None else mtime_ns)

    def time(self, name):
        return (self.place / name).stat().st_mtime_ns

    def touch(self, name, mtime_ns):
        os.utime(self.place / name, ns=(mtime_ns, mtime_ns))

    def happen(self, what, one, other):
        """Returns whether only a full check can find it."""
        names = sorted(self.contents)
        name, second = names[one % len(names)], names[other % len(names)]
        fresh = f"{'xyz'[other % 3]}/n{next(self._clock)}.bmp"
        match what:
            case "rename":
                self._move(name, fresh)
            case "over" if name != second:
                self._move(name, second)
            case "swap" if name != second:
                self._move(name, fresh)
                self._move(second, name)
                self._move(fresh, second)
            case "case":
                self._move(name, fresh)  # wine takes both names for one, and leaves it as it is
                self._move(fresh, name.swapcase())
            case "shift":
                self.touch(name, self.time(name) + (other - 5) * HOUR)
            case "cut":
                self.touch(name, self.time(name) // (2 * 10**9) * 2 * 10**9)
            case "copy":
                self.write(fresh, self.contents[name])
            case "edit":
                self.write(name, next(self._new))
            case "add":
                self.write(fresh, next(self._new))
            case "remove" if len(names) > 1:
                (self.place / name).unlink()
                del self.contents[name]
            case "silent":
                self.write(name, next(self._new), self.time(name))
                return True
        return False

    def _move(self, name, new):
        if name != new:
            (self.place / new).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).replace(self.place / new)
            self.contents[new] = self.contents.pop(name)


EVENTS = ("rename", "over", "swap", "case", "shift", "cut", "copy", "edit", "add", "remove", "silent", "update")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 9), st.integers(0, 11)), max_size=16))
def test_whatever_happens_vectors_are_of_the_content_and_only_new_content_is_embedded(tmp_path_factory, events):
    place = tmp_path_factory.mktemp("anything")
    folder = Folder(place / "fotos")
    index = ImageIndex(place / "store", folder.place, PixelEncoder.space, PixelEncoder.dim)
    known: set[int] = set()
    hidden = False
    for what, one, other in [("update", 0, 0), *events, ("update", 0, 0)]:
        if what != "update":
            hidden |= folder.happen(what, one, other)
            continue
        encoder = PixelEncoder()
        update_index(folder.place, encoder, index, pool=LocalPool(), allow_mass_removal=True, check=hidden)
        assert encoder.images == len(set(folder.contents.values()) - known)
        index = ImageIndex.load(index.store, folder.place)
        assert sorted(file.path for file in index.files()) == sorted(folder.contents)
        for name in folder.contents:
            assert index.vector(name) == pytest.approx(embed(folder.place / name, encoder), abs=1e-6)
        known, hidden = set(folder.contents.values()), False
    shutil.rmtree(place)


def test_what_only_moved_is_told_before_anything_is_read(indexed, library):
    """By sizes and times, as they are in the folder's list: nobody is to think that pictures are lost."""
    (library / "viaje").rename(library / "Viaje a Asturias")
    (library / "rojo.png").rename(library / "colorado.png")
    paint(library / "nueva.png", (1, 2, 3))
    (library / "azul.png").unlink()
    changes, _ = scan_changes(indexed)
    assert (len(changes.added), len(changes.removed), changes.moved) == (5, 5, 4)
    assert changes_question([changes]).startswith(
        "La carpeta ha cambiado desde la última vez: 4 imágenes solo movidas o renombradas, que se reconocen, 1 imagen"
        " nueva y 1 que ya no está."
    )
    assert "en total, 8 imágenes solo movidas" in changes_question([changes, changes])
    assert really_new(changes) == 1
    report, embedded = update(indexed)
    assert (report.added, report.removed, embedded) == (1, 1, 1)
    (library / "verde.png").unlink()
    changes, _ = scan_changes(ImageIndex.load(indexed.store, library))
    assert "movidas" not in changes_question([changes])
