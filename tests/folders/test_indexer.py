"""Updating: only what is new or changed is embedded, what is gone is dropped, and nothing is lost."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from semantik.errors import (
    DecoderNotStarted,
    EncoderFailed,
    FolderEmptied,
    FolderNotFound,
    IndexLocked,
    MassRemoval,
    NoImages,
)
from semantik.folders import embedding_run, indexer
from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.long_tasks import TaskControl
from semantik.records import Reason
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.task_controls import CancelledWhen


@pytest.fixture
def index(tmp_path, library, fake):
    return ImageIndex(tmp_path / "store", library, fake.space, fake.dim)


def update(index, encoder, pool, **options):
    return update_index(index.folder, encoder, index, pool=pool, **options)


def test_first_indexing(index, fake, pool):
    report = update(index, fake, pool)
    assert (report.added, report.reused, report.removed, report.count) == (6, 0, 0, 6)
    assert report.encoder == "fake"
    assert report.problems == ()
    assert fake.images == 6
    assert index.vector("azul.png") == pytest.approx([0, 0, 1], abs=1e-6)
    assert index.vector("viaje/amarillo.png") == pytest.approx([0.70710678, 0.70710678, 0], abs=1e-6)


def test_reuse_without_embedding(index, fake, pool):
    update(index, fake, pool)
    fresh = FakeEncoder()
    again = ImageIndex.load(index.store, index.folder)
    report = update(again, fresh, pool)
    assert (report.added, report.reused, report.removed, report.count) == (0, 6, 0, 6)
    assert fresh.batches == 0


def test_only_new_and_changed_are_embedded(index, library, fake, pool):
    update(index, fake, pool)
    paint(library / "nuevo.png", (0, 0, 254))
    paint(library / "rojo.png", (0, 255, 0), (50, 50))
    (library / "verde.png").unlink()
    fresh = FakeEncoder()
    report = update(index, fresh, pool)
    assert (report.added, report.reused, report.removed, report.count) == (2, 4, 2, 6)
    assert fresh.images == 2
    assert index.vector("rojo.png") == pytest.approx([0, 1, 0], abs=1e-6)
    assert sorted(file.path for file in index.files()) == [
        "azul.png",
        "nuevo.png",
        "rojo.png",
        "viaje/amarillo.png",
        "viaje/blanco.png",
        "viaje/playa/naranja.png",
    ]


def test_same_size_with_another_time_is_embedded_again(index, library, fake, pool):
    changed = paint(library / "gris.bmp", (128, 128, 128))  # not compressed: of one size whatever its colour
    update(index, fake, pool)
    size = changed.stat().st_size
    assert paint(changed, (0, 1, 255)).stat().st_size == size
    os.utime(changed, ns=(1, 1_500_000_000_000_000_000))
    report = update(index, fake, pool)
    assert (report.added, report.reused, report.removed) == (1, 6, 1)


def test_vectors_stay_aligned_when_pictures_fail(index, library, fake, pool):
    for name in ("a", "m", "zz"):
        (library / f"{name}.jpg").write_bytes(b"not a picture")
    (library / "vacio.png").write_bytes(b"")
    report = update(index, fake, pool)
    assert report.count == 6
    assert [(problem.path, problem.reason) for problem in report.problems] == [
        ("a.jpg", Reason.NOT_AN_IMAGE),
        ("m.jpg", Reason.NOT_AN_IMAGE),
        ("vacio.png", Reason.EMPTY),
        ("zz.jpg", Reason.NOT_AN_IMAGE),
    ]
    orange = np.array([255, 128, 0]) / np.hypot(255, 128)
    assert index.vector("viaje/playa/naranja.png") == pytest.approx(orange, abs=1e-4)
    again = FakeEncoder()
    report = update(ImageIndex.load(index.store, index.folder), again, pool)
    assert (report.added, len(report.problems)) == (0, 4)


def test_a_picture_that_became_bad_is_dropped(index, library, fake, pool):
    update(index, fake, pool)
    (library / "rojo.png").write_bytes(b"broken now")
    report = update(index, fake, pool)
    assert (report.added, report.reused, report.removed, report.count) == (0, 5, 1, 5)


def test_progress_counts_to_the_end(index, fake, pool):
    seen = []
    update(index, fake, pool, control=TaskControl(seen.append))
    assert [(progress.done, progress.total) for progress in seen] == [(0, 6), (4, 6), (6, 6)]
    assert seen[-1].rate > 0
    assert seen[-1].eta == 0


def test_cancelling_keeps_what_was_done(index, fake, pool):
    done = []
    report = update(index, fake, pool, control=CancelledWhen(lambda: len(done) > 1, done.append))
    assert report.cancelled
    assert (report.added, report.count) == (4, 4)
    again = ImageIndex.load(index.store, index.folder)
    fresh = FakeEncoder()
    report = update(again, fresh, pool)
    assert (report.added, report.reused, fresh.images) == (2, 4, 2)


def test_checkpoints_while_indexing(index, fake, pool, monkeypatch):
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 4)
    generations = []
    update(index, fake, pool, control=TaskControl(lambda progress: generations.append(index.generation)))
    assert generations == [0, 0, 1]
    assert index.generation == 2


def test_a_batch_that_fails_is_tried_one_by_one(index, library, pool):
    class Picky(FakeEncoder):
        def encode_images(self, batch):
            if (batch[:, 2].mean(axis=(1, 2)) > 0.9).any() and (batch[:, 0].mean(axis=(1, 2)) < 0.1).any():
                raise RuntimeError("cannot stand blue")
            return super().encode_images(batch)

    report = update(index, Picky(), pool)
    assert report.count == 5
    assert [(problem.path, problem.reason) for problem in report.problems] == [("azul.png", Reason.ENCODER_FAILED)]


def test_vectors_that_are_not_finite_never_get_in(index, pool):
    class Broken(FakeEncoder):
        def encode_images(self, batch):
            rows = super().encode_images(batch).copy()
            rows[batch[:, 1].mean(axis=(1, 2)) < 0.1] = np.nan
            return rows

    report = update(index, Broken(), pool)
    assert sorted(problem.path for problem in report.problems) == ["azul.png", "rojo.png"]
    assert report.count == 4


def test_a_broken_model_is_told_and_costs_nothing(index, fake, pool):
    update(index, fake, pool)

    class Gone(FakeEncoder):
        def encode_images(self, batch):
            raise EncoderFailed(name="fake", detail="gone")

    paint(index.folder / "nuevo.png", (1, 2, 3))
    with pytest.raises(EncoderFailed):
        update(ImageIndex.load(index.store, index.folder), Gone(), pool)
    assert ImageIndex.load(index.store, index.folder).count == 6


def test_what_was_done_before_the_model_broke_is_saved(index, pool):
    class Breaks(FakeEncoder):
        def encode_images(self, batch):
            if self.batches:
                raise EncoderFailed(name="fake", detail="gone")
            return super().encode_images(batch)

    with pytest.raises(EncoderFailed):
        update(index, Breaks(), pool)
    assert ImageIndex.load(index.store, index.folder).count == 4
    fresh = FakeEncoder()
    assert update(ImageIndex.load(index.store, index.folder), fresh, pool).count == 6
    assert fresh.images == 2


def test_what_was_done_before_no_decoder_could_be_started_is_saved(index, fake, pool):
    class Breaks:
        fingerprints = staticmethod(pool.fingerprints)

        def fit_all(self, paths, spec):
            for number, outcome in enumerate(pool.fit_all(paths, spec)):
                if number == 4:
                    raise DecoderNotStarted(detail="no memory")
                yield outcome

    with pytest.raises(DecoderNotStarted):
        update(index, fake, Breaks())
    assert ImageIndex.load(index.store, index.folder).count == 4


def test_a_folder_that_vanishes_or_empties_keeps_its_index(index, library, fake, pool):
    update(index, fake, pool)
    aside = library.rename(library.with_name("fotos-fuera"))
    with pytest.raises(FolderNotFound):
        update(index, fake, pool)
    library.mkdir()
    with pytest.raises(FolderEmptied) as caught:
        update(index, fake, pool)
    assert caught.value.params["count"] == 6
    assert ImageIndex.load(index.store, library).count == 6
    library.rmdir()
    aside.rename(library)
    assert update(index, fake, pool).reused == 6


def test_a_folder_without_pictures_is_told(tmp_path, fake, pool):
    (tmp_path / "vacia").mkdir()
    with pytest.raises(NoImages):
        update(ImageIndex(tmp_path / "store", tmp_path / "vacia", fake.space, 3), fake, pool)


def test_mass_removal_is_asked_about(tmp_path, fake, pool):
    folder = tmp_path / "muchas"
    for number in range(30):
        paint(folder / "nas" / f"{number}.png", (number, 255, 0))
    for number in range(5):
        paint(folder / f"{number}.png", (0, 0, 255))
    index = ImageIndex(tmp_path / "store", folder, fake.space, 3)
    update(index, fake, pool)
    shutil.rmtree(folder / "nas")
    with pytest.raises(MassRemoval) as caught:
        update(index, fake, pool)
    assert (caught.value.params["gone"], caught.value.params["count"]) == (30, 35)
    assert ImageIndex.load(index.store, folder).count == 35
    assert update(index, fake, pool, allow_mass_removal=True).count == 5


def test_an_unreadable_subfolder_keeps_its_pictures(index, library, fake, pool, monkeypatch):
    update(index, fake, pool)
    real = os.scandir

    def scandir(path):
        if str(path).endswith("viaje"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    changes, problems = scan_changes(index)
    assert not changes
    assert [problem.path for problem in problems] == ["viaje/"]
    report = update(index, fake, pool)
    assert (report.reused, report.removed, report.count) == (6, 0, 6)
    assert [(problem.path, problem.reason) for problem in report.problems] == [("viaje/", Reason.PERMISSION)]


def test_a_file_deleted_between_scan_and_decode(index, library, fake, pool, monkeypatch):
    real = indexer.find_images

    def find_then_delete(*arguments):
        yield from list(real(*arguments))
        (library / "azul.png").unlink()

    monkeypatch.setattr(indexer, "find_images", find_then_delete)
    report = update(index, fake, pool)
    assert report.count == 5
    assert [(problem.path, problem.reason) for problem in report.problems] == [("azul.png", Reason.VANISHED)]


def test_a_second_program_is_told(index, fake, pool):
    other = ImageIndex(index.store, index.folder, fake.space, 3)
    with other.locked(), pytest.raises(IndexLocked):
        update(index, fake, pool)
    assert update(index, fake, pool).count == 6


def test_work_of_another_program_is_taken_over(index, library, fake, pool):
    stale = ImageIndex(index.store, library, fake.space, 3)
    update(index, fake, pool)
    stale = ImageIndex.load(index.store, library)
    paint(library / "nuevo.png", (0, 0, 255))
    update(index, fake, pool)
    fresh = FakeEncoder()
    report = update(stale, fresh, pool)
    assert (report.reused, fresh.images, report.count) == (7, 0, 7)
