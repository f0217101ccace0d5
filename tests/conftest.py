"""Shared by all tests: real photographs, a predictable encoder, and a home of their own."""

from __future__ import annotations

import atexit
import functools
import os
import sys
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from PIL import Image

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

if displays := os.environ.get("SEMANTIK_DISPLAYS", "").split():
    # Each of the processes that share the tests has a screen, see tests/run.
    os.environ["DISPLAY"] = displays[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(displays)]

from semantik.decoding.fitting import InputSpec  # noqa: E402
from semantik.decoding.pool import DecodePool  # noqa: E402
from semantik.encoders.base import Encoder, unit_rows  # noqa: E402
from semantik.search.relevance import read_queries  # noqa: E402
from semantik.words import text  # noqa: E402  # the path to the package comes first


class FakeEncoder(Encoder):
    """Embeds a picture as its mean colour and a text as the colour that it names, so scores can be foretold.

    dim 3: red, green, blue. ``images`` and ``batches`` count the work that was asked for.
    """

    name = "fake"
    space = "fake/rgb"
    dim = 3
    input_spec = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    batch_size = 4
    COLOURS: ClassVar = {
        "rojo": (1, 0, 0),
        "verde": (0, 1, 0),
        "azul": (0, 0, 1),
        "amarillo": (1, 1, 0),
        "blanco": (1, 1, 1),
    }
    WHITE: ClassVar = frozenset(read_queries()[::10])

    def __init__(self) -> None:
        self.images = 0
        self.batches = 0

    def encode_images(self, batch):
        self.images += len(batch)
        self.batches += 1
        return unit_rows(batch.mean(axis=(2, 3)))

    def encode_texts(self, texts):
        # Of the texts that name no colour every tenth background query is white, the rest mean nothing.
        colours = [self.COLOURS.get(text, (1, 1, 1) if text in self.WHITE else (0, 0, 0)) for text in texts]
        return unit_rows(np.array(colours, dtype=np.float32).reshape(-1, 3))


def replace_encoders(monkeypatch: pytest.MonkeyPatch) -> list[FakeEncoder]:
    """Make the predictable encoder stand for every model; those that get made are in the returned list."""
    from semantik.engine import engine

    made: list[FakeEncoder] = []

    def create(name, **options):
        fake = FakeEncoder()
        fake.name = name
        fake.space = f"fake/{name}"
        made.append(fake)
        return fake

    monkeypatch.setattr(engine.registry, "create", create)
    monkeypatch.setattr(engine, "DecodePool", _lasting_pool)
    return made


@functools.cache
def _lasting_pool(time_limit: float) -> DecodePool:
    """Decoder processes that outlast the engine that uses them: to start them takes longer than most tests."""
    pool = DecodePool(time_limit=time_limit)
    atexit.register(pool.close)
    pool.close = lambda: None  # type: ignore[method-assign]
    return pool


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The pages that were opened in the browser, which is not started."""
    from semantik.results import page

    opened: list[Path] = []

    def open_new_tab(address):
        opened.append(Path(unquote(urlsplit(address).path)))
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
    text.set_language("es")
    yield
    text.set_language("es")


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch):
    """No news of a folder comes into a test that is not about them."""
    from semantik.gui.actions import folder_watching

    monkeypatch.setattr(folder_watching, "QUIET", 3600.0)


def paint(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> Path:
    """Write a picture of one colour; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


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


def together(*libraries):
    """What searches these folders, as they are now."""
    from semantik.engine.library import Library
    from semantik.search.relevance import Relevance
    from semantik.search.searcher import Searcher

    first = libraries[0]
    finder = Searcher(first.pool, Relevance(first.home / "background"))
    return Library(libraries, first.encoder, finder)


@pytest.fixture
def run(capsys):
    """Run a command of the command line in this process: exit code, stdout, stderr."""

    from semantik.cli import main

    def call(*arguments):
        try:
            code = main.main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse's way to report usage
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def pool():
    with DecodePool() as made:
        yield made


@pytest.fixture
def index(tmp_path, library, fake, pool):
    """The six pictures of ``library``, indexed with the predictable encoder."""
    from semantik.folders.indexer import update_index
    from semantik.index import ImageIndex

    made = ImageIndex(tmp_path / "store", library, fake.space, fake.dim)
    update_index(library, fake, made, pool=pool)
    return made
