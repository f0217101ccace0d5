"""Decoder processes: order, limits, crashes, hangs, and that nothing of them is left behind."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import ExifTags, Image

from semantik.decoding import process_lending
from semantik.decoding.decoded import Decoded
from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.decoding.pool import DecodePool, default_workers
from semantik.errors import Cancelled, DecodeFailed, DecoderNotStarted
from semantik.records import Reason
from tests.support.places import REPO
from tests.support.systems import WINDOWS
from tests.support.waiting import PATIENCE, wait_until

CLIP_SPEC = InputSpec(224, 224, "crop", "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SMALL_SPEC = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

# A worker that misbehaves on certain names, and is the real one otherwise.
ODD_WORKER = """
import ctypes, os, signal, sys, time
from pathlib import Path
from semantik.decoding import worker

real = worker._answer
def first_time(path):
    try:
        Path(path + ".seen").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

def answer(header, payload):
    path = os.fsdecode(payload)
    name = os.path.basename(path)
    if name.startswith("crash") or (name.startswith("once") and first_time(path)):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("hang") or (name.startswith("wait") and first_time(path)):
        Path(path + ".seen").touch()
        time.sleep(1000)
    if name.startswith("stuck"):
        ctypes.PyDLL(None).sleep(1000)  # native code that never lets the interpreter run
    if name.startswith("print"):
        os.write(1, b"a native library's chatter")
    if name.startswith("short"):
        return {"width": 1, "height": 1, "warning": None}, b"too few bytes"
    if name.startswith("nonsense"):
        return {"reason": "no such reason"}, b""
    return real(header, payload)

worker._answer = answer
worker.main(sys.argv[1:])
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def odd_command(tmp_path: Path) -> list[str]:
    script = tmp_path / "odd_worker.py"
    script.write_text(ODD_WORKER, encoding="utf-8")
    return [sys.executable, str(script)]


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(2) as pool:
        yield pool


def plain(path: Path, number: int) -> Path:
    """A picture whose red value is its number."""
    Image.new("RGB", (16, 12), (number, 100, 200)).save(path)
    return path


def reds(results: list[Decoded | DecodeFailed]) -> list[int | Reason]:
    return [
        int(result.pixels[4, 4, 0]) if isinstance(result, Decoded) else result.params["reason"] for result in results
    ]


# -- What comes out ------------------------------------------------------------------------------------


