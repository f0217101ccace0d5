"""Rounds of indexing that end in a SIGKILL, and what must hold after each; shared by the test and the benchmark."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from semantik.decoding.fitting import view_regions
from semantik.decoding.pool import DecodePool
from semantik.errors import NoIndex
from semantik.folders.indexer import update_index
from semantik.index import ImageIndex, commit
from semantik.long_tasks import TaskControl
from semantik.records import ImageFile
from tests.support.crash_worker import PixelEncoder, embed, open_index, stored_rows
from tests.support.places import REPO

PATIENCE = 60.0  # seconds for anything that must happen
DEAD_ROWS = 6


class WorkerServer:
    """A running ``crash_worker.py``, asked for one job at a time."""

    def __init__(self) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH")]))
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crash_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._events: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self._running = 0
        threading.Thread(target=self._read, daemon=True).start()
        assert self.event()["event"] == "ready"

    def __enter__(self) -> WorkerServer:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop_job()
        self._popen.stdin.close()
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen.stdout.close()

    def _read(self) -> None:
        for line in self._popen.stdout:
            self._events.put(json.loads(line))

    def start(self, **job: object) -> int:
        """Start a job; the id of its process."""
        self._popen.stdin.write(json.dumps(job, default=str) + "\n")
        self._popen.stdin.flush()
        self._running = self.event("started")["pid"]
        return self._running

    def stop_job(self) -> None:
        """Kill the job that a failed test left running."""
        if self._running:
            os.kill(self._running, signal.SIGKILL)
            self.event("ended")

    def event(self, wanted: str | None = None, timeout: float = PATIENCE) -> dict | None:
        """The next event, or the next of that kind; None when none comes in time (seconds)."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if event["event"] == "ended":
                self._running = 0
            assert event["event"] != "failed", event["trace"]
            if wanted in (None, event["event"]):
                return event


@dataclass
class Tally:
    """What happened in all rounds so far."""

    kills: Counter[str] = field(default_factory=Counter)  # by where they struck
    with_decoders: int = 0  # kills of a program that had decoder processes
    finished: int = 0  # rounds that were over before the kill
    checkpoints: int = 0
    compared: int = 0  # vectors compared with fresh embeddings
    merges: int = 0
    compactions: int = 0
    completions: int = 0  # runs that were let finish, and ended complete

    @property
    def killed(self) -> int:
        return sum(self.kills.values())


