"""Noticing changes in image folders: real events of the system, polling, and folders that go and come back."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from PIL import Image
from watchdog.events import FileDeletedEvent, FileModifiedEvent
from watchdog.observers.api import BaseObserver

from semantik.errors import FolderNotFound
from semantik.folders.indexer import update_index
from semantik.folders.watching import event_filter, system_events
from semantik.folders.watching.event_filter import EventFilter, EventMeaning, Scope
from semantik.folders.watching.folder_watch import FolderWatch, WatchKind
from semantik.index import ImageIndex
from semantik.storage.mounts import Mounts, is_remote, is_share
from semantik.storage.regular_files import is_folder
from tests.support.libraries import paint
from tests.support.systems import WINDOWS, links, not_in_wine, posix_only

SECONDS = 20.0
inotify = pytest.mark.skipif(sys.platform != "linux", reason="limits and overflows of inotify")


no_mounts = posix_only("Windows tells of whole drives, not of what is mounted in their folders")

kept_by_wine = not_in_wine("wine keeps a folder that is deleted for as long as it is watched")


class Recorder(FolderWatch):
    """A watch that keeps what it was told and what it said."""

    def __init__(self, **times):
        self.calls = []
        self.notices = []  # in the order of the events
        self.told = threading.Condition()
        super().__init__(self.receive, **{"quiet": 0.12, "check": 0.05, **times})

    def receive(self, folder):
        with self.told:
            self.calls.append(folder)
            self.told.notify_all()

    def _notice(self, path, change):
        super()._notice(path, change)
        with self.told:
            self.notices.append((path.name, change))
            self.told.notify_all()

    def until(self, condition, seconds=SECONDS):
        with self.told:
            return self.told.wait_for(condition, seconds)

    def called(self, times):
        assert self.until(lambda: len(self.calls) >= times), self.calls
        return self.calls

    def settle(self, folder, kind):
        """Wait for a folder to be watched in this way."""
        deadline = time.monotonic() + SECONDS
        while self.kind(folder) is not kind:
            assert time.monotonic() < deadline, self.kind(folder)
            self.until(lambda: False, 0.01)  # nobody tells of a kind


@pytest.fixture
def start():
    made = []

    def begin(*folders, exclude=(), kind=WatchKind.EVENTS, **times):
        watch = Recorder(**times)
        made.append(watch)
        watch.watch(folders, exclude)
        for folder in folders:
            watch.settle(folder, kind)
        return watch

    yield begin
    for watch in made:
        watch.close()


@pytest.fixture
def mount(monkeypatch):
    """Say what is mounted where; on Windows only that what lies there is another machine's."""
    table = [SimpleNamespace(mountpoint="/", fstype="ext4", device="/dev/sda1")]

    def drive_type(name):
        around = [part for part in table if Path(name).is_relative_to(part.mountpoint)]
        return 4 if around and is_remote(around[-1].fstype) else 3

    if WINDOWS:
        monkeypatch.setattr("semantik.storage.mounts._drive_type", drive_type)
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: list(table))

    def add(folder, kind):
        table.append(SimpleNamespace(mountpoint=str(folder), fstype=kind, device=""))

    return add


# -- Events --------------------------------------------------------------------------------------------


def new_picture(folder):
    paint(folder / "nueva.jpg", (1, 2, 3))


def new_video(folder):
    (folder / "viaje" / "playa" / "olas.MP4").write_bytes(b"x")


def changed_picture(folder):
    with (folder / "rojo.png").open("ab") as file:
        file.write(b"x")


def removed_picture(folder):
    (folder / "viaje" / "blanco.png").unlink()


def renamed_picture(folder):
    (folder / "rojo.png").rename(folder / "granate.png")


def finished_download(folder):
    (folder / "texto.part").rename(folder / "foto.jpg")


def picture_in_new_folder(folder):
    paint(folder / "a" / "b" / "c.png", (1, 2, 3))


def moved_in_folder(folder):
    (folder.parent / "fuera").rename(folder / "dentro")


def moved_out_folder(folder):
    (folder / "viaje").rename(folder.parent / "fuera de aquí")