def test_pixels_are_those_of_the_plain_way(tmp_path: Path, pool: DecodePool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (330, 440, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    decoded = pool.fit(tmp_path / "a.png", CLIP_SPEC)
    assert (decoded.width, decoded.height, decoded.warning) == (440, 330, None)
    assert decoded.pixels.dtype == np.uint8
    assert np.array_equal(decoded.pixels, fit_pixels(Image.fromarray(noise), CLIP_SPEC))


@pytest.mark.parametrize("fit", ["crop", "squash"])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_reduced_picture_is_fitted_as_its_original_would_be(
    shared: Path, tmp_path: Path, pool: DecodePool, fit: str, orientation: int
) -> None:
    spec = InputSpec(224, 224, "crop" if fit == "crop" else "squash", "bicubic", (0.0,) * 3, (1.0,) * 3)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    with Image.open(sorted((shared / "camera").glob("*.jpg"))[0]) as image:
        odd_sized = image.convert("RGB").crop((0, 0, 2401, 1607))
    for name in ("a.jpg", "a.tif"):
        odd_sized.save(tmp_path / name, quality=95, exif=exif)
        with Image.open(tmp_path / name) as image:
            upright = image.convert("RGB")
        if name == "a.jpg" and orientation != 1:  # Pillow turns a TIFF by itself
            step = {6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE}[orientation]
            upright = upright.transpose(step)
        full = fit_pixels(upright, spec).astype(float)
        decoded = pool.fit(tmp_path / name, spec)
        assert (decoded.width, decoded.height) == upright.size
        error = ((decoded.pixels - full) ** 2).mean()
        assert 10 * np.log10(255**2 / error) > 42


def test_order_is_kept_among_failures(tmp_path: Path, pool: DecodePool) -> None:
    wanted: list[int | Reason] = []
    paths = []
    for number in range(60):
        path = tmp_path / f"{number}.png"
        if number % 5 == 0:
            path.write_bytes(b"no picture")
            wanted.append(Reason.NOT_AN_IMAGE)
        elif number % 7 == 0:
            wanted.append(Reason.VANISHED)
        elif number % 11 == 0:
            Image.effect_noise((1500, 1500), 50).save(path)  # a slow one
            wanted.append(-1)
        else:
            plain(path, number)
            wanted.append(number)
        paths.append(path)
    found = reds(list(pool.fit_all(paths, SMALL_SPEC, look_ahead=7)))
    assert [-1 if want == -1 else got for want, got in zip(wanted, found, strict=True)] == wanted
    failures = [r for r in pool.fit_all(paths, SMALL_SPEC) if isinstance(r, DecodeFailed)]
    assert [f.params["path"] for f in failures] == [
        str(path) for path, want in zip(paths, wanted, strict=True) if isinstance(want, Reason)
    ]


def test_look_ahead_is_bounded_and_closing_drops_the_rest(tmp_path: Path, pool: DecodePool) -> None:
    taken: list[int] = []

    def paths() -> Iterator[Path]:
        for number in range(200):
            taken.append(number)
            yield plain(tmp_path / f"{number}.png", number)

    results = pool.fit_all(paths(), SMALL_SPEC, look_ahead=5)
    assert reds([next(results) for _ in range(3)]) == [0, 1, 2]
    assert len(taken) == 8
    results.close()
    assert len(taken) == 8
    assert reds([pool.fit(tmp_path / "1.png", SMALL_SPEC)]) == [1]
    assert list(pool.fit_all([], SMALL_SPEC)) == []


def test_a_failing_list_of_paths_fails_the_run(tmp_path: Path, pool: DecodePool) -> None:
    def paths() -> Iterator[Path]:
        yield plain(tmp_path / "a.png", 1)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(pool.fit_all(paths(), SMALL_SPEC))


def test_a_truncated_picture_comes_with_its_warning(tmp_path: Path, pool: DecodePool) -> None:
    out = io.BytesIO()
    Image.effect_noise((400, 300), 50).save(out, "JPEG")
    (tmp_path / "a.jpg").write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    decoded = pool.fit(tmp_path / "a.jpg", CLIP_SPEC)
    assert (decoded.width, decoded.height, decoded.warning) == (400, 300, Reason.TRUNCATED)


def test_thumbnails_are_small_upright_jpegs(tmp_path: Path, pool: DecodePool) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored lying on its side: its top is the left side here
    image = Image.new("RGB", (1200, 800), "blue")
    image.paste("red", (0, 0, 600, 800))
    image.save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (40, 30), "lime").save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"")
    first, second, third = pool.thumbnails([tmp_path / name for name in ("a.jpg", "b.png", "c.png")], 240)
    assert not isinstance(first, DecodeFailed)
    assert (first.width, first.height) == (160, 240)
    with Image.open(io.BytesIO(first.jpeg)) as small:
        assert (small.format, small.size, small.mode, len(small.getexif())) == ("JPEG", (160, 240), "RGB", 0)
        top, bottom = small.getpixel((80, 60)), small.getpixel((80, 180))
        assert (
            np.abs(np.array([top, bottom]) - [(0, 0, 255), (255, 0, 0)]).max() < 8
            or np.abs(np.array([top, bottom]) - [(255, 0, 0), (0, 0, 255)]).max() < 8
        )
    assert not isinstance(second, DecodeFailed)
    assert (second.width, second.height) == (40, 30)  # never enlarged
    assert isinstance(third, DecodeFailed)
    assert third.params["reason"] is Reason.EMPTY
    assert pool.thumbnail(tmp_path / "b.png", 8).width == 8


