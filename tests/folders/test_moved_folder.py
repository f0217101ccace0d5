"""A folder that was moved finds its indexes again by its pictures, and the old ones do not stay behind."""

from __future__ import annotations

import json
import shutil

import pytest

from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.storage.home import details_file, folder_of_indexes, indexes_folder
from tests.support.crash_worker import LocalPool
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, strip


class OtherEncoder(FakeEncoder):
    name = store = "otro"
    space = "otro/rgb"


@pytest.fixture
def opened(home):
    def opened(folder, encoder=None):
        return IndexedFolder(home, folder, encoder or FakeEncoder(), LocalPool())

    return opened


def indexes(home):
    return sorted(path.name for path in indexes_folder(home).iterdir())


def test_a_moved_library_is_not_indexed_again(opened, home, library, tmp_path):
    for encoder in (FakeEncoder(), OtherEncoder()):
        assert opened(library, encoder).update().added == 6
    details = details_file(folder_of_indexes(home, library)).read_bytes()
    moved = library.rename(tmp_path / "disco nuevo")
    for encoder in (FakeEncoder(), OtherEncoder()):
        again = opened(moved, encoder)
        assert again.open().state is State.READY
        assert again.index.vector("azul.png") == pytest.approx([0, 0, 1])
        assert again.index.recorded_folder == str(moved)
        assert again.update().reused == 6
        assert encoder.images == 0
    assert indexes(home) == [folder_of_indexes(home, moved).name]
    assert details_file(folder_of_indexes(home, moved)).read_bytes() == details


def test_an_empty_mount_point_that_stays_and_folders_that_were_renamed_meanwhile(opened, home, library, tmp_path):
    opened(library).update()
    moved = library.rename(tmp_path / "usb")
    library.mkdir()
    (moved / "viaje").rename(moved / "viajes")
    again = opened(moved)
    assert again.open().state is State.CHANGED
    assert again.update().reused == 6
    assert again.encoder.images == 0
    assert indexes(home) == [folder_of_indexes(home, moved).name]


def test_a_copy_of_a_library_and_a_stranger_leave_its_index_alone(opened, home, library, tmp_path):
    opened(library).update()
    copy = shutil.copytree(library, tmp_path / "copia")
    assert opened(copy).open().state is State.NEW
    moved = library.rename(tmp_path / "otra")
    stranger = tmp_path / "ajena"
    for number in range(6):
        paint(stranger / f"{number}.png", (number, 7, 9))
    assert opened(stranger).open().state is State.NEW
    assert indexes(home) == [folder_of_indexes(home, library).name]
    assert opened(moved).open().state is State.READY


def test_a_folder_with_an_index_of_its_own_for_one_model_gets_the_other_model_s(opened, home, library, tmp_path):
    opened(library, OtherEncoder()).update()
    moved = library.rename(tmp_path / "usb")
    opened(moved).update()
    assert len(indexes(home)) == 2
    assert opened(moved, OtherEncoder()).open().state is State.READY
    assert opened(moved).open().state is State.READY
    assert indexes(home) == [folder_of_indexes(home, moved).name]


def test_what_an_older_program_indexed_gets_its_fingerprints_in_time(opened, library):
    folder = opened(library)
    folder.update()
    manifest = folder.store / "image_index.json"
    assert len(set(json.loads(manifest.read_text())["index"]["fingerprints"])) == 6
    folder.index.learn({file.path: "" for file in folder.index.files()})
    with folder.index.locked():
        folder.index.save()
    assert json.loads(manifest.read_text())["index"]["fingerprints"] == [""] * 6
    again = opened(library)
    again.open()
    again.learn_fingerprints()
    assert len(set(json.loads(manifest.read_text())["index"]["fingerprints"]) - {""}) == 6
    assert again.encoder.images == 0


def test_a_copied_library_takes_the_vectors_of_the_other(opened, home, library, tmp_path):
    """Both are there: each has an index of its own, and nothing is embedded twice, twins and views included."""
    strip(library / "mar.png", (255, 0, 0))
    first = opened(library)
    first.update()
    copy = tmp_path / "copia"
    shutil.copytree(library, copy, copy_function=shutil.copyfile)  # with other times
    (copy / "mar.png").rename(copy / "océano.png")
    shutil.copyfile(copy / "rojo.png", copy / "rojo otra vez.png")
    paint(copy / "nueva.png", (9, 200, 9))
    second = opened(copy)
    assert second.open().state is State.NEW
    report = second.update()
    assert (report.added, report.count, second.encoder.images) == (9, 9, 1)
    assert second.index.vector("azul.png") == pytest.approx([0, 0, 1])
    assert len(second.index.rows_of("océano.png")) == len(first.index.rows_of("mar.png")) > 3
    assert second.index.without_fingerprint() == []
    assert second.details.store.missing(second.index.files()) == []
    assert len(indexes(home)) == 2
    assert opened(library).open().state is opened(copy).open().state is State.READY
    other = opened(copy, OtherEncoder())  # there is none of this model
    assert (other.update().count, other.encoder.images) == (9, 8 + other.index.views)


def test_nothing_is_taken_from_a_damaged_index_or_one_of_another_space(opened, home, library, tmp_path):
    first = opened(library)
    first.update()
    copy = tmp_path / "copia"
    shutil.copytree(library, copy)
    another = FakeEncoder()
    another.space = "fake/rgb 2"
    assert opened(copy, another).update().added == another.images == 6
    for vectors in first.store.glob("image_index.*.bin"):
        vectors.write_bytes(vectors.read_bytes()[:-1] + b"?")
    third = shutil.copytree(library, tmp_path / "copia 2")
    encoder = FakeEncoder()
    assert opened(third, encoder).update().added == encoder.images == 6
