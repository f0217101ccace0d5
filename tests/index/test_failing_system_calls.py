"""Failing every system call of a save in turn: the disk holds the old state or the new one, memory holds all."""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import shutil
import stat

import numpy as np
import pytest

from semantik.errors import IndexDamaged, IndexNotSaved, NoIndex, PageNotSaved
from semantik.index import ImageIndex, commit, set_aside, store
from semantik.records import ImageFile, Reason
from semantik.results.page import write_page
from semantik.storage import atomic_files
from semantik.storage.settings import CONFIG_NAME, Config, load_config, save_config
from tests.support.faulty_disk import FaultyDisk, ForgetfulDisk, refuse_at_first, refused
from tests.support.systems import WINDOWS, mapped_files, posix_only

CODES = (errno.ENOSPC, errno.EACCES, errno.EIO)

no_folder_sync = posix_only("Windows syncs no folder: the file system's journal keeps the order")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Real syncs take most of the time and change nothing here: a forgetful disk tells what they are for."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(atomic_files, "_PAUSES", (0.0,) * len(atomic_files._PAUSES))


def unit(count, seed):
    rows = np.random.default_rng(seed).standard_normal((count, 4)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def add(index, count, seed):
    index.add([ImageFile(f"{seed}/{n}.jpg", n, 10**18 + n) for n in range(count)], unit(count, seed))


def saved(index):
    with index.locked():
        index.save()
    return index


def state(index):
    """All that an index holds, or None when there is none."""
    if index is None:
        return None
    files, row_of = [*index.files()], index.rows()
    rows = index.vectors([row_of[file.path] for file in files]).tolist()
    vectors = {file.path: (file, row) for file, row in zip(files, rows, strict=True)}
    return vectors, [(problem.path, problem.reason) for problem in index.problems()]


def stored(index):
    try:
        return ImageIndex.load(index.store, index.folder)
    except NoIndex:
        return None


# -- What is saved: a folder as it stands, and the change to save --------------------------------------


def first(index):
    add(index, 4, 1)


def nothing_yet(index):
    pass


def eight(index):
    add(index, 8, 1)
    saved(index)


def two(index):
    add(index, 2, 1)
    saved(index)


def log_of_three(index):
    add(index, 16, 1)
    saved(index)
    add(index, 6, 2)
    saved(index)
    add(index, 2, 3)
    saved(index)


def append(index):
    add(index, 2, 9)


def replace_and_remove(index):
    add(index, 3, 1)  # the same paths, other vectors
    index.remove(["1/5.jpg", "1/6.jpg", "1/7.jpg"])
    add(index, 2, 9)


SAVES = {
    "first": (nothing_yet, first),
    "empty, first": (nothing_yet, nothing_yet),
    "append": (eight, append),
    "merge": (two, append),
    "merge of several": (log_of_three, lambda index: add(index, 5, 9)),
    "compaction": (eight, replace_and_remove),
    "removal": (eight, lambda index: index.remove(["1/3.jpg"])),
    "emptied": (eight, lambda index: index.remove([f"1/{n}.jpg" for n in range(8)])),
    "skipped file": (eight, lambda index: index.skip(ImageFile("mala.jpg", 1, 2), Reason.DAMAGED)),
    "manifest deleted": (eight, lambda index: (index.store / "image_index.json").unlink()),
    "vectors deleted": (log_of_three, lambda index: ((index.store / "image_index.2.bin").unlink(), append(index))),
}
ALL_SAVES = [pytest.param(name, marks=[mapped_files] if name == "vectors deleted" else []) for name in SAVES]


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """``scene(name)`` gives that save's index, changed and not yet saved, each time in a fresh folder."""
    monkeypatch.setattr(commit, "DEAD_ROWS", 2)
    made = []

    def make(name):
        prepare, change = SAVES[name]
        template = tmp_path / "template"
        if not template.exists():
            index = ImageIndex(template, tmp_path, "s", 4)
            prepare(index)
            template.mkdir(exist_ok=True)
        place = tmp_path / f"store-{len(made)}"
        made.append(place)
        shutil.copytree(template, place)
        try:
            index = ImageIndex.load(place, tmp_path)
        except NoIndex:
            index = ImageIndex(place, tmp_path, "s", 4)
        before = state(stored(index))
        change(index)
        if stored_or_damaged(index) != before:  # the change itself touched the disk
            before = stored_or_damaged(index)
        return index, before

    return make


def stored_or_damaged(index):
    try:
        return state(stored(index))
    except IndexDamaged as error:
        return error.params["why"]


def save_with(disk, index):
    """The error that a save ended with, or None."""
    try:
        with index.locked(), disk:
            index.save()
    except IndexNotSaved as error:
        return error
    return None


def check_after(index, before, error, context):
    """Disk, memory and the next save after one that met a fault."""
    wanted = state(index)
    assert stored_or_damaged(index) == (before if error else wanted), context
    assert len(index.search(unit(1, 5)[0], 100)[1]) == index.count
    index.add([ImageFile("después.jpg", 1, 1)], unit(1, 77))
    saved(index)
    again = ImageIndex.load(index.store, index.folder)
    assert state(again) == state(index), context
    files, problems = state(again)
    files.pop("después.jpg")
    assert (files, problems) == wanted, context
    named = {segment["file"] for segment in manifest(index)["segments"]}
    left = {path.name for path in index.store.iterdir()}
    assert left >= {"image_index.json", *named}, context
    unneeded = left - {"image_index.json", *named}
    if WINDOWS:  # vectors that are still mapped stay till a later save, and a lock goes with who held it
        assert all(re.fullmatch(r"image_index\.\d+\.bin", name) for name in unneeded), context
    else:
        assert unneeded == {"index.lock"}, context


def manifest(index):
    return json.loads((index.store / "image_index.json").read_text())["index"]


@pytest.mark.parametrize("name", ALL_SAVES)
def test_every_call_fails_in_turn(scene, monkeypatch, name):
    index, _ = scene(name)
    with index.locked(), FaultyDisk(monkeypatch) as dry:
        index.save()
    assert {"open", "write", "fsync", "close", "replace"} <= set(dry.calls)
    refused = 0
    for number in range(1, len(dry.calls) + 1):
        for code, lasting in (*((code, False) for code in CODES), (errno.EIO, True)):
            index, before = scene(name)
            disk = FaultyDisk(monkeypatch, number, code, lasting=lasting)
            error = save_with(disk, index)
            assert disk.failed == dry.calls[number - 1]
            if error:
                refused += 1
                assert error.params == {"folder": str(index.store), "detail": os.strerror(code)}
                assert "replace" not in disk.calls[: number - 1], "nothing may fail after the commit"
            check_after(index, before, error, (name, number, disk.failed, errno.errorcode[code], lasting))
    # All up to and with the rename, in four ways; but a name that cannot be freed gives way to another one.
    commits = dry.calls.index("replace") + 1
    # On Windows a rename that is refused once is tried again.
    assert commits * 4 - 4 - WINDOWS <= refused <= commits * 4


@pytest.mark.parametrize("name", ALL_SAVES)
def test_short_writes(scene, monkeypatch, name):
    index, before = scene(name)
    wanted = state(index)
    disk = FaultyDisk(monkeypatch, short=7)
    assert save_with(disk, index) is None
    assert disk.calls.count("write") >= 50
    assert state(stored(index)) == wanted
    whole = len(disk.calls)
    # A full disk takes a few more bytes before it refuses.
    for number in range(1, whole, 5):
        index, before = scene(name)
        disk = FaultyDisk(monkeypatch, number, errno.ENOSPC, short=7)
        error = save_with(disk, index)
        check_after(index, before, error, (name, number, disk.failed))


@pytest.fixture
def after_power_cut(tmp_path):
    """The state that a load finds in a folder of these files."""
    place, seen = tmp_path / "after", {}
    place.mkdir()

    def load(files):
        key = tuple(sorted(files.items()))
        if key not in seen:
            for path in place.iterdir():
                path.unlink()
            for file, data in files.items():
                (place / file).write_bytes(data)
            seen[key] = stored_or_damaged(ImageIndex(place, tmp_path, "s", 4))
        return seen[key]

    return load


@no_folder_sync
@pytest.mark.parametrize("name", ALL_SAVES)
def test_power_cut_at_every_instant(scene, monkeypatch, after_power_cut, name):
    index, before = scene(name)
    after = state(index)
    with index.locked(), ForgetfulDisk(monkeypatch, index.store) as disk:
        index.save()
    assert ("sync folder",) in disk.events
    found = []
    for done in range(len(disk.events) + 1):
        for files in disk.states(done):
            found.append(after_power_cut(files))
            assert found[-1] in (before, after), (done, disk.events[:done])
            assert found[-1] == after or done < len(disk.events), "a save that returned must stay"
    assert before in found
    assert after in found


@no_folder_sync
@pytest.mark.parametrize("name", ["append", "merge of several", "compaction", "emptied"])
def test_power_cut_when_the_last_sync_failed(scene, monkeypatch, after_power_cut, name):
    """The commit may then not have reached the disk, so the old state needs its files; the next save tidies up."""
    index, before = scene(name)
    after = state(index)
    with index.locked(), ForgetfulDisk(monkeypatch, index.store, fails_late=True) as disk:
        index.save()
    found = [after_power_cut(files) for done in range(len(disk.events) + 1) for files in disk.states(done)]
    assert all(each in (before, after) for each in found)
    assert before in found[-8:], "the model must allow for the old state at the very end"
    check_after(index, before, None, name)


def test_a_rename_that_happened_but_was_reported_as_failed(scene, monkeypatch):
    """Network drives do that when an answer is lost; the next update must find its way."""
    index, _ = scene("append")
    wanted, real = state(index), os.replace

    def replaced(source, target):
        real(source, target)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, index.locked():
        patch.setattr(os, "replace", replaced)
        with pytest.raises(IndexNotSaved):
            index.save()
    assert state(index) == wanted
    assert state(stored(index)) == wanted
    assert index.is_stale()
    index.reload()
    append(index)
    saved(index)
    assert state(stored(index)) == wanted


def test_a_manifest_that_cannot_be_read_is_not_replaced(scene, monkeypatch):
    index, before = scene("append")
    wanted = state(index)

    def refuse(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, index.locked():
        patch.setattr(store, "_head", refuse)
        with pytest.raises(IndexNotSaved):
            index.save()
        with pytest.raises(IndexDamaged):
            index.is_stale()
    assert state(stored(index)) == before
    assert state(index) == wanted


def test_a_file_that_cannot_be_mapped_again_is_not_committed(scene, monkeypatch):
    index, before = scene("append")
    wanted = state(index)

    def refuse(*arguments, **options):
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with monkeypatch.context() as patch:
        patch.setattr(np, "memmap", refuse)
        with index.locked(), pytest.raises(IndexNotSaved) as caught:
            index.save()
    assert caught.value.params["detail"] == os.strerror(errno.ENOMEM)
    assert state(stored(index)) == before
    assert state(saved(index)) == state(stored(index)) == wanted


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_file_systems_that_cannot_sync_a_folder(scene, monkeypatch, code):
    index, _ = scene("append")
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    wanted = state(index)
    assert state(stored(saved(index))) == wanted


def test_windows_waits_for_a_reader(tmp_path, monkeypatch):
    """There, a file that somebody reads cannot be replaced for as long as that takes."""
    target = tmp_path / "x.json"
    target.write_bytes(b"old")
    refusals = refuse_at_first(monkeypatch, "replace", 3)
    assert atomic_files.replace_file(target, b"new")
    assert target.read_bytes() == b"new"
    refusals += refused(6)
    with pytest.raises(PermissionError):
        atomic_files.replace_file(target, b"newer")
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert target.read_bytes() == b"new"


def test_windows_waits_for_a_virus_scanner_before_an_index_is_set_aside(scene, monkeypatch):
    """It looks into what was just written, or is about to be moved, for some milliseconds."""
    place = scene("append")[0].store
    gc.collect()  # on Windows no vectors go aside while they are mapped
    files = {path.name: path.read_bytes() for path in place.glob("image_index.*")}
    refusals = refuse_at_first(monkeypatch, "replace", 5)
    aside = set_aside(place)
    assert not refusals
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == files
    refusals += refused(5)
    store.put_back(aside)
    assert {path.name: path.read_bytes() for path in place.glob("image_index.*")} == files


def test_windows_leaves_a_mapped_file_and_takes_another_name(scene, monkeypatch):
    index, _ = scene("append")
    blocked = index.store / "image_index.2.bin"
    blocked.write_bytes(b"mapped by another program")
    real = os.unlink

    def unlink(path, **options):
        if os.fspath(path) == str(blocked):
            raise PermissionError(errno.EACCES, "in use")
        real(path, **options)

    wanted = state(index)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        saved(index)
    assert [segment["file"] for segment in manifest(index)["segments"]] == ["image_index.1.bin", "image_index.3.bin"]
    assert blocked.exists()
    append(index)
    saved(index)
    assert not blocked.exists()
    assert state(stored(index)) == wanted


# -- Settings and pages --------------------------------------------------------------------------------


def test_every_call_of_saving_the_settings_fails(home, monkeypatch):
    old, new = Config(top_k=7, image_folder="C:/Fotos/años"), Config(top_k=9)
    save_config(old, home)
    with FaultyDisk(monkeypatch) as dry:
        save_config(new, home)
    faults = 0
    for lasting in (False, True):
        for number in range(1, len(dry.calls) + 1):
            for code in CODES:
                save_config(old, home)
                disk = FaultyDisk(monkeypatch, number, code, lasting=lasting)
                try:
                    with disk:
                        save_config(new, home)
                except OSError as error:
                    faults += 1
                    assert error.errno == code
                    assert load_config(home) == old
                else:
                    assert load_config(home) == new
                save_config(new, home)
                assert load_config(home) == new
                assert [path.name for path in home.iterdir()] == [CONFIG_NAME]
    waited_out = 2 if WINDOWS else 0  # a refusal that does not last, of the removal and of the rename
    assert faults == (dry.calls.index("replace") + 1) * 6 - waited_out


def test_every_call_of_writing_a_page_fails(tmp_path, monkeypatch):
    page = tmp_path / "página.html"
    write_page("<p>vieja</p>", page)
    with FaultyDisk(monkeypatch) as dry:
        write_page("<p>nueva</p>", page)
    for number in range(1, len(dry.calls) + 1):
        for code in CODES:
            write_page("<p>vieja</p>", page)
            disk = FaultyDisk(monkeypatch, number, code)
            try:
                with disk:
                    write_page("<p>nueva</p>" * 100, page)
            except PageNotSaved as error:
                assert error.params == {"folder": str(tmp_path), "detail": os.strerror(code)}
                assert page.read_text() == "<p>vieja</p>"
            else:
                assert page.read_text() == "<p>nueva</p>" * 100
            write_page("<p>nueva</p>", page)
            assert [path.name for path in tmp_path.iterdir()] == ["página.html"]


def test_leftovers_of_killed_programs_go_and_those_of_running_ones_stay(home):
    old, young = home / f"{CONFIG_NAME}.123.tmp", home / f"{CONFIG_NAME}.124.tmp"
    foreign = home / f"{CONFIG_NAME}.mine.tmp"
    for path in (old, young, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    save_config(Config(top_k=3), home)
    assert sorted(path.name for path in home.iterdir()) == sorted([CONFIG_NAME, young.name, foreign.name])


def test_files_of_other_people_in_the_store_stay(scene):
    index, _ = scene("append")
    foreign = [index.store / name for name in ("image_index.copia.bin", "image_index.1.bin.bak", "notas.txt")]
    for path in foreign:
        path.write_bytes(b"mine")
    saved(index)
    assert all(path.read_bytes() == b"mine" for path in foreign)


# -- Keeping a refused index aside ---------------------------------------------------------------------


def test_setting_aside_is_all_or_nothing(scene, monkeypatch):
    index, _ = scene("merge of several")
    files = {path.name: path.read_bytes() for path in index.store.glob("image_index.*")}
    assert len(files) == 4
    for number in range(1, 6):
        for code in CODES:
            disk = FaultyDisk(monkeypatch, number, code)
            try:
                with disk:
                    aside = set_aside(index.store)
            except OSError as error:
                assert error.errno == code
                assert {path.name: path.read_bytes() for path in index.store.glob("image_index.*")} == files
                assert not list(index.store.glob("damaged-*"))
            else:
                assert disk.failed != "replace"
                assert {path.name: path.read_bytes() for path in aside.iterdir()} == files
                store.put_back(aside)
                assert stored(index).count == 24