def test_names_of_any_bytes(tmp_path: Path, pool: DecodePool) -> None:
    names = ["ñandú 犬.png" if WINDOWS else "ñandú 犬\n.png", "x" * 251 + ".png"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"not utf-8 \xff\xfe.png"))
    paths = [plain(tmp_path / name, 40 + i) for i, name in enumerate(names)]
    assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [40, 41, 42][: len(names)]


def test_many_threads_may_ask_at_once(tmp_path: Path, pool: DecodePool) -> None:
    paths = [plain(tmp_path / f"{number}.png", number) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert reds(list(threads.map(lambda path: pool.fit(path, SMALL_SPEC), paths))) == list(range(40))
    assert len(pool.pids()) <= 2


def test_relative_paths_mean_the_programs_folder(
    tmp_path: Path, pool: DecodePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(tmp_path / "a.png", 7)
    monkeypatch.chdir(tmp_path)
    assert reds([pool.fit(Path("a.png"), SMALL_SPEC)]) == [7]


# -- Misbehaviour --------------------------------------------------------------------------------------


def test_a_crash_costs_one_file(tmp_path: Path, odd_command: list[str], caplog: pytest.LogCaptureFixture) -> None:
    names = ["a.png", "b.png", "crash.png", "c.png", "short.png", "nonsense.png", "d.png", "print.png", "e.png"]
    paths = [plain(tmp_path / name, 10 * i) for i, name in enumerate(names)]
    crashed = Reason.DECODER_CRASHED
    with DecodePool(2, command=odd_command) as pool, caplog.at_level(logging.WARNING):
        assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [0, 10, crashed, 30, crashed, crashed, 60, 70, 80]
        assert reds([pool.fit(paths[0], SMALL_SPEC)]) == [0]
        with pytest.raises(DecodeFailed) as caught:
            pool.fit(paths[2], SMALL_SPEC)
    if os.name == "posix":
        assert caught.value.params["detail"] == f"exit code {-signal.SIGSEGV}"
    blamed = [record.args[0] for record in caplog.records if "died on" in record.msg and record.args]
    assert blamed.count(paths[2]) == 4  # twice for each of the two requests


def test_a_crash_that_does_not_repeat_costs_nothing(tmp_path: Path, odd_command: list[str]) -> None:
    paths = [plain(tmp_path / name, 10 * i) for i, name in enumerate(["a.png", "once.png", "c.png"])]
    with DecodePool(1, command=odd_command) as pool:
        assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [0, 10, 20]
    assert (tmp_path / "once.png.seen").exists()


def test_a_process_killed_in_mid_file_is_replaced(tmp_path: Path, odd_command: list[str]) -> None:
    paths = [plain(tmp_path / name, 10 * i) for i, name in enumerate(["a.png", "wait.png", "c.png", "d.png"])]
    with DecodePool(1, command=odd_command) as pool, ThreadPoolExecutor(1) as thread:
        future = thread.submit(lambda: list(pool.fit_all(paths, SMALL_SPEC)))
        wait_until((tmp_path / "wait.png.seen").exists)
        (victim,) = pool.pids()
        psutil.Process(victim).kill()
        assert reds(future.result(PATIENCE)) == [0, 10, 20, 30]
        assert pool.pids() != [victim]
        wait_until(lambda: gone(victim))


def test_a_hang_costs_one_file_and_its_time_limit(tmp_path: Path, odd_command: list[str]) -> None:
    paths = [plain(tmp_path / name, 10 * i) for i, name in enumerate(["a.png", "hang.png", "c.png", "d.png"])]
    with DecodePool(1, time_limit=2.0, command=odd_command) as pool:
        start = time.monotonic()
        assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [0, Reason.TIMEOUT, 20, 30]
        assert 2.0 < time.monotonic() - start < 20
    with DecodePool(2, time_limit=2.0, command=odd_command) as pool:
        assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [0, Reason.TIMEOUT, 20, 30]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_want_of_memory_costs_one_file(tmp_path: Path) -> None:
    Image.new("RGB", (6000, 5000), "red").save(tmp_path / "large.png")
    plain(tmp_path / "a.png", 5)
    with DecodePool(1, memory_limit=60 * 2**20) as pool:
        paths = [tmp_path / name for name in ("a.png", "large.png", "a.png")]
        assert reds(list(pool.fit_all(paths, SMALL_SPEC))) == [5, Reason.OUT_OF_MEMORY, 5]
    with DecodePool(1) as pool:
        assert reds([pool.fit(tmp_path / "large.png", SMALL_SPEC)])[0] in (254, 255)  # averaging rounds


def test_special_files_do_not_block(tmp_path: Path, pool: DecodePool) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs POSIX special files")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reds(list(pool.fit_all([tmp_path / "pipe.jpg"], SMALL_SPEC))) == [Reason.NOT_AN_IMAGE]


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "raise SystemExit(3)"]])
def test_that_nothing_starts_is_no_files_fault(tmp_path: Path, command: list[str]) -> None:
    path = plain(tmp_path / "a.png", 1)
    with DecodePool(1, command=command) as pool:
        with pytest.raises(DecoderNotStarted):
            pool.fit(path, SMALL_SPEC)
        with pytest.raises(DecoderNotStarted):
            list(pool.fit_all([path] * 3, SMALL_SPEC))
        wait_until(lambda: pool.pids() == [])


