"""Pausing a run: it saves, holds still, decodes nothing, and goes on where it was; the time left stays true."""

from __future__ import annotations

import itertools
import os
import random
import sys
import threading

import pytest

from semantik.desktop import background_priority
from semantik.errors import Cancelled
from semantik.folders.indexer import update_index
from semantik.index import ImageIndex
from semantik.long_tasks import TOLERANCE, Progress, SpeedMeter, TaskControl
from semantik.records import Reason
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "muchas"
    for number in range(24):
        paint(folder / f"{number:02}.png", (number * 10, 100, 0))
    return folder


class Run:
    """An update in a thread of its own, held after ``hold_at`` pictures."""

    def __init__(self, tmp_path, folder, pool, hold_at):
        self.fake = FakeEncoder()
        self.index = ImageIndex(tmp_path / "store", folder, self.fake.space, self.fake.dim)
        self.told, self.held, self.report = [], threading.Event(), None

        def note(progress):
            self.told.append(progress)
            if progress.done == hold_at and not self.held.is_set():
                self.control.pause()
            if progress.paused:
                self.held.set()

        self.control = TaskControl(note)

        def body():
            self.report = update_index(folder, self.fake, self.index, self.control, pool=pool)

        self.thread = threading.Thread(target=body, daemon=True)  # a test that fails leaves it held
        self.thread.start()
        assert self.held.wait(PATIENCE)  # the decoder processes start first

    def finish(self):
        self.control.resume()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.report


def test_a_paused_run_saves_keeps_its_place_and_goes_on(tmp_path, many, pool):
    run = Run(tmp_path, many, pool, 8)
    assert (run.told[-1].done, run.told[-1].total, run.told[-1].paused) == (8, 24, True)
    stored = ImageIndex.load(tmp_path / "store", many)
    assert stored.count == 8
    assert run.fake.images == 8
    report = run.finish()
    assert (report.added, report.count, report.cancelled) == (24, 24, False)
    assert run.fake.images == 24  # nothing twice
    assert [told.done for told in run.told if not told.paused] == [0, 4, 8, 12, 16, 20, 24]


def test_nothing_is_decoded_while_a_run_is_paused(tmp_path, many, pool, monkeypatch):
    asked = []
    fit = pool.fit
    monkeypatch.setattr(pool, "fit", lambda path, spec: (asked.append(path.name), fit(path, spec))[1])
    run = Run(tmp_path, many, pool, 4)
    before = len(asked)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("decode_")]
    for thread in threads:  # what was decoded ahead ends, and nothing follows
        thread.join(PATIENCE)
    assert len(asked) <= before + len(threads)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode_") and thread.is_alive()]
    assert run.finish().added == 24


def test_a_paused_run_can_be_cancelled(tmp_path, many, pool):
    run = Run(tmp_path, many, pool, 8)
    run.control.cancel()
    report = run.finish()
    assert (report.added, report.count, report.cancelled) == (8, 8, True)
    assert ImageIndex.load(tmp_path / "store", many).count == 8


def test_bad_files_are_tried_again_when_asked_for(tmp_path, library, fake, pool):
    bad = library / "rota.png"
    bad.write_bytes(b"not a picture")
    index = ImageIndex(tmp_path / "store", library, fake.space, fake.dim)
    assert [p.path for p in update_index(library, fake, index, pool=pool).problems] == ["rota.png"]
    status = bad.stat()
    paint(tmp_path / "gut.png", (9, 9, 9), (30, 20))
    good = (tmp_path / "gut.png").read_bytes()
    fake.images = 0
    assert update_index(library, fake, index, pool=pool).added == 0  # the same file: it is not opened
    seen = []
    fit = pool.fit

    def note(path, spec):
        seen.append(path.name)
        return fit(path, spec)

    pool.fit = note
    try:
        report = update_index(library, fake, index, pool=pool, again=["rota.png", "rojo.png", "unknown.png"])
    finally:
        del pool.fit
    assert seen == ["rota.png"]
    assert [(p.path, p.reason) for p in report.problems] == [("rota.png", Reason.NOT_AN_IMAGE)]
    bad.write_bytes(good)
    os.utime(bad, ns=(status.st_atime_ns, status.st_mtime_ns))
    report = update_index(library, fake, index, pool=pool, again=["rota.png"])
    assert (report.added, report.problems) == (1, ())


# -- The control of a task -----------------------------------------------------------------------------


def test_a_part_of_a_task_tells_somebody_else_and_is_held_and_cancelled_with_the_whole():
    whole, part = [], []
    control = TaskControl(whole.append)
    of_part = control.telling(part.append)
    control.report(Progress(1, 2))
    of_part.report(Progress(3, 4))
    assert (whole, part) == ([Progress(1, 2)], [Progress(3, 4)])
    control.pause()
    assert of_part.paused
    of_part.resume()
    assert not control.paused
    control.pause()
    of_part.stop_if_cancelled()
    of_part.cancel()
    assert (control.cancelled, control.paused) == (True, False)  # who holds still must hear of it
    control.wait_while_paused()
    with pytest.raises(Cancelled):
        control.stop_if_cancelled()


