"""What is decided before anything is imported, and errors that only other systems have."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from semantik.errors import SystemLibraryMissing, understood
from tests.support.places import REPO


@pytest.mark.parametrize(("system", "value"), [("darwin", "TRUE"), ("linux", "None"), ("win32", "None")])
def test_two_openmp_are_allowed_on_macos_alone(system, value):
    code = f"import os, sys; sys.platform = {system!r}; import semantik; print(os.environ.get('KMP_DUPLICATE_LIB_OK'))"
    bare = {name: value for name, value in os.environ.items() if name != "KMP_DUPLICATE_LIB_OK"}  # torch sets it, too
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPO, env=bare, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == value


def test_a_library_that_windows_cannot_load_is_told():
    error = OSError('[WinError 126] The specified module could not be found. Error loading "c10.dll"')
    assert understood(error) is error
    error.winerror = 126
    assert isinstance(understood(error), SystemLibraryMissing)
    missing = understood(ImportError("DLL load failed while importing _swigfaiss:\nno module"))
    assert isinstance(missing, SystemLibraryMissing)
    assert missing.params == {"detail": "DLL load failed while importing _swigfaiss: no module"}
    other = ImportError("no module named x")
    assert understood(other) is other


def test_the_command_line_tells_it_in_one_line(run, monkeypatch, home):
    from semantik.cli import models_command

    def fail(*arguments: object) -> int:
        raise ImportError("DLL load failed while importing _C")

    monkeypatch.setattr(models_command, "_models", fail, raising=False)
    monkeypatch.setattr(models_command, "run", fail, raising=False)
    code, out, err = run("models")
    if not err:  # the command's function has another name
        pytest.fail(out[:200])
    assert code == 1
    assert "vc_redist.x64.exe" in err
    assert err.count("\n") == 1
