"""One folder, indexed by one program and by workers of a real Ray cluster, which all tests share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from semantik import __version__
from semantik.cluster.batch_files import stored_batches
from semantik.cluster.cluster_embedder import ClusterEmbedder
from semantik.cluster.crew import Crew
from semantik.cluster.worker import Task
from semantik.decoding.pool import DecodePool
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index.index_store import IndexStore
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.storage.home import batches_folder
from tests.support.cluster_encoders import WorkerEncoder, recipe, working

BATCH = 4
TRIES = 3


class Workers:
    """The workers that tests share: to start one takes longer than most tests. ``place`` is that of their encoders."""

    def __init__(self, ray: Any, place: Path) -> None:
        self.ray, self.place = ray, place
        self._crew: Crew | None = None

    def crew(self, size: int = BATCH) -> Crew:
        """The workers, which take so many files at a time."""
        if self._crew is None:
            self._crew = self.other(WorkerEncoder.space)
        for hand in self._crew._hands:
            hand.size = size
        self._crew._sizes = size, size
        return self._crew

    def other(self, space: str, kind: type[Crew] = Crew, workers: int = 0) -> Crew:
        """Others, of which that space is asked."""
        task = Task(recipe(self.place), space, __version__, 20.0)
        return kind(self.ray, task, workers=workers, on_cpu=BATCH, on_gpu=BATCH)

    def end(self) -> None:
        """End them: others need the room."""
        if self._crew:
            self._crew.end()
        self._crew = None


class Bench:
    """The same folder, indexed by one program and by a cluster."""

    def __init__(self, workers: Workers, pool: DecodePool, folder: Path, place: Path) -> None:
        self.workers, self.pool, self.folder = workers, pool, folder
        self.place = workers.place
        self.home = place / "cluster"
        self.home.mkdir()
        self.encoder = WorkerEncoder(self.place)
        for note in self.place.glob("*.pid"):
            note.unlink()

    def indexed(
        self,
        home: Path,
        *,
        cluster: bool,
        crew: Callable[[], Crew] | None = None,
        embedder: type[ClusterEmbedder] = ClusterEmbedder,
        kept: IndexStore | None = None,
        folder: Path | None = None,
    ) -> IndexedFolder:
        """The folder with its index in ``home`` or ``kept``, loaded; embedded by ``crew``, the shared one for None.

        ``folder``: another one.
        """
        folder = folder or self.folder
        found = IndexedFolder(home, folder, self.encoder, self.pool, kept=kept)
        if cluster:
            parts = folder, batches_folder(found.store), self.encoder, crew or self.workers.crew
            found.embed_by = partial(embedder, *parts)
        found.load()
        return found

    def single(self, control: TaskControl = UNATTENDED) -> IndexedFolder:
        """By one program."""
        found = self.indexed(self.home.with_name("one"), cluster=False)
        found.update(control)
        return found

    def hold(self) -> Path:
        """Let workers do nothing as long as this file is there."""
        hold = self.place / "hold"
        hold.touch()
        return hold

    def working(self) -> list[int]:
        """The processes that were seen to work in this test."""
        return working(self.place)


class Machine:
    """Another node of Ray's cluster, on this computer, with room for one worker."""

    def __init__(self) -> None:
        from ray._private.worker import _global_node
        from ray.cluster_utils import Cluster

        cluster = Cluster(shutdown_at_exit=False)
        cluster.head_node = _global_node  # which another way started
        self._node = self._started(cluster)

    @staticmethod
    def _started(cluster: Any) -> Any:
        """A node. Ray gives it 30 seconds, which a busy machine may exceed."""
        before = psutil.Process().children(recursive=True)
        for _ in range(TRIES):
            try:
                return cluster.add_node(wait=False, node_ip_address="127.0.0.1", object_store_memory=80 * 2**20)
            except Exception as error:  # noqa: BLE001 - which is all that Ray raises then
                failure = error
            for process in psutil.Process().children(recursive=True):
                if process not in before and process.name() == "raylet":
                    _end([process, *process.children(recursive=True)])
        pytest.skip(f"Ray does not start another node here: {failure}")

    def _processes(self) -> list[psutil.Process]:
        started = [each.process for kind in self._node.all_processes.values() for each in kind]
        own = [psutil.Process(each.pid) for each in started if each.poll() is None]
        return [*own, *(child for each in own for child in each.children(recursive=True))]

    @property
    def is_up(self) -> bool:
        """Whether its processes run."""
        return bool(self._processes())

    def has(self, pids: list[int]) -> bool:
        """Whether any of these processes is on it."""
        return any(process.pid in pids for process in self._processes())

    def kill(self) -> None:
        """End all of it at once, as a power cut would."""
        _end(self._processes())


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)


def assert_same(found: IndexedFolder, single: IndexedFolder, within: float = 1e-5) -> None:
    """Paths, vectors (so exactly), what was skipped and why, dates and sizes; and no batch file is left."""
    assert found.index.rows().keys() == single.index.rows().keys()
    for key in single.index.rows():
        assert np.abs(found.index.vector(key) - single.index.vector(key)).max() < within, key
    assert [(bad.path, bad.reason) for bad in found.problems()] == [(bad.path, bad.reason) for bad in single.problems()]
    files = list(single.index.files())
    assert found.details.of(files) == single.details.of(files)
    assert found.index.total_rows == single.index.total_rows
    assert stored_batches(batches_folder(found.store)) == []