def renamed_folder(folder):
    (folder / "viaje").rename(folder / "viaje.2019")


CHANGES = [
    *(new_picture, new_video, changed_picture, removed_picture, renamed_picture, finished_download),
    *(picture_in_new_folder, moved_in_folder, moved_out_folder, renamed_folder),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_told_once_when_it_is_over(library, start, change):
    (library / "texto.part").write_text("x")
    paint(library.parent / "fuera" / "x.png", (1, 2, 3))
    watch = start(library)
    change(library)
    assert watch.called(1) == [library]
    (library / "centinela").mkdir()
    assert watch.called(2) == [library] * 2
    assert watch.kind(library) is WatchKind.EVENTS


@pytest.mark.parametrize("name", ["dentro", "nueva"])
def test_pictures_in_folders_that_came_later_are_seen(library, start, name):
    paint(library.parent / "fuera" / "x" / "x.png", (1, 2, 3))
    watch = start(library)
    moved_in_folder(library) if name == "dentro" else (library / name / "x").mkdir(parents=True)
    watch.called(1)
    paint(library / name / "x" / "y.png", (1, 2, 3))
    assert watch.called(2) == [library] * 2
    (library / name).rename(library / "otro nombre")
    watch.called(3)
    paint(library / "otro nombre" / "x" / "z.png", (1, 2, 3))
    assert watch.called(4) == [library] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_names_that_are_not_utf_8(library, start):
    watch = start(library)
    odd = library / os.fsdecode(b"a\xf1o")
    odd.mkdir()
    watch.called(1)
    (odd / os.fsdecode(b"ni\xf1a.jpg")).write_bytes(b"x")
    assert watch.called(2) == [library] * 2


def test_what_is_no_picture_is_nothing(library, start, fake, pool):
    """The events come in order, so that all before the last one's were left out."""
    home = library / "SemantikSearch"
    paint(home / "x.png", (1, 2, 3))
    watch = start(library, exclude=[home])
    (library / "notas.txt").write_text("x")
    (library / "notas.txt").rename(library / "viaje" / "notas.doc")
    (library / "viaje" / "notas.doc").unlink()
    paint(library / ".oculta.png", (1, 2, 3))
    (library / "._rojo.png").write_bytes(b"x")
    paint(library / ".cache" / "a" / "x.png", (1, 2, 3))
    paint(library / "viaje" / "@eaDir" / "rojo.png" / "SYNOPHOTO_THUMB_M.jpg", (1, 2, 3))
    paint(home / "dentro" / "y.png", (1, 2, 3))
    shutil.rmtree(library / ".cache")
    made = ImageIndex(home / "indexes", library, fake.space, fake.dim)
    assert update_index(library, fake, made, pool=pool, exclude=[home]).added == 6  # reads all, writes to its home
    with Image.open(library / "rojo.png") as picture:
        picture.load()
    (library / "centinela").mkdir()
    assert watch.called(1) == [library]
    assert watch.notices == [("fotos", EventMeaning.FOLDERS)]


def test_watching_begins_with_a_report_if_wanted(library, start, mount, tmp_path):
    mount(tmp_path / "red", "nfs4")
    (tmp_path / "red").mkdir()
    watch = start(library, first_report=True)
    assert watch.called(1) == [library]
    watch.watch([library, tmp_path / "red"])
    watch.settle(tmp_path / "red", WatchKind.POLLING)  # that one is scanned every so often anyhow
    new_picture(library)
    assert watch.called(2) == [library, library]


def test_many_pictures_are_one_report(library, start):
    watch = start(library, quiet=0.4)
    for number in range(200):
        (library / f"{number}.jpg").write_bytes(b"x")
    assert watch.called(1) == [library]
    assert len(watch.notices) >= 200
    new_picture(library)
    assert watch.called(2) == [library] * 2


@not_in_wine("wine tells of changes only once they have paused")
def test_a_steady_stream_is_reported_before_it_ends(library, start):
    watch = start(library, quiet=30.0, longest=0.6)
    begun = time.monotonic()
    number = 0
    while not watch.until(lambda: watch.calls, 0.02):
        assert time.monotonic() - begun < SECONDS
        (library / f"{number}.jpg").write_bytes(b"x")
        number += 1
    assert time.monotonic() - begun >= 0.6
    assert number > 5
    (library / "otra.jpg").write_bytes(b"x")  # the next ones are gathered anew
    assert watch.called(2) == [library] * 2


def test_folders_are_told_apart_and_watched_in_one_another(library, start):
    other = library.parent / "otras"
    other.mkdir()
    watch = start(library, other, library / "viaje")
    (other / "a.jpg").write_bytes(b"x")
    assert watch.called(1) == [other]
    (library / "viaje" / "a.jpg").write_bytes(b"x")
    assert set(watch.called(3)[1:]) == {library, library / "viaje"}


def test_the_list_of_folders_is_replaced(library, start):
    other = library.parent / "otras"
    other.mkdir()
    watch = start(library, other)
    watch.watch([library])
    with pytest.raises(KeyError):
        watch.kind(other)
    assert watch.kind(library) is WatchKind.EVENTS  # it was not taken up anew
    (other / "a.jpg").write_bytes(b"x")
    new_picture(library)
    assert watch.called(1) == [library]
    watch.watch([library], exclude=[library / "viaje"])
    watch.settle(library, WatchKind.EVENTS)
    watch.notices.clear()
    (library / "viaje" / "a.jpg").write_bytes(b"x")
    (library / "centinela").mkdir()
    assert watch.called(2) == [library] * 2
    assert watch.notices == [("fotos", EventMeaning.FOLDERS)]


# -- Links ---------------------------------------------------------------------------------------------


@links
def test_links_are_followed_as_the_scan_does(library, start):
    target = library.parent / "enlazada"
    paint(target / "x.png", (1, 2, 3))
    (target / "bucle").symlink_to(library)
    (library / "enlace").symlink_to(target)
    watch = start(library)
    (target / "y.jpg").write_bytes(b"x")
    assert watch.called(1) == [library]

    later = library.parent / "más"
    (later / "honda").mkdir(parents=True)
    (target / "nuevo").symlink_to(later)
    watch.called(2)
    (later / "honda" / "z.jpg").write_bytes(b"x")
    assert watch.called(3) == [library] * 3

    (library / "enlace").unlink()
    watch.called(4)
    watch.notices.clear()
    (target / "w.jpg").write_bytes(b"x")
    (library / "centinela").mkdir()
    assert watch.called(5) == [library] * 5
    assert watch.notices == [("fotos", EventMeaning.FOLDERS)]


@links
def test_a_folder_may_be_a_link_itself_and_what_a_link_leads_to_may_go_and_come(library, start):
    target = library.parent / "enlazada"
    target.mkdir()
    (library / "enlace").symlink_to(target)
    link = library.parent / "mis fotos"
    link.symlink_to(library)
    watch = start(link, library)  # two folders, the same ones behind
    shutil.rmtree(target)
    assert set(watch.called(2)[:2]) == {link, library}
    target.mkdir()
    (library / "centinela").mkdir()
    count = len(watch.calls)
    watch.called(count + 2)
    count = len(watch.calls)
    (target / "z.jpg").write_bytes(b"x")
    assert set(watch.called(count + 2)[count:]) == {link, library}
    assert watch.kind(link) is watch.kind(library) is WatchKind.EVENTS


# -- Polling -------------------------------------------------------------------------------------------


def test_network_drives_are_polled(library, start, mount):
    mount(library.parent, "nfs4")
    local = library / "disco"
    local.mkdir()
    mount(local, "ext4")
    watch = start(library, kind=WatchKind.POLLING, poll=0.3)
    begun = time.monotonic()
    assert watch.called(3) == [library] * 3
    assert 0.5 < time.monotonic() - begun < SECONDS
    assert watch.notices == []
    watch.watch([local])
    watch.settle(local, WatchKind.EVENTS)


@no_mounts
def test_a_drive_in_the_folder_is_polled_beside_the_events(library, start, mount):
    (library / "nas").mkdir()
    mount(library / "nas", "cifs")
    watch = start(library, poll=0.3)
    assert watch.called(1) == [library]
    assert watch.notices == []
    new_picture(library)
    assert watch.until(lambda: watch.notices)


@no_mounts
def test_a_drive_that_is_mounted_on_the_folder_is_reported(library, start, mount):
    watch = start(library)
    mount(library, "fuse.sshfs")
    assert watch.called(1) == [library]
    assert watch.kind(library) is WatchKind.POLLING


@links
def test_a_link_to_a_network_drive_is_polled(library, start, mount):
    (library.parent / "nas").mkdir()
    mount(library.parent / "nas", "cifs")
    (library / "enlace").symlink_to(library.parent / "nas")
    watch = start(library, poll=0.3)
    assert watch.called(1) == [library]
    assert watch.notices == []


def refuse(monkeypatch, code, only=None):
    schedule = BaseObserver.schedule

    def fail(self, handler, path, **options):
        if only is None or path == only:
            raise OSError(code, "inotify watch limit reached")
        return schedule(self, handler, path, **options)

    monkeypatch.setattr(BaseObserver, "schedule", fail)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EMFILE])
