"""Dates, places, texts and faces on a real server: what one computer has learnt, another finds by without a picture."""

from __future__ import annotations

import contextlib
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.cli import main
from semantik.cli.server_options import use_server
from semantik.decoding.pool import DecodePool
from semantik.engine.engine import Engine
from semantik.engine.library import Library
from semantik.errors import IndexNotSaved, PeopleNotWanted, SemantikError
from semantik.index import ImageIndex, SharedRow
from semantik.postgres import row_writing
from semantik.postgres import server as server_module
from semantik.postgres.address import StoreAddress
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.schema import role_statements
from semantik.postgres.server import Server
from semantik.records import ImageFile
from semantik.storage.home import faces_file, folder_of_indexes, people_file
from semantik.storage.settings import Config
from tests.support.faces import face_of
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import write_texts

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

QUERIES = (
    *("año:2019", "hasta:2020 rojo", "lado:40", "forma:apaisada", "lugar:sevilla", "rojo lugar:sevilla", "orden:fecha"),
    *('texto:"calle mayor"', "texto:panaderia", "texto:panaderja", "personas:2"),
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
    library.people = engine.people
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
    with opened(first, photos, address, find_people=True) as library:
        faces, index = library.indexed_folders[0].faces, library.indexed_folders[0].index
        for file in index.files():
            faces.add(file, [face_of("ana"), face_of("eva", left=60.0)][: 1 + (file.path == "rojo.jpg")])
        library.indexed_folders[0].share()
        wanted = answers(library)
    counts = {words: len(wanted[words]) for words in ("año:2019", "lugar:sevilla", "texto:panaderia", "personas:2")}
    assert counts == {"año:2019": 1, "lugar:sevilla": 3, "texto:panaderia": 1, "personas:2": 1}
    no_decoding()
    with opened(computer("benito"), photos, address, find_people=True) as library:
        assert answers(library) == wanted
    # Nor does it need the pictures at all; and faces come only to those who want them.
    shutil.rmtree(photos)
    home = computer("carla")
    with opened(home, photos, address) as library:
        assert answers(library) == wanted | {"personas:2": PeopleNotWanted.key}
    assert not faces_file(folder_of_indexes(home, photos)).exists()


def test_what_is_known_is_taken_to_a_server_and_back_with_the_index(run, photos, computer, address, no_decoding):
    first = computer("ana")
    run("index", photos)
    write_texts(first, photos, {"verde.jpg": ["Calle Mayor 3"]})
    asked = ("search", photos, "--text", 'texto:"calle mayor" desde:2020 orden:fecha', "--json")
    wanted = run(*asked)
    assert wanted[0] == 0
    assert run("store", photos, "--to", address)[0] == 0
    computer("benito")
    no_decoding()
    assert run("store", photos, "--from", address) == (0, f"{photos}: 6 filas copiadas y comparadas\n", "")
    assert run(*asked) == wanted
    # Who changes a row there is found out.
    with psycopg.connect(address, autocommit=True) as base:
        base.execute("UPDATE semantik.known_1 SET cells = replace(cells, 'Mayor', 'Menor') WHERE kind = 'text'")
    code, _, err = run("store", photos, "--to", address)
    assert (code, err) == (
        1,
        f"semantik: La copia en {address} no es igual en «verde.jpg». El índice de origen sigue como estaba.\n",
    )


def test_a_name_that_one_computer_gives_is_found_by_on_the_others(run, photos, computer, address, postgres):
    home = computer("ana", find_people=True)
    assert run("index", photos, "--store", address)[0] == 0
    name = postgres.base_of(address)
    reader = postgres.new_role(address, role_statements(name), name)

    def group_of(people, pictures):
        return next(each.id for each in people.groups() if people.faces_of(each.id)[0].picture.stem in pictures)

    def told(people):
        return {each.name: {face.picture.stem for face in people.faces_of(each.id)} for each in people.groups()}

    def found(library, words):
        return {hit.path.stem for hit in library.ask(library.read(words), 6).hits}

    at = partial(opened, folder=photos, find_people=True)
    anas, evas = {"rojo", "verde"}, {"azul", "blanco"}
    with at(home, address=address) as library:
        folder, people = library.indexed_folders[0], library.people
        for file in folder.index.files():
            stem = Path(file.path).stem
            folder.faces.add(file, [face_of("ana" if stem in anas else "eva", stem)] if stem in anas | evas else [])
            if stem in anas | evas:  # as grouping would do it, which is slow to load
                folder.faces.assign({int(folder.faces.load().ids[-1]): "a" if stem in anas else "e"})
        people.name(group_of(people, anas), "Ana")
        assert people.share()
    second, third = computer("benito"), computer("carla")
    with at(second, address=address) as library:
        assert found(library, "Ana") == anas
        library.people.name(group_of(library.people, anas), "Ana María")
        library.people.share()
    with at(third, address=reader) as library:
        people = library.people
        assert told(people) == {"Ana María": anas, "": evas}
        people.name(group_of(people, evas), "Mi hermana")
        people.name(group_of(people, anas), "Anita")
        people.share()
        assert told(people) == {"Anita": anas, "Mi hermana": evas}
    with at(home, address=address) as library:
        people = library.people
        assert people.take_renamed() == [("Ana", "Ana María")]
        assert found(library, "Ana María") == anas
        people.name(group_of(people, evas), "Eva")
        people.share()
    # Whoever may only search hears of what he has no word of his own for.
    with at(third, address=reader) as library:
        assert told(library.people) == {"Anita": anas, "Mi hermana": evas}
        assert library.people.take_renamed() == []
    # They are taken to files, too, each row compared, and go where the program forgets all.
    fourth = computer("dario", find_people=True)
    assert run("store", photos, "--from", address)[0] == 0
    assert {each["name"] for each in json.loads(people_file(fourth).read_text())} == {"Ana María", "Eva"}
    with at(home, address=address) as library:
        library.people.delete_all()
    with at(second, address=address) as library:
        assert library.people.groups() == []
    with psycopg.connect(address) as base:  # that name is of the second, who may take it back
        left = base.execute("SELECT cells FROM semantik.known_1 WHERE kind = 'people' AND cells NOTNULL").fetchall()
    assert left == [('["Ana Mar\\u00eda",""]',)]


def test_tables_of_an_older_program_get_one_for_what_is_known_and_those_of_pictures_that_are_gone_lose_it(
    address, monkeypatch
):
    monkeypatch.setattr(row_writing, "SWEPT_AFTER", "0 days")
    server = Server(StoreAddress(address))
    store = LibraryStore(server, "/fotos", "fake")
    index = ImageIndex(store, Path("/fotos"), "fake/space", 2)
    files = [ImageFile(name, 5, 5) for name in ("una.jpg", "otra.mp4")]
    with index.locked():
        index.add([files[0]], np.eye(2, dtype=np.float32)[:1])
        index.save()
    with psycopg.connect(address, autocommit=True) as base:  # as version 1 left it
        base.execute("ALTER TABLE semantik.libraries DROP COLUMN known, DROP COLUMN token")
        base.execute("DROP TABLE semantik.known_1")
        base.execute("UPDATE semantik.version SET version = 1")
    assert ImageIndex.load(store, Path("/fotos")).count == 1
    taken = []
    assert (store.shared.token(), store.shared.read("text", 0, taken.extend), taken) == ("", 0, [])
    rows = [SharedRow("text", "una.jpg", "[5,5,[]]"), SharedRow("details", "una.jpg", "[5,5]")]
    store.shared.write(rows)
    assert store.shared.token()
    assert (store.shared.read("text", 0, taken.extend), taken) == (1, rows[:1])
    assert store.shared.read("text", 1, taken.extend) == 1
    assert store.shared.counts({"text": 0, "details": 1, "people": 0}) == {"text": 1}
    assert store.shared.read("text", 0, lambda rows: True) == 0  # who stops may have had a part of what was written
    with index.locked():
        index.remove(["una.jpg"])
        index.save()
        index.add([files[1]], np.eye(2, dtype=np.float32)[1:])
        index.save()  # what was removed before is swept now
    taken.clear()
    assert store.shared.read("text", 1, taken.extend) == 2
    assert taken == [SharedRow("text", "una.jpg", None)]
    store.delete()
    with psycopg.connect(address) as base:
        assert base.execute("SELECT to_regclass('semantik.known_1')").fetchone() == (None,)
    with pytest.raises(IndexNotSaved):
        store.shared.write(rows)
    server.close()