def test_processes_are_replaced_after_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_lending, "_RECYCLE_AFTER", 3)
    paths = [plain(tmp_path / f"{number}.png", number) for number in range(7)]
    with DecodePool(1) as pool:
        seen = set()
        for path in paths:
            assert reds([pool.fit(path, SMALL_SPEC)]) == [int(path.stem)]
            seen.update(pool.pids())
    assert len(seen) == 3


# -- Nothing is left behind ----------------------------------------------------------------------------


def test_close_ends_everything_at_once(tmp_path: Path, odd_command: list[str]) -> None:
    before = set(psutil.Process().children(recursive=True))
    paths = [plain(tmp_path / name, 1) for name in ("hang1.png", "hang2.png")]
    pool = DecodePool(2, command=odd_command)
    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(pool.fit, path, SMALL_SPEC) for path in paths]
        wait_until(lambda: all(Path(f"{path}.seen").exists() for path in paths))
        start = time.monotonic()
        pool.close()
        assert time.monotonic() - start < 1.5
        for future in futures:
            with pytest.raises(Cancelled):
                future.result(PATIENCE)
    assert set(psutil.Process().children(recursive=True)) == before
    pool.close()
    with pytest.raises(Cancelled):
        pool.fit(paths[0], SMALL_SPEC)
    with pytest.raises(Cancelled):
        list(pool.fit_all(paths, SMALL_SPEC))
    assert set(psutil.Process().children(recursive=True)) == before


def test_close_in_mid_run_cancels_the_run(tmp_path: Path, odd_command: list[str]) -> None:
    paths = [plain(tmp_path / name, 1) for name in ("a.png", "hang.png", *(f"{i}.png" for i in range(20)))]
    pool = DecodePool(1, command=odd_command)
    results = pool.fit_all(paths, SMALL_SPEC)
    assert reds([next(results)]) == [1]
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(next, results)
        wait_until((tmp_path / "hang.png.seen").exists)
        pool.close()
        with pytest.raises(Cancelled):
            future.result(PATIENCE)
    assert pool.pids() == []


def test_idle_processes_end_by_themselves_when_hung_up(tmp_path: Path) -> None:
    pool = DecodePool(1)
    pool.fit(plain(tmp_path / "a.png", 1), SMALL_SPEC)
    process = psutil.Process(pool.pids()[0])
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 1
    assert not process.is_running()


