"""Whether a model works: the embedded one as it is, and broken in every way that raises no error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.decoding.fitting import InputSpec
from semantik.encoders import proof
from semantik.encoders.base import Encoder, unit_rows
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.encoders.proof import LEAST_FIT, MARGIN, READ, fit, told_apart
from semantik.encoders.proof import prove as prove_really
from semantik.encoders.proof_pictures import PICTURES, SIDE
from semantik.errors import Cancelled
from semantik.long_tasks import UNATTENDED, TaskControl

ALL = ("es", "en", "pt")


class Spoiled(Encoder):
    """The embedded model behind something that is wrong with its pictures or its texts. Each picture is seen once."""

    name = "spoiled"
    space = "spoiled"
    dim = BuiltinEncoder.dim
    input_spec = BuiltinEncoder.input_spec
    batch_size = 16

    def __init__(
        self, model, seen, *, pictures=lambda planes: planes, texts=lambda rows: rows, words=lambda text: text
    ):
        self._model, self._seen = model, seen
        self._pictures, self._rows, self._words = pictures, texts, words

    def encode_images(self, batch):
        batch = np.ascontiguousarray(self._pictures(batch), dtype=np.float32)
        key = batch.tobytes()
        if key not in self._seen:
            self._seen[key] = self._model.encode_images(batch)
        return self._seen[key]

    def encode_texts(self, texts):
        return self._rows(self._model.encode_texts([self._words(text) for text in texts]))


@pytest.fixture(scope="module")
def spoiled(embedded):
    seen = {}

    def make(**what):
        return Spoiled(embedded, seen, **what)

    return make


CIPHER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def cipher(text):
    """Other letters in their place: what a model makes of another tokenizer's numbers."""
    return text.lower().translate(CIPHER)


def rotation(size: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(3).standard_normal((size, size)))[0].astype(np.float32)


def test_the_embedded_model_passes_with_room_in_every_language(spoiled):
    found = prove_really(spoiled(), ALL)
    assert (found.passed, found.fault) == (True, "")
    assert list(found.told) == [*ALL]
    assert min(found.told.values()) > 0.85


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("another model's texts", {"texts": lambda rows: np.hstack([rows[:, :320] @ rotation(320), rows[:, 320:]])}),
        ("another tokenizer", {"words": cipher}),
        ("nothing read", {"texts": np.zeros_like}),
        ("one text for all", {"texts": lambda rows: np.repeat(rows[:1], len(rows), 0)}),
        ("texts at random", {"texts": lambda rows: unit_rows(np.random.default_rng(1).standard_normal(rows.shape))}),
        ("texts in another order", {"texts": lambda rows: np.roll(rows, 1, axis=0)}),
        ("only the first word", {"words": lambda text: text.split()[0]}),
        ("planes read as lines", {"pictures": lambda planes: planes.transpose(0, 2, 3, 1).reshape(planes.shape)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_knows_nothing_of_the_pictures_is_found(spoiled, what, spoil):
    assert prove_really(spoiled(**spoil), ALL).fault == "meaning", what


def test_red_and_blue_exchanged_is_found(spoiled):
    assert prove_really(spoiled(pictures=lambda planes: planes[:, ::-1]), ALL).fault == "colours"


def test_a_language_that_is_not_read_is_found_and_one_that_is_not_claimed_is_not_asked_for(spoiled):
    spanish = {picture.shows["es"] for picture in PICTURES} - {picture.shows["pt"] for picture in PICTURES}
    deaf = spoiled(words=lambda text: cipher(text) if text in spanish else text)
    assert prove_really(deaf, ("es", "en")).fault == "meaning"
    assert prove_really(deaf, ("en",)).passed


class Knowing(Encoder):
    """Knows the drawn pictures by heart, each by its distance to them all; sees what ``spoil`` makes of them."""

    name = space = "knowing"
    dim, batch_size = len(PICTURES), 5
    input_spec = InputSpec(24, 24, "squash", "bilinear", (0.5,) * 3, (0.5,) * 3)

    def __init__(self, spoil=lambda planes: planes):
        self._known = np.stack([self.preprocess(picture.image()) for picture in PICTURES])
        self._spoil = spoil

    def encode_images(self, batch):
        far = ((self._spoil(batch)[:, None] - self._known) ** 2).mean(axis=(2, 3, 4))
        return unit_rows(np.exp(-4 * far))

    def encode_texts(self, texts):
        places = [next(at for at, one in enumerate(PICTURES) if text in one.shows.values()) for text in texts]
        return np.eye(self.dim, dtype=np.float32)[places]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda planes: planes, ""),
        (lambda planes: planes[:, ::-1], "colours"),
        (lambda planes: planes.transpose(0, 1, 3, 2), "position"),
        (lambda planes: planes[:, :, ::-1], "position"),
    ],
    ids=["as they are", "blue, green, red", "turned", "upside down"],
)
def test_a_model_that_gets_its_pictures_altered_is_found(spoil, fault):
    assert prove_really(Knowing(spoil), ALL).fault == fault


