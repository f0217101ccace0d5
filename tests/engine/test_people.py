"""Groups of faces, and what the user says of them, whatever comes, goes or moves."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from semantik.engine.people import People
from semantik.folders.face_store import FaceStore
from semantik.storage.home import faces_file, folder_of_indexes, people_file
from semantik.storage.settings import Config
from tests.support.faces import face_of, file_of
from tests.support.systems import grouped_faces

pytestmark = grouped_faces


class Opened(SimpleNamespace):
    """What ``People`` asks of an open folder."""

    def __init__(self, home, folder):
        super().__init__(folder=folder, faces=FaceStore(faces_file(folder_of_indexes(home, folder))))
        self.files = []
        self.shared = 0

    def share(self):
        self.shared += 1

    def add(self, picture, *faces):
        file = file_of(picture)
        self.files.append(file)
        self.faces.add(file, faces)

    def photos(self):
        return self.files


@pytest.fixture
def opened(tmp_path):
    return [Opened(tmp_path, tmp_path / "fotos")]


@pytest.fixture
def people(tmp_path, opened):
    return People(tmp_path, Config(find_people=True), lambda: opened)


def shoot(folder, person, shots, first=0):
    for shot in range(first, first + shots):
        folder.add(f"{person}{shot}.jpg", face_of(person, shot))


def told(people):
    """Each group: its name, how many faces it has, and the persons that the pictures' names tell."""
    return [
        (group.name, group.count, "".join(sorted({face.picture.name[0] for face in people.faces_of(group.id)})))
        for group in people.groups()
    ]


def test_faces_are_grouped_and_strangers_are_left_alone(people, opened, tmp_path):
    shoot(opened[0], "Ana", 4)
    shoot(opened[0], "Luis", 3)
    shoot(opened[0], "Eva", 1)
    opened[0].files.append(file_of("new.jpg"))
    assert told(people) == [("", 4, "A"), ("", 3, "L")]
    assert people.unread == 1
    ana = people.groups()[0]
    assert not ana.hidden
    assert len(ana.faces) == 4
    assert ana.faces[0].picture.parent == tmp_path / "fotos"
    assert ana.faces[0].region == (10.0, 20.0, 15.0, 25.0)
    assert len({face.id for face in ana.faces}) == 4


def test_names_stay_when_pictures_come_and_groups_are_made_anew(people, opened):
    shoot(opened[0], "Ana", 4)
    shoot(opened[0], "Luis", 3)
    people.name(people.groups()[0].id, "  Ana\u00a0 María: ")
    before = [group.id for group in people.groups()]
    shoot(opened[0], "Luis", 9, first=3)
    shoot(opened[0], "Ana", 2, first=4)
    shoot(opened[0], "Eva", 2)
    assert told(people) == [("", 12, "L"), ("Ana María", 6, "A"), ("", 2, "E")]
    assert [group.id for group in people.groups()][:2] == before[::-1]
    ids = {group.id for group in people.groups()}
    people.group(anew=True)
    assert told(people) == [("", 12, "L"), ("Ana María", 6, "A"), ("", 2, "E")]
    assert {group.id for group in people.groups()} == ids
    people.name(before[0], "")
    assert told(people)[1] == ("", 6, "A")


def test_what_the_user_merged_and_split_is_never_undone(people, opened):
    shoot(opened[0], "Ana", 3)
    shoot(opened[0], "Luis", 2)
    shoot(opened[0], "Eva", 2)
    ana, *others = [group.id for group in people.groups()]
    people.name(others[0], "Familia")
    people.merge([ana, others[0]])
    assert ("Familia", 5) in [each[:2] for each in told(people)]
    (kept,) = [group for group in people.groups() if group.name]
    one = [face.id for face in people.faces_of(kept.id) if face.picture.name == "Ana0.jpg"]
    people.split(kept.id, one)
    for anew in (False, True):
        people.group(anew=anew)
        sizes = {(group.name, group.count) for group in people.groups()}
        assert sizes == {("Familia", 4), ("", 2), ("", 1)}
    shoot(opened[0], "Ana", 4, first=3)  # nearer to most of those that were merged than to the one that was not
    assert {(group.name, group.count) for group in people.groups() if group.name} == {("Familia", 8)}


def test_hidden_groups_stay_hidden_with_what_joins_them(people, opened):
    shoot(opened[0], "Ana", 3)
    group = people.groups()[0]
    people.hide(group.id, True)
    shoot(opened[0], "Ana", 2, first=3)
    people.group(anew=True)
    assert [(each.id, each.hidden, each.count) for each in people.groups()] == [(group.id, True, 5)]
    people.name(group.id, "Ana")
    people.hide(group.id, False)
    assert [(each.id, each.hidden, each.name) for each in people.groups()] == [(group.id, False, "Ana")]


def test_a_person_is_known_in_folders_that_were_not_open_when_it_was_named(people, opened, tmp_path):
    shoot(opened[0], "Ana", 20)
    people.name(people.groups()[0].id, "Ana")
    assert len(json.loads(people_file(tmp_path).read_text())[0]["faces"]) == 12
    first = opened.pop()
    opened.append(Opened(tmp_path, tmp_path / "otras"))
    shoot(opened[0], "Ana", 2, first=30)
    opened[0].add("Luis.jpg", face_of("Luis"))
    assert told(people) == [("Ana", 2, "A")]
    opened.insert(0, first)
    assert told(people) == [("Ana", 22, "A")]
    first.faces.delete_all()  # damaged, say: the pictures are looked at anew
    shoot(first, "Ana", 3)
    assert told(people) == [("Ana", 5, "A")]


def test_all_is_deleted_also_of_folders_that_are_not_open(people, opened, tmp_path):
    shoot(opened[0], "Ana", 3)
    people.name(people.groups()[0].id, "Ana")
    opened.append(Opened(tmp_path, tmp_path / "otras"))
    shoot(opened[1], "Ana", 3)
    people.groups()
    opened.pop()
    found = [*tmp_path.rglob("faces.sqlite"), *tmp_path.rglob("people.json")]
    assert len(found) == 3
    (found[0].parent / "details.sqlite").touch()
    people.delete_all()
    assert [folder.shared for folder in opened] == [1] * len(opened)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["details.sqlite"]
    assert (people.groups(), people.book.persons(), people.unread) == ([], {}, 3)


@pytest.mark.parametrize(
    "text",
    [
        '[1, {}, {"group": 3}, {"group": "x", "name": 5}, {"group": "a", "name": "Ana", "faces": [1, "!", "AAAA"]}]',
        '{"group": "a"}',
        "[",
        '[{"group": "a", "name": "\\ud800\\u0000"}, {"group": "a", "name": "Ana", "hidden": 1, "faces": 3}]',
    ],
)
def test_whatever_anybody_writes_into_the_names_is_no_error(people, opened, tmp_path, text):
    people_file(tmp_path).write_text(text)
    shoot(opened[0], "Luis", 2)
    assert {person.name for person in people.book.persons().values()} <= {"Ana"}
    assert told(people) == [("", 2, "L")]
