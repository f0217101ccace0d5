"""Dates, places, texts and faces on a real server: what one computer has learnt, another finds by without a picture."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from semantik.cli import main
from semantik.cli.server_options import use_server
from semantik.decoding.pool import DecodePool
from semantik.engine.engine import Engine
from semantik.engine.library import Library
from semantik.errors import SemantikError
from semantik.postgres import server as server_module
from semantik.postgres.address import StoreAddress
from semantik.postgres.server import Server
from semantik.storage.settings import Config
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import write_texts

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

QUERIES = (
    *("año:2019", "verde desde:2021", "hasta:2020 rojo", "cámara:nikon", "lado:40", "forma:apaisada"),
    *(
        "lugar:sevilla",
        "rojo lugar:sevilla",
        'texto:"calle mayor"',
        "texto:panaderia",
        "texto:panadreia",
        "orden:fecha",
    ),
)


@pytest.fixture
def run(capfd):
    def command(*arguments):
        code = main.main([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return command


@pytest.fixture
def computer(tmp_path, monkeypatch):
    """Has the program run with a home of its own, by name."""

    def at(name: str, **settings: object) -> Path:
        home = tmp_path / name
        if not home.exists():
            home.mkdir()
        monkeypatch.setenv("SEMANTIK_HOME", str(home))
        replace_encoders_of(monkeypatch, home, **settings)
        return home

    monkeypatch.setattr(server_module, "PATIENCE", 0.0)
    return at


@pytest.fixture
def photos(library):
    """Pictures with dates, cameras and places in their EXIF data."""
    for number, path in enumerate(sorted(library.rglob("*.png"))):
        exif = Image.Exif()
        exif[0x0110] = "NIKON D90" if number % 2 else "Canon EOS"
        exif.get_ifd(0x8769)[0x9003] = f"{2018 + number}:05:03 10:00:00"
        if number < 3:
            exif.get_ifd(0x8825).update({1: "N", 2: (37.0, 23.0, 20.0), 3: "W", 4: (5.0, 59.0, 40.0)})
        Image.open(path).convert("RGB").save(path.with_suffix(".jpg"), exif=exif, quality=95)
        path.unlink()
    return library


@contextlib.contextmanager
def opened(home: Path, folder: Path, address: str, **settings: object):
    """A folder in an engine of its own, with its index on the server."""
    engine, server = Engine(home, Config(encoder="builtin", **settings)), Server(StoreAddress(address))
    use_server(engine, server)
    library = engine.open(folder)
    library.indexed_folders[0].load()
    yield library
    engine.close()
    server.close()


def answers(library: Library) -> dict[str, object]:
    """For each query the pictures that are found, and what is told of each."""
    found: dict[str, object] = {}
    for words in QUERIES:
        try:
            hits = library.ask(library.read(words), 6).hits
        except SemantikError as error:
            found[words] = error.key
        else:
            found[words] = [(str(hit.path), hit.details, [line.text for line in hit.texts]) for hit in hits]
    return found


@pytest.fixture
def no_decoding(monkeypatch):
    """From when it is called, no picture can be read any more."""

    def forbid():
        for name in ("fit", "fit_all", "describe", "shots", "read", "fingerprints"):
            monkeypatch.setattr(DecodePool, name, lambda self, *given, **named: pytest.fail("a picture was read"))

    return forbid


def test_a_second_computer_finds_by_date_place_and_text_without_reading_a_picture(
    run, photos, computer, address, no_decoding
):
    first = computer("ana")
    assert run("index", photos, "--store", address)[0] == 0
    write_texts(first, photos, {"verde.jpg": ["Calle Mayor 3"], "viaje/blanco.jpg": ["PANADERÍA"]})
    # They are read, here by hand, between two commands: the next one passes them on.
    assert run("index", photos, "--store", address)[0] == 0
    with opened(first, photos, address) as library:
        wanted = answers(library)
    assert [len(wanted[words]) for words in ("año:2019", "lugar:sevilla", "texto:panaderia")] == [1, 3, 1]
    second = computer("benito")
    no_decoding()
    with opened(second, photos, address) as library:
        assert answers(library) == wanted
    # Nor does it need the pictures at all.
    shutil.rmtree(photos)
    with opened(computer("carla"), photos, address) as library:
        assert answers(library) == wanted
