"""A real Ray cluster of several processes: what it makes is what one program makes, whatever is killed meanwhile."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from semantik import __version__
from semantik.cluster.batch_files import stored_batches
from semantik.cluster.cluster_embedder import ClusterEmbedder
from semantik.cluster.crew import Crew
from semantik.cluster.ray_cluster import RayCluster
from semantik.cluster.worker import Task
from semantik.decoding.pool import DecodePool
from semantik.errors import ClusterUnreachable, WorkerFolderUnseen, WorkerModel, WorkerUnfit
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.long_tasks import UNATTENDED, Progress, TaskControl
from semantik.records import Reason
from semantik.storage.home import batches_folder
from tests.support.cluster_encoders import POISON, WorkerEncoder, recipe, working
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Ray runs a cluster on Linux only"),
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
]
PICTURES = 26


@pytest.fixture(scope="module")
def ray(tmp_path_factory):
    """Ray on this computer with room for two workers; one start for all."""
    place = tmp_path_factory.mktemp("ray")
    make = recipe(place)
    with RayCluster("local:2", place, make(), make, 20.0) as cluster:
        try:
            cluster.crew()
        except ClusterUnreachable as error:  # it gives its processes 30 seconds
            pytest.skip(f"Ray does not start here: {error}")
        yield cluster._ray
    assert "RAY_AUTH_TOKEN" not in os.environ


@pytest.fixture(scope="module")
def pool():
    with DecodePool(1) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of all kinds: plain ones, a wide one, copies, and files that nobody can read."""
    folder = tmp_path / "fotos"
    for number in range(PICTURES):
        paint(folder / f"{number % 3}" / f"{number:02}.png", (9 * number % 250, 5 * number % 240, 200 - 7 * number))
    Image.effect_mandelbrot((400, 60), (-3, -2.5, 2, 2.5), 50).convert("RGB").save(folder / "ancha.png")
    shutil.copy2(folder / "0" / "00.png", folder / "copia.png")
    (folder / "rota.jpg").write_bytes((folder / "1" / "01.png").read_bytes()[:70])
    (folder / "vacía.jpg").write_bytes(b"")
    return folder


class Bench:
    """The same folder, indexed by one program and by a cluster."""

    def __init__(self, ray, pool: DecodePool, folder: Path, tmp_path: Path) -> None:
        self.ray, self.pool, self.folder = ray, pool, folder
        self.place, self.home = tmp_path / "place", tmp_path / "home"
        self.place.mkdir()
        self.home.mkdir()
        self.crews: list[Crew] = []
        self.encoder = WorkerEncoder(self.place)

    def indexed(self, home: Path, *, cluster: bool) -> IndexedFolder:
        found = IndexedFolder(home, self.folder, self.encoder, self.pool)
        if cluster:
            batches = batches_folder(found.store)
            found.embed_by = lambda control: ClusterEmbedder(self.folder, batches, self.encoder, self.crew, control)
        found.load()
        return found

    def crew(self) -> Crew:
        if not self.crews:
            task = Task(recipe(self.place), self.encoder.space, __version__, 20.0)
            self.crews.append(Crew(self.ray, task, on_cpu=4, on_gpu=4))
        return self.crews[0]

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

    def end(self) -> None:
        for crew in self.crews:
            crew.end()


@pytest.fixture
def bench(ray, pool, folder, tmp_path):
    bench = Bench(ray, pool, folder, tmp_path)
    yield bench
    (bench.place / "hold").unlink(missing_ok=True)
    bench.end()


def assert_same(found: IndexedFolder, single: IndexedFolder) -> None:
    """Paths, vectors, what was skipped and why, dates and sizes; and no batch file is left."""
    assert found.index.rows().keys() == single.index.rows().keys()
    for key in single.index.rows():
        assert np.abs(found.index.vector(key) - single.index.vector(key)).max() < 1e-5, key
    assert [(bad.path, bad.reason) for bad in found.problems()] == [(bad.path, bad.reason) for bad in single.problems()]
    files = list(single.index.files())
    assert found.details.of(files) == single.details.of(files)
    assert found.index.total_rows == single.index.total_rows
    assert stored_batches(batches_folder(found.store)) == []


