"""The diagnosis as a whole: every room of checks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from semantik import __version__
from semantik.doctor import (
    decoder_health,
    index_health,
    log_health,
    machine_health,
    model_health,
    model_proof,
    package_health,
    reading_health,
    server_health,
    storage_health,
)
from semantik.doctor.findings import Diagnosis, Finding, note, ok, wrong
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.storage.home import INSTALLED, SHIPPED, STANDALONE
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named

IN_STANDALONE = {
    "doctor.advice_format": "doctor.advice_standalone",
    "doctor.advice_builtin": "doctor.advice_standalone",
    "doctor.advice_optional": "doctor.advice_standalone_optional",
    "doctor.advice_server_no_packages": "doctor.advice_standalone_optional",
}
"""What is advised by a program that takes no packages, in place of what pip does elsewhere."""


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
    control: TaskControl = UNATTENDED,
) -> Diagnosis:
    """Look into everything. Nothing is changed but what is known of the models, and nothing leaves the computer; only
    the server that keeps indexes, if there is one, is asked how it is.

    Every index is read whole. ``deep`` also computes the SHA-256 of large model files whose content was not checked
    before, and has every model that is here show that it works (seconds each, and its memory). Takes from a second
    to a minute or two, by the size of the indexes; meant for a worker thread. Raises Cancelled.
    """
    weights = path_named(config.weights_folder) if config.weights_folder else None
    checks: list[Iterator[Finding]] = [
        machine_health.check(),
        _window(window),
        package_health.check(SHIPPED, installed=INSTALLED, standalone=STANDALONE),
        decoder_health.check(),
        reading_health.check(),
        reading_health.check_faces(config),
        model_health.check(weights, config.clip_checkpoint, deep=deep),
        model_proof.check(home, config, weights, deep=deep, control=control),
        model_health.check_numbers(home, weights, exact=config.exact_numbers),
        index_health.check(home, config.opened),
        server_health.check(config),
        storage_health.check_watching(home, config.opened),
        storage_health.check(home, weights),
        log_health.check(home, datetime.now()),
    ]
    findings: list[Finding] = []
    for check in checks:
        for finding in check:
            findings.append(_as_advised_here(finding))
            control.stop_if_cancelled()
    return Diagnosis(__version__, datetime.now(), tuple(findings))


def _as_advised_here(finding: Finding) -> Finding:
    return replace(finding, advice=IN_STANDALONE.get(finding.advice, finding.advice)) if STANDALONE else finding


def _window(window: Window | None) -> Iterator[Finding]:
    version = window.tk if window else machine_health.tk_version()
    if version:
        yield ok("window", "doctor.tk", version=version)
    else:
        yield wrong("window", "doctor.no_tk", "doctor.advice_tk")
    if window and window.drops:
        yield ok("window", "doctor.drops")
    elif window:
        yield note("window", "doctor.no_drops", "doctor.advice_drops")
