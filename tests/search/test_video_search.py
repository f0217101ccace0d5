"""Videos in the index and in searches: every frame a hit of its own, the file known once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from semantik.decoding.decoded import Decoded, DecodedVideo, Description, Thumbnail
from semantik.decoding.fingerprint import fingerprint
from semantik.errors import DecodeFailed
from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.queries import Query
from semantik.records import ImageFile, Reason, frame_key, split_key, split_path
from semantik.search.query_syntax import format_query, parse
from semantik.search.ranking import search
from tests.support.libraries import paint, together

COLOURS = {"rojo": (255, 0, 0), "verde": (0, 255, 0), "azul": (0, 0, 255), "amarillo": (255, 255, 0)}


class FilmPool:
    """Decodes files whose content names what they show: one colour is a picture, several are a film of them.

    Each colour lasts ten seconds.
    """

    def fit_all(self, paths, spec):
        for path in paths:
            try:
                yield self.fit(path, spec)
            except DecodeFailed as error:
                yield error

    def fit(self, path, spec):
        file, moment = split_path(path)
        colours = file.read_text().split()
        if "roto" in colours:
            raise DecodeFailed(path=str(path), reason=Reason.DAMAGED, detail="roto")
        pixels = np.stack([np.full((spec.height, spec.width, 3), COLOURS[colour], np.uint8) for colour in colours])
        if moment is not None:
            return Decoded(pixels[int(moment) // 10], 64, 36)
        if len(colours) == 1:
            return Decoded(pixels[0], 40, 30)
        return DecodedVideo(pixels, tuple(10.0 * at for at in range(len(colours))), 64, 36)

    def fingerprints(self, paths):
        for path in paths:
            yield fingerprint(path)

    def describe(self, paths):
        for _ in paths:
            yield Description(64, 36)

    def thumbnails(self, paths, side):
        for path in paths:
            yield Thumbnail(str(path).encode(), 4, 3)


@pytest.fixture
def films(tmp_path) -> Path:
    folder = tmp_path / "fotos"
    (folder / "viaje").mkdir(parents=True)
    (folder / "foto.png").write_text("azul")
    (folder / "viaje" / "clip.mp4").write_text("rojo verde azul")
    (folder / "otro.webm").write_text("amarillo rojo")
    return folder


@pytest.fixture
def opened(home, films, fake):
    made = IndexedFolder(home, films, fake, FilmPool())
    made.report = made.update()
    return made


def found(hits):
    return [(hit.path.name, hit.moment) for hit in hits]


def test_keys():
    assert frame_key("a/clip.mp4", 12.5) == "a/clip.mp4#t=12.50"
    assert split_key("a/clip.mp4#t=12.50") == ("a/clip.mp4", 12.5)
    for name in ("a/clip.mp4", "a#t=1.jpg", "x#t=12.5", "#t=1.00"):
        assert split_key(name) == (name, None)
    assert split_path(Path("/a/clip #1.mp4#t=0.00")) == (Path("/a/clip #1.mp4"), 0.0)


def test_every_frame_is_a_hit_of_its_own(opened, fake, films):
    assert (opened.report.added, opened.report.count, opened.count) == (6, 6, 6)
    hits = together(opened).search(parse("verde"), 1)
    assert found(hits) == [("clip.mp4", 10.0)]
    assert hits[0].path == films / "viaje" / "clip.mp4"
    assert hits[0].picture == films / "viaje" / "clip.mp4#t=10.00"
    assert (hits[0].details.width, hits[0].details.height) == (64, 36)
    assert sorted(found(together(opened).search(parse("rojo"), 2))) == [("clip.mp4", 0.0), ("otro.webm", 10.0)]
    assert sorted(found(together(opened).search(parse("azul"), 2))) == [("clip.mp4", 20.0), ("foto.png", None)]


def test_what_a_video_file_tells_is_kept_and_forgotten_with_it(opened, films):
    files = list(opened.index.files())
    assert len(files) == 3
    assert opened.details.store.missing(files) == []
    (films / "otro.webm").unlink()
    opened.update()
    assert [file.path for file in opened.details.store.missing(files)] == ["otro.webm"]


def test_filters_and_names_look_at_the_file(opened):
    assert found(together(opened).search(parse("azul tipo:mp4"), 9))[0] == ("clip.mp4", 20.0)
    assert len(together(opened).search(parse("azul tipo:mp4"), 9)) == 3
    assert len(together(opened).search(parse("azul carpeta:viaje"), 9)) == 3
    assert len(together(opened).search(parse("azul lado:64"), 9)) == 5
    assert together(opened).searched(parse("azul forma:horizontal")) == 6
    named = together(opened).search(parse("azul + clip"), 9, by_name=True)
    assert [hit.named for hit in named if hit.path.name == "clip.mp4"] == [("clip",)] * 3


def test_an_unchanged_video_is_not_opened_again(opened, fake, home, films):
    before = fake.images
    again = IndexedFolder(home, films, fake, FilmPool())
    assert again.open().state.value == "ready"
    report = again.update()
    assert (report.added, report.reused, report.removed, report.count) == (0, 6, 0, 6)
    assert fake.images == before


def test_a_changed_video_is_replaced_whole(opened, films):
    clip = films / "viaje" / "clip.mp4"
    clip.write_text("amarillo")  # not even a video any more
    os.utime(clip, (1, 1))
    report = opened.update()
    assert (report.added, report.reused, report.removed, report.count) == (1, 3, 3, 4)
    assert found(together(opened).search(parse("verde carpeta:viaje"), 9)) == [("clip.mp4", None)]
    clip.write_text("verde azul")
    report = opened.update()
    assert (report.added, report.removed, report.count) == (2, 1, 5)
    assert found(together(opened).search(parse("verde"), 1)) == [("clip.mp4", 0.0)]


def test_a_video_that_goes_or_breaks_takes_all_its_frames_along(opened, films):
    changes, _ = scan_changes(opened.index)
    assert not changes
    (films / "otro.webm").unlink()
    changes, _ = scan_changes(opened.index)
    assert changes.removed == ["otro.webm"]
    report = opened.update()
    assert (report.removed, report.count) == (2, 4)
    (films / "viaje" / "clip.mp4").write_text("roto")
    report = opened.update(allow_mass_removal=True)
    assert [(problem.path, problem.reason) for problem in report.problems] == [("viaje/clip.mp4", Reason.DAMAGED)]
    assert (report.removed, report.count) == (3, 1)
    assert found(together(opened).search(parse("rojo"), 9)) == [("foto.png", None)]


def test_the_stored_index_knows_the_frames(opened, films, home, fake):
    loaded = ImageIndex.load(opened.store, films)
    assert loaded.count == 6
    assert sorted(file.path for file in loaded.files()) == ["foto.png", "otro.webm", "viaje/clip.mp4"]
    assert len(loaded.rows_of("viaje/clip.mp4")) == 3
    loaded.remove(["viaje/clip.mp4"])
    assert (loaded.count, loaded.rows_of("viaje/clip.mp4")) == (3, [])
    loaded.skip(ImageFile("otro.webm", 1, 1), Reason.DAMAGED)
    assert loaded.count == 1


def test_a_video_is_in_the_index_whole_or_not_at_all(tmp_path, films, fake):
    index = ImageIndex(tmp_path / "store", films, fake.space, fake.dim)
    encode = fake.encode_images

    def broken(batch):
        if batch[:, 2].mean() > 0.3 and len(batch) > 1:  # the film with blue in it
            raise RuntimeError("no blue today")
        return encode(batch)

    fake.encode_images = broken
    report = update_index(films, fake, index, pool=FilmPool())
    assert [(problem.path, problem.reason) for problem in report.problems] == [
        ("viaje/clip.mp4", Reason.ENCODER_FAILED)
    ]
    assert index.rows_of("viaje/clip.mp4") == []
    assert report.count == 3


def test_a_frame_or_a_video_as_example(opened, fake, films):
    clip = films / "viaje" / "clip.mp4"
    query = Query.of_image(clip.with_name("clip.mp4#t=10.00"))
    assert found(search(query, fake, opened.index, 1, FilmPool())) == [("clip.mp4", 10.0)]
    assert format_query(query, [films]) == str(Path("viaje/clip.mp4#t=10.00"))
    assert parse("viaje/clip.mp4#t=10.00", [films]) == query
    # Of a whole video, what its frames have in common: yellow and red.
    hits = search(Query.of_image(films / "otro.webm"), fake, opened.index, 2, FilmPool())
    assert {hit.path.name for hit in hits} == {"otro.webm"}
    assert hits[0].score == pytest.approx(hits[1].score, abs=1e-5)


def test_pictures_alone_are_as_before(home, library, fake, pool):
    made = IndexedFolder(home, library, fake, pool)
    assert made.update().count == 6
    paint(library / "a.mp4.png", (1, 2, 3))
    assert made.update().count == 7
    assert {hit.moment for hit in together(made).search(parse("rojo"), 7)} == {None}
