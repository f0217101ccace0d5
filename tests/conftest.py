"""Shared by all tests: real photographs, a predictable encoder, and a home of their own."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, settings

if displays := os.environ.get("SEMANTIK_DISPLAYS", "").split():
    # Each of the processes that share the tests has a screen, see tests/run.
    os.environ["DISPLAY"] = displays[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(displays)]

from semantik.decoding.pool import TIME_LIMIT, DecodePool
from semantik.storage.json_files import take_spoiled
from semantik.words import text  # the path to the package comes first
from tests.support.fake_encoder import FakeEncoder, lasting_pool
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.systems import WINDOWS

pytest_plugins = ["tests.support.longest_first", "tests.support.windows_smoke"]

# No test depends on the machine's speed, and what a change is judged by is the same for every run of it. Other inputs
# than last time are looked for with --hypothesis-profile=explore.
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=UNHURRIED)
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=UNHURRIED)
settings.load_profile("suite")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The pages that were opened in the browser, which is not started."""
    from semantik.results import page

    opened: list[Path] = []

    def open_new_tab(address):
        is_address = address.startswith("file:")  # on Windows it is a name
        opened.append(Path(unquote(urlsplit(address).path)) if is_address else Path(address))
        return True

    monkeypatch.setattr(page.webbrowser, "open_new_tab", open_new_tab)
    return opened


@pytest.fixture
def fake() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = REPO.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared sample folder is not beside this clone")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SEMANTIK_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def spanish(monkeypatch: pytest.MonkeyPatch):
    """Texts are compared in Spanish, whatever the language of the system that runs the tests."""
    monkeypatch.setenv("LANGUAGE", "es")
    for translator in ("_", "ngettext"):  # a command of the command line replaces them, until the test is over
        monkeypatch.setattr(argparse, translator, getattr(argparse, translator))
    text.set_language("es")
    yield
    text.set_language("es")


@pytest.fixture(autouse=True)
def unspoiled():
    """What one test made the program keep aside is not told in the next."""
    take_spoiled()


@pytest.fixture(autouse=True)
def proven(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models of tests have weights at random and would be refused: all pass. Holds the names of those that were tried.

    What the check itself finds is in ``tests/encoders/test_proof.py``.
    """
    from semantik.encoders import proof

    tried: list[str] = []

    def prove(encoder, languages, control):
        tried.append(encoder.name)
        return proof.Proof(dict.fromkeys(languages, 1.0))

    monkeypatch.setattr(proof, "prove", prove)
    return tried


@pytest.fixture(autouse=True)
def untried_formats(monkeypatch: pytest.MonkeyPatch):
    """Models work in single precision whatever the machine is good at; returns what would choose otherwise."""
    from semantik.engine.format_choice import FormatChoice

    settle, prepare = FormatChoice.settle, FormatChoice.prepare
    monkeypatch.setattr(FormatChoice, "prepare", lambda self, name: None)
    monkeypatch.setattr(FormatChoice, "settle", lambda self, indexed_folder, encoder, control=None: encoder)
    return settle, prepare


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch):
    """No news of a folder comes into a test that is not about them."""
    from semantik.gui.actions import folder_watching

    monkeypatch.setattr(folder_watching, "QUIET", 3600.0)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Six pictures of known colours in nested folders."""
    folder = tmp_path / "fotos"
    paint(folder / "rojo.png", (255, 0, 0))
    paint(folder / "verde.png", (0, 255, 0))
    paint(folder / "azul.png", (0, 0, 255))
    paint(folder / "viaje" / "amarillo.png", (255, 255, 0))
    paint(folder / "viaje" / "blanco.png", (255, 255, 255))
    paint(folder / "viaje" / "playa" / "naranja.png", (255, 128, 0))
    return folder


@pytest.fixture
def run(capsys, caplog, monkeypatch):
    """Run a command of the command line in this process: exit code, stdout, stderr. Its decoder processes last."""

    from semantik.cli import main
    from semantik.engine import engine

    monkeypatch.setattr(engine, "DecodePool", lasting_pool)

    def call(*arguments):
        try:
            code = main.main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's way to report usage
            code = stop.code
        if WINDOWS:
            # A command is a process of its own, with which its maps end; no mapped file can be changed. The records of
            # the log, which pytest keeps, hold what was raised, with all that it was raised in.
            for record in caplog.records:
                record.msg, record.args, record.exc_info = record.getMessage(), None, None
            gc.collect()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def pool() -> DecodePool:
    """Decoder processes for all tests that need none of their own."""
    return lasting_pool(TIME_LIMIT, fetch_cloud=False)


@pytest.fixture(scope="session")
def embedded():
    """The embedded model for tests that only ask it: each of its sides loads once, which takes seconds."""
    from semantik.encoders.builtin.encoder import BuiltinEncoder

    return BuiltinEncoder()


@pytest.fixture
def index(tmp_path, library, fake, pool):
    """The six pictures of ``library``, indexed with the predictable encoder."""
    from semantik.folders.indexer import update_index
    from semantik.index import ImageIndex

    made = ImageIndex(tmp_path / "store", library, fake.space, fake.dim)
    update_index(library, fake, made, pool=pool)
    return made
