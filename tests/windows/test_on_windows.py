"""What only Windows can break, from end to end, each journey as short as it can be; ``tests/run-windows`` runs them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from semantik.decoding.pool import DecodePool
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import registry
from semantik.encoders.model_card import EncoderOptions, ModelCard
from semantik.encoders.tensor_files import TensorFile
from semantik.engine.engine import Engine
from semantik.errors import ModelInUse
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index.manifest import MANIFEST
from semantik.queries import Query
from semantik.results.page import open_page
from semantik.storage.home import log_files
from semantik.storage.log_file import start_logging
from semantik.storage.regular_files import long_path
from semantik.storage.settings import Config
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.libraries import paint, together
from tests.support.places import REPO
from tests.support.systems import WINDOWS, WINE
from tests.support.waiting import wait_until
from tests.support.window import windows

pytestmark = pytest.mark.skipif(not WINDOWS, reason="about Windows, see tests/run-windows")

FOLDER = "José Ñandú y sus fotos"
PATIENCE = 600.0  # seconds, for a program of its own, beside all other tests of a busy machine


def start(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run Python in the program's folder, as a user's console would."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPO,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
        **options,
    )


@pytest.mark.usefixtures("home")
def test_pictures_are_indexed_found_and_shown_on_a_page_with_the_embedded_model(tmp_path, shared):
    folder = tmp_path / FOLDER
    folder.mkdir()
    for photo in sorted((shared / "photos").glob("*.jpg"))[:8]:
        shutil.copyfile(photo, folder / f"ñ {photo.name}")
    made = json.loads(start("-m", "semantik", "index", str(folder), "--encoder", "builtin", "--json").stdout)
    assert (made["count"], made["added"]) == (8, 8)
    page = tmp_path / "página.html"
    options = ("--text", "una foto", "--encoder", "builtin", "-k", "3", "--json", "--html", str(page))
    hits = json.loads(start("-m", "semantik", "search", str(folder), *options).stdout)
    assert len(hits) == 3
    assert {Path(hit["path"]).parent for hit in hits} == {folder}
    html = page.read_text("utf-8")
    assert all(Path(hit["path"]).as_uri() in html for hit in hits)


def test_a_results_page_is_handed_to_the_system(tmp_path):
    """Whatever opens ``.html`` gets the very file, although there are letters beyond ASCII in its name."""
    import winreg

    user = winreg.HKEY_LOCAL_MACHINE if WINE else winreg.HKEY_CURRENT_USER  # wine 8 asks no user for such wishes
    note, program = tmp_path / "note.txt", tmp_path / "browser.py"
    program.write_text(f"import sys; open({str(note)!r}, 'w', encoding='utf-8').write(sys.argv[1])", "utf-8")
    browser = r"Software\Classes\SemantikSearchTest"
    with winreg.CreateKey(user, rf"{browser}\shell\open\command") as key:
        winreg.SetValueEx(key, "", 0, winreg.REG_SZ, f'"{sys.executable}" "{program}" "%1"')
    with winreg.CreateKey(user, r"Software\Classes\.html") as key:
        before = winreg.QueryValueEx(key, "")[0] if winreg.QueryInfoKey(key)[1] else ""
        winreg.SetValueEx(key, "", 0, winreg.REG_SZ, "SemantikSearchTest")
    try:
        page = tmp_path / FOLDER / "página.html"
        page.parent.mkdir()
        page.write_text("<p>hola", "utf-8")
        assert open_page(page) is True
        wait_until(lambda: note.exists() and note.read_text("utf-8"), PATIENCE, "the browser that was started")
        assert Path(note.read_text("utf-8")).samefile(page)
    finally:
        with winreg.CreateKey(user, r"Software\Classes\.html") as key:
            winreg.SetValueEx(key, "", 0, winreg.REG_SZ, before)
        for inner in (r"\shell\open\command", r"\shell\open", r"\shell", ""):
            winreg.DeleteKey(user, browser + inner)


@pytest.mark.usefixtures("pages")
def test_a_window_is_opened_and_what_is_typed_is_found(home, library, monkeypatch):
    replace_encoders(monkeypatch)
    folder = library.rename(library.with_name(FOLDER))
    with windows(home) as begin:
        window = begin(guide=False)
        window.choose_folder(folder)
        window.search("rojo")
        window.wait(window.pictures, "the pictures, which are read after the search")
        assert len(window.pictures()) == 6
        assert window.failures == []


def test_a_damaged_index_is_rebuilt_while_the_error_is_kept(home, library, pool):
    opened = IndexedFolder(home, library, FakeEncoder(), pool)
    assert opened.update().count == 6
    store = opened.store
    assert (store / MANIFEST).is_file()
    (vectors,) = store.glob("*.bin")
    del opened
    content = bytearray(vectors.read_bytes())
    content[60] ^= 1
    vectors.write_bytes(content)
    again = IndexedFolder(home, library, FakeEncoder(), pool)
    check = again.open()  # keeps the error, as the window does
    assert check.state is State.DAMAGED
    assert again.update(rebuild=True).added == 6
    assert check.error is not None
    found = together(again).search(Query.of_text("rojo"), 1)
    assert [hit.path.name for hit in found] == ["rojo.png"]


class MappedEncoder(FakeEncoder):
    """Holds a map of its file, as every model does that is loaded."""

    name = "mapped"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tensor = TensorFile(path).tensor("w")


def test_a_model_that_was_loaded_can_be_removed(home, monkeypatch):
    from safetensors.numpy import save_file

    file = home / "weights" / "mapped.safetensors"
    file.parent.mkdir()
    save_file({"w": np.ones((100, 3), np.float32)}, file)
    size = file.stat().st_size
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    files = ModelFiles("Mapped", (WeightsFile("Mapped", "http://127.0.0.1:9/", digest, size, file.name),))

    def make(options: EncoderOptions) -> MappedEncoder:
        return MappedEncoder(file)

    def cards():
        yield ModelCard(name="mapped", dim=3, licence="MIT", languages="many", make=make, files=files)

    monkeypatch.setattr(registry, "FAMILIES", [*registry.FAMILIES, cards])
    engine = Engine(home, Config(weights_folder=str(file.parent), encoder="mapped"))
    try:
        engine.models.use("mapped")
        assert float(engine.models.encoder.tensor.sum()) == 300.0
        with pytest.raises(ModelInUse):
            engine.models.remove("mapped")
        engine.models.use("builtin")
        assert engine.models.remove("mapped") == size
        assert not file.exists()
    finally:
        engine.close()


def test_two_programs_write_one_log(home):
    """It is turned over while both have it open; the last word of each is there, and nobody complains."""
    code = (
        "import logging, pathlib, sys\n"
        "from semantik.storage.log_file import start_logging\n"
        "start_logging(pathlib.Path(sys.argv[1]))\n"
        "for number in range(150): logging.getLogger('semantik').info('del otro %d %s', number, 'x' * 10_000)\n"
        "logging.getLogger('semantik').info('fin del otro')\n"
    )
    start_logging(home)
    log = logging.getLogger("semantik")
    try:
        log.info("antes")
        other = start("-c", code, str(home))
        assert other.stderr == ""
        for number in range(150):
            log.info("de este %d %s", number, "x" * 10_000)
        log.info("fin de este")
        told = "".join(path.read_text("utf-8") for path in log_files(home) if path.exists())
        assert "fin del otro" in told
        assert "fin de este" in told
        assert max(path.stat().st_size for path in log_files(home) if path.exists()) < 2_000_000
    finally:
        for handler in list(logging.getLogger().handlers):
            if getattr(handler, "baseFilename", "").startswith(str(home)):
                logging.getLogger().removeHandler(handler)
                handler.close()


def test_a_decoder_that_is_killed_is_replaced(library):
    spec = FakeEncoder.input_spec
    with DecodePool(1) as pool:
        first = pool.fit(library / "rojo.png", spec).pixels
        (victim,) = pool.pids()
        psutil.Process(victim).kill()
        wait_until(lambda: not psutil.pid_exists(victim), what="the decoder is gone")
        assert np.array_equal(pool.fit(library / "rojo.png", spec).pixels, first)
        assert pool.pids() != [victim]
        others = pool.pids()
    wait_until(lambda: not any(map(psutil.pid_exists, others)), what="the pool's end ends its decoders")


def test_paths_beyond_260_characters(home, tmp_path, pool):
    folder = tmp_path / "fotos"
    deep = folder / "/".join(["carpeta larga de verdad número " + "x" * 40] * 4)
    assert len(str(deep)) > 260
    long_path(deep, below=True).mkdir(parents=True)
    paint(long_path(deep / "rojo.png", below=True), (255, 0, 0))
    paint(folder / "azul.png", (0, 0, 255))
    opened = IndexedFolder(home, folder, FakeEncoder(), pool)
    report = opened.update()
    assert (report.count, report.problems) == (2, ())
    (hit,) = together(opened).search(Query.of_text("rojo"), 1)
    assert hit.path == deep / "rojo.png"
    assert pool.thumbnail(hit.path, 32).jpeg[:2] == b"\xff\xd8"
