"""CLIP's image side in 8-bit integers, and the trial that decides whether it is used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.cli import main
from semantik.decoding.pool import DecodePool
from semantik.encoders import registry
from semantik.encoders.clip import int8_images
from semantik.encoders.clip.encoder import ClipEncoder
from semantik.encoders.clip.models import MODELS
from semantik.engine import model_trials
from semantik.errors import FastPackagesMissing, TooFewPictures
from semantik.words import text
from tests.support.clip_checkpoint import write_checkpoint
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
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
    again = ClipEncoder("clip-tiny", weights_folder=folder, int8=True)
    assert np.array_equal(again.encode_images(batch), expected)
    assert kept.stat().st_size > 5000
    assert not list(folder.glob("tmp*"))


def test_without_its_packages_the_user_is_told(
    pair: tuple[ClipEncoder, ClipEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_images, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(FastPackagesMissing) as missing:
        pair[1].load(texts=False)
    assert "pip install -r requirements-fast.txt" in text.explain(missing.value)


# -- The trial ---------------------------------------------------------------------------------------------


class Slow(FakeEncoder):
    """As good as the other and with no haste: it repeats its work."""

    def encode_images(self, batch):
        for _ in range(60):
            rows = super().encode_images(batch)
        return rows


class Scrambled(FakeEncoder):
    """Quick and wrong: it sees the channels in another order and forgets one."""

    def encode_images(self, batch):
        return super().encode_images(batch[:, [1, 2, 2]])


def colours(folder: Path, count: int) -> Path:
    draws = np.random.default_rng(3).integers(0, 256, (count, 3))
    for number, colour in enumerate(draws):
        paint(folder / f"{number:03d}.png", tuple(int(value) for value in colour))
    return folder


def test_a_quick_and_faithful_variant_is_worth_it(tmp_path: Path) -> None:
    with DecodePool() as pool:
        trial = model_trials.run(Slow(), FakeEncoder(), colours(tmp_path, 60), pool)
    assert trial.pictures == 60
    assert trial.cosine == pytest.approx(1, abs=1e-6)
    assert trial.recall == 1
    assert trial.speedup > 1.3
    assert trial.is_worth_it


def test_a_quick_and_wrong_variant_is_not(tmp_path: Path) -> None:
    with DecodePool() as pool:
        trial = model_trials.run(Slow(), Scrambled(), colours(tmp_path, 60), pool)
    assert trial.speedup > 1.3
    assert trial.recall < 0.6
    assert trial.cosine < 0.95
    assert not trial.is_worth_it


def test_too_few_pictures_say_nothing(tmp_path: Path) -> None:
    with DecodePool() as pool, pytest.raises(TooFewPictures) as few:
        model_trials.run(FakeEncoder(), FakeEncoder(), colours(tmp_path, 49), pool)
    assert few.value.params == {"found": 49, "needed": 50}


def test_neighbour_recall() -> None:
    rows = np.eye(4, dtype=np.float32) + np.array([[0, 0.9, 0, 0], [0.9, 0, 0, 0], [0, 0, 0, 0.9], [0, 0, 0.9, 0]])
    swapped = rows[[0, 2, 1, 3]]
    assert model_trials.neighbour_recall(rows, rows, 1) == 1
    assert model_trials.neighbour_recall(rows, swapped, 1) == 0


# -- The command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trial", [(60, 1.7, 0.9997, 0.97), (60, 1.1, 1.0, 1.0)])
def test_the_command_turns_it_on_only_when_it_is_worth_it(
    home: Path, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trial
) -> None:
    turned_on = trial[1] > 1.3
    monkeypatch.setattr(model_trials, "run", lambda *_: model_trials.Trial(*trial))
    assert main.main(["fast", str(library)]) == 0
    shown = capsys.readouterr().out
    recall = "97" if turned_on else "100"
    assert f"60 imágenes: {'1,7' if turned_on else '1,1'} veces más rápido; {recall} % de los 10 vecinos" in shown
    assert ("queda activada" in shown) is turned_on
    settings = home / "image_search_config.json"
    assert (settings.exists() and json.loads(settings.read_text())["fast_images"]) is turned_on
    assert main.main(["fast", "--off"]) == 0
    assert json.loads(settings.read_text())["fast_images"] is False


def test_the_setting_reaches_the_encoder(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from semantik.engine.engine import Engine
    from semantik.storage.settings import Config

    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
    engine = Engine(home, Config(encoder="builtin", fast_images=True, weights_folder=str(folder)))
    engine.models._create("builtin")  # has no such variant
    assert engine.models._create("clip-tiny").store == "clip-tiny-int8"
    assert registry.create("clip-tiny").store == "clip-tiny"
    engine.close()


def test_pictures_are_searched_with_it(
    home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main job with the variant: the example itself comes first, from an index of its own."""
    from semantik.engine.engine import Engine
    from semantik.queries import Query
    from semantik.storage.settings import Config

    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, image in enumerate(photographs()):
        Image.fromarray(np.asarray(image)).save(photos / f"{number}.png")
    engine = Engine(home, Config(encoder="builtin", fast_images=True, weights_folder=str(folder)))
    engine.models.use("clip-tiny")
    library = engine.open(photos)
    assert library.indexed_folders[0].update().added == 6
    answer = library.ask(Query.of_image(photos / "3.png"), 2)
    assert answer.hits[0].path == photos / "3.png"
    assert answer.hits[0].score == pytest.approx(1, abs=1e-5)
    assert [path.name for path in home.glob("indexes/*/*/")] == ["clip-tiny-int8"]
    engine.close()