# -- Speed and time left -------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_speed_and_time_left_of_a_steady_task():
    clock = Clock()
    speed = SpeedMeter(clock=clock)
    for done in (10, 20, 30):
        clock.now += 2.0
        told = speed.progress(done, 100)
    assert told.rate == pytest.approx(5.0)
    assert told.eta == pytest.approx(14.0)


def test_a_pause_counts_neither_as_work_nor_as_time_left():
    clock = Clock()
    speed = SpeedMeter(clock=clock)
    for done in (10, 20):
        clock.now += 2.0
        before = speed.progress(done, 100)
    clock.now += 3600.0
    speed.resume()
    clock.now += 2.0
    after = speed.progress(30, 100)
    assert after.rate == pytest.approx(before.rate)
    assert after.eta == pytest.approx(before.eta - 2.0)


def test_the_time_left_runs_down_though_batches_differ():
    clock, steps = Clock(), random.Random(7)
    speed = SpeedMeter(clock=clock)
    told = []
    for done in range(32, 20_001, 32):
        clock.now += 2.0 * steps.lognormvariate(0, 0.5)
        told.append((clock.now, speed.progress(done, 20_000).eta))
    end = clock.now
    later = told[20:]
    jumps = [
        abs((right_eta - left_eta) + (right - left))
        for (left, left_eta), (right, right_eta) in itertools.pairwise(later)
    ]
    # An end that was told is kept for a long time, and never far from the truth.
    assert sum(jump > 0.01 for jump in jumps) < len(jumps) / 10
    assert all(abs(now + eta - end) <= 0.45 * (end - now) + 5 for now, eta in later)


def test_a_lasting_change_of_speed_is_believed():
    clock = Clock()
    speed = SpeedMeter(clock=clock)
    done = 0
    for seconds in [1.0] * 60 + [4.0] * 60:
        clock.now += seconds
        done += 10
        told = speed.progress(done, 2000)
    assert told.rate == pytest.approx(2.5, rel=0.05)
    assert told.eta == pytest.approx(800 / 2.5, rel=TOLERANCE + 0.1)


def test_a_count_that_jumps_is_no_speed():
    clock = Clock()
    speed = SpeedMeter(clock=clock)
    speed.restart()
    assert speed.progress(1000, 2000).rate == 0.0  # what an earlier try left
    clock.now += 2.0
    assert speed.progress(1010, 2000).rate == pytest.approx(5.0)
    clock.now += 2.0
    assert (speed.progress(4, 2000).rate, speed.progress(4, 2000).eta) == (0.0, None)  # it starts over
    clock.now += 2.0
    assert speed.progress(8, 2000).rate == pytest.approx(2.0)


def test_records_are_told_only_so_often():
    clock, told = Clock(), []
    speed, control = SpeedMeter(interval=0.125, clock=clock), TaskControl(told.append)
    for done in range(1, 41):
        clock.now += 1 / 32
        speed.report(control, done, 100)
    assert [progress.done for progress in told] == [1, 5, 9, 13, 17, 21, 25, 29, 33, 37]
    assert told[-1].rate == pytest.approx(32.0)


def test_nothing_done_tells_nothing():
    clock = Clock()
    told = SpeedMeter(clock=clock).progress(0, 10)
    assert (told.rate, told.eta) == (0.0, None)


# -- Priority ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
def test_a_thread_in_the_background_is_nice_and_so_are_those_it_starts():
    found = {}

    def child():
        found["child"] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def body():
        with background_priority.in_background():
            found["self"] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            started = threading.Thread(target=child)
            started.start()
            started.join()

    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    worker = threading.Thread(target=body)
    worker.start()
    worker.join()
    nice = min(19, mine + background_priority.NICE)
    assert found == {"self": nice, "child": nice}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


@pytest.mark.parametrize(("before", "asked"), [(32, [16384, 32]), (64, [])])
def test_on_windows_the_process_goes_below_normal_and_back(monkeypatch, before, asked):
    """32 is Windows' NORMAL_PRIORITY_CLASS; 64, IDLE_PRIORITY_CLASS, is somebody's own choice."""
    import psutil

    changes = []

    class Process:
        def nice(self, value=None):
            return before if value is None else changes.append(value)

    monkeypatch.setattr(background_priority.sys, "platform", "win32")
    monkeypatch.setattr(psutil, "Process", Process)
    monkeypatch.setattr(psutil, "NORMAL_PRIORITY_CLASS", 32, raising=False)
    monkeypatch.setattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 16384, raising=False)
    with background_priority.in_background():
        assert changes == asked[:1]
    assert changes == asked
