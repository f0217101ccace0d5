"""Disks and folders as they are out there: full, read-only, forbidden, unplugged, deep, looping, moving.

Where root may mount, the disks are real ones (tmpfs and bind mounts); permission bits are real too, because
the program runs without the capability that lets root ignore them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from logging.handlers import RotatingFileHandler

import numpy as np
import pytest
from PIL import Image

from semantik.encoders import registry
from semantik.errors import FolderEmptied, FolderNotFound, FolderUnreadable, IndexNotSaved, MassRemoval, NoIndex
from semantik.folders import embedding_run
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.scan import find_images
from semantik.index import ImageIndex
from semantik.long_tasks import TaskControl
from semantik.queries import Query
from semantik.records import Reason
from semantik.storage import atomic_files, settings
from semantik.words.text import explain, reason
from tests.support.crash_worker import PixelEncoder
from tests.support.fake_encoder import FakeEncoder, fake_encoder
from tests.support.libraries import paint, together
from tests.support.places import REPO
from tests.support.systems import links

posix = pytest.mark.skipif(os.name == "nt", reason="a matter of POSIX file systems")


@pytest.fixture
def mount():
    """``mount(place, *options)`` mounts a file system there, ``mount.undo(place)`` unmounts it."""
    mounted = []

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr.strip()}")

    def make(place, *options):
        run("mount", *options, str(place))
        mounted.append(place)

    def undo(place, *options):
        run("umount", *options, str(place))
        mounted.remove(place)

    make.undo, make.change = undo, lambda place, options: run("mount", "-o", f"remount,{options}", str(place))
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount")
    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture
def run(run, monkeypatch, home):
    """The command line with the predictable encoder, which lets go of the disk that its log is on."""
    monkeypatch.setattr(registry, "create", fake_encoder)
    monkeypatch.setattr(settings, "CONFIG_NAME", "no such settings.json")

    def call(*arguments):
        told = run(*arguments)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, RotatingFileHandler):
                handler.close()  # as when the program ends; until then its disk cannot be unmounted
        return told

    return call


PROGRAM = """
import sys
sys.path[:0] = {path}
from tests.support.fake_encoder import fake_encoder
from semantik.cli import main as cli
from semantik.encoders import registry
registry.create = fake_encoder
sys.exit(cli.main(sys.argv[1:]))
"""


def run_restricted(home, *arguments):
    """The same in a process for which permission bits count, whoever runs the tests."""

    def drop_capabilities():
        if os.geteuid() == 0:
            for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: gone with the next exec
                if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                    os._exit(99)

    if os.geteuid() == 0 and sys.platform != "linux":
        pytest.skip("permission bits do not apply to root")
    program = PROGRAM.format(path=[str(REPO)])
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | {"SEMANTIK_HOME": str(home)},
        capture_output=True,
        text=True,
        preexec_fn=drop_capabilities,
        check=False,
    )
    if done.returncode == 99:
        pytest.skip("root's capabilities cannot be dropped here")
    return done.returncode, done.stdout, done.stderr


def open_library(tmp_path, folder, pool, encoder=None):
    library = IndexedFolder(tmp_path / "home", folder, encoder or FakeEncoder(), pool)
    library.open()
    return library


def tree(folder):
    """Everything that writing into a folder would change, down to the times of the folders."""
    return {
        os.fsencode(path): (path.lstat().st_mtime_ns, path.lstat().st_ino, path.lstat().st_size)
        for path in (folder, *folder.rglob("*"))
    }


def told(report):
    return {problem.path: reason(problem.reason) for problem in report.problems}


# -- Where the program writes --------------------------------------------------------------------------


def test_a_read_only_home_can_be_searched_and_says_why_it_cannot_be_updated(mount, run, home, library, tmp_path):
    mount(home, "-t", "tmpfs", "tmpfs")
    assert run("index", library)[0] == 0
    mount.change(home, "ro")
    before = tree(home)
    paint(library / "nuevo.png", (0, 0, 255))
    code, out, err = run("index", library)
    assert (code, out) == (1, "")
    assert err.startswith(
        "semantik: No se pudo guardar el índice: el disco es de solo lectura. El anterior sigue intacto."
    )
    code, out, _ = run("search", library, "--text", "azul", "-k", "1", "--json")
    assert (code, [hit["path"] for hit in json.loads(out)]) == (0, [str(library / "azul.png")])
    code, out, _ = run("search", library, "--text", "azul", "-k", "2", "--html", tmp_path / "página.html")
    assert (code, (tmp_path / "página.html").read_text().count("data:image/jpeg;base64,") >= 2) == (0, True)
    assert tree(home) == before


@posix
def test_a_home_without_permission_says_so(tmp_path, library):
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    code, out, err = run_restricted(home, "index", library)
    assert (code, out) == (1, "")
    assert err.startswith("semantik: No se pudo guardar el índice: no hay permiso para escribir ahí.")
    assert list(home.iterdir()) == []


def test_a_file_in_the_place_of_the_indexes_is_told(run, home, library):
    (home / "indexes").write_bytes(b"mine")
    code, _, err = run("index", library)
    assert code == 1
    assert err.startswith("semantik: El índice guardado no se puede usar") or err.startswith(
        "semantik: No se pudo guardar el índice"
    )
    assert (home / "indexes").read_bytes() == b"mine"


def many(folder, count):
    noise = np.random.default_rng(4)
    folder.mkdir()
    for number in range(count):
        Image.fromarray(noise.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{number:03}.png")
    return folder


def test_a_disk_that_is_really_full(mount, tmp_path, pool, monkeypatch):
    """Every size from nothing to enough, page by page; then there is room again, and nothing is done twice."""
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 20)
    folder, home = many(tmp_path / "fotos", 100), tmp_path / "home"
    home.mkdir()
    outcomes = []
    for pages in (1, 2, 3, *range(4, 44, 4)):
        mount(home, "-t", "tmpfs", "-o", f"size={pages * 4096}", "tmpfs")
        library = open_library(tmp_path, folder, pool, PixelEncoder())
        try:
            library.update()
            outcomes.append("saved")
        except IndexNotSaved as error:
            assert "no queda espacio en el disco" in explain(error)
            outcomes.append("full")
        held = library.count
        try:
            stored = ImageIndex.load(library.store, folder)
            assert stored.count % 20 == 0, "a checkpoint, whole"
            assert stored.count <= held
        except NoIndex:
            assert outcomes[-1] == "full"
        mount.change(home, "size=4m")
        library.encoder.images = 0
        assert library.update().count == 100
        assert library.encoder.images == 100 - held
        assert ImageIndex.load(library.store, folder).count == 100
        left = {path.name for path in library.store.iterdir()}
        assert {name for name in left if not name.endswith(".bin")} == {"image_index.json", "index.lock"}
        mount.undo(home, "-l")  # the vectors are still mapped
    assert outcomes[:3] == ["full"] * 3
    assert outcomes[-1] == "saved"
    assert outcomes == sorted(outcomes)


def test_a_disk_that_fills_up_while_indexing(tmp_path, pool, monkeypatch):
    """The same wherever the tests run: the third checkpoint finds no room."""
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 8)
    folder = many(tmp_path / "fotos", 40)
    library = open_library(tmp_path, folder, pool, PixelEncoder())
    real, writes = atomic_files.os.write, []

    def write(descriptor, data):
        writes.append(len(data))
        if sum(writes) > 40_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(atomic_files.os, "write", write)
        with pytest.raises(IndexNotSaved) as caught:
            library.update()
    assert explain(caught.value) == (
        "No se pudo guardar el índice: no queda espacio en el disco. El anterior sigue intacto. "
        "Cuando lo haya resuelto, pulse «Actualizar índice»."
    )
    stored = ImageIndex.load(library.store, folder).count
    assert 8 <= stored < library.count < 40
    done, library.encoder.images = library.count, 0
    assert library.update().count == 40
    assert library.encoder.images == 40 - done


# -- The folder with the pictures ----------------------------------------------------------------------


def test_nothing_is_ever_written_into_the_image_folder(run, library, tmp_path):
    (library / "rota.jpg").write_bytes(b"no")
    before = tree(library)
    assert run("index", library)[0] == 0
    assert run("search", library, "--text", "rojo", "--html", tmp_path / "p.html")[0] == 0
    assert run("search", library, "--image", library / "azul.png", "-k", "2")[0] == 0
    assert run("index", library, "--rebuild")[0] == 0
    assert tree(library) == before


def test_a_read_only_image_folder_is_indexed(mount, run, library):
    mount(library, "--bind", str(library))
    mount.change(library, "bind,ro")
    with pytest.raises(OSError, match="Read-only"):
        (library / "x").touch()
    code, out, _ = run("index", library, "--json")
    assert (code, json.loads(out)["count"]) == (0, 6)


def test_a_disk_that_is_unplugged_and_comes_back(mount, tmp_path, library, pool):
    place = tmp_path / "disco"
    place.mkdir()
    mount(place, "--bind", str(library))
    opened = open_library(tmp_path, place, pool)
    assert opened.update().count == 6
    mount.undo(place)
    for again in (opened, IndexedFolder(tmp_path / "home", place, FakeEncoder(), pool)):
        check = again.open()
        assert check.state is State.UNREACHABLE
        assert isinstance(check.error, FolderEmptied)
        assert "parece vacía, pero su índice no lo está (imágenes: 6)" in explain(check.error)
        with pytest.raises(FolderEmptied):
            again.update()
        with pytest.raises(FolderEmptied):
            again.update(rebuild=True)
        assert [hit.path.name for hit in together(again).search(Query.of_text("azul"), 1)] == ["azul.png"]
    mount(place, "--bind", str(library))
    opened.encoder.images = 0
    assert opened.open().state is State.READY
    assert (opened.update().reused, opened.encoder.images) == (6, 0)


def test_a_disk_that_is_pulled_out_during_the_scan(mount, tmp_path, library, pool):
    place = tmp_path / "disco"
    place.mkdir()
    mount(place, "--bind", str(library))
    found = find_images(place)
    assert next(found).path == "azul.png"
    mount.undo(place, "-l")
    with pytest.raises(FolderNotFound):
        list(found)


def test_a_disk_that_is_pulled_out_while_indexing(tmp_path, library, pool, monkeypatch):
    """What was embedded is saved, no file is blamed, and versions that are known stay searchable."""
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 1000)
    opened = open_library(tmp_path, library, pool)
    for number in range(60):
        paint(library / f"más/{number:02}.png", (number, 9, 99))
    opened.update()
    for number in range(60):
        paint(library / f"más/{number:02}.png", (9, 250 - number, 9), (31, 31))
    aside = tmp_path / "fuera"

    def pull_out(progress):
        if progress.done == 8:
            library.rename(aside)

    # Few at a time, so that not all are decoded before the disk goes.
    slow = {"fit_all": lambda self, paths, spec: pool.fit_all(paths, spec, look_ahead=2)}
    opened.pool = type("Slow", (), {**slow, "fingerprints": staticmethod(pool.fingerprints)})()
    with pytest.raises(FolderNotFound):
        opened.update(TaskControl(pull_out))
    index = ImageIndex.load(opened.store, library)
    assert index.count == 66
    assert index.problems() == []
    new = [file.path for file in index.files() if file.path.startswith("más/") and index.vector(file.path)[1] > 0.9]
    assert 8 <= len(new) < 30
    aside.rename(library)
    opened.encoder.images = 0
    assert opened.update().count == 66
    assert opened.encoder.images == 60 - len(new)


@pytest.mark.parametrize("kind", ["emptied", pytest.param("dangling link", marks=links)])
def test_a_second_disk_inside_the_library_that_is_unplugged(tmp_path, pool, kind):
    """A third of the pictures is too few for the question about half of them; but their folder tells."""
    folder, disk = tmp_path / "fotos", tmp_path / "nas"
    for number in range(25):
        paint(disk / "2019" / f"{number}.png", (number, 255, 0))
    for number in range(50):
        paint(folder / f"{number}.png", (0, number, 255))
    nas = folder / "nas"
    if kind == "emptied":
        shutil.copytree(disk, nas)
    else:
        nas.symlink_to(disk, target_is_directory=True)
    library = open_library(tmp_path, folder, pool)
    assert library.update().count == 75
    if kind == "emptied":
        shutil.rmtree(nas)
        nas.mkdir()
    else:
        disk.rename(tmp_path / "fuera")
    assert library.check().changes.removed == [f"nas/2019/{n}.png" for n in sorted(range(25), key=str)]
    with pytest.raises(MassRemoval) as caught:
        library.update()
    assert "Faltan 25 de las 75 imágenes indexadas" in explain(caught.value)
    assert ImageIndex.load(library.store, folder).count == 75
    assert len(together(library).search(Query.of_text("verde"), 75)) == 75
    if kind == "emptied":  # a folder that is gone, or has other things in it, was tidied up by its owner
        (nas / "leeme.txt").write_text("vacía a propósito")
    else:
        nas.unlink()
    assert library.update().count == 50


@posix
def test_folders_and_files_without_permission(tmp_path, home, run):
    folder = tmp_path / "fotos"
    paint(folder / "abierta.png", (255, 0, 0))
    paint(folder / "secreta.png", (0, 255, 0))
    paint(folder / "privado" / "a.png", (0, 0, 255))
    paint(folder / "sin cruzar" / "b.png", (255, 255, 0))
    everything = json.loads(run("index", folder, "--json")[1])
    assert (everything["count"], everything["problems"]) == (4, [])
    paint(folder / "secreta nueva.png", (1, 1, 1)).chmod(0)
    (folder / "secreta.png").chmod(0)
    (folder / "privado").chmod(0)
    (folder / "sin cruzar").chmod(0o400)
    try:
        code, out, err = run_restricted(home, "index", folder, "--json")
        report = json.loads(out)
        no = "no hay permiso para leerlo"
        assert (code, report["count"], report["reused"], report["removed"]) == (0, 4, 4, 0)
        assert sorted((p["path"], p["reason"]) for p in report["problems"]) == [
            ("privado/", no),
            ("secreta nueva.png", no),
            ("sin cruzar/b.png", no),
        ]
        # What cannot be seen stays searchable.
        code, out, _ = run_restricted(home, "search", folder, "--text", "azul", "-k", "1", "--json")
        assert [hit["path"] for hit in json.loads(out)] == [str(folder / "privado" / "a.png")]
        folder.chmod(0)
        code, out, err = run_restricted(home, "index", folder)
        assert (code, err) == (
            1,
            f"semantik: No hay permiso para leer la carpeta «{folder}». Elija otra o cambie sus permisos.\n",
        )
    finally:
        for path in (folder, folder / "privado", folder / "sin cruzar", folder / "secreta nueva.png"):
            path.chmod(0o755)
    report = json.loads(run("index", folder, "--json")[1])
    assert (report["count"], report["added"], report["problems"]) == (5, 1, [])


@posix
@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN])
def test_what_a_dead_network_drive_answers(tmp_path, library, pool, monkeypatch, code):
    error = FolderUnreadable if code == errno.EACCES else FolderNotFound
    opened = open_library(tmp_path, library, pool)
    opened.update()
    real = os.stat

    def stat(path, **options):
        if not isinstance(path, int) and os.fsdecode(path) == str(library):
            raise OSError(code, os.strerror(code), str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    again = IndexedFolder(tmp_path / "home", library, FakeEncoder(), pool)
    check = again.open()
    assert check.state is State.UNREACHABLE
    assert type(check.error) is error
    with pytest.raises(error):
        again.update()
    assert len(together(again).search(Query.of_text("rojo"), 6)) == 6
    shutil.rmtree(again.store)
    assert IndexedFolder(tmp_path / "home", library, FakeEncoder(), pool).open().state is State.UNREACHABLE


@posix
def test_links_that_loop_dangle_and_double(tmp_path, run):
    folder = tmp_path / "fotos"
    paint(folder / "z" / "real.png", (255, 0, 0))
    paint(tmp_path / "fuera" / "otra.png", (0, 255, 0))
    (folder / "z" / "arriba").symlink_to(folder)
    (folder / "yo.png").symlink_to("yo.png")
    (folder / "yo").symlink_to("yo")
    (folder / "ping").symlink_to("pong")
    (folder / "pong").symlink_to("ping")
    (folder / "nada.png").symlink_to("nunca.png")
    (folder / "nada").symlink_to("nunca")
    (folder / "fuera").symlink_to(tmp_path / "fuera")
    (folder / "otra vez").symlink_to(tmp_path / "fuera")
    code, out, _ = run("index", folder, "--json")
    assert (code, json.loads(out)["count"], json.loads(out)["problems"]) == (0, 2, [])
    assert [file.path for file in find_images(folder)] == ["z/real.png", "fuera/otra.png"]
    # A link that sorts before the folder that it leads to changes no known name.
    (folder / "a").symlink_to(folder / "z")
    code, out, _ = run("index", folder, "--json")
    assert (json.loads(out)["reused"], json.loads(out)["added"], json.loads(out)["removed"]) == (2, 0, 0)


# -- Names ---------------------------------------------------------------------------------------------


@posix
def test_names_of_every_kind(tmp_path, run):
    folder = tmp_path / "fotos"
    raw = b"\xff\xfe roto".decode("utf-8", "surrogateescape")
    names = {
        "rojo": f"{raw}/{raw}.png",
        "verde": "ñ" * 125 + ".png",  # 254 bytes
        "azul": "a" * 251 + ".png",  # 255 bytes, the most that file systems take
        "amarillo": "/".join(["una carpeta bastante profunda"] * 12) + "/x.png",  # beyond Windows' 260
        "blanco": "/".join(["y" * 200] * 14) + "/x.png",  # 2800 characters
    }
    for word, name in names.items():
        colour = tuple(255 * part for part in FakeEncoder.COLOURS[word])
        if len(name) < 2500:
            paint(folder / name, colour)
        else:
            deep = folder
            for part in name.split("/")[:-1]:
                deep = deep / part
                deep.mkdir()
            paint(deep / "x.png", colour)
    assert len(str(folder / names["blanco"])) > 1000
    code, out, _ = run("index", folder, "--json")
    report = json.loads(out)
    assert (code, report["count"], report["problems"]) == (0, 5, [])
    for word, name in names.items():
        code, out, _ = run("search", folder, "--text", word, "-k", "1", "--json")
        assert [hit["path"] for hit in json.loads(out)] == [str(folder / name)]
    page = tmp_path / "p.html"
    assert run("search", folder, "--text", "rojo", "--html", page)[0] == 0
    assert page.read_text().count("<img") >= 5
    code, out, _ = run("index", folder, "--json")
    assert (json.loads(out)["reused"], json.loads(out)["added"]) == (5, 0)


@posix
def test_beyond_the_longest_path_of_the_system_is_told_and_the_rest_goes_on(tmp_path, pool):
    folder = tmp_path / "fotos"
    paint(folder / "rojo.png", (255, 0, 0))
    here, opened = os.open(folder, os.O_RDONLY), []
    try:
        for _ in range(25):  # 5000 characters: only reachable step by step
            os.mkdir("d" * 200, dir_fd=here)
            opened.append(here)
            here = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
    finally:
        for descriptor in (*opened, here):
            os.close(descriptor)
    library = open_library(tmp_path, folder, pool)
    report = library.update()
    assert report.count == 1
    ((path, why),) = told(report).items()
    assert why == "el disco no permite leerlo"
    assert set(path) == {"d", "/"}
    assert library.check().state is State.READY


@posix
def test_a_home_with_a_difficult_name(tmp_path, library, pool):
    home = tmp_path / "Mis «índices» [1] $HOME %s 日本"
    for _ in range(2):
        opened = IndexedFolder(home, library, FakeEncoder(), pool)
        opened.open()
        assert opened.update().count == 6
    assert opened.update(rebuild=True).count == 6


def test_a_home_inside_the_library_is_not_indexed(library, monkeypatch, run):
    home = library / "programa"
    home.mkdir()
    monkeypatch.setenv("SEMANTIK_HOME", str(home))
    assert run("index", library)[0] == 0
    assert run("search", library, "--text", "rojo", "--html", home / "p.html")[0] == 0
    assert len(list((home / "thumbnails").rglob("*.jpg"))) == 6
    _, out, _ = run("index", library, "--json")
    assert (json.loads(out)["count"], json.loads(out)["added"]) == (6, 0)


# -- Files that move under the program -----------------------------------------------------------------


@contextlib.contextmanager
def touched_all_the_time(path):
    stop = threading.Event()

    def touch():
        now = 1_700_000_000_000_000_000
        while not stop.is_set():
            now += 1_000_000
            os.utime(path, ns=(now, now))

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_file_that_changes_while_it_is_read(tmp_path, library, pool):
    noise = np.random.default_rng(3).integers(0, 256, (900, 900, 3), np.uint8)
    busy = library / "cambia.png"
    Image.fromarray(noise).save(busy)
    opened = open_library(tmp_path, library, pool)
    with touched_all_the_time(busy):
        report = opened.update()
    assert report.count == 6
    assert told(report) == {"cambia.png": "cambió mientras se leía; se leerá la próxima vez"}
    # The file as it is now was not what was read, and even if it were: this time it is.
    report = opened.update()
    assert (report.added, report.count, report.problems) == (1, 7, ())


def test_a_file_that_is_deleted_or_broken_between_scan_and_decode(tmp_path, library, pool):
    opened = open_library(tmp_path, library, pool)

    def meddle(progress):
        if progress.done == 0:  # scanned, and nothing opened yet
            (library / "azul.png").unlink()
            (library / "rojo.png").write_bytes(b"")
            (library / "verde.png").unlink()
            (library / "verde.png").mkdir()

    report = opened.update(TaskControl(meddle))
    assert report.count == 3
    assert told(report) == {
        "azul.png": "desapareció antes de leerlo",
        "rojo.png": "el archivo está vacío",
        "verde.png": "no es una imagen conocida",
    }
    report = opened.update()
    assert (report.count, [problem.path for problem in report.problems]) == (3, ["rojo.png"])
    assert report.problems[0].reason is Reason.EMPTY
    (library / "verde.png").rmdir()
    for name, colour in (("azul", (0, 0, 255)), ("rojo", (255, 0, 0)), ("verde", (0, 255, 0))):
        paint(library / f"{name}.png", colour)
    assert opened.update().count == 6


def test_a_file_that_was_changed_after_the_scan_is_read_again(tmp_path, library, pool):
    """Its stored size and time are those of the scan, so the next update sees the difference."""
    opened = open_library(tmp_path, library, pool)

    def meddle(progress):
        if progress.done == 0:
            paint(library / "azul.png", (255, 255, 0), (50, 50))

    opened.update(TaskControl(meddle))
    changes = opened.check().changes
    assert [file.path for file in changes.changed] == ["azul.png"]
    assert opened.update().added == 1
    assert opened.check().state is State.READY
