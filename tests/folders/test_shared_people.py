"""Who is in pictures, as several computers say it of the same ones: here, with rows that are kept in memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.engine.people import People
from semantik.folders.face_store import FaceStore
from semantik.folders.people_book import Renamed
from semantik.folders.shared_kinds import SharedFaces
from semantik.folders.shared_knowledge import SharedKnowledge
from semantik.folders.shared_people import SharedPeople
from semantik.index import SharedRow
from semantik.storage.home import people_file
from semantik.storage.settings import Config
from tests.support.faces import face_of, file_of
from tests.support.rows_keeper import Keeper

KINDS = frozenset(("faces", "people"))


class Computer:
    """One that looks at the same folder as others, with a home of its own; stands for its open folder, too."""

    def __init__(self, home, keeper, *, read_only=False):
        self.home, self.folder, self.keeper, self.read_only = home, home / "fotos", keeper, read_only
        self.faces = FaceStore(home / "indexes" / "fotos" / "faces.sqlite")
        self.people = People(home, Config(find_people=True), lambda: [self])
        self.people.folders = [self]
        faces = SharedFaces(self.faces, self.people.book.merged)
        kinds = SharedPeople(self.faces, self.people.book, faces), faces
        self.knowledge = SharedKnowledge(home / "shared.sqlite", kinds)

    def share(self):
        kinds = KINDS if self.people.wanted else frozenset[str]()
        self.knowledge.exchange(self.keeper, self.keeper.index, kinds=kinds, read_only=self.read_only)

    def look(self, *pictures):
        """Look at pictures that are called after who is in them, each with a number."""
        for picture in pictures:
            person, file = picture[:-1], file_of(picture)
            others = [each for each in self.keeper.files if each.startswith(person) and self.group_of(each)]
            self.faces.add(file, [face_of(person, picture[-1])])
            self.keeper.files[picture] = file
            if not self.group_of(picture):  # as grouping would do it, which is slow to load
                group = self.group_of(others[0]) if others else f"{person} {self.home.name}"
                self.faces.assign({int(self.faces.load().ids[-1]): group})

    def group_of(self, picture):
        (groups,) = self.faces.groups_in([file_of(picture)]).values()
        return groups[0] if groups else ""

    def name(self, picture, name):
        self.people.name(self.group_of(picture), name)

    def merge(self, *pictures):
        self.people.merge([self.group_of(picture) for picture in pictures])

    def split(self, picture):
        group = self.group_of(picture)
        faces = [face.id for face in self.people.faces_of(group) if face.picture.name == picture]
        self.people.split(group, faces)

    def told(self):
        """Each group: its name, and the pictures with its faces."""
        persons, pictures = self.people.book.persons(), {}
        for face in self.faces.faces_in(self.faces.groups()):
            pictures.setdefault(face.group, []).append(face.path)
        names = {group: persons[group].name if group in persons else "" for group in pictures}
        return sorted((names[group], *sorted(pictures[group])) for group in pictures)


@pytest.fixture
def made(tmp_path):
    """Makes computers that share their rows with those before them, or with nobody yet."""
    count = 0

    def make(keeper=None, **how):
        nonlocal count
        count += 1
        keeper = keeper or Keeper()
        if not hasattr(keeper, "files"):
            keeper.files = {}
            keeper.index = SimpleNamespace(files=keeper.files.values, generation=1)
        home = tmp_path / str(count)
        home.mkdir()
        return Computer(home, keeper, **how)

    return make


def both_know(one, other):
    for computer in (one, other, one):
        computer.share()
    assert one.told() == other.told()
    return one.told()


def test_a_name_goes_both_ways_and_the_last_one_holds(made):
    one = made()
    other = made(one.keeper)
    one.look("Ana1", "Ana2", "Ana3", "Luis1", "Luis2")
    one.name("Ana1", "Ana")
    assert both_know(one, other) == [("", "Luis1", "Luis2"), ("Ana", "Ana1", "Ana2", "Ana3")]
    other.name("Ana3", "Ana María")
    other.name("Luis1", "Luis")
    assert both_know(one, other) == [("Ana María", "Ana1", "Ana2", "Ana3"), ("Luis", "Luis1", "Luis2")]
    assert (one.people.take_renamed(), other.people.take_renamed()) == ([Renamed("Ana", "Ana María")], [])
    # Both name one before they hear of each other: who comes to the server last.
    one.name("Luis1", "Luis de Ana")
    other.name("Luis1", "Luisito")
    assert both_know(one, other)[1][0] == "Luisito"
    assert one.people.take_renamed() == [Renamed("Luis de Ana", "Luisito")]
    one.name("Ana1", "")
    assert both_know(one, other)[0] == ("", "Ana1", "Ana2", "Ana3")
    assert other.people.take_renamed() == [Renamed("Ana María", "")]
    # Nothing goes twice; whom somebody does not want to see is nobody's business.
    before = other.keeper.number
    other.people.hide(other.group_of("Ana1"), True)
    assert [group.hidden for group in one.people.groups()] == [False, False]
    both_know(one, other)
    assert one.keeper.number == before


def test_who_was_put_together_or_apart_is_so_for_all(made):
    one = made()
    other = made(one.keeper)
    one.look("Ana1", "Ana2", "Eva1", "Eva2", "Luis1", "Luis2", "Luis3")
    one.name("Ana1", "Ana")
    both_know(one, other)
    other.look("Eva3")  # in a group that is no more, as others will say
    one.merge("Ana1", "Eva1")
    one.split("Luis3")
    assert both_know(one, other) == [
        ("", "Luis1", "Luis2"),
        ("", "Luis3"),
        ("Ana", "Ana1", "Ana2", "Eva1", "Eva2", "Eva3"),
    ]
    # What one puts together while the other gives a name to a part of it: the later word is that they are two.
    one.merge("Ana1", "Luis1")
    other.name("Luis1", "Luis")
    assert both_know(one, other) == [
        ("", "Luis3"),
        ("Ana", "Ana1", "Ana2", "Eva1", "Eva2", "Eva3"),
        ("Luis", "Luis1", "Luis2"),
    ]
    # Each merges the other's into his own.
    one.merge("Ana1", "Luis1")
    other.merge("Luis1", "Ana1")
    assert [row[1:] for row in both_know(one, other)] == [
        ("Luis3",),
        ("Ana1", "Ana2", "Eva1", "Eva2", "Eva3", "Luis1", "Luis2"),
    ]


@pytest.mark.parametrize("read_only", [False, True])
def test_who_named_persons_before_the_library_was_opened_calls_them_as_it_does(made, read_only):
    one = made()
    one.look("Ana1", "Ana2", "Ana3", "Luis1", "Luis2")
    one.name("Ana1", "Ana")
    one.share()
    other = made(one.keeper, read_only=read_only)
    other.look("Ana1", "Ana2", "Ana3", "Luis1", "Luis2", "Eva1", "Eva2")
    for person, name in (("Ana1", "Anita"), ("Luis1", "Luis"), ("Eva1", "Eva")):
        other.name(person, name)
    other.share()
    assert other.people.take_renamed() == [Renamed("Anita", "Ana")]
    told = [("Ana", "Ana1", "Ana2", "Ana3"), ("Eva", "Eva1", "Eva2"), ("Luis", "Luis1", "Luis2")]
    assert other.told() == told
    one.share()
    assert one.told() == ([("", "Luis1", "Luis2"), told[0]] if read_only else told)


def test_who_may_only_search_hears_the_names_and_keeps_his_own(made):
    one = made()
    reader = made(one.keeper, read_only=True)
    one.look("Ana1", "Ana2", "Luis1", "Luis2", "Luis3")
    one.name("Ana1", "Ana")
    reader.share()
    one.share()
    reader.share()
    assert reader.told() == [("", "Luis1", "Luis2", "Luis3"), ("Ana", "Ana1", "Ana2")]
    reader.name("Luis1", "Mi hermano")
    reader.split("Luis3")
    before = one.keeper.rows.copy()
    one.name("Luis1", "Luis")
    one.name("Ana1", "Ana María")
    one.look("Luis4")
    one.share()
    reader.share()
    assert reader.told() == [
        ("", "Luis3"),
        ("Ana María", "Ana1", "Ana2"),
        ("Mi hermano", "Luis1", "Luis2", "Luis4"),
    ]
    assert one.told() == [("Ana María", "Ana1", "Ana2"), ("Luis", "Luis1", "Luis2", "Luis3", "Luis4")]
    assert {*before} <= {*one.keeper.rows}
    knowledge, index = reader.knowledge, one.keeper.index
    assert knowledge.compare(one.keeper, index, kinds=KINDS, place="x", read_only=True) > 0


def test_names_that_are_deleted_here_are_taken_from_all_and_those_of_others_stay(made):
    one = made()
    other = made(one.keeper)
    one.look("Ana1", "Ana2")
    one.name("Ana1", "Ana")
    other.look("Luis1", "Luis2")
    other.name("Luis1", "Luis")
    both_know(one, other)
    one.people.delete_all()
    other.share()
    assert other.told() == [("Luis", "Luis1", "Luis2")]
    assert [row for row in one.keeper.rows if "Ana" in str(one.keeper.rows[row])] == []
    assert not people_file(one.home).exists()


def test_names_that_were_lost_here_come_back_from_there(made):
    one = made()
    other = made(one.keeper)
    one.look("Ana1", "Ana2")
    one.name("Ana1", "Ana")
    both_know(one, other)
    people_file(one.home).write_bytes(b"[{")
    assert both_know(one, other) == [("Ana", "Ana1", "Ana2")]
    # So does one that an older program, which knows of no names that are gone, left out.
    people_file(one.home).write_text('[{"group": "otro", "name": "Luis"}]')
    other.name("Ana1", "Ana María")
    assert both_know(other, one) == [("Ana María", "Ana1", "Ana2")]


ODD = ['["x"]', "[]", "{}", "null", '["a",3]', '["\\ud800",""]', "no JSON", '["a","b","c"]', '["","Y"]']


def test_rows_that_are_not_as_they_should_be_name_nobody(made):
    one = made()
    one.look("Ana1", "Ana2")
    one.share()
    group = one.group_of("Ana1")
    one.keeper.write([SharedRow("people", f"{place}", cells) for place, cells in enumerate(ODD)])
    one.keeper.write([SharedRow("people", group, f'["","{group}"]'), SharedRow("people", "", '["Nadie",""]')])
    for pair in (("x", "y"), ("y", "x")):
        one.keeper.write([SharedRow("people", pair[0], f'["","{pair[1]}"]')])
    one.share()
    assert one.told() == [("", "Ana1", "Ana2")]
    assert one.people.book.persons() == {}


PICTURES = [f"{person}{shot}" for person in ("Ana", "Eva", "Luis") for shot in range(3)]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["look", "name", "merge", "split", "share"]),
        st.integers(0, 1),
        st.sampled_from(PICTURES),
        st.sampled_from(PICTURES),
        st.sampled_from(["", "Ana", "Bea", "Carla"]),
    ),
    max_size=12,
)


@settings(max_examples=4)
@given(STEPS)
def test_whatever_either_says_of_whom_both_say_in_the_end(made, steps):
    computers = [made()]
    computers.append(made(computers[0].keeper))
    for what, who, picture, other, name in steps:
        computer = computers[who]
        if what == "look":
            computer.look(picture)
        elif what == "share":
            computer.share()
        elif computer.group_of(picture):
            if what == "name":
                computer.name(picture, name)
            elif what == "split":
                computer.split(picture)
            elif group := computer.group_of(other):
                computer.people.merge([computer.group_of(picture), group])
    one, other = computers
    other.share()
    for _ in range(2):  # faces that had no group yet are in one of some computer now
        both_know(one, other)
    before = one.keeper.number
    both_know(other, one)
    assert one.keeper.number == before
