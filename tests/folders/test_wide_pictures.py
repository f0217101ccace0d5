"""Pictures with several views in the index and in searches: one picture everywhere, found by whatever part of it."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256

import numpy as np
import pytest

from semantik.decoding.pool import DecodePool
from semantik.engine.background_updates import BackgroundUpdates
from semantik.errors import DecodeFailed
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.records import ImageFile, Reason
from semantik.search.query_syntax import parse
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, strip, together
from tests.support.waiting import PATIENCE

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "fotos"
    strip(folder / "mar" / "panorama.png", RED, BLUE)
    paint(folder / "verde.png", (0, 255, 0))
    paint(folder / "granate.png", (200, 60, 60))
    return folder


@pytest.fixture
def opened(home, folder, fake, pool):
    made = IndexedFolder(home, folder, fake, pool)
    made.report = made.update()
    return made


def found(library, words, top_k=9, **options):
    return [hit.path.name for hit in together(library).search(parse(words), top_k, **options)]


def test_what_is_at_an_end_is_found_and_the_picture_is_one_hit(opened, folder):
    assert found(opened, "rojo")[0] == "panorama.png"
    assert found(opened, "azul", 1) == ["panorama.png"]
    for words in ("rojo", "azul", "verde"):
        assert sorted(found(opened, words)) == ["granate.png", "panorama.png", "verde.png"]
    best = together(opened).search(parse("azul"), 1)[0]
    assert best.score == pytest.approx(1, abs=1e-3)
    assert (best.picture, best.moment) == (folder / "mar" / "panorama.png", None)
    assert (best.details.width, best.details.height) == (400, 40)


def test_it_counts_as_one(opened):
    assert (opened.report.added, opened.report.count, opened.report.removed) == (3, 3, 0)
    index = opened.index
    assert (opened.count, index.count, len(list(index.files()))) == (3, 3, 3)
    assert index.views == index.total_rows - 3 > 2
    library = together(opened)
    assert library.searched(parse("rojo carpeta:mar")) == 1
    assert library.searched(parse("rojo tipo:png")) == 3
    assert library.searched(parse("rojo forma:horizontal")) == 3
    assert library.searched(parse("rojo")) == 3
    assert found(opened, "rojo carpeta:mar") == ["panorama.png"]
    assert opened.folders() == ["mar"]
    assert opened.open().state is State.READY


def test_names_copies_and_near_duplicates(opened, folder, fake):
    hits = together(opened).search(parse("verde + panorama"), 3, by_name=True)
    assert [hit.named for hit in hits if hit.path.name == "panorama.png"] == [("panorama",)]
    shutil.copy(folder / "mar" / "panorama.png", folder / "copia.png")
    before = fake.images
    report = opened.update()
    assert (report.added, report.count, fake.images) == (1, 4, before)
    assert len(opened.index.rows_of("copia.png")) == len(opened.index.rows_of("mar/panorama.png")) > 3
    first = together(opened).search(parse("azul"), 3, folded=True)[0]
    assert {first.path.name, *(copy.path.name for copy in first.copies)} == {"panorama.png", "copia.png"}
    assert set(found(opened, "azul", 2)) == {"panorama.png", "copia.png"}


def test_a_move_takes_all_views_along(opened, folder, fake):
    vectors = opened.index.vectors(opened.index.rows_of("mar/panorama.png"))
    before = fake.images
    (folder / "mar").rename(folder / "océano")
    report = opened.update()
    assert (report.added, report.count, fake.images) == (0, 3, before)
    stored = ImageIndex.load(opened.store, folder)
    assert np.array_equal(stored.vectors(stored.rows_of("océano/panorama.png")), vectors)
    assert stored.rows_of("mar/panorama.png") == []
    assert found(opened, "azul", 1) == ["panorama.png"]


def test_what_goes_or_changes_takes_all_views_along(opened, folder):
    panorama = folder / "mar" / "panorama.png"
    strip(panorama, RED, RED)
    os.utime(panorama, (1, 1))
    report = opened.update()
    assert (report.added, report.reused, report.removed, report.count) == (1, 2, 1, 3)
    assert together(opened).search(parse("azul"), 1)[0].score < 0.9
    paint(panorama, BLUE)
    report = opened.update()
    assert (report.count, opened.index.views) == (3, 0)
    strip(panorama, RED, RED)
    opened.update()
    panorama.unlink()
    assert scan_changes(opened.index)[0].removed == ["mar/panorama.png"]
    report = opened.update()
    assert (report.removed, report.count, opened.index.views) == (1, 2, 0)
    assert ImageIndex.load(opened.store, folder).count == 2


def test_a_bad_file_loses_its_views_and_a_cut_one_keeps_them(opened, folder):
    index = opened.index.fork()
    index.skip(ImageFile("mar/panorama.png", 1, 1), Reason.TRUNCATED)
    assert (index.count, index.views) == (3, opened.index.views)
    index.skip(ImageFile("mar/panorama.png", 1, 1), Reason.DAMAGED)
    assert (index.count, index.views) == (2, 0)
    assert (opened.count, found(opened, "azul", 1)) == (3, ["panorama.png"])  # a fork of it


def test_all_views_or_nothing(tmp_path, folder, fake, pool):
    encode = fake.encode_images

    def broken(batch):
        if (batch.mean(axis=(2, 3)) @ (-1, -1, 1) > 0.9).any():  # the last view
            raise RuntimeError("no blue today")
        return encode(batch)

    fake.encode_images = broken
    index = ImageIndex(tmp_path / "store", folder, fake.space, fake.dim)
    report = update_index(folder, fake, index, pool=pool)
    assert [(bad.path, bad.reason) for bad in report.problems] == [("mar/panorama.png", Reason.ENCODER_FAILED)]
    assert (report.added, report.count, index.views, index.rows_of("mar/panorama.png")) == (2, 2, 0, [])


def test_many_views_never_crowd_out_other_pictures(home, tmp_path, fake, pool):
    folder = tmp_path / "largas"
    for number in range(6):
        strip(folder / f"larga{number}.png", RED, RED, ground=(255, number, 0))
    for number in range(6):
        paint(folder / f"corta{number}.png", (200, 90 + number, 0))
    opened = IndexedFolder(home, folder, fake, pool)
    opened.update()
    for top_k in range(1, 13):
        names = found(opened, "rojo", top_k)
        assert len(names) == len(set(names)) == top_k
        assert sum(name.startswith("larga") for name in names) == min(6, top_k)
    assert len(found(opened, "rojo + larga", 8, by_name=True)) == 8


def test_scores_of_other_pictures_are_what_they_were(home, tmp_path, folder, fake, pool):
    """Bit for bit, whatever else is in the batch."""
    alone = tmp_path / "solas"
    for name in ("granate.png", "verde.png"):
        (alone / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / name, alone / name)
    with_wide, without = (IndexedFolder(home, each, FakeEncoder(), pool) for each in (folder, alone))
    with_wide.update(), without.update()
    for name in ("granate.png", "verde.png"):
        assert np.array_equal(with_wide.index.vector(name), without.index.vector(name))
    for words in ("rojo", "verde"):
        told = [
            {hit.path.name: hit.score for hit in together(each).search(parse(words), 9)}
            for each in (with_wide, without)
        ]
        assert {name: told[0][name] for name in told[1]} == told[1]
    assert without.index.views == 0


# -- Indexes of older programs ---------------------------------------------------------------------------


def as_an_older_program_left_it(opened, number=2):
    """Only the whole of each picture, in an older format."""
    index = opened.index
    index.remove([key for key, row in index.rows().items() if index.pictures(np.array([row]))[0] != row])
    with index.locked():
        index.save()
    path = opened.store / "image_index.json"
    body = json.loads(path.read_text())["index"]
    del body["views"]
    if number == 1:
        del body["fingerprints"]
    text = json.dumps(body, separators=(",", ":")).encode()
    digest = sha256(text).hexdigest()
    path.write_bytes(
        f'{{"format":{number},"generation":{body["generation"]},"sha256":"{digest}","index":'.encode() + text + b"}\n"
    )


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("details", [True, False], ids=["sizes known", "sizes unknown"])
def test_the_next_update_gives_wide_pictures_their_views(opened, folder, pool, number, details):
    as_an_older_program_left_it(opened, number)
    if not details:
        (opened.store.parent / "details.sqlite").unlink()
    encoder = FakeEncoder()
    again = IndexedFolder(opened.home, folder, encoder, pool)
    assert again.open().state is State.READY  # nobody is asked
    assert (again.index.views_behind, again.index.views, again.count) == (True, 0, 3)
    assert together(again).search(parse("azul"), 1)[0].score < 0.9
    report = again.update()
    views = again.index.views
    assert (report.added, report.count, encoder.images) == (1, 3, 1 + views)
    assert found(again, "azul", 1) == ["panorama.png"]
    stored = ImageIndex.load(again.store, folder)
    assert (stored.views_behind, stored.views) == (False, views)
    assert (again.update().added, encoder.images) == (0, 1 + views)


def test_a_moved_one_gets_them_too(opened, home, folder, pool):
    as_an_older_program_left_it(opened)
    (folder / "mar").rename(folder / "costa")
    encoder = FakeEncoder()
    again = IndexedFolder(home, folder, encoder, pool)
    again.open()
    again.update()
    assert encoder.images == 1 + again.index.views > 4
    assert not again.index.views_behind


def test_a_picture_that_cannot_be_read_again_keeps_what_it_has(opened, home, folder):
    as_an_older_program_left_it(opened)

    class Failing(DecodePool):
        def fit(self, path, spec):
            raise DecodeFailed(path=str(path), reason=Reason.OUT_OF_MEMORY, detail="")

    with Failing(1) as pool:
        again = IndexedFolder(home, folder, FakeEncoder(), pool)
        again.open()
        report = again.update()
    assert (report.count, report.problems) == (3, ())
    assert len(again.index.rows_of("mar/panorama.png")) == 1


def test_it_happens_behind_what_the_user_does(opened, home, folder, pool):
    as_an_older_program_left_it(opened)
    again = IndexedFolder(home, folder, FakeEncoder(), pool)
    assert again.open().state is State.READY
    told = []
    updates = BackgroundUpdates({folder: again}.get, lambda: True, told.append)
    updates.notice(folder)
    if thread := updates._thread:
        thread.join(PATIENCE)
    updates.close()
    assert found(again, "azul", 1) == ["panorama.png"]
    assert [(news.check.state, news.report, news.error) for news in told][-1] == (State.READY, None, None)
