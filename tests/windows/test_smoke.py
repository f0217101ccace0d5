"""The journeys of test_on_windows.py, as a part of tests/run: in a Windows Python under wine where one can be made."""

from __future__ import annotations

import re

import psutil
import pytest

from tests.support import windows_smoke
from tests.support.systems import posix_only
from tests.support.waiting import wait_until


@pytest.mark.skipif(bool(windows_smoke.missing()), reason=windows_smoke.missing())
def test_every_journey_passes_in_a_windows_python():
    code, told = windows_smoke.outcome()
    if code == windows_smoke.NO_PACKAGES:
        pytest.skip("no packages can be had for the Windows Python: " + told.strip().rpartition("\n")[2])
    assert code == 0, told
    assert re.search(r"^[= ]*\d+ passed in ", told, re.MULTILINE), told  # and none was skipped


@posix_only("there they run by themselves")
def test_what_they_started_ends_with_them_whoever_its_parent_is(tmp_path, monkeypatch):
    monkeypatch.setattr(windows_smoke, "_SCRIPT", '(setsid sleep 900 & echo $! >"$0/pid")\nsleep 900')
    windows_smoke.begin(tmp_path)
    pid = int(wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    assert psutil.Process(pid).is_running()
    windows_smoke.end(tmp_path)
    wait_until(lambda: not psutil.pid_exists(pid))
    assert windows_smoke.left(tmp_path) == []
