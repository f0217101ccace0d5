"""Photoshop files that Pillow does not read: 16 and 32 bits a sample, and PSB."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest

from semantik.decoding.pictures import photoshop
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.records import Reason
from tests.support import photo_files
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, failure, near, quarters

PLAIN = np.asarray(quarters()) / 255
COLOURS = [RED, GREEN, BLUE, WHITE]
GREY, RGB, CMYK, MULTICHANNEL = 1, 3, 4, 7


@pytest.mark.parametrize(("large", "packed"), list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("mode", [GREY, RGB, CMYK])
def test_every_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mode: int, bits: int, large: bool, packed: bool
) -> None:
    monkeypatch.setattr(photoshop, "_BAND_ROWS", 5)
    inks = np.dstack([PLAIN, np.ones((48, 64))])  # Photoshop's inks: 1 is none
    levels = {GREY: PLAIN[..., :1], RGB: np.dstack([PLAIN, np.ones((48, 64))]), CMYK: inks}[mode]
    path = tmp_path / "a.psd"
    path.write_bytes(photo_files.deep_psd(levels, mode, bits, large=large, packed=packed))
    told = describe_image(path)
    for side in (16, 6):
        loaded = load_image(path, side)
        assert (loaded.width, loaded.height) == (told.width, told.height) == (64, 48)
        wanted = [(255,) * 3, (0,) * 3, (0,) * 3, (255,) * 3] if mode == GREY else COLOURS
        near(corners(loaded), wanted, 2)


def test_32_bits_are_light(tmp_path: Path) -> None:
    (tmp_path / "a.psd").write_bytes(photo_files.deep_psd(np.full((8, 8, 3), 0.2140), RGB, 32))
    near(corners(load_image(tmp_path / "a.psd", 8)), [(127, 127, 127)] * 4, 1)  # half as bright to the eye


def test_a_picture_is_good_where_its_exif_data_are_not(tmp_path: Path) -> None:
    whole = photo_files.deep_psd(PLAIN, RGB, 16)
    exif = b"8BIM" + struct.pack(">HHI", 1058, 0, 4) + b"none"
    (tmp_path / "a.psd").write_bytes(whole[:30] + struct.pack(">I", len(exif)) + exif + whole[34:])
    near(corners(load_image(tmp_path / "a.psd", 16)), COLOURS, 2)


@pytest.mark.parametrize("bits", [16, 32])
def test_what_is_not_read_is_called_unsupported(tmp_path: Path, bits: int) -> None:
    (tmp_path / "a.psd").write_bytes(photo_files.deep_psd(PLAIN, MULTICHANNEL, bits))
    assert failure(tmp_path / "a.psd")[0] is Reason.UNSUPPORTED


def test_broken_and_lying_files(tmp_path: Path) -> None:
    whole = photo_files.deep_psd(PLAIN, RGB, 16)
    path = tmp_path / "a.psd"
    for length in (20, 30, 40):
        path.write_bytes(whole[:length])
        assert failure(path)[0] is Reason.DAMAGED
    path.write_bytes(whole[: len(whole) * 9 // 10])
    assert load_image(path, 16).warning is Reason.TRUNCATED
    path.write_bytes(whole[:14] + struct.pack(">II", 30_000, 30_000) + whole[22:])
    assert failure(path)[0] is Reason.TOO_LARGE
    path.write_bytes(whole[:14] + struct.pack(">II", 20_000, 20_000) + whole[22:])  # as many as are read, but no bytes
    assert failure(path)[0] is Reason.TOO_LARGE
