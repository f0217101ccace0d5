"""Wide and tall pictures are cut into views: where these lie, and that nothing changes for any other picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding.fitting import MOST_VIEWS, WIDE, InputSpec, fit_pixels, view_regions
from semantik.decoding.pictures.decode import load_image
from semantik.records import frame_key, is_view, key_in, split_key, split_path, view_key

SQUASH = InputSpec(16, 16, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
CROP = replace(SQUASH, fit="crop")
BANDS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 128, 0), (9, 9, 9)]


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([SQUASH, CROP, replace(SQUASH, width=24)]))
def test_views_leave_nothing_out_and_are_bounded(width, height, spec):
    regions = view_regions(width, height, spec)
    if max(width, height) <= WIDE * min(width, height):
        assert regions == []
        return
    assert len(regions) <= MOST_VIEWS + 1
    lying = width > height
    spans = []
    for left, top, across, down in regions:
        assert (top, down) == (0.0, 100.0) if lying else (left, across) == (0.0, 100.0)
        spans.append((left, left + across) if lying else (top, top + down))
    if not regions:  # what the encoder takes is as wide as that
        assert spec.width > spec.height
        return
    short, long = sorted((width, height))
    middle = 50 * short / long * (spec.width / spec.height if lying else spec.height / spec.width)
    if spec.fit == "crop":
        spans = sorted([*spans, (50 - middle, 50 + middle)])
    assert spans[0][0] == pytest.approx(0, abs=1e-6)
    assert spans[-1][1] == pytest.approx(100, abs=1e-6)
    assert all(later[0] <= earlier[1] + 1e-6 for earlier, later in pairwise(spans))
    for start, end in (spans[0], spans[-1]):  # squares, where most of what is missed lies
        assert end - start == pytest.approx(2 * middle, rel=1e-6)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_tall_picture_is_cut_as_a_wide_one(width, height):
    across = [(left, size) for left, _, size, _ in view_regions(max(width, height), min(width, height), CROP)]
    down = [(top, size) for _, top, _, size in view_regions(min(width, height), max(width, height), CROP)]
    assert across == down


@given(st.text(st.characters(exclude_characters="#"), min_size=1, max_size=20), st.floats(0, 100), st.floats(0, 100))
def test_keys_of_views(name, left, width):
    key = view_key(name, (left, 0.0, width, 100.0))
    assert split_key(key) == (name, None)
    assert is_view(key)
    assert not is_view(name)
    assert not is_view(frame_key(name, 1.5))
    assert key_in("otra.jpg", key) == view_key("otra.jpg", (left, 0.0, width, 100.0))
    assert key_in("otra.mp4", frame_key(name, 1.5)) == "otra.mp4#t=1.50"
    assert key_in("otra.jpg", name) == "otra.jpg"


def test_names_that_only_look_like_views(tmp_path):
    for name in ("a#xywh=1,2,3,4", "a#xywh=percent:1,2,3,4", "#xywh=percent:0.00,0.00,1.00,1.00", "a#t=1.jpg"):
        assert split_key(name) == (name, None)
        assert not is_view(name)
    assert split_path(tmp_path / view_key("a.jpg", (0, 0, 25, 100))) == (tmp_path / "a.jpg", None)


def bands(path, size, turned=1):
    """A picture of eight bands along its long side, stored as ``turned`` (EXIF) makes it upright again."""
    width, height = size
    long = max(size)
    image = Image.new("RGB", size)
    for place, colour in enumerate(BANDS):
        at, to = place * long // 8, (place + 1) * long // 8
        image.paste(colour, (at, 0, to, height) if width > height else (0, at, width, to))
    exif = Image.Exif()
    exif[0x0112] = turned
    stored = image.transpose(Image.Transpose.ROTATE_90) if turned == 6 else image  # 6 turns it back, clockwise
    stored.save(path, exif=exif)
    return path


@pytest.mark.parametrize("spec", [SQUASH, CROP], ids=["squash", "crop"])
@pytest.mark.parametrize("size", [(640, 80), (80, 640), (2400, 300)], ids=["wide", "tall", "reduced"])
def test_every_end_is_seen(tmp_path, pool, spec, size):
    found = pool.fit(bands(tmp_path / "a.png", size), spec)
    assert found.views.shape == (len(found.regions), 16, 16, 3)
    assert tuple(found.views[0, 8, 8]) == BANDS[0]
    assert tuple(found.views[-1, 8, 8]) == BANDS[-1]
    seen = {tuple(view[8, 8].tolist()) for view in found.views}
    assert len(seen) >= 6  # some views lie on two bands


def test_a_picture_is_turned_before_it_is_cut(tmp_path, pool):
    lying = pool.fit(bands(tmp_path / "a.png", (640, 80)), CROP)
    turned = pool.fit(bands(tmp_path / "b.png", (640, 80), turned=6), CROP)
    assert (turned.width, turned.height) == (640, 80)
    assert turned.regions == lying.regions == tuple(view_regions(640, 80, CROP))
    assert np.array_equal(turned.views, lying.views)


@pytest.mark.parametrize("size", [(60, 30), (30, 60), (31, 30), (2000, 1000)])
def test_any_other_picture_has_no_views(tmp_path, pool, size):
    path = bands(tmp_path / "a.png", size)
    found = pool.fit(path, CROP)
    assert (found.views, found.regions) == (None, ())
    if max(size) < 1000:  # it is not reduced
        assert np.array_equal(found.pixels, fit_pixels(load_image(path, 16).image, CROP))


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000), (3000, 2)])
def test_the_thinnest_lines(tmp_path, pool, size):
    path = tmp_path / "a.png"
    Image.new("RGB", size, (7, 8, 9)).save(path)
    found = pool.fit(path, CROP)
    assert 1 <= len(found.regions) <= MOST_VIEWS + 1
    assert set(map(tuple, found.views.reshape(-1, 3).tolist())) == {(7, 8, 9)}
