"""Persons among the pictures of a library: asked for, told of hits, and nowhere while nobody wants it."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from PIL import Image

from semantik.cli.search_command import hit_fields
from semantik.decoding.decoded import PictureContent
from semantik.decoding.pool import DecodePool
from semantik.downloads.face_models import FaceModels
from semantik.engine.engine import Engine
from semantik.engine.library import Library
from semantik.engine.models import Models
from semantik.engine.people import People
from semantik.errors import NoneMatchesFilters, NoSuchPerson, PeopleNotWanted
from semantik.folders.content_reading import ContentReading
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Query
from semantik.results.cards import cards_of
from semantik.results.page import render
from semantik.search.relevance import Relevance
from semantik.search.searcher import Searcher
from semantik.storage.home import faces_file, folder_of_indexes, people_file
from semantik.storage.settings import Config, save_config
from tests.support.face_models import face_models, portraits
from tests.support.faces import face_of
from tests.support.libraries import paint
from tests.support.systems import grouped_faces

pytestmark = grouped_faces

WANTED = Config(find_people=True)
WHO = {
    "rojo.png": ["Ana"],
    "verde.png": ["Ana", "Luis"],
    "azul.png": ["Luis"],
    "viaje/amarillo.png": ["Ana", "Luis", "Eva"],
    "viaje/blanco.png": [],
}


@pytest.fixture
def opened(home, library, fake, pool):
    """The folder, up to date, and who is in its pictures; of "naranja.png" nobody knows."""
    folder = IndexedFolder(home, library, fake, pool)
    folder.update()
    add_faces(folder, WHO)
    return folder


def add_faces(folder, who):
    files = {file.path: file for file in folder.photos()}
    for path, names in who.items():
        folder.faces.add(files[path], [face_of(name, path, left=20.0 * at) for at, name in enumerate(names)])


def library_of(*folders, config=WANTED):
    first = folders[0]
    people = People(first.home, config, lambda: folders)
    searcher = Searcher(first.pool, Relevance(first.home / "background"))
    return Library(folders, first.encoder, searcher, config, people=people), people


def name_all(people, *names):
    """Give the groups these names, by whose faces they are: the pictures with one of each tell."""
    for group in people.groups():
        paths = {face.picture.name for face in people.faces_of(group.id)}
        who = set.intersection(*({*WHO.get(path, WHO.get(f"viaje/{path}", []))} for path in paths)) & {*names}
        if who:
            people.name(group.id, who.pop())


def found(library, words, top_k=6):
    return [hit.path.name for hit in library.search(library.read(words), top_k)]


def test_persons_are_filters_that_combine_with_all_there_is(opened):
    library, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    assert {*found(library, "Ana")} == {"rojo.png", "verde.png", "amarillo.png"}
    assert {*found(library, "ana y luis")} == {"verde.png", "amarillo.png"}
    assert {*found(library, "Ana sin Luis")} == {"rojo.png"}
    assert {*found(library, "sin Ana")} == {"azul.png", "blanco.png", "naranja.png"}
    assert {*found(library, "Ana carpeta:viaje")} == {"amarillo.png"}
    assert found(library, "verde con Ana", 1) == ["verde.png"]
    assert found(library, "azul con Ana", 3)[0] != "azul.png"
    assert len(found(library, "azul con Ana", 3)) == 3  # as many as pass
    assert {*found(library, "personas:2")} == {"verde.png"}
    assert {*found(library, "personas:2+")} == {"verde.png", "amarillo.png"}
    assert {*found(library, "personas:0")} == {"blanco.png"}
    assert {*found(library, "Luis personas:1")} == {"azul.png"}
    assert found(library, "Ana orden:nombre") == ["amarillo.png", "rojo.png", "verde.png"]
    with pytest.raises(NoneMatchesFilters):
        found(library, "Ana personas:7")
    for words in ("persona:Pepe", "-persona:Pepe"):
        with pytest.raises(NoSuchPerson) as told:
            found(library, words)
        assert words in str(told.value)
    assert library.searched(library.read("Ana")) == 3


def test_hits_tell_who_is_in_them(opened):
    library, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    hits = {hit.path.name: hit.people for hit in library.search(Query.of_text("rojo"), 6)}
    assert hits == {
        "rojo.png": ("Ana",),
        "verde.png": ("Ana", "Luis"),
        "azul.png": ("Luis",),
        "amarillo.png": ("Ana", "Luis"),
        "blanco.png": (),
        "naranja.png": (),
    }
    answer = library.ask(library.read("playa Ana"), 3)
    assert (answer.words, list(answer.without)) == ("playa persona:Ana", ["playa"])
    people.hide(next(group.id for group in people.groups() if group.name == "Luis"), True)
    assert {hit.people for hit in library.search(Query.of_text("rojo"), 6)} == {("Ana",), ()}


def test_what_is_learnt_and_said_counts_in_the_next_search(opened):
    library, people = library_of(opened)
    assert library.read("Ana").filters.people == ()
    name_all(people, "Ana")
    assert library.read("Ana").filters.people == ("Ana",)
    assert len(found(library, "Ana")) == 3
    add_faces(opened, {"viaje/playa/naranja.png": ["Ana"]})
    people.group()
    assert len(found(library, "Ana")) == 4
    (ana,) = [group for group in people.groups() if group.name]
    people.split(ana.id, [face.id for face in people.faces_of(ana.id) if face.picture.name == "rojo.png"])
    assert {*found(library, "Ana")} == {"verde.png", "amarillo.png", "naranja.png"}
    people.name(ana.id, "Anita")
    assert library.read("Ana").filters.people == ()
    assert len(found(library, "anita")) == 3


def test_nothing_of_people_is_used_while_nobody_wants_it(opened):
    library, people = library_of(opened)
    name_all(people, "Ana")
    people.wanted = False
    assert library.read("Ana").filters.people == ()
    assert {hit.people for hit in library.search(Query.of_text("rojo"), 6)} == {()}
    for words in ("persona:Ana", "personas:2", "-persona:Ana", "-personas:2"):
        with pytest.raises(PeopleNotWanted) as told:
            found(library, words)
        assert words in str(told.value)


def test_persons_are_the_same_in_several_folders(opened, home, tmp_path, fake, pool):
    _, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    paint(tmp_path / "usb" / "gris.png", (128, 128, 128))
    other = IndexedFolder(home, tmp_path / "usb", fake, pool)
    other.update()
    add_faces(other, {"gris.png": ["Ana"]})
    both, people = library_of(opened, other)
    people.group()
    assert {*found(both, "Ana carpeta:usb")} == {"gris.png"}
    assert len(found(both, "Ana")) == 4
    alone, _ = library_of(other)
    assert alone.read("Luis").filters.people == ()  # who is nowhere in this library
    assert found(alone, "Ana") == ["gris.png"]


def test_faces_follow_pictures_and_folders_that_are_moved(opened, library, tmp_path):
    home, fake, pool = opened.home, opened.encoder, opened.pool
    _, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    (library / "rojo.png").rename(library / "viaje" / "rojo2.png")
    (library / "verde.png").unlink()
    opened.update()
    assert {*found(library_of(opened)[0], "Ana")} == {"rojo2.png", "amarillo.png"}
    moved = library.rename(tmp_path / "otro disco")
    again = IndexedFolder(home, moved, fake, pool)
    again.open()
    assert {*found(library_of(again)[0], "Ana")} == {"rojo2.png", "amarillo.png"}
    assert not faces_file(folder_of_indexes(home, library)).exists()
    assert fake.images == 6


def test_the_engines_library_knows_them_and_its_files_are_private(opened):
    _, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    engine = Engine(opened.home, WANTED)
    engine.models.encoder = opened.encoder
    library = engine.open(opened.folder)
    library.open()
    assert library.read("Ana").filters.people == ("Ana",)
    assert [group.name for group in engine.people.groups()] == ["Ana", "Luis"]
    engine.people.wanted = False
    assert library.read("Ana").filters.people == ()
    if os.name != "nt":  # there the user's folder is private, not the file
        assert people_file(opened.home).stat().st_mode & 0o077 == 0
        assert opened.faces.path.stat().st_mode & 0o077 == 0


def test_the_command_line_and_the_page_name_persons(opened):
    library, people = library_of(opened)
    name_all(people, "Ana", "Luis")
    hits = library.search(library.read("verde con Ana"), 2)
    assert [hit_fields(hit)["people"] for hit in hits] == [["Ana", "Luis"], ["Ana", "Luis"]]
    assert "people" not in hit_fields(library.search(library.read("sin Ana sin Luis"), 1)[0])
    (card, _) = cards_of(hits, {}, [opened.folder], 2)
    assert card.people == "Ana, Luis"
    html = render(library.ask(library.read("verde con Ana"), 2).page({}, "modelo", None))
    assert html.count('data-people="Ana, Luis"') == 2
    assert html.count('<p class="named">con <bdi translate="no">Ana, Luis</bdi></p>') == 2


def test_faces_are_read_behind_the_embedding_once_the_user_says_so(tmp_path, home, fake):
    photos = tmp_path / "gente"
    photos.mkdir()
    for name in ("Female_43_1_1_1.jpg", "Female_43_2_1_1.jpg", "Female_42_1_1_1.jpg"):
        with Image.open(portraits() / name) as image:
            image.thumbnail((400, 400))
            image.save(photos / name)
    paint(photos / "nadie.png", (10, 20, 30))
    kept = tmp_path / "modelos" / "faces"
    kept.mkdir(parents=True)
    for model in face_models():
        shutil.copy(model, kept)
    engine = Engine(home, Config(weights_folder=str(kept.parent)))
    engine.models.encoder = fake
    library = engine.open(photos)
    (folder,) = library.indexed_folders
    folder.update()

    def read():
        readers = [reader for reader in engine.readers_of(folder) if reader.kind == "faces" and reader.wanted()]
        reading = ContentReading(photos, folder.index, readers)
        with engine.reading_pool() as pool:
            while reading.left:
                reading.step(pool.read)
        reading.flush()
        reading.finish()
        return reading.read

    assert read() == 0
    assert not faces_file(folder_of_indexes(home, photos)).exists()
    engine.people.enable()  # the models are here: nothing is fetched
    assert engine.people.unread == 4
    assert read() == 4
    assert (engine.people.unread, read()) == (0, 0)
    (group,) = engine.people.groups()
    assert {face.picture.name for face in group.faces} == {"Female_43_1_1_1.jpg", "Female_43_2_1_1.jpg"}
    engine.people.name(group.id, "Vera Luz")
    assert {*found(library, "con vera luz", 3)} == {"Female_43_1_1_1.jpg", "Female_43_2_1_1.jpg"}
    assert found(library, "personas:0") == ["nadie.png"]
    engine.people.delete_all()
    assert engine.people.models_in_use() is None
    assert not faces_file(folder_of_indexes(home, photos)).exists()
    assert engine.people.models.remove() > 38_000_000
    assert not engine.people.models.are_ready


def test_the_command_line_looks_for_faces_where_the_setting_says_so(run, home, library, fake, monkeypatch):
    monkeypatch.setattr(Models, "_create", lambda self, name, number_format=None: fake)
    code, out, err = run("index", library, "--people", "--json")
    assert (code, json.loads(out)["count"], "--people" in err) == (1, 6, True)
    save_config(Config(find_people=True), home)
    monkeypatch.setattr(FaceModels, "are_ready", False)
    monkeypatch.setattr(FaceModels, "download", lambda self, control: fetched.append(self.title))
    monkeypatch.setattr(FaceModels, "paths", lambda self: (library, library))
    monkeypatch.setattr(DecodePool, "read", lambda self, path, kinds, models: PictureContent(faces=(face_of("Ana"),)))
    fetched: list[str] = []
    code, out, err = run("index", library, "--people", "--json")
    assert (code, json.loads(out)["people_read"], fetched) == (0, 6, ["YuNet + SFace"]), err
    assert "37 MB" in err
    monkeypatch.setattr(DecodePool, "read", lambda self, path, kinds, models: PictureContent(unable="faces: no OpenCV"))
    paint(library / "nueva.png", (9, 9, 9))
    code, _, err = run("index", library, "--people")
    assert (code, "no OpenCV" in err) == (1, True)