def test_without_watches_left_folders_are_polled(library, start, monkeypatch, caplog, code):
    refuse(monkeypatch, code)
    watch = start(library, library / "viaje", kind=WatchKind.POLLING, poll=0.3)
    assert set(watch.called(2)[:2]) == {library, library / "viaje"}
    assert [record.levelname for record in caplog.records if "watch limit" in record.message] == ["WARNING"]


@inotify
def test_a_limit_that_hits_below_the_folder_is_found_out(library, start, monkeypatch):
    """Watchdog says nothing of it, only asking for one more watch does."""
    watch = start(library)
    refuse(monkeypatch, errno.ENOSPC, only="/proc")
    (library / "una más").mkdir()
    assert watch.called(1) == [library]
    assert watch.kind(library) is WatchKind.POLLING
    start(library, kind=WatchKind.POLLING)


@inotify
def test_lost_events_are_a_change(library, start):
    from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD

    watch = start(library)
    (reader,) = [thread for thread in threading.enumerate() if isinstance(thread, InotifyFD)]
    reader.handle_event(InotifyEvent(-1, InotifyConstants.IN_Q_OVERFLOW, 0, b""))
    assert watch.called(1) == [library]
    new_picture(library / "viaje")
    assert watch.called(2) == [library] * 2


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        *(
            (kind, True)
            for kind in ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afpfs", "webdav", "davfs", "autofs")
        ),
        *(
            (kind, True)
            for kind in ("fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.davfs2", "macfuse", "vboxsf")
        ),
        *((kind, False) for kind in ("ext4", "btrfs", "xfs", "apfs", "hfs", "exfat", "vfat", "ntfs3", "fuseblk")),
        *((kind, False) for kind in ("fuse.mergerfs", "fuse.gocryptfs", "overlay", "tmpfs", "zfs")),
    ],
)
def test_kinds_of_file_systems(kind, remote):
    assert is_remote(kind) is remote