def test_a_cluster_makes_what_one_program_makes_also_when_a_worker_is_killed(bench):
    hold, seen, expected = bench.hold(), [], []

    class Killing(ClusterEmbedder):
        """Kills a worker in its first batch."""

        def _hand_out(self, crew, queue, here, *, alone):
            super()._hand_out(crew, queue, here, alone=alone)
            if hold.exists():
                pid = wait_until(lambda: working(bench.place), what="a worker begins")[0]
                os.kill(pid, signal.SIGKILL)
                hold.unlink()

    found = bench.indexed(bench.home, cluster=True)
    batches = batches_folder(found.store)
    found.embed_by = lambda control: Killing(bench.folder, batches, bench.encoder, bench.crew, control)
    report = found.update(TaskControl(seen.append))
    assert not hold.exists()
    assert_same(found, bench.single(TaskControl(expected.append)))
    assert (report.added, report.count) == (PICTURES + 2, PICTURES + 2)
    assert (seen[-1].done, seen[-1].total) == (expected[-1].done, expected[-1].total)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    again = bench.indexed(bench.home, cluster=True)
    assert again.check().state is State.READY


def test_a_picture_that_kills_workers_is_found_and_listed(bench):
    single = bench.single()
    paint(bench.folder / "mala.png", POISON)
    found = bench.indexed(bench.home, cluster=True)
    report = found.update()
    bad = {problem.path: problem.reason for problem in report.problems}
    assert bad.pop("mala.png") is Reason.DECODER_CRASHED
    assert bad == {problem.path: problem.reason for problem in single.problems()}
    assert found.index.rows().keys() == single.index.rows().keys()


def test_a_killed_program_loses_only_what_was_under_way(bench, ray):
    hold = bench.hold()
    address = ray.get_runtime_context().gcs_address
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.support.cluster_driver", address, bench.place, bench.folder, bench.home],
        cwd=REPO,
    )
    found = bench.indexed(bench.home, cluster=True)
    batches = batches_folder(found.store)
    try:
        wait_until(lambda: len(working(bench.place)) == 2, what="both workers begin")
        first = set(working(bench.place))
        hold.unlink()
        wait_until(lambda: stored_batches(batches) or program.poll() is not None, what="a batch is done")
    finally:
        program.kill()
        program.wait()
    wait_until(lambda: not any(map(psutil.pid_exists, first)), what="its workers end")
    kept = len(stored_batches(batches))
    assert kept or program.returncode == 0
    found.load()
    found.update()
    assert_same(found, bench.single())


def test_a_held_run_goes_on_with_what_workers_ended_meanwhile(bench):
    control, held = TaskControl(), []

    def tell(progress: Progress) -> None:
        if progress.paused:
            held.append(progress.done)
            control.resume()
        elif not held and progress.done:
            control.pause()

    found = bench.indexed(bench.home, cluster=True)
    found.update(control.telling(tell))
    assert len(held) == 1
    assert_same(found, bench.single())


def test_what_a_machine_lacks_is_told_by_its_name(bench):
    found = bench.indexed(bench.home, cluster=True)
    bench.encoder.space = "fake/other"
    found = bench.indexed(bench.home, cluster=True)
    with pytest.raises(WorkerUnfit) as told:
        found.update()
    assert isinstance(told.value.params["error"], WorkerModel)
    assert told.value.params["node"] == os.uname().nodename


def test_files_that_a_machine_does_not_see_are_told(bench, tmp_path):
    """The workers are given a folder that is not there, as on a machine that has it under another path."""
    found = bench.indexed(bench.home, cluster=True)

    class Elsewhere(Crew):
        def give(self, hand, batch, folder, target):
            super().give(hand, batch, tmp_path / "elsewhere", target)

    bench.crews.append(Elsewhere(bench.ray, bench.crew()._task, on_cpu=4, on_gpu=4))
    bench.crews.reverse()
    with pytest.raises(WorkerUnfit) as told:
        found.update()
    assert isinstance(told.value.params["error"], WorkerFolderUnseen)
    assert found.count == 0
