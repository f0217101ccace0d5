"""Faces in pictures: where they are, whose they are, and what is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.recognition.faces import find_faces
from tests.support.face_models import face_models, portraits
from tests.support.pictures import sample_image


@pytest.fixture(scope="module")
def look():
    models = face_models()
    return lambda image: find_faces(image, *models)


@pytest.fixture(scope="module")
def astronaut():
    return sample_image("astronaut")


def test_a_face_is_found_where_it_is_at_any_size(look, astronaut):
    (face,) = look(astronaut)
    left, top, width, height = face.region
    assert (left, top) == (pytest.approx(34, abs=3), pytest.approx(12, abs=3))
    assert (left + width, top + height) == (pytest.approx(54, abs=4), pytest.approx(35, abs=4))
    assert 0.8 <= face.confidence <= 1
    assert len(face.embedding) == 128
    assert math.hypot(*face.embedding) == pytest.approx(1, abs=1e-6)
    for size in ((256, 256), (2000, 2000)):
        (other,) = look(astronaut.resize(size))
        assert np.abs(np.subtract(other.region, face.region)).max() < 3
        assert np.dot(other.embedding, face.embedding) > 0.8


def test_two_pictures_of_one_person_are_alike_and_of_two_are_not(look):
    def face_in(name):
        return np.array(look(Image.open(portraits() / name))[0].embedding)

    one, same, other = map(face_in, ("Female_43_1_1_1.jpg", "Female_43_2_1_1.jpg", "Female_42_1_1_1.jpg"))
    assert one @ same > 0.6
    assert one @ other < 0.3


def test_two_faces_in_one_picture_the_larger_first(look, astronaut):
    both = Image.new("RGB", (900, 512), (90, 120, 90))
    both.paste(astronaut.resize((256, 256)), (20, 200))
    both.paste(astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (380, 0))
    first, second = look(both)
    assert first.region[0] > 50 > second.region[0]
    assert first.region[2] > second.region[2]


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (640, 480), (200, 180, 160)),
        Image.fromarray(np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)),
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (3000, 2)),
        Image.new("L", (50, 5000), 128),
        Image.new("RGBA", (64, 64)),
    ],
    ids=["plain", "noise", "one pixel", "a line", "grey and tall", "transparent"],
)
def test_what_is_no_face_is_none(look, image):
    assert look(image) == []


def test_a_face_that_is_too_small_to_tell_whose_it_is_is_left_out(look, astronaut):
    far = Image.new("RGB", (1280, 960), (90, 120, 90))
    far.paste(astronaut.resize((96, 96)), (500, 300))
    assert look(far) == []


def test_other_files_in_the_models_place_are_told(tmp_path, astronaut):
    wrong = tmp_path / "model.onnx"
    wrong.write_bytes(b"no model")
    with pytest.raises(Exception, match=r"(?i)onnx|parse|model"):
        find_faces(astronaut, wrong, wrong)
