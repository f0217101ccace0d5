"""The journeys of tests/windows in a Windows Python under wine, while the other tests run.

They mostly wait for wine. So they begin with the first of them, if tests/windows/test_smoke.py, which judges them, is
to run: that comes last. At a low priority they would still be busy then. Whatever happens they end with the others.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil
import pytest

from tests.support.places import REPO

JUDGE = "tests/windows/test_smoke.py::test_every_journey_passes_in_a_windows_python"
JOURNEYS = "tests/windows/test_on_windows.py"
MAKER = REPO.parent / "shared" / "windows" / "make-windows-python"
VENV = REPO / ".venv-tests" / "bin" / "python"

MAKING, RUNNING = 1200, 1800
"""Seconds that making the Windows Python, once, and the journeys may take on a machine that does ten other things.
Alone it needs about a minute for each."""

HANGS = 900
"""Seconds after which one journey counts as hanging, and tells where."""

NO_PACKAGES = 75
"""What ``tests/run-windows`` ends with where no packages can be had."""

_FOLDER, _MARK = "SEMANTIK_WINDOWS_SMOKE", "SEMANTIK_WINDOWS_SMOKE_PART"
_SCRIPT = f"""
timeout -k 10 {MAKING} bash tests/run-windows --only-make &&
    timeout -k 10 {RUNNING} bash tests/run-windows {JOURNEYS} -vv --durations=0 -p no:hypothesispytest \\
        -o faulthandler_timeout={HANGS}
echo $? >"$0/code.part"
mv "$0/code.part" "$0/code"
"""


def missing() -> str:
    """What this machine lacks for the journeys; "" where they can be made."""
    if sys.platform == "win32":
        return "on Windows itself test_on_windows.py runs by itself"
    needs = {"wine is installed by root on Debian": bool(shutil.which("apt-get")) and os.geteuid() == 0}
    if not os.environ.get("SEMANTIK_WINDOWS"):  # it names one that is made
        needs |= {
            "python3.11, whose library the Windows Python gets, is not installed": bool(shutil.which("python3.11")),
            "../shared, with what makes a Windows Python, is not beside this clone": MAKER.is_file(),
            "there is no .venv-tests of tests/run, whose packages the Windows Python gets": VENV.is_file(),
        }
    return next((reason for reason, met in needs.items() if not met), "")


def outcome() -> tuple[int, str]:
    """Wait for the journeys' end: ``tests/run-windows``' exit code, and all it told. AssertionError if none comes."""
    folder = Path(os.environ[_FOLDER])
    code, told = folder / "code", folder / "told"
    deadline = told.stat().st_ctime + MAKING + RUNNING + 60
    while not code.exists():
        if time.time() > deadline:
            end(folder)
            raise AssertionError(f"no end; until now: {told.read_text('utf-8', 'replace')}")
        time.sleep(0.2)
    return int(code.read_text()), told.read_text("utf-8", "replace")


def begin(folder: Path) -> None:
    """Start the journeys; what they tell and their exit code come into ``folder``."""
    with (folder / "told").open("wb") as told:
        subprocess.Popen(
            ["bash", "-c", _SCRIPT, str(folder)],
            cwd=REPO,
            env={name: value for name, value in os.environ.items() if name != _FOLDER} | {_MARK: str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(folder: Path) -> None:
    """End whatever the journeys started and is still there: wine's processes are nobody's children."""
    for _ in range(5):  # what starts another while it is looked for is caught in the next round
        started = left(folder)
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(started, timeout=10)


def left(folder: Path) -> list[psutil.Process]:
    """All processes that the journeys started and that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # another's, or gone meanwhile
    return found


# -- When they begin and end ---------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Name the folder through which the processes that share the tests hear of the journeys; they inherit its name."""
    if not hasattr(config, "workerinput") and not missing():
        os.environ[_FOLDER] = str(Path(tempfile.gettempdir(), f"windows-smoke-{uuid.uuid4().hex}"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin where one process runs all tests, unless they are only listed."""
    if not hasattr(session.config, "workerinput") and not session.config.option.collectonly:
        _begin_once([item.nodeid for item in session.items])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: object, ids: list[str]) -> None:
    """Begin where several processes share the tests."""
    _begin_once(ids)


def _begin_once(ids: list[str]) -> None:
    folder = os.environ.get(_FOLDER)
    if folder and JUDGE in ids and not Path(folder).exists():
        Path(folder).mkdir(0o700)
        begin(Path(folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End with the tests, also where these are broken off."""
    if hasattr(config, "workerinput") or missing():
        return
    if (folder := os.environ.pop(_FOLDER, None)) and Path(folder).exists():
        end(Path(folder))
        shutil.rmtree(folder, ignore_errors=True)
