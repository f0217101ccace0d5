"""A real Ray cluster of several processes: what it makes is what one program makes, whatever is killed meanwhile.

One start of Ray for all tests, and workers that they share as far as none needs others: each takes seconds of a
processor to start. Those that need all of the room come first.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from semantik.cluster.batch_files import stored_batches
from semantik.cluster.cluster_embedder import ClusterEmbedder
from semantik.cluster.crew import Crew
from semantik.cluster.ray_cluster import RayCluster
from semantik.decoding.pool import DecodePool
from semantik.errors import ClusterUnreachable, WorkerFolderUnseen, WorkerModel, WorkerUnfit
from semantik.folders.indexed_folder import State
from semantik.long_tasks import Progress, TaskControl
from semantik.records import Reason
from semantik.storage.home import batches_folder
from semantik.storage.settings import CONFIG_NAME
from semantik.storage.typed_paths import path_named
from tests.support.cluster_bench import Bench, Machine, Workers, assert_same
from tests.support.cluster_encoders import POISON, recipe
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
def address(ray) -> str:
    """Where others find it."""
    return ray.get_runtime_context().gcs_address


@pytest.fixture(scope="module")
def workers(ray, tmp_path_factory):
    made = Workers(ray, tmp_path_factory.mktemp("workers"))
    yield made
    made.end()


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


@pytest.fixture
def bench(workers, pool, folder, tmp_path):
    bench = Bench(workers, pool, folder, tmp_path)
    yield bench
    (bench.place / "hold").unlink(missing_ok=True)


def test_the_command_indexes_by_the_address_of_a_cluster(bench, address, home):
    """The whole way of a user, with the embedded model."""
    bench.workers.end()
    command = [sys.executable, "-m", "semantik", "index", bench.folder, "--encoder", "builtin", "--json"]
    # Without a trial of number formats, which takes longer than all the rest.
    (home / CONFIG_NAME).write_text(json.dumps({"exact_numbers": True}))
    by_cluster = subprocess.run(
        [*command, "--cluster", address],
        cwd=REPO,
        check=True,
        capture_output=True,
        text=True,
    )
    told = json.loads(by_cluster.stdout)
    assert told.pop("seconds") > 0
    assert [problem["path"] for problem in told.pop("problems")] == ["rota.jpg", "vacía.jpg"]
    assert told == {"added": PICTURES + 2, "reused": 0, "removed": 0, "count": PICTURES + 2, "encoder": "builtin"}


def test_a_killed_program_loses_only_what_was_under_way(bench, address):
    bench.workers.end()
    hold = bench.hold()
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.support.cluster_driver", address, bench.place, bench.folder, bench.home],
        cwd=REPO,
    )
    found = bench.indexed(bench.home, cluster=True)
    batches = batches_folder(found.store)
    try:
        wait_until(lambda: len(bench.working()) == 2, what="both workers begin")
        first = set(bench.working())
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


def test_workers_fetch_what_is_in_an_object_store(bench):
    """One is killed with what it had fetched: the others do its batch, and all is as in a folder on the disk."""
    bench.workers.end()
    hold, store = bench.hold(), bench.place / "store"
    store.touch()
    bench.encoder.load()

    class Killing(ClusterEmbedder):
        """Kills a worker in its first batch."""

        def _hand_out(self, crew, queue, here, *, alone):
            super()._hand_out(crew, queue, here, alone=alone)
            if hold.exists():
                os.kill(wait_until(bench.working, what="a worker begins")[0], signal.SIGKILL)
                hold.unlink()

    for path in bench.folder.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # stores tell whole seconds
    remote = path_named(f"archivo:/{bench.folder}")
    found = bench.indexed(bench.home, cluster=True, embedder=Killing, folder=remote)
    report = found.update()
    assert (report.added, report.count) == (PICTURES + 2, PICTURES + 2)
    assert not hold.exists()
    assert_same(found, bench.single())
    assert bench.indexed(bench.home, cluster=True, folder=remote).update().added == 0
    store.unlink()


def test_a_cluster_makes_what_one_program_makes_also_when_a_worker_is_killed(bench):
    hold, seen, expected = bench.hold(), [], []

    class Killing(ClusterEmbedder):
        """Kills a worker in its first batch."""

        def _hand_out(self, crew, queue, here, *, alone):
            super()._hand_out(crew, queue, here, alone=alone)
            if hold.exists():
                pid = wait_until(bench.working, what="a worker begins")[0]
                os.kill(pid, signal.SIGKILL)
                hold.unlink()

    found = bench.indexed(bench.home, cluster=True, embedder=Killing)
    report = found.update(TaskControl(seen.append))
    assert not hold.exists()
    assert_same(found, bench.single(TaskControl(expected.append)))
    assert (report.added, report.count) == (PICTURES + 2, PICTURES + 2)
    assert (seen[-1].done, seen[-1].total) == (expected[-1].done, expected[-1].total)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    again = bench.indexed(bench.home, cluster=True)
    assert again.check().state is State.READY


def test_a_machine_that_is_killed_costs_only_its_batches(bench):
    """A whole node of two: what its worker had is embedded by the others, and nothing is there twice."""
    hold, machine = bench.hold(), Machine()
    crew = bench.workers.crew()

    class Killing(ClusterEmbedder):
        """Kills the machine while its worker has a batch."""

        def _hand_out(self, crew, queue, here, *, alone):
            super()._hand_out(crew, queue, here, alone=alone)
            if hold.exists():
                wait_until(lambda: machine.has(bench.working()), what="the machine's worker begins")
                machine.kill()
                hold.unlink()

    def is_there() -> bool:
        crew.keep_up()
        assert machine.is_up
        assert not [*crew.wait(0.5)]
        return len([*crew.idle()]) == 3

    try:
        wait_until(is_there, what="workers on both machines are ready")
        found = bench.indexed(bench.home, cluster=True, embedder=Killing)
        report = found.update()
    finally:
        machine.kill()
    assert not hold.exists()
    assert_same(found, bench.single())
    assert (report.added, report.count) == (PICTURES + 2, PICTURES + 2)
    assert not machine.is_up


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


def test_files_that_a_machine_does_not_see_are_told(bench, tmp_path, monkeypatch):
    """The workers are given a folder that is not there, as on a machine that has it under another path."""
    found = bench.indexed(bench.home, cluster=True)
    give = Crew.give

    def give_elsewhere(self, hand, batch, folder, target):
        give(self, hand, batch, tmp_path / "elsewhere", target)

    monkeypatch.setattr(Crew, "give", give_elsewhere)
    with pytest.raises(WorkerUnfit) as told:
        found.update()
    assert isinstance(told.value.params["error"], WorkerFolderUnseen)
    assert found.count == 0


def test_a_picture_that_kills_workers_is_found_and_listed(bench):
    single = bench.single()
    paint(bench.folder / "mala.png", POISON)
    found = bench.indexed(bench.home, cluster=True, crew=lambda: bench.workers.crew(2))
    report = found.update()
    bad = {problem.path: problem.reason for problem in report.problems}
    assert bad.pop("mala.png") is Reason.DECODER_CRASHED
    assert bad == {problem.path: problem.reason for problem in single.problems()}
    assert found.index.rows().keys() == single.index.rows().keys()


def test_what_a_machine_lacks_is_told_by_its_name(bench):
    bench.workers.end()
    bench.encoder.space = "fake/other"
    crew = bench.workers.other(bench.encoder.space, workers=1)
    found = bench.indexed(bench.home, cluster=True, crew=lambda: crew)
    with pytest.raises(WorkerUnfit) as told:
        found.update()
    crew.end()
    assert isinstance(told.value.params["error"], WorkerModel)
    assert told.value.params["node"] == os.uname().nodename
