"""Kill workers, whole nodes, the program and the PostgreSQL server at random instants of indexing by a Ray cluster.

After each kill the run goes on or is given again, and the index must be what one program makes: every picture once, the
same vectors, the same skipped files, and no batch file left. A predictable encoder, small batches, a save every ten
pictures. Rounds that were over before the kill are not counted. Linux only.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from semantik.cluster.batch_files import stored_batches
from semantik.cluster.ray_cluster import RayCluster
from semantik.decoding.pool import DecodePool
from semantik.folders import embedding_run
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.postgres.address import StoreAddress
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.server import Server
from semantik.storage.home import batches_folder
from tests.support.cluster_bench import Bench, Machine, Workers, assert_same
from tests.support.cluster_encoders import recipe
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.postgres_server import PostgresServer
from tests.support.waiting import wait_until

KINDS = ("worker", "server", "program", "machine")
SAVE_EVERY = 10  # pictures
PICTURES = 150
HALF = 1e-3  # the server keeps vectors in half precision


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each kind (default: %(default)s)")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS, help="(default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="semantik-kills-"))
    embedding_run.CHECKPOINT_IMAGES = SAVE_EVERY
    started = time.monotonic()
    make = recipe(place)
    try:
        with RayCluster("local:2", place, make(), make, 20.0) as cluster, DecodePool(1) as pool:
            cluster.crew()
            rounds = Rounds(cluster._ray, pool, place, options.seed)
            try:
                print("| killed | survived | runs over before | saves before | batches taken up again |")
                print("|---|---|---|---|---|")
                for kind in options.kinds:
                    while rounds.killed[kind] < options.kills:
                        rounds.round(kind)
                        print(f"\r{rounds.killed[kind]} of {options.kills}", end="", file=sys.stderr, flush=True)
                    figures = (rounds.killed[kind], rounds.over[kind], rounds.saved[kind], rounds.taken[kind])
                    print(f"| {kind} | {' | '.join(map(str, figures))} |", flush=True)
            finally:
                rounds.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(f"\n{rounds.compared} vectors compared, {time.monotonic() - started:.0f} s")


class Rounds:
    """One folder, indexed again and again into a new index, with something killed each time."""

    def __init__(self, ray, pool: DecodePool, place: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.ray, self.pool, self.place = ray, pool, place
        self.folder = place / "fotos"
        for number in range(PICTURES):
            paint(self.folder / f"{number:03}.png", (number + 1, 255 - number, 7 * number % 250))
        (self.folder / "rota.jpg").write_bytes(b"not a picture")
        (place / "workers").mkdir()
        self.workers = Workers(ray, place / "workers")
        self.seconds: dict[str, float] = {}  # of the last run that nothing befell
        self.killed, self.over, self.saved, self.taken = (Counter[str]() for _ in range(4))
        self.compared = 0
        self.number = 0
        self.server: PostgresServer | None = None
        self.single = self._bench().single()

    def close(self) -> None:
        """End what the rounds started."""
        self.workers.end()
        if self.server:
            self.server.close()

    def round(self, kind: str) -> None:
        """Index, kill, let it become complete, and compare; counted when the kill struck while it ran."""
        bench = self._bench()
        if kind == "program":
            struck, found = self._program(bench)
        elif kind == "server":
            struck, found = self._server(bench)
        else:
            struck, found = self._part(bench, kind)
        self._check(found, bench, within=HALF if kind == "server" else 1e-5)
        (self.killed if struck else self.over)[kind] += 1

    def _bench(self) -> Bench:
        self.number += 1
        place = self.place / f"{self.number}"
        place.mkdir()
        return Bench(self.workers, self.pool, self.folder, place)

    def _check(self, found: IndexedFolder, bench: Bench, within: float) -> None:
        """What is stored, as another program reads it."""
        found.load()
        assert found.check().state is State.READY
        assert_same(found, self.single, within)
        assert sorted(file.path for file in found.index.files()) == [f"{number:03}.png" for number in range(PICTURES)]
        assert found.index.total_rows == PICTURES
        self.compared += PICTURES
        shutil.rmtree(bench.home.parent)

    def _part(self, bench: Bench, kind: str) -> tuple[bool, IndexedFolder]:
        """A worker, or a machine with its worker; the run that loses it goes on by itself."""
        machine = Machine() if kind == "machine" else None
        crew = self.workers.crew()

        def all_are_there() -> bool:
            crew.keep_up()
            for _ in crew.wait(0.5):
                pass
            # A machine that was killed before may not have been missed yet.
            wanted = 3 if machine else 2
            return len([*crew.idle()]) >= wanted

        def kill() -> None:
            if machine:
                machine.kill()
            else:
                alive = [pid for pid in bench.working() if psutil.pid_exists(pid)]
                psutil.Process(self.rng.choice(alive)).kill()

        try:
            wait_until(all_are_there, what="all workers are ready")
            found = bench.indexed(bench.home, cluster=True)
            return self._run_and_kill(found, kind, bench.working, kill), found
        finally:
            if machine:
                machine.kill()

    def _server(self, bench: Bench) -> tuple[bool, IndexedFolder]:
        """The server that the index is on, which is started again at once; the run waits for it."""
        self.server = self.server or PostgresServer()
        server = Server(StoreAddress(self.server.new_base()))
        kept = LibraryStore.of(server, self.folder, bench.encoder.store)

        def kill() -> None:
            self.server.crash()
            self.server.start()

        found = bench.indexed(bench.home, cluster=True, kept=kept)
        return self._run_and_kill(found, "server", lambda: True, kill), found

    def _run_and_kill(
        self, found: IndexedFolder, kind: str, began: Callable[[], object], kill: Callable[[], None]
    ) -> bool:
        """Update, with ``kill`` at a random instant after ``began``; whether that was before the end."""
        over, struck = threading.Event(), []
        seconds = self.seconds.get(kind)
        delay = self.rng.uniform(0, seconds) if seconds else None

        def strike() -> None:
            while not began() and not over.is_set():
                time.sleep(0.005)
            if delay is not None and not over.wait(delay):
                saves = _generation(found)
                kill()
                struck.append(saves)

        thread = threading.Thread(target=strike)
        started = time.monotonic()
        thread.start()
        found.update()
        over.set()
        ended = time.monotonic()
        thread.join()
        if not struck:
            self.seconds[kind] = ended - started
        self.saved[kind] += sum(struck)
        return bool(struck)

    def _program(self, bench: Bench) -> tuple[bool, IndexedFolder]:
        """The program itself, then what it would do when it is given again."""
        self.workers.end()
        address = self.ray.get_runtime_context().gcs_address
        command = [sys.executable, "-m", "tests.support.cluster_driver", address]
        places = [bench.place, bench.folder, bench.home]
        program = subprocess.Popen([*command, *places, str(SAVE_EVERY)], cwd=REPO)
        wait_until(lambda: bench.working() or program.poll() is not None, what="a worker begins")
        began = time.monotonic()
        seconds = self.seconds.get("program")
        try:
            program.wait(self.rng.uniform(0, seconds) if seconds else None)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
        struck = program.returncode < 0
        if not struck:
            self.seconds["program"] = time.monotonic() - began
        first = bench.working()
        wait_until(lambda: not any(map(psutil.pid_exists, first)), what="its workers end")
        found = bench.indexed(bench.home, cluster=True)
        if struck:
            self.saved["program"] += _generation(found)
            self.taken["program"] += len(stored_batches(batches_folder(found.store)))
        found.update()
        return struck, found


def _generation(found: IndexedFolder) -> int:
    return found.index.generation if found.index else 0


if __name__ == "__main__":
    main()