def test_a_model_whose_pictures_are_not_normalised_is_found():
    made = Knowing()
    made.input_spec = InputSpec(24, 24, "squash", "bilinear", (0.0,) * 3, (1.0,) * 3)
    assert prove_really(made, ALL).fault == "contrast"


def test_it_can_be_cancelled(spoiled):
    control = TaskControl()
    control.cancel()
    with pytest.raises(Cancelled):
        prove_really(Knowing(), ALL, control)


# -- The measures --------------------------------------------------------------------------------------


def test_the_pictures_differ_and_all_are_described_in_every_language():
    drawn = [picture.image() for picture in PICTURES]
    assert {(image.mode, image.size) for image in drawn} == {("RGB", (SIDE, SIDE))}
    assert len({image.tobytes() for image in drawn}) == len(PICTURES) == 16
    for language in ALL:
        assert len({picture.shows[language] for picture in PICTURES}) == len(PICTURES)
    assert {language for languages in READ.values() for language in languages} == {*ALL}


def test_a_perfect_match_and_no_match():
    perfect = np.eye(16)
    assert fit(perfect) == pytest.approx(15)
    assert told_apart(perfect) == 1.0
    assert fit(np.roll(perfect, 1, axis=1)) == pytest.approx(-1)
    assert (fit(np.ones((16, 16))), told_apart(np.ones((16, 16)))) == (0.0, 0.0)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-3, 3))
def test_what_all_pictures_or_all_texts_have_in_common_does_not_count(seed, scale, shift):
    chance = np.random.default_rng(seed)
    table = chance.standard_normal((16, 16))
    moved = scale * table + shift + chance.standard_normal(16) + chance.standard_normal((16, 1))
    assert fit(moved) == pytest.approx(fit(table), abs=1e-6)
    assert told_apart(moved) == told_apart(table)
    assert fit(table) < LEAST_FIT


def test_networks_at_random_are_refused(fake):
    class Random(Encoder):
        name = space = "random"
        dim, batch_size, input_spec = 64, 5, InputSpec(16, 16, "squash", "bilinear", (0.5,) * 3, (0.5,) * 3)

        def __init__(self, seed):
            chance = np.random.default_rng(seed)
            self._layers = chance.standard_normal((3 * 256, 64)), chance.standard_normal((256, 64))

        def encode_images(self, batch):
            return unit_rows(np.tanh(batch.reshape(len(batch), -1) @ self._layers[0]))

        def encode_texts(self, texts):
            counts = np.array([np.bincount(np.frombuffer(text.encode(), np.uint8), minlength=256) for text in texts])
            return unit_rows(counts @ self._layers[1])

    assert {prove_really(Random(seed), ALL).fault for seed in range(20)} == {"meaning"}
    assert MARGIN > 0
    assert prove_really(fake, ALL, UNATTENDED).fault == "meaning"
    assert proof.prove is not prove_really  # of all other tests
