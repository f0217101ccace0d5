"""CLIP's image side in 8-bit integers: close to the exact one, a space of its own, made again when it is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semantik.encoders import int8_images, number_formats
from semantik.encoders.clip.encoder import ClipEncoder
from semantik.encoders.clip.models import MODELS
from semantik.errors import FastPackagesMissing
from semantik.words import text
from tests.support.clip_checkpoint import write_checkpoint
from tests.support.published import clip_model, photographs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny-int8")
    write_checkpoint(path / "tiny.pt", full_size=False)
    return path


@pytest.fixture
def pair(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ClipEncoder, ClipEncoder]:
    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
    return tuple(ClipEncoder("clip-tiny", weights_folder=folder, number_format=each) for each in ("fp32", "int8"))  # type: ignore[return-value]


def batch_of(encoder: ClipEncoder) -> np.ndarray:
    return np.stack([encoder.preprocess(image) for image in photographs()])


def test_embeddings_stay_close_and_texts_the_same(pair: tuple[ClipEncoder, ClipEncoder], folder: Path) -> None:
    exact, fast = pair
    batch = batch_of(exact)
    ours, theirs = exact.encode_images(batch), fast.encode_images(batch)
    cosines = (ours * theirs).sum(axis=1)
    assert 0.99 < cosines.min() < cosines.max() < 1 - 1e-7  # near, and not the same network
    assert np.array_equal(exact.encode_texts(["gato"]), fast.encode_texts(["gato"]))
    kept = int8_images.int8_path(exact._source.kept)
    assert kept.parent == folder
    assert kept.name == f"tiny-{exact.model.weights.sha256[:12]}-int8.onnx"


def test_a_picture_has_one_embedding_whatever_is_beside_it(pair: tuple[ClipEncoder, ClipEncoder]) -> None:
    fast = pair[1]
    batch = batch_of(fast)
    together = fast.encode_images(batch)
    assert np.array_equal(np.concatenate([fast.encode_images(batch[i : i + 1]) for i in range(len(batch))]), together)


def test_its_indexes_and_its_space_are_its_own(pair: tuple[ClipEncoder, ClipEncoder]) -> None:
    exact, fast = pair
    assert fast.space == f"{exact.space}+int8"
    assert (exact.store, fast.store) == ("clip-tiny", "clip-tiny-int8")
    assert fast.name == exact.name


def test_a_damaged_file_is_made_again(pair: tuple[ClipEncoder, ClipEncoder], folder: Path) -> None:
    fast = pair[1]
    batch = batch_of(fast)
    expected = fast.encode_images(batch)
    kept = int8_images.int8_path(fast._source.kept)
    kept.write_bytes(kept.read_bytes()[:5000])
    again = ClipEncoder("clip-tiny", weights_folder=folder, number_format="int8")
    assert np.array_equal(again.encode_images(batch), expected)
    assert kept.stat().st_size > 5000
    assert not list(folder.glob("tmp*"))


def test_without_its_packages_the_user_is_told(
    pair: tuple[ClipEncoder, ClipEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_formats, "ONNX_PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(FastPackagesMissing) as missing:
        pair[1].load(texts=False)
    assert "pip install -r requirements.txt" in text.explain(missing.value)