@no_mounts
def test_the_mount_that_a_path_is_on(tmp_path):
    mounts = Mounts({"": "ext4", "/mnt/nas": "nfs4", "/mnt/nas/disco": "xfs", "/mnt/nas2": "btrfs"})
    told = {
        name: mounts.needs_polling(tmp_path / name)
        for name in ("/mnt/nas", "/mnt/nas/a/b", "/mnt/nas/disco/a", "/mnt/nas2/a", "/")
    }
    assert list(told.values()) == [True, True, False, False, False]
    assert mounts.below(tmp_path / "/mnt/nas") == {("/mnt/nas/disco", "xfs")}
    assert len(mounts.below(tmp_path / "/mnt")) == 3


def test_shares_of_windows():
    assert [is_share(name) for name in (r"\\nas\fotos", r"\\?\UNC\nas\fotos", r"\\wsl$\home")] == [True] * 3
    assert [is_share(name) for name in (r"C:\fotos", r"\\?\C:\fotos", "/mnt/fotos")] == [False] * 3


# -- Folders that go and come --------------------------------------------------------------------------


def test_a_folder_that_comes_is_reported_once_and_watched(tmp_path, start):
    folder = tmp_path / "disco" / "fotos"
    watch = start(folder, kind=WatchKind.MISSING)
    paint(folder / "a.png", (1, 2, 3))
    assert watch.called(1) == [folder]
    assert watch.kind(folder) is WatchKind.EVENTS
    new_picture(folder)
    assert watch.called(2) == [folder] * 2


