"""Radiance HDR through OpenCV: colours, exposure, and files that are not what they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pictures.radiance import tone_map
from semantik.errors import DecodeFailed
from semantik.records import Reason


def test_colours_survive_whatever_the_exposure(tmp_path):
    light = np.zeros((40, 60, 3), dtype=np.float32)
    light[:, :30] = (0.0, 0.0, 5000.0)  # OpenCV's order: red on the left
    light[:, 30:] = (0.0, 5000.0, 0.0)
    cv2.imwrite(str(tmp_path / "sol.hdr"), light)
    loaded = load_image(tmp_path / "sol.hdr", 20)
    assert (loaded.width, loaded.height) == (60, 40)
    red, green = (np.asarray(loaded.image)[20, x] for x in (5, -5))
    assert red[0] > 100 and red[1] == red[2] == 0
    assert green[1] > 80 and green[0] == green[2] == 0


def test_middle_grey_is_where_photographers_put_it():
    mapped = tone_map(np.full((4, 4, 3), 7.0, dtype=np.float32))
    assert mapped.tolist() == [[[108] * 3] * 4] * 4  # 255 * (0.18 / 1.18) ** (1 / 2.2)
    assert tone_map(np.zeros((2, 2, 3), dtype=np.float32)).tolist() == [[[0] * 3] * 2] * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"#?RADIANCE\n\n", Reason.DAMAGED),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n", Reason.TOO_LARGE),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 10 +X 10\n", Reason.DAMAGED),
    ],
)
def test_broken_files_have_a_reason(tmp_path, content, reason):
    (tmp_path / "x.hdr").write_bytes(content)
    with pytest.raises(DecodeFailed) as caught:
        load_image(tmp_path / "x.hdr", 20)
    assert caught.value.params["reason"] is reason


def test_a_png_called_hdr_is_still_a_png(tmp_path):
    Image.new("RGB", (30, 20), (9, 8, 7)).save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "x.hdr")
    assert np.asarray(load_image(tmp_path / "x.hdr", 10).image)[0, 0].tolist() == [9, 8, 7]
