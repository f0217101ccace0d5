"""A model on its way, without a window: its steps, who goes first, and what becomes of it when something is wrong."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from semantik.engine.model_arrival import ArrivalNews, ModelArrival, Stage
from semantik.errors import EncoderFailed, NoNetwork
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.long_tasks import TaskControl
from tests.support.fake_encoder import FakeEncoder, fake_encoder

PATIENCE = 120.0
"""Seconds; what comes sooner is not waited for."""


class Shelf:
    """Stands for ``engine.models.Models``: fetches what is told to come, and makes predictable encoders."""

    def __init__(self) -> None:
        self.encoder = fake_encoder("builtin")
        self.here = {"builtin"}
        self.memory = True
        self.failures: list[Exception] = []
        self.go = threading.Event()  # downloads wait for it
        self.go.set()
        self.fetching: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.made: list[FakeEncoder] = []

    def is_whole(self, name: str) -> bool:
        return name in self.here

    def has_memory_for(self, name: str) -> bool:
        return self.memory

    def fetch_whole(self, name: str, control: TaskControl) -> None:
        self.fetching.put(name)
        if self.failures:
            raise self.failures.pop(0)
        while not self.go.wait(0.01):
            control.stop_if_cancelled()
        self.here.add(name)

    def create(self, name: str) -> FakeEncoder:
        self.made.append(fake_encoder(name))
        return self.made[-1]

    def settle(self, indexed_folder: IndexedFolder, encoder: Any, control: TaskControl) -> Any:
        return encoder


class Desk:
    """An arrival with its news, and the folders as they are indexed with it."""

    def __init__(self, home: Path, pool: Any) -> None:
        self.home, self.pool = home, pool
        self.shelf = Shelf()
        self._news: queue.SimpleQueue[ArrivalNews] = queue.SimpleQueue()
        self.arrival = ModelArrival(self.shelf, self.open, self._news.put)  # type: ignore[arg-type]

    def open(self, folder: Path, encoder: Any) -> IndexedFolder:
        return IndexedFolder(self.home, folder, encoder, self.pool)

    def state(self, folder: Path, name: str = "good") -> State:
        return self.open(folder, fake_encoder(name)).open().state

    def next(self) -> ArrivalNews:
        """The next news that count, those of progress left out."""
        while True:
            news = self._news.get(timeout=PATIENCE)
            if news.order == self.arrival.order and news.progress is None:
                return news


@pytest.fixture
def desk(home, pool) -> Iterator[Desk]:
    made = Desk(home, pool)
    yield made
    made.arrival.close()


def test_a_download_needs_no_folder_and_an_index_waits_for_its_turn(desk, library):
    desk.arrival.hold(True)
    desk.arrival.begin("good")
    assert (desk.next().stage, desk.arrival.fetched) == (Stage.FETCHED, True)
    desk.arrival.prepare([library])
    desk.arrival.wait()
    assert (desk.shelf.made, desk.state(library)) == ([], State.NEW)
    desk.arrival.hold(False)
    ready = desk.next()
    assert (ready.stage, ready.name, ready.indexed, ready.error) == (Stage.READY, "good", True, None)
    assert desk.state(library) == State.READY
    assert [made.images for made in desk.shelf.made] == [6]
    # More was indexed for the user meanwhile: it is looked at again, and what is known is kept.
    desk.arrival.prepare([library])
    assert desk.next().stage is Stage.READY
    assert [made.images for made in desk.shelf.made] == [6, 0]


def test_another_model_takes_its_place_at_once(desk, library):
    desk.arrival.prepare([library])
    desk.shelf.go.clear()
    desk.arrival.begin("other")
    assert desk.shelf.fetching.get(timeout=PATIENCE) == "other"
    desk.arrival.begin("good")
    assert desk.shelf.fetching.get(timeout=PATIENCE) == "good"
    desk.arrival.pause()
    desk.arrival.wait()
    assert (desk.shelf.here, desk.arrival.name) == ({"builtin"}, "good")
    desk.shelf.go.set()
    desk.arrival.resume()
    assert [desk.next().stage, desk.next().stage] == [Stage.FETCHED, Stage.READY]
    assert (desk.state(library), desk.state(library, "other")) == (State.READY, State.NEW)
    desk.arrival.forget()
    desk.arrival.prepare([library])
    desk.arrival.resume()
    desk.arrival.wait()
    assert desk.arrival.name == ""
    assert len(desk.shelf.made) == 1


def test_what_fails_is_told_once_and_can_be_tried_again(desk, library, monkeypatch):
    desk.arrival.prepare([library])
    desk.shelf.failures = [NoNetwork(name="good", host="example.org"), ZeroDivisionError("bug")]
    desk.arrival.begin("good")
    offline = desk.next()
    assert (offline.stage, type(offline.error)) == (Stage.FAILED, NoNetwork)
    desk.arrival.prepare([library])  # folders that are opened meanwhile change nothing
    desk.arrival.resume()
    bug = desk.next()
    assert (bug.stage, bug.error) == (Stage.FAILED, None)
    encode = FakeEncoder.encode_images

    def broken(self: FakeEncoder, batch: Any) -> Any:
        raise EncoderFailed(name="good", detail="a wrong shape")

    monkeypatch.setattr(FakeEncoder, "encode_images", broken)
    desk.arrival.resume()
    assert desk.next().stage is Stage.FETCHED
    wrong = desk.next()
    assert (wrong.stage, type(wrong.error), wrong.error.params["name"]) == (Stage.FAILED, EncoderFailed, "good")
    monkeypatch.setattr(FakeEncoder, "encode_images", encode)
    desk.arrival.resume()
    assert desk.next().stage is Stage.READY
    assert desk.state(library) == State.READY


def test_what_cannot_be_indexed_now_is_left_to_the_switch(desk, library, tmp_path):
    desk.arrival.begin("good")  # no folder is open yet
    assert desk.next().stage is Stage.FETCHED
    assert desk.next().indexed is False
    desk.arrival.prepare([tmp_path / "desenchufado"])
    assert desk.next().indexed is False
    desk.arrival.prepare([tmp_path / "desenchufado", library])
    assert desk.next().indexed is True
    # Two models at once are too much for this computer's memory now.
    desk.shelf.memory = False
    desk.arrival.begin("large")
    assert desk.next().stage is Stage.FETCHED
    assert (desk.next().indexed, desk.state(library, "large")) == (False, State.NEW)
    # The model in use only lacked a part of itself.
    desk.shelf.encoder.name = "whole"
    desk.arrival.begin("whole")
    assert [desk.next().stage, desk.next().stage] == [Stage.FETCHED, Stage.READY]
    assert [made.name for made in desk.shelf.made] == ["good"] * 3