@kept_by_wine
def test_a_folder_that_goes_is_reported_once_and_taken_up_again(library, start):
    watch = start(library)
    shutil.rmtree(library)
    assert watch.called(1) == [library]
    assert watch.kind(library) is WatchKind.MISSING
    paint(library / "viaje" / "a.png", (1, 2, 3))
    assert watch.called(2) == [library] * 2
    assert watch.kind(library) is WatchKind.EVENTS
    removed = library / "viaje" / "a.png"
    removed.unlink()
    assert watch.called(3) == [library] * 3


def test_a_folder_that_is_moved_away_while_another_takes_its_name(library, start):
    """No event tells of it."""
    watch = start(library)
    other = library.parent / "otra"
    (other / "viaje").mkdir(parents=True)
    library.rename(library.parent / "apartada")
    other.rename(library)
    assert watch.called(1) == [library]
    assert watch.kind(library) is WatchKind.EVENTS
    new_picture(library / "viaje")
    assert watch.called(2) == [library] * 2
    watch.notices.clear()
    new_picture(library.parent / "apartada")
    (library / "centinela").mkdir()
    assert watch.called(3) == [library] * 3
    assert watch.notices == [("fotos", EventMeaning.FOLDERS)]


@pytest.fixture
def reused(monkeypatch):
    """File systems give a new folder the number of one that was just deleted, so that they look the same."""

    def identify(folder):
        if not is_folder(folder):
            raise FolderNotFound(folder=str(folder))
        return folder

    monkeypatch.setattr(system_events, "identify", identify)


@kept_by_wine
def test_a_folder_that_is_deleted_and_made_again_at_once(library, start, reused):
    watch = start(library, check=30.0)
    library.rename(library.parent / "apartada")
    library.mkdir()
    shutil.rmtree(library.parent / "apartada")
    assert watch.called(1) == [library]
    new_picture(library)
    assert watch.called(2) == [library] * 2


@links
def test_two_names_of_a_folder_that_is_deleted_and_made_again_at_once(library, start, reused):
    link = library.parent / "mis fotos"
    link.symlink_to(library)
    watch = start(link, library, check=30.0)
    library.rename(library.parent / "apartada")
    library.mkdir()
    shutil.rmtree(library.parent / "apartada")
    assert sorted(watch.called(2)) == sorted([link, library])
    new_picture(library)
    assert sorted(watch.called(4)) == sorted([link, library] * 2)
    watch.watch([link])
    removed = library / "nueva.jpg"
    removed.unlink()
    assert watch.called(5)[4:] == [link]


@links
def test_what_a_link_leads_to_is_deleted_and_made_again_at_once(library, start, reused):
    target = library.parent / "enlazada"
    target.mkdir()
    (library / "enlace").symlink_to(target)
    watch = start(library, check=30.0)
    target.rename(library.parent / "apartada")
    target.mkdir()
    shutil.rmtree(library.parent / "apartada")
    assert watch.called(1) == [library]
    (target / "z.jpg").write_bytes(b"x")
    assert watch.called(2) == [library] * 2


@links
def test_what_a_link_leads_to_is_moved_away_while_another_takes_its_name(library, start):
    target = library.parent / "enlazada"
    target.mkdir()
    (library / "enlace").symlink_to(target)
    watch = start(library)
    target.rename(library.parent / "apartada")
    target.mkdir()
    assert watch.called(1) == [library]
    (target / "z.jpg").write_bytes(b"x")
    assert watch.called(2) == [library] * 2


def test_a_folder_that_is_given_up_in_time_is_not_reported(library, start):
    other = library.parent / "otras"
    other.mkdir()
    watch = start(library, other, quiet=0.5)
    removed_picture(library)  # a single event
    assert watch.until(lambda: watch.notices)
    watch.watch([other])
    watch.watch([other, library])
    watch.settle(library, WatchKind.EVENTS)
    (other / "a.jpg").write_bytes(b"x")
    assert watch.called(1) == [other]


