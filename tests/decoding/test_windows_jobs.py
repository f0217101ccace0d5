"""What a decoder asks of Windows, by the answers that it gives; on Windows a real decoder's."""

from __future__ import annotations

from typing import Any

import psutil
import pytest

from semantik.decoding import windows_jobs
from semantik.decoding.worker_process import DecodeProcess
from tests.support.systems import WINDOWS, not_in_wine
from tests.support.waiting import PATIENCE


class Kernel:
    """Stands for kernel32: grants all but ``refused``, and keeps the limits that were set."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.calls: list[str] = []
        self.limits: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name == "K32GetProcessMemoryInfo":
                arguments[1]._obj.PrivateUsage = 5000
            if name == "SetInformationJobObject":
                limits = arguments[2]._obj
                self.limits.append((limits.BasicLimitInformation.LimitFlags, limits.ProcessMemoryLimit))
            return 0 if name == self.refused else 7

        return call


@pytest.fixture
def kernel(monkeypatch):
    def use(made: Kernel) -> Kernel:
        monkeypatch.setattr(windows_jobs, "_kernel", lambda: made)
        monkeypatch.setattr(windows_jobs.ctypes, "WinError", lambda code: OSError(code, "refused"), raising=False)
        monkeypatch.setattr(windows_jobs.ctypes, "get_last_error", lambda: 5, raising=False)
        return made

    return use


def test_memory_is_limited_beyond_what_is_in_use(kernel):
    made = kernel(Kernel())
    job = windows_jobs.limit_own_memory(1000)
    assert made.limits == [(0x100, 6000)]
    job.close()
    job.close()
    assert made.calls.count("CloseHandle") == 1


@pytest.mark.parametrize("refused", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"])
def test_a_refusal_is_told_and_leaves_no_handle(kernel, refused):
    made = kernel(Kernel(refused))
    with pytest.raises(OSError, match="refused"):
        windows_jobs.limit_own_memory(1000)
    assert made.calls.count("CloseHandle") == (refused != "CreateJobObjectW")


def test_structures_are_as_long_as_windows_has_them():
    # x64: winnt.h and psapi.h
    assert windows_jobs.sizeof(windows_jobs.ExtendedLimits) == 144
    assert windows_jobs.sizeof(windows_jobs.MemoryCounters) == 80


@pytest.fixture
def decoder():
    """A decoder process and its own, on Windows itself."""
    if not WINDOWS:
        pytest.skip("jobs are Windows's")
    process = DecodeProcess(None, 2**28, 20.0)
    try:
        assert process.wait(PATIENCE)[0] == {"ready": True, "limited": True}
        yield process, [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    finally:
        process.stop()


def test_a_decoder_is_in_a_job(decoder):
    process, running = decoder
    process._job.close()
    assert not psutil.wait_procs(running, timeout=PATIENCE)[1]


@not_in_wine("wine starts every process with normal priority")
def test_a_decoder_makes_way(decoder):
    assert decoder[1][-1].nice() == psutil.BELOW_NORMAL_PRIORITY_CLASS
