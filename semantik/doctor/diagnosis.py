"""The diagnosis as a whole: every room of checks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from semantik import __version__
from semantik.config import PROGRAM_FOLDER, Config
from semantik.doctor import decoders, index_health, log_counts, machine, model_health, packages, storage, watch_health
from semantik.doctor.findings import Diagnosis, Finding, note, ok, wrong
from semantik.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Window:
    """What only a running window knows: Tk's version, and whether files can be dropped onto it."""

    tk: str
    drops: bool


def diagnose(
    home: Path,
    config: Config,
    *,
    deep: bool = False,
    window: Window | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Diagnosis:
    """Look into everything. Nothing is changed, and nothing leaves the computer.

    Every index is read whole. ``deep`` also computes the SHA-256 of large model files whose content was not
    checked before (seconds each). Takes from a second to a minute or two, by the size of the indexes; meant for
    a worker thread. Raises Cancelled.
    """
    weights = Path(config.weights_folder).expanduser() if config.weights_folder else None
    checks: list[Iterator[Finding]] = [
        machine.check(),
        _window(window),
        packages.check(PROGRAM_FOLDER),
        decoders.check(),
        model_health.check(weights, config.clip_checkpoint, deep=deep),
        index_health.check(home, config.opened),
        watch_health.check(home, config.opened),
        storage.check(home, weights),
        log_counts.check(home, datetime.now()),
    ]
    findings: list[Finding] = []
    for check in checks:
        for finding in check:
            findings.append(finding)
            if is_cancelled():
                raise Cancelled
    return Diagnosis(__version__, datetime.now(), tuple(findings))


def _window(window: Window | None) -> Iterator[Finding]:
    version = window.tk if window else machine.tk_version()
    if version:
        yield ok("window", "doctor.tk", version=version)
    else:
        yield wrong("window", "doctor.no_tk", "doctor.advice_tk")
    if window and window.drops:
        yield ok("window", "doctor.drops")
    elif window:
        yield note("window", "doctor.no_drops", "doctor.advice_drops")
