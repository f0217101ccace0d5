"""What is wrong with a file for good, and what only for the moment: tried again by itself, but not for ever."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import asdict

import psutil
import pytest

from semantik.decoding import worker_process
from semantik.decoding.fingerprint import fingerprint_and_content
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.index.skipped_files import MOST_TRIES, Skip, skip_of
from semantik.records import LASTING, NOTES, WARNINGS, ImageFile, Lasts, Reason
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.waiting import wait_until


class Failing:
    """A pool in which some files fail: as often as ``times`` says, with the reason that is given for them."""

    def __init__(self, pool: DecodePool, reasons: dict[str, Reason], times: int = 10**6) -> None:
        self.fingerprints = pool.fingerprints
        self._pool = pool
        self._reasons = reasons
        self._left = dict.fromkeys(reasons, times)
        self.asked: list[tuple[str, int]] = []

    def fit_all(self, paths, spec, look_ahead=0):
        for path in paths:
            self.asked.append((path.name, look_ahead))
            if self._left.get(path.name, 0) > 0:
                self._left[path.name] -= 1
                yield DecodeFailed(path=str(path), reason=self._reasons[path.name], detail="")
            else:
                yield self._pool.fit(path, spec)


@pytest.fixture
def index(tmp_path, library, fake):
    return ImageIndex(tmp_path / "store", library, fake.space, fake.dim)


def update(index, pool):
    return update_index(index.folder, FakeEncoder(), index, pool=pool)


def test_every_reason_is_classified():
    assert set(LASTING) == set(Reason)
    assert {reason for reason, lasts in LASTING.items() if lasts is Lasts.NO_FAULT} == WARNINGS | NOTES


@pytest.mark.parametrize("reason", [reason for reason in Reason if LASTING[reason] is not Lasts.NO_FAULT])
def test_how_long_a_reason_lasts(index, pool, reason):
    """An update tries again what may have passed; opening the folder never does, and a good end is a good end."""
    lasts = LASTING[reason]
    report = update(index, Failing(pool, {"azul.png": reason}, times=2))
    assert (report.count, [bad.reason for bad in report.problems]) == (5, [reason])
    again = ImageIndex.load(index.store, index.folder)
    changes, _ = scan_changes(again)
    assert not changes
    report = update(again, pool)
    expected = 5 if lasts is Lasts.FOR_GOOD else 6
    assert (report.count, len(report.problems)) == (expected, 6 - expected)


@pytest.mark.parametrize("reason", [Reason.DECODER_CRASHED, Reason.TIMEOUT])
def test_a_decoder_that_died_or_was_late_once_costs_nothing(index, pool, reason):
    once = Failing(pool, {"azul.png": reason, "verde.png": reason}, times=1)
    report = update(index, once)
    assert (report.added, report.count, report.problems) == (6, 6, ())
    assert once.asked[-2:] == [("azul.png", 1), ("verde.png", 1)]  # alone, after all others


def test_what_crashes_each_time_is_tried_a_few_times_and_then_no_more(index, library, pool, monkeypatch):
    tries = []
    for _ in range(MOST_TRIES + 2):
        again = Failing(pool, {"azul.png": Reason.DECODER_CRASHED})
        loaded = ImageIndex.load(index.store, index.folder) if index.generation else index
        report = update(loaded, again)
        assert [(bad.path, bad.reason) for bad in report.problems] == [("azul.png", Reason.DECODER_CRASHED)]
        tries.append(sum(name == "azul.png" for name, _ in again.asked))
    assert tries == [2] * MOST_TRIES + [0, 0]
    # Another version of the program may do better, so may the user's word, and so may another file.
    for version in ("semantik.index.image_index.__version__", "semantik.index.manifest.__version__"):
        monkeypatch.setattr(version, "999.0")
    loaded = ImageIndex.load(index.store, index.folder)
    assert update(loaded, Failing(pool, {"azul.png": Reason.DECODER_CRASHED})).count == 5
    assert loaded.skip_of("azul.png").tries == 1
    loaded = ImageIndex.load(index.store, index.folder)
    assert update(loaded, pool).problems == ()


def test_tries_are_counted_for_one_version_of_a_file():
    file, other = ImageFile("a.jpg", 10, 20), ImageFile("a.jpg", 10, 21)
    once = skip_of(file, Reason.TIMEOUT, None)
    assert once == Skip(10, 20, Reason.TIMEOUT, 1)
    assert skip_of(file, Reason.DECODER_CRASHED, once).tries == 2
    assert skip_of(other, Reason.TIMEOUT, once).tries == 1
    assert skip_of(file, Reason.DAMAGED, once).tries == 0
    assert [Skip(1, 1, Reason.TIMEOUT, tries).may_pass() for tries in (1, MOST_TRIES - 1, MOST_TRIES)] == [
        *(True, True, False)
    ]


def test_a_manifest_with_odd_tries_is_damaged(index, pool):
    from semantik.errors import IndexDamaged
    from semantik.index.manifest import decode, encode

    update(index, Failing(pool, {"azul.png": Reason.TIMEOUT}))
    stored = decode((index.store / "image_index.json").read_bytes())
    assert [(entry[0], entry[3:]) for entry in stored.skipped] == [("azul.png", ["timeout", 1])]
    for tries in ([0], [-1], ["1"], [1, 1], [True], [None], [0, ""], [-1, "f"], [True, "f"], [0, "f", 1]):
        stored.skipped[0][4:] = tries
        with pytest.raises(IndexDamaged):
            decode(b"".join(encode(stored)))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EIO, "input/output error"), Reason.UNREADABLE),
        (OSError(errno.ESTALE, "stale handle"), Reason.UNREADABLE),
        (PermissionError(errno.EACCES, "in use"), Reason.PERMISSION),
        (FileNotFoundError(errno.ENOENT, "gone"), Reason.VANISHED),
        (None, Reason.DAMAGED),
    ],
)
def test_what_a_disk_did_not_give_is_not_damage(tmp_path, monkeypatch, error, reason):
    from semantik.decoding import worker

    path = paint(tmp_path / "a.png", (1, 2, 3))

    def damaged(path, side, allowance, content):
        raise DecodeFailed(path=str(path), reason=Reason.DAMAGED, detail="broken data")

    def unread(path):
        if error:
            raise error
        return fingerprint_and_content(path)

    monkeypatch.setattr(worker, "load_stored", damaged)
    monkeypatch.setattr(worker, "fingerprint_and_content", unread)
    request = {"op": "fit", "spec": asdict(FakeEncoder.input_spec), "seconds": 1.0, "memory": 1 << 30, "patient": False}
    answer, _ = worker._answer(request, os.fsencode(path))
    assert Reason(answer["reason"]) is reason


# -- Decoder processes ---------------------------------------------------------------------------------

EARLY_DEATHS = """
import os, signal, sys
from pathlib import Path

