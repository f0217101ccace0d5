"""What computers know of the same pictures, passed on by whoever keeps the index: here, a list in memory."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik import long_tasks
from semantik.decoding.decoded import Description
from semantik.errors import StoreCopyDiffers
from semantik.folders.details_store import DetailsStore
from semantik.folders.face_store import FaceStore
from semantik.folders.shared_kinds import SharedDetails, SharedFaces, SharedTexts
from semantik.folders.shared_knowledge import SharedKnowledge
from semantik.folders.text_store import TextStore
from semantik.index import SharedRow
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import DateSource, ImageFile, TextLine
from tests.support.faces import face_of
from tests.support.rows_keeper import Keeper

ALL = frozenset(("details", "text", "faces"))
NAMES = ("a.jpg", "viaje/ñ.jpg", "mar\udcff.jpg")


class Computer:
    """The stores of one computer, and the index as it knows it: each file in its newest version."""

    def __init__(self, folder, versions):
        self.details = DetailsStore(folder / "details.sqlite")
        self.texts = TextStore(folder / "texts.sqlite")
        self.faces = FaceStore(folder / "faces.sqlite")
        self.kinds = SharedDetails(self.details), SharedTexts(self.texts), SharedFaces(self.faces)
        self.knowledge = SharedKnowledge(folder / "shared.sqlite", self.kinds)
        self.index = SimpleNamespace(files=lambda: [*versions.values()], generation=1)

    def exchange(self, keeper, control=UNATTENDED, *, kinds=ALL, read_only=False):
        self.knowledge.exchange(keeper, self.index, control, kinds=kinds, read_only=read_only)

    def known(self):
        indexed = {(file.path, file.size) for file in self.index.files()}
        told = [(each.kind, row.version, row.cells) for each in self.kinds for row in each.rows()]
        return sorted(row for row in told if (row[1][0].decode("utf-8", "surrogateescape"), row[1][1]) in indexed)

    def learn(self, kind, file, what):
        if kind == "details":
            place = (float(what), -what / 3) if what % 2 else None
            taken = datetime(2000 + what, 5, 3, 10, 0, what) if what % 3 else None
            self.details.add(file, Description(what, 30, taken, f"cámara {what}", DateSource.EXIF, place))
            self.details.flush()
        elif kind == "text":
            self.texts.add(file, [TextLine(f"línea {what}", (1.0, 2.0, 30.0, 4.0), 0.9)] * (what % 3))
            self.texts.flush()
        else:
            self.faces.add(file, [face_of("ana", what), face_of("eva", what, left=50.0)][: what % 3])
            self.faces.flush()
            ids = self.faces.load().ids
            self.faces.assign({int(face): f"grupo {what}" for face in ids[-1:]}, sure=bool(what % 2))


@pytest.fixture
def computers(tmp_path):
    made = []

    def two():
        versions = {name: ImageFile(name, 100, 10**18) for name in NAMES}
        made.append(versions)
        folders = [tmp_path / f"{len(made)} {who}" for who in "ab"]
        for folder in folders:
            folder.mkdir()
        return *(Computer(folder, versions) for folder in folders), versions

    return two


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["learn", "change", "exchange"]),
        st.integers(0, 1),
        st.sampled_from(NAMES),
        st.sampled_from(sorted(ALL)),
        st.integers(1, 9),
    ),
    max_size=6,
)


@settings(max_examples=6)
@given(STEPS)
def test_whatever_either_learns_both_know_in_the_end(computers, steps):
    one, other, versions = computers()
    keeper = Keeper()
    for what, who, name, kind, value in steps:
        computer = (one, other)[who]
        if what == "learn":
            computer.learn(kind, versions[name], value)
        elif what == "change":
            versions[name] = ImageFile(name, 100 + value, 10**18 + value)
        else:
            computer.exchange(keeper)
    told = {(kind, version) for computer in (one, other) for kind, version, _ in computer.known()}
    for computer in (one, other, one):
        computer.exchange(keeper)
    assert one.known() == other.known()
    assert {(kind, version) for kind, version, _ in one.known()} == told
    assert one.knowledge.compare(keeper, one.index, kinds=ALL, place="x") == len(told)
    # Nothing goes twice, but once back to where it came from.
    other.exchange(keeper)
    keeper.read_rows, before = 0, keeper.number
    for computer in (other, one):
        computer.exchange(keeper)
    assert (keeper.read_rows, keeper.number) == (0, before)


def test_what_is_much_says_how_far_it_is_and_goes_on_where_it_was_cancelled(computers, monkeypatch):
    monkeypatch.setattr(long_tasks, "FEW_ROWS", 2)
    monkeypatch.setattr(long_tasks, "_TELL_ROWS", 0.0)
    one, other, versions = computers()
    keeper = Keeper()
    keeper.at_once = 1
    for kind in ("details", "text"):
        for file in versions.values():
            one.learn(kind, file, 1)
    one.exchange(keeper)
    told = []

    def show(progress):
        told.append((progress.done, progress.total))
        if progress.done == 2:
            control.cancel()

    control = TaskControl(show)
    other.exchange(keeper, control)
    assert (told, len(other.known())) == ([(1, 6), (2, 6)], 2)
    # What is known here by itself is the same afterwards, wherever it stopped.
    other.learn("details", versions["a.jpg"], 2)
    told.clear()
    other.exchange(keeper, TaskControl(lambda progress: told.append((progress.done, progress.total))))
    assert told[-1] == (5, 6)
    for computer in (other, one):
        computer.exchange(keeper)
    assert other.known() == one.known()
    assert len(one.known()) == 6


def test_who_may_only_search_takes_and_gives_nothing(computers):
    one, other, versions = computers()
    keeper = Keeper()
    one.learn("text", versions["a.jpg"], 1)
    other.learn("details", versions["a.jpg"], 2)
    one.exchange(keeper)
    other.exchange(keeper, read_only=True)
    assert [kind for kind, _, _ in other.known()] == ["details", "text"]
    assert {kind for kind, _ in keeper.rows} == {"text"}


def test_faces_that_are_forgotten_here_go_from_there_and_from_all_who_have_them(computers):
    one, other, versions = computers()
    keeper = Keeper()
    one.learn("faces", versions["a.jpg"], 2)
    other.learn("faces", versions["viaje/ñ.jpg"], 2)
    for computer in (one, other, one):
        computer.exchange(keeper)
    assert len(one.known()) == len(other.known()) == 2
    one.faces.delete_all()
    one.exchange(keeper, kinds=ALL - {"faces"})
    other.exchange(keeper)
    assert [version[0] for _, version, _ in other.known()] == ["viaje/ñ.jpg".encode()]
    # What came from another is that one's, and comes again if faces are wanted again.
    assert one.known() == []
    one.exchange(keeper)
    assert one.known() == other.known()


def test_faces_go_nowhere_while_nobody_wants_them(computers):
    one, other, versions = computers()
    keeper = Keeper()
    one.learn("faces", versions["a.jpg"], 2)
    one.exchange(keeper, kinds=ALL - {"faces"})
    assert keeper.rows == {}
    one.exchange(keeper)
    other.exchange(keeper, kinds=ALL - {"faces"})
    assert (other.known(), other.faces.path.exists()) == ([], False)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no database" * 99)])
def test_what_was_lost_here_comes_back_from_there(computers, damage):
    one, _, versions = computers()
    keeper = Keeper()
    for kind in ("details", "text"):
        one.learn(kind, versions["a.jpg"], 1)
    one.exchange(keeper)
    known = one.known()
    for store in (one.details, one.texts):
        damage(store.path)
    one.exchange(keeper)
    assert one.known() == known


def test_another_library_in_the_place_of_one_gets_all_of_it(computers):
    one, _, versions = computers()
    one.learn("details", versions["a.jpg"], 1)
    one.exchange(Keeper())
    another = Keeper("another")
    one.exchange(another)
    assert list(another.rows) == [("details", "a.jpg")]


ODD = ['["x"]', "[]", "{}", "null", "[1,2,[[]]]", "[1" * 5000, '[1,2,"[[1]]"]', "no JSON", '["1","2",3]']


def test_rows_that_are_not_as_they_should_be_are_left_out(computers):
    one, other, versions = computers()
    keeper = Keeper()
    one.learn("details", versions["a.jpg"], 1)
    one.exchange(keeper)
    versions.update({f"{place}.jpg": ImageFile(f"{place}.jpg", 1, 2) for place in range(len(ODD))})
    keeper.write([SharedRow(kind, f"{place}.jpg", cells) for kind in ALL for place, cells in enumerate(ODD)])
    other.exchange(keeper)
    told = [row for row in other.known() if row[0] != "faces"]  # a picture without faces is one that is known
    assert told == one.known()
    assert len(other.faces.load().ids) == 0


def test_a_copy_that_differs_is_told(computers):
    one, _, versions = computers()
    keeper = Keeper()
    one.learn("text", versions["a.jpg"], 1)
    one.exchange(keeper)
    number, cells = keeper.rows["text", "a.jpg"]
    keeper.rows["text", "a.jpg"] = number, cells.replace("nea 1", "nea 2")
    with pytest.raises(StoreCopyDiffers) as told:
        one.knowledge.compare(keeper, one.index, kinds=ALL, place="allí")
    assert told.value.params == {"place": "allí", "path": "a.jpg"}