PROGRAM = """
import sys, threading, time
sys.path.insert(0, {repo!r})
from pathlib import Path
from semantik.decoding.pool import DecodePool
from semantik.decoding.fitting import InputSpec
spec = InputSpec(8, 8, "squash", "bilinear", (0.0,) * 3, (1.0,) * 3)
pool = DecodePool(2, command={command!r})
pool.fit(Path("good.png"), spec)
threading.Thread(target=pool.fit, args=(Path("hang.png"), spec)).start()
deadline = time.monotonic() + 240
while len(pool.pids()) < 1 or not Path("hang.png.seen").exists():
    assert time.monotonic() < deadline, "the process that hangs was not reached"
pool.fit(Path("good.png"), spec)
print(*pool.pids(), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_processes_do_not_outlive_a_killed_program(tmp_path: Path, odd_command: list[str]) -> None:
    """Started as users do: from another folder, the program killed with one process idle and one busy."""
    plain(tmp_path / "good.png", 1)
    plain(tmp_path / "hang.png", 1)
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM.format(repo=str(REPO), command=odd_command))],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    pids = [int(pid) for pid in program.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(gone(pid) for pid in pids)
    program.kill()
    program.communicate()
    wait_until(lambda: all(gone(pid) for pid in pids), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="the test's native call is glibc's")
def test_a_process_stuck_in_native_code_ends_itself(tmp_path: Path, odd_command: list[str]) -> None:
    from semantik.decoding.pipe_messages import read_frame, write_frame

    path = plain(tmp_path / "stuck.png", 1)
    environment = os.environ | {"PYTHONPATH": str(REPO)}
    worker = subprocess.Popen(
        [*odd_command, str(2**30), "1.0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with worker:
        assert worker.stdin is not None and worker.stdout is not None
        assert read_frame(worker.stdout) == ({"ready": True, "limited": True}, b"")
        write_frame(worker.stdin, {"op": "thumbnail", "side": 8}, os.fsencode(path))
        assert worker.wait(PATIENCE) == 1


# -- The process itself --------------------------------------------------------------------------------


def test_the_worker_is_light(tmp_path: Path) -> None:
    heavy = {"torch", "faiss", "clip", "cv2", "tkinter", "torchvision", "scipy"}
    code = "import sys, semantik.decoding.worker as w; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert not heavy & {name.split(".")[0] for name in loaded.stdout.split()}


@pytest.mark.skipif(os.name != "posix", reason="POSIX priorities and signals")
def test_the_worker_is_polite_and_ignores_ctrl_c(tmp_path: Path, pool: DecodePool) -> None:
    path = plain(tmp_path / "a.png", 9)
    pool.fit(path, SMALL_SPEC)
    for pid in pool.pids():
        assert psutil.Process(pid).nice() > psutil.Process().nice()
        os.kill(pid, signal.SIGINT)
    before = pool.pids()
    assert reds(list(pool.fit_all([path] * 20, SMALL_SPEC))) == [9] * 20
    assert set(before) <= set(pool.pids())


def test_default_workers() -> None:
    assert 1 <= default_workers() <= 8


def test_fingerprints_come_in_order_and_bad_files_cost_the_others_nothing(pool, tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(40)]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % (number % 20))
    paths[7].unlink()
    found = list(pool.fingerprints(paths))
    assert [each.params["reason"] for each in found if isinstance(each, DecodeFailed)] == [Reason.VANISHED]
    assert isinstance(found[7], DecodeFailed)
    digests = [each.digest for number, each in enumerate(found) if number != 7]
    assert [len(digest) for digest in digests] == [32] * 39
    assert digests[:7] == digests[19:26]
    assert len(set(digests)) == 20
    assert found[8].mtime_ns == paths[8].stat().st_mtime_ns
