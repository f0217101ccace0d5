"""What a decoder process does to itself before it opens anything: it makes way for others, and takes so much memory."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_NICENESS = 5


def lower_priority() -> None:
    """Let the window and the encoder go first."""
    if sys.platform == "win32":
        from semantik.decoding import windows_jobs

        with suppress(OSError):
            windows_jobs.lower_own_priority()
    else:
        os.nice(_NICENESS)


def limit_memory(memory: int) -> object:
    """Allow the process ``memory`` bytes more than it has now, where the system can; no core dumps.

    Linux limits address space, Windows what is committed, by a job that lasts as long as what is returned. macOS has
    no limit that it keeps: None is returned.
    """
    if sys.platform == "win32":
        from semantik.decoding import windows_jobs

        try:
            return windows_jobs.limit_own_memory(memory)
        except OSError:  # as on macOS, then
            return None
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    limit: int | None = None
    if sys.platform == "linux":
        # Not by psutil: it would bring sockets into a process that opens hostile pictures, and 10 ms to its start.
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + memory
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return limit