count = Path(sys.argv[1])
died = len(count.read_bytes()) if count.exists() else 0
count.write_bytes(b"x" * (died + 1))
if died < 3:
    os.kill(os.getpid(), signal.SIGKILL) if sys.argv[2] == "killed" else os._exit(1)
from semantik.decoding import worker
worker.main(sys.argv[3:])
"""

STOPS_ITSELF = """
import os, signal, sys
from pathlib import Path
from semantik.decoding import worker

real = worker._answer
def answer(header, payload):
    os.kill(os.getpid(), signal.SIGSTOP)
    return real(header, payload)

worker._answer = answer
worker.main(sys.argv[1:])
"""


@pytest.mark.parametrize("way", ["killed", "ended"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_three_early_deaths_end_no_run(tmp_path, index, way):
    script = tmp_path / "early.py"
    script.write_text(EARLY_DEATHS, encoding="ascii")
    with DecodePool(1, command=[sys.executable, str(script), str(tmp_path / "count"), way]) as pool:
        report = update(index, pool)
    assert (report.count, report.problems) == (6, ())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_time_in_which_a_decoder_was_stopped_is_not_its_own(tmp_path, monkeypatch):
    script = tmp_path / "stops.py"
    script.write_text(STOPS_ITSELF, encoding="ascii")
    paint(tmp_path / "a.png", (9, 9, 9))
    limit, looks = 3.0, []
    real = worker_process.DecodeProcess._is_stopped

    def is_stopped(process):
        stopped = real(process)
        looks.append(stopped)
        if sum(looks) * worker_process.GLANCE > limit:  # longer than it might have worked
            psutil.Process(process.pid).resume()
        return stopped

    monkeypatch.setattr(worker_process, "GLANCE", 0.02)
    monkeypatch.setattr(worker_process, "_PATIENCE", 100)
    monkeypatch.setattr(worker_process.DecodeProcess, "_is_stopped", is_stopped)
    with DecodePool(1, time_limit=limit, command=[sys.executable, str(script)]) as pool:
        assert pool.fit(tmp_path / "a.png", FakeEncoder.input_spec).pixels[0, 0].tolist() == [9, 9, 9]
    assert sum(looks) * 0.02 > limit


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_decoder_that_stays_stopped_is_ended(tmp_path, monkeypatch):
    script = tmp_path / "stops.py"
    script.write_text(STOPS_ITSELF, encoding="ascii")
    paint(tmp_path / "a.png", (9, 9, 9))
    monkeypatch.setattr(worker_process, "GLANCE", 0.02)
    with DecodePool(1, time_limit=0.2, command=[sys.executable, str(script)]) as pool:
        with pytest.raises(DecodeFailed) as caught:
            pool.fit(tmp_path / "a.png", FakeEncoder.input_spec)
        assert caught.value.params["reason"] is Reason.TIMEOUT
        wait_until(lambda: pool.pids() == [])
