"""What a decoder process may take on Windows: job objects limit its memory and end it with the program; its priority.

https://learn.microsoft.com/windows/win32/procthread/job-objects. By ctypes alone: the decoder processes load as
little as possible. Everything here may be refused (OSError); the caller says what it does without.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof
from typing import Any

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_KILL_ON_JOB_CLOSE = 0x2000
_PROCESS_MEMORY = 0x100
_BELOW_NORMAL = 0x4000
_THIS_PROCESS = -1  # what GetCurrentProcess always gives

CREATE_SUSPENDED = 0x4
"""A flag for subprocess.Popen: the process runs nothing before ``confine``, so it starts none outside of the job."""


class BasicLimits(Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = [
        ("PerProcessUserTimeLimit", c_int64),
        ("PerJobUserTimeLimit", c_int64),
        ("LimitFlags", c_uint32),
        ("MinimumWorkingSetSize", c_size_t),
        ("MaximumWorkingSetSize", c_size_t),
        ("ActiveProcessLimit", c_uint32),
        ("Affinity", c_size_t),
        ("PriorityClass", c_uint32),
        ("SchedulingClass", c_uint32),
    ]


class ExtendedLimits(Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = [
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", c_uint64 * 6),
        ("ProcessMemoryLimit", c_size_t),
        ("JobMemoryLimit", c_size_t),
        ("PeakProcessMemoryUsed", c_size_t),
        ("PeakJobMemoryUsed", c_size_t),
    ]


class MemoryCounters(Structure):
    """PROCESS_MEMORY_COUNTERS_EX."""

    _fields_ = [
        ("cb", c_uint32),
        ("PageFaultCount", c_uint32),
        ("PeakWorkingSetSize", c_size_t),
        ("WorkingSetSize", c_size_t),
        ("QuotaPeakPagedPoolUsage", c_size_t),
        ("QuotaPagedPoolUsage", c_size_t),
        ("QuotaPeakNonPagedPoolUsage", c_size_t),
        ("QuotaNonPagedPoolUsage", c_size_t),
        ("PagefileUsage", c_size_t),
        ("PeakPagefileUsage", c_size_t),
        ("PrivateUsage", c_size_t),
    ]


class Job:
    """A job with one process in it and what that starts."""

    def __init__(self, process: int, flags: int, memory: int = 0) -> None:
        """Put ``process``, a handle, into a new job; ``memory`` in bytes. Raises OSError."""
        self._kernel = _kernel()
        limits = ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = flags
        limits.ProcessMemoryLimit = memory
        self._handle = _granted(self._kernel.CreateJobObjectW(None, None))
        try:
            _granted(
                self._kernel.SetInformationJobObject(self._handle, _EXTENDED_LIMITS, byref(limits), sizeof(limits))
            )
            _granted(self._kernel.AssignProcessToJobObject(self._handle, process))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Give it up, which ends whatever still runs in a job of ``confine``. May be called again."""
        handle, self._handle = self._handle, 0
        if handle:
            self._kernel.CloseHandle(handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self.close()


def limit_own_memory(memory: int) -> Job:
    """Let this process commit ``memory`` bytes more than it has now. Raises OSError."""
    counters = MemoryCounters(cb=sizeof(MemoryCounters))
    kernel = _kernel()
    _granted(kernel.K32GetProcessMemoryInfo(_THIS_PROCESS, byref(counters), sizeof(counters)))
    return Job(_THIS_PROCESS, _PROCESS_MEMORY, counters.PrivateUsage + memory)


def lower_own_priority() -> None:
    """Let the window and the encoder go first. Raises OSError.

    Being started so is not enough everywhere: a Python that starts another one, as a venv's does, may drop it.
    """
    _granted(_kernel().SetPriorityClass(_THIS_PROCESS, _BELOW_NORMAL))


def confine(process: int) -> Job:
    """Put a process that was created suspended, a handle, into a job and let it run.

    It ends, and what it started, when the job's last handle goes: when this process does, however it does.
    Raises OSError where there can be no job; it runs even then, unless that is refused, too.
    """
    ntdll = ctypes.WinDLL("ntdll")  # type: ignore[attr-defined,unused-ignore]  # exists on Windows only
    ntdll.NtResumeProcess.argtypes = [c_void_p]
    try:
        return Job(process, _KILL_ON_JOB_CLOSE)
    finally:
        # ResumeThread would need the thread's handle, which subprocess closes.
        if status := ntdll.NtResumeProcess(process):
            raise OSError(f"NtResumeProcess: {status & 0xFFFFFFFF:#x}")


def _granted(answer: int | None) -> int:
    if not answer:
        raise ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined,unused-ignore]
    return answer


def _kernel() -> Any:
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateJobObjectW.restype = c_void_p
    kernel.CreateJobObjectW.argtypes = [c_void_p, c_void_p]
    kernel.SetInformationJobObject.argtypes = [c_void_p, c_int, c_void_p, c_uint32]
    kernel.AssignProcessToJobObject.argtypes = [c_void_p, c_void_p]
    kernel.SetPriorityClass.argtypes = [c_void_p, c_uint32]  # a handle has 64 bits: as an int, -1 would be cut
    kernel.CloseHandle.argtypes = [c_void_p]
    kernel.K32GetProcessMemoryInfo.argtypes = [c_void_p, POINTER(MemoryCounters), c_uint32]
    return kernel
