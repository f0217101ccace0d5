"""What every encoder promises, whatever its family: tiny models of each, and the embedded one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.fitting import fit_pixels
from semantik.encoders import registry
from semantik.encoders.base import Encoder
from semantik.encoders.builtin import encoder as builtin_encoder
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.encoders.clip import models as clip_models
from semantik.encoders.clip.weights_source import ClipSource
from semantik.encoders.open_clip import models as open_clip_models
from semantik.encoders.open_clip.encoder import OpenClipEncoder
from semantik.errors import EncoderFailed
from tests.support import tiny_models
from tests.support.clip_checkpoint import TINY_RESNET, write_checkpoint
from tests.support.published import clip_model, noise, open_clip_model, photographs

TEXTS = [
    "a photo of a cat",
    "un perro en la playa al atardecer",
    "¡La Niña comió, ñoquis! (2023) — PARÍS",
    "flor",
    "",
    "   ",
    "¿?",
    "  two \t lines\nof text_with_underscores ",
    "日本の寺 🚀 ½",
    "sea " * 200,
]
HOSTILE_TEXTS = ["lone \udc80 surrogate", "x" * 100_000, "sea " * 50_000, "\x00", "🐶" * 5000]
SIZES = [(1, 1), (3, 200), (200, 3), (64, 64), (223, 224), (640, 480), (479, 641), (1001, 37)]


@dataclass
class Subject:
    """One model under test. ``make`` makes its encoder anew, with its files in the given folder."""

    make: Callable[[Path], Encoder]
    folder: Path
    loading: tuple[object, str]
    """What runs once when the text side is loaded: an owner and the name of its attribute."""

    def fresh(self) -> Encoder:
        return self.make(self.folder)


def tiny_clip(folder: Path, patch: pytest.MonkeyPatch, *, number_format: str = "fp32", resnet: bool = False) -> Subject:
    write_checkpoint(folder / "tiny.pt", shape=TINY_RESNET if resnet else None)
    patch.setitem(clip_models.MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
    return Subject(
        lambda place: registry.create("clip-tiny", weights_folder=place, number_format=number_format),
        folder,
        (ClipSource, "open"),
    )


def tiny_open_clip(folder: Path, patch: pytest.MonkeyPatch, family: str) -> Subject:
    name = f"tiny-{family}"
    tiny_models.write_gemma_tokenizer(folder)
    tiny_models.write_open_clip(folder, name, tiny_models.SIGLIP if family == "siglip" else tiny_models.CLIP)
    patch.setitem(open_clip_models.MODELS, name, open_clip_model(folder, name, family))
    return Subject(lambda place: registry.create(name, weights_folder=place), folder, (OpenClipEncoder, "_read"))


def embedded(folder: Path, patch: pytest.MonkeyPatch) -> Subject:
    """The embedded model is small enough itself; its files are in packages unless there is a folder for them."""

    def make(place: Path) -> Encoder:
        if place == folder:
            return registry.create("builtin")
        return BuiltinEncoder(sentences_folder=place, weights_folder=place)

    return Subject(make, folder, (builtin_encoder, "TextSpace"))


FAMILIES: dict[str, Callable[[Path, pytest.MonkeyPatch], Subject]] = {
    "clip": tiny_clip,
    "clip-int8": lambda folder, patch: tiny_clip(folder, patch, number_format="int8"),
    "clip-resnet": lambda folder, patch: tiny_clip(folder, patch, resnet=True),
    "siglip": lambda folder, patch: tiny_open_clip(folder, patch, "siglip"),
    "datacomp": lambda folder, patch: tiny_open_clip(folder, patch, "clip"),
    "builtin": embedded,
}


@pytest.fixture(scope="module", params=list(FAMILIES))
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    with pytest.MonkeyPatch.context() as patch:
        yield FAMILIES[request.param](tmp_path_factory.mktemp(request.param), patch)


@pytest.fixture(scope="module")
def encoder(subject: Subject) -> Encoder:
    made = subject.fresh()
    made.load()
    return made


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return [*photographs(), *(noise(*size) for size in SIZES)]


@pytest.fixture(scope="module")
def batch(encoder: Encoder, images: list[Image.Image]) -> np.ndarray:
    return np.stack([encoder.preprocess(image) for image in images])


def test_vectors_are_unit_float32_rows(encoder: Encoder, batch: np.ndarray) -> None:
    for rows, count in ((encoder.encode_texts(TEXTS), len(TEXTS)), (encoder.encode_images(batch), len(batch))):
        assert rows.shape == (count, encoder.dim)
        assert rows.dtype == np.float32
        assert rows.flags["C_CONTIGUOUS"]
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_what_differs_is_told_apart(encoder: Encoder, batch: np.ndarray) -> None:
    texts, pictures = encoder.encode_texts(TEXTS), encoder.encode_images(batch)
    assert texts[0] @ texts[1] < 0.999
    assert (pictures @ pictures.T).min() < 0.999


def test_the_card_says_what_the_encoder_is(encoder: Encoder) -> None:
    card = registry.card(encoder.name)
    assert card.dim == encoder.dim
    assert encoder.space
    assert encoder.store.startswith(encoder.name)
    assert encoder.input_size == min(encoder.input_spec.width, encoder.input_spec.height)
    assert encoder.batch_size >= 1


def test_pixels_are_bitwise_those_of_torchvision(encoder: Encoder, images: list[Image.Image]) -> None:
    from torchvision.transforms import Compose, Normalize, ToTensor

    spec = encoder.input_spec
    pixels = np.stack([fit_pixels(image, spec) for image in images])
    theirs = Compose([ToTensor(), Normalize(spec.mean, spec.std)])
    expected = np.stack([theirs(Image.fromarray(each)).numpy() for each in pixels])
    ours = encoder.normalise(pixels)
    assert ours.dtype == np.float32
    assert ours.flags["C_CONTIGUOUS"]
    assert ours.shape == (len(images), 3, spec.height, spec.width)
    assert np.array_equal(ours, expected)
    for image, planes in zip(images, expected, strict=True):
        assert np.array_equal(encoder.preprocess(image), planes)


def test_a_picture_is_the_same_alone_and_in_a_batch(encoder: Encoder, batch: np.ndarray) -> None:
    together = encoder.encode_images(batch)
    alone = np.concatenate([encoder.encode_images(batch[i : i + 1]) for i in range(len(batch))])
    assert together == pytest.approx(alone, abs=1e-5)
    assert np.array_equal(encoder.encode_images(batch), together)


def test_a_text_is_the_same_alone_and_in_a_list(encoder: Encoder) -> None:
    many = TEXTS * 8  # more than are read at once
    together = encoder.encode_texts(many)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert together == pytest.approx(np.tile(alone, (8, 1)), abs=1e-5)
    assert np.array_equal(encoder.encode_texts(many), together)


def test_read_only_and_strided_batches(encoder: Encoder, batch: np.ndarray) -> None:
    expected = encoder.encode_images(batch[::2].copy())
    locked = batch.copy()
    locked.flags.writeable = False
    assert np.array_equal(encoder.encode_images(locked[::2]), expected)
    assert np.array_equal(locked, batch)


def test_texts_that_no_tokenizer_can_take(encoder: Encoder) -> None:
    rows = encoder.encode_texts(HOSTILE_TEXTS)
    assert rows.shape == (len(HOSTILE_TEXTS), encoder.dim)
    assert np.isfinite(rows).all()


def test_another_encoder_that_loads_its_sides_apart_gives_the_same(
    subject: Subject, encoder: Encoder, batch: np.ndarray
) -> None:
    texts, pictures = encoder.encode_texts(TEXTS), encoder.encode_images(batch[:3])
    for sides in ({"images": False}, {"texts": False}):
        other = subject.fresh()
        assert other.space == encoder.space
        other.load(**sides)
        assert np.array_equal(other.encode_texts(TEXTS), texts)
        assert np.array_equal(other.encode_images(batch[:3]), pictures)


def test_nothing_in_nothing_out_and_nothing_loaded(subject: Subject, tmp_path: Path) -> None:
    without_files = subject.make(tmp_path)
    spec = without_files.input_spec
    for rows in (
        without_files.encode_texts([]),
        without_files.encode_images(np.zeros((0, 3, spec.height, spec.width), dtype=np.float32)),
    ):
        assert rows.shape == (0, without_files.dim)
        assert rows.dtype == np.float32
    assert getattr(without_files, "device", "") == ""


def test_missing_files_are_told_by_each_side(subject: Subject, tmp_path: Path, batch: np.ndarray) -> None:
    without_files = subject.make(tmp_path)
    for call in (
        lambda: without_files.load(texts=False),
        lambda: without_files.load(images=False),
        lambda: without_files.encode_texts(["gato"]),
        lambda: without_files.encode_images(batch[:1]),
    ):
        with pytest.raises(EncoderFailed):
            call()


def test_nothing_more_is_asked_for_a_text(subject: Subject, encoder: Encoder, tmp_path: Path) -> None:
    for text in ("un perro en la playa", "a dog on the beach", ""):
        assert encoder.missing_for(text) is None
        assert subject.make(tmp_path).missing_for(text) is None


def test_loads_once_for_all_threads(subject: Subject, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name = subject.loading
    original, loads = getattr(owner, name), []
    monkeypatch.setattr(owner, name, lambda *args: loads.append(name) or original(*args))
    fresh, found = subject.fresh(), []
    threads = [threading.Thread(target=lambda: found.append(fresh.encode_texts(["gato"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [name]
    expected = encoder.encode_texts(["gato"]).tolist()
    assert [rows.tolist() for rows in found] == [expected] * 4