# -- The receiver, and the end -------------------------------------------------------------------------


def test_a_receiver_that_fails_is_logged_and_called_again(library, start, caplog):
    watch = start(library)
    receive = watch.receive

    def fail(folder):
        receive(folder)
        raise RuntimeError("no hay sitio")

    watch._on_change = fail
    new_picture(library)
    watch.called(1)
    removed_picture(library)
    assert watch.called(2) == [library] * 2
    watch.close()
    failures = [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in failures] == [logging.ERROR] * 2
    assert "RuntimeError: no hay sitio" in caplog.text


def test_reports_never_overlap(library, start):
    watch = start(library, quiet=0.0)
    threads, busy, overlaps = set(), threading.Lock(), []
    receive = watch.receive

    def slow(folder):
        if not busy.acquire(blocking=False):
            overlaps.append(folder)
            return
        threads.add(threading.current_thread().name)
        if len(watch.calls) < 4:
            seen = len(watch.notices)
            (library / f"{len(watch.calls)}.jpg").write_bytes(b"x")
            assert watch.until(lambda: len(watch.notices) > seen)  # the next one is due while this one is at work
        busy.release()
        receive(folder)

    watch._on_change = slow
    new_picture(library)
    watch.called(5)
    assert overlaps == []
    assert threads == {"folder-watch"}


def test_closing_ends_all_threads_and_reports_nothing_more(library):
    before = set(threading.enumerate())
    watch = Recorder(quiet=30.0)
    watch.watch([library, library / "viaje"])
    watch.settle(library / "viaje", WatchKind.EVENTS)
    assert len(set(threading.enumerate()) - before) >= 3
    new_picture(library)
    assert watch.until(lambda: watch.notices)
    begun = time.monotonic()
    watch.close()
    assert time.monotonic() - begun < SECONDS
    assert set(threading.enumerate()) - before == set()
    assert watch.calls == []
    watch.close()
    watch.watch([library])
    assert set(threading.enumerate()) - before == set()


def test_the_receiver_may_close_the_watch(library, start):
    watch = start(library)
    receive = watch.receive

    def close(folder):
        watch.close()
        receive(folder)

    watch._on_change = close
    new_picture(library)
    watch.called(1)
    watch._thread.join(SECONDS)
    assert not watch._thread.is_alive()


def test_a_watch_of_nothing_has_no_thread():
    before = set(threading.enumerate())
    watch = FolderWatch(lambda folder: None)
    watch.watch([])
    assert set(threading.enumerate()) == before
    watch.close()


# -- Windows' ways -------------------------------------------------------------------------------------


def sieve(folder):
    changes = []
    return EventFilter(Scope(str(folder), []), changes.append), changes


def test_reading_is_no_change_where_it_looks_like_one(library, monkeypatch):
    monkeypatch.setattr(event_filter, "READING_COUNTS_AS_CHANGE", True)
    through, changes = sieve(library)
    old = library / "rojo.png"
    os.utime(old, (1e9, 1e9))
    through.on_any_event(FileModifiedEvent(str(old)))
    assert changes == []
    through.on_any_event(FileModifiedEvent(str(library / "azul.png")))  # just written
    through.on_any_event(FileModifiedEvent(str(library / "borrada.png")))
    assert changes == [EventMeaning.PICTURES] * 2


def test_a_deleted_folder_may_look_like_a_file(library, monkeypatch):
    through, changes = sieve(library)
    monkeypatch.setattr(event_filter, "DELETED_FOLDERS_LOOK_LIKE_FILES", False)  # as on Linux
    through.on_any_event(FileDeletedEvent(str(library / "St.Ives")))
    assert changes == []
    monkeypatch.setattr(event_filter, "DELETED_FOLDERS_LOOK_LIKE_FILES", True)
    through.on_any_event(FileDeletedEvent(str(library / "St.Ives")))
    through.on_any_event(FileDeletedEvent(str(library / ".oculta")))
    assert changes == [EventMeaning.FOLDERS]
