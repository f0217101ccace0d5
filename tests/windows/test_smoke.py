"""The journeys of test_on_windows.py, as a part of tests/run: in a Windows Python under wine where one can be made."""

from __future__ import annotations

import re

import pytest

from tests.support import windows_smoke


@pytest.mark.skipif(bool(windows_smoke.missing()), reason=windows_smoke.missing())
def test_every_journey_passes_in_a_windows_python():
    code, told = windows_smoke.outcome()
    if code == windows_smoke.NO_PACKAGES:
        pytest.skip("no packages can be had for the Windows Python: " + told.strip().rpartition("\n")[2])
    assert code == 0, told
    assert re.search(r"^[= ]*\d+ passed in ", told, re.MULTILINE), told  # and none was skipped