class CrashRounds:
    """A folder that keeps changing, an index of it, and a program that keeps being killed."""

    def __init__(self, place: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.folder, self.store = place / "fotos", place / "store"
        self.folder.mkdir(parents=True)
        self.encoder = PixelEncoder()
        self.vectors: dict[tuple[str, int, int], np.ndarray] = {}  # fresh embedding of every version of every file
        self.embedded: dict[tuple[str, int, int], int] = {}  # how many pictures go through the encoder for it
        self.broken: set[str] = set()
        self.now = 1_600_000_000_000_000_000
        self.number = 0
        self.calls = 60  # system calls of a whole run's saves, as last seen
        self.seconds = 0.2  # from the first batch to the end, as last seen
        self.rows: dict[str, int] = {}  # the vector files, as last seen
        self.held: dict[str, ImageFile] = {}  # what the last reported save held
        self.generation = 0
        self.tally = Tally()
        self.server = WorkerServer()
        self.pool = DecodePool(1)
        for _ in range(30):
            self._add()

    def __enter__(self) -> CrashRounds:
        self._dead_rows, commit.DEAD_ROWS = commit.DEAD_ROWS, DEAD_ROWS
        return self

    def __exit__(self, *failure: object) -> None:
        commit.DEAD_ROWS = self._dead_rows
        self.pool.close()
        self.server.__exit__()

    # -- The folder ------------------------------------------------------------------------------------

    def _write(self, name: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        self.broken.discard(name)
        if self.rng.random() < 0.05:
            path.write_bytes(
                b"not a picture" * self.rng.randrange(1, 9) + b"%d" % self.now
            )  # no two are known by content
            self.broken.add(name)
        else:
            height, width = self.rng.randrange(6, 20), self.rng.randrange(6, 20)
            Image.fromarray(self.noise.integers(0, 256, (height, width, 3), np.uint8)).save(path)
            rows = 1 + len(view_regions(width, height, self.encoder.input_spec))
        self.now += 1_000_000_007
        os.utime(path, ns=(self.now, self.now))
        if name not in self.broken:
            version = name, path.stat().st_size, self.now
            self.vectors[version], self.embedded[version] = embed(path, self.encoder), rows

    def _add(self) -> None:
        self.number += 1
        folder = self.rng.choice(("", "viaje/", "niños/"))
        self._write(f"{folder}{self.number:04}.{self.rng.choice(('png', 'jpg', 'bmp'))}")

    def files(self) -> dict[str, ImageFile]:
        """The folder as it is now."""
        found = {}
        for path in self.folder.rglob("*.*"):
            name, status = path.relative_to(self.folder).as_posix(), path.stat()
            found[name] = ImageFile(name, status.st_size, status.st_mtime_ns)
        return found

    def change(self) -> None:
        """Add, change and delete some files."""
        for _ in range(self.rng.randrange(6, 22)):
            self._add()
        names = sorted(self.files())
        self.rng.shuffle(names)
        for name in names[: self.rng.randrange(0, 5)]:
            self._write(name)
        # Deleting keeps the folder at a size at which a round is short.
        for name in names[-self.rng.randrange(1, max(2, len(names) // 6 + max(0, len(names) - 90))) :]:
            (self.folder / name).unlink()

    # -- A round ---------------------------------------------------------------------------------------

    def round(self) -> None:
        """Change the folder, let the program index it, kill it, and check all that must hold."""
        self.change()
        expected = self.expected_work()
        if self.rng.random() < 0.5:
            how = self.rng.choice(("before", "after", "half"))
            where, delay = f"{how} a call", None
            doom = {"die_at": self.rng.randrange(1, self.calls + 1), "die_how": how}
        else:
            where, doom = "any time", {}
            delay = self.rng.uniform(0, self.seconds)
            if self.rng.random() < 0.15:
                where, delay = "starting", self.rng.uniform(-0.4, 0)
        # Starting decoder processes takes longer than all the rest, so most rounds decode in the program itself.
        decoders = where == "starting" or self.rng.random() < 0.2
        pid = self.server.start(
            do="index",
            folder=self.folder,
            store=self.store,
            checkpoint=4,
            dead_rows=DEAD_ROWS,
            decoders=decoders,
            **doom,
        )
        killed = self._follow(pid, delay, len(expected))
        if killed:
            self.tally.kills[where] += 1
            self.tally.with_decoders += decoders
        else:
            self.tally.finished += 1
        self.check_orphans(pid)
        self.check_index()
        if self.rng.random() < 0.3:
            self.complete()

    def _follow(self, pid: int, delay: float | None, expected: int) -> bool:
        """Read events and kill ``delay`` seconds after the first batch (before it if negative); True when killed."""
        kill_at = time.monotonic() + 0.4 + delay if delay is not None and delay < 0 else None
        first = None
        while True:
            event = self.server.event(timeout=PATIENCE if kill_at is None else max(0, kill_at - time.monotonic()))
            if event is None:
                assert kill_at is not None, "the program hangs"
                os.kill(pid, signal.SIGKILL)
                kill_at = None
            elif event["event"] == "batch":
                assert event["total"] == expected, "kept work was done again, or new work was missed"
                if event["done"] and first is None:
                    first = time.monotonic()
                    kill_at = first + delay if delay is not None and delay >= 0 else kill_at
            elif event["event"] == "saved":
                self._note(event)
            elif event["event"] == "done":
                self.calls = max(20, event["calls"])
                self.seconds = time.monotonic() - (first or time.monotonic()) + 0.01
                kill_at = None
            elif event["event"] == "ended":
                return event["killed"]

    def _note(self, event: dict) -> None:
        rows = event["rows"]
        self.tally.checkpoints += 1
        if event["generation"] != self.generation:
            merged = self.rows.keys() - rows.keys()
            self.tally.compactions += sum(rows.values()) < sum(self.rows.values())
            self.tally.merges += bool(merged) and sum(rows.values()) >= sum(self.rows.values())
        self.generation, self.rows = event["generation"], rows
        self.held = {path: ImageFile(path, size, mtime_ns) for path, size, mtime_ns in event["files"]}

    def expected_work(self) -> list[ImageFile]:
        """The files that an update has to open: those that are not stored as they are in the folder."""
        files = self.files()
        try:
            index = ImageIndex.load(self.store, self.folder)
        except NoIndex:
            return list(files.values())
        changes = index.compare(files.values(), retry=True)
        return [*changes.added, *changes.changed]

    # -- What must hold --------------------------------------------------------------------------------

    def check_orphans(self, pid: int) -> None:
        """The decoder processes of a killed program end by themselves."""
        deadline = time.monotonic() + PATIENCE
        while orphans := [other for other in psutil.pids() if other != pid and session_of(other) == pid]:
            assert time.monotonic() < deadline, f"decoder processes survive: {orphans}"
            time.sleep(0.005)  # for a condition: their end cannot be waited for, they are not our children

    def check_index(self) -> None:
        """The index loads, holds what the last reported save held, and every vector is its file's."""
        try:
            index = ImageIndex.load(self.store, self.folder)
        except NoIndex:
            assert not self.generation, "a reported save is gone"
            return
        # One more than was reported: the kill may have struck between the commit and the report.
        assert index.generation in (self.generation, self.generation + 1)
        files = {file.path: file for file in index.files()}
        if index.generation == self.generation:
            assert files == self.held
        on_disk = self.files()
        for path, file in self.held.items():
            if path in on_disk and path not in self.broken:
                assert files.get(path) in (file, on_disk[path]), f"{path} was saved and is gone"
        for file in files.values():
            wanted = self.vectors[file.path, file.size, file.mtime_ns]
            assert np.array_equal(index.vector(file.path), wanted), file
            self.tally.compared += 1
        self.generation, self.held, self.rows = index.generation, files, stored_rows(self.store)

    def complete(self) -> None:
        """Let an update finish: it resumes, and the index then matches the folder file by file."""
        expected = self.expected_work()
        index = open_index(self.store, self.folder, self.encoder)
        encoder = PixelEncoder()
        totals = []
        report = update_index(
            self.folder,
            encoder,
            index,
            TaskControl(lambda progress: totals.append(progress.total)),
            pool=self.pool,
            allow_mass_removal=True,
        )
        assert set(totals) <= {len(expected)}
        assert encoder.images <= sum(self.embedded.get((each.path, each.size, each.mtime_ns), 0) for each in expected)
        on_disk = self.files()
        assert {file.path: file for file in index.files()} == {
            name: file for name, file in on_disk.items() if name not in self.broken
        }
        assert {problem.path for problem in report.problems} == self.broken & on_disk.keys()
        self.generation, self.held = index.generation, {file.path: file for file in index.files()}
        self.check_index()
        named = {path.name for path in self.store.iterdir()}
        bins = {name for name in named if name.endswith(".bin")}
        assert named - bins == {"image_index.json", "index.lock"}, named
        assert len(bins) <= 8, "vector files pile up"
        self.tally.completions += 1


def session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
