"""Shared by the tests of folders: a folder with one picture, and its index."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantik.index import ImageIndex
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fotos"
    paint(made / "otra.png", (1, 2, 3))
    return made


@pytest.fixture
def index(tmp_path: Path, folder: Path, fake: FakeEncoder) -> ImageIndex:
    return ImageIndex(tmp_path / "store", folder, fake.space, fake.dim)
