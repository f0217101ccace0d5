"""In which numbers image sides work: what a machine is worth trying with, and each family in each format it offers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageOps

from semantik.decoding.fitting import fit_pixels
from semantik.decoding.pool import DecodePool
from semantik.encoders import machine as machines
from semantik.encoders import number_formats, registry
from semantik.encoders.base import Encoder
from semantik.encoders.clip import models as clip_models
from semantik.encoders.machine import Machine, what_counts, worth_trying
from semantik.encoders.number_formats import FORMATS, TWO_TOWER_FORMATS
from semantik.encoders.open_clip import models as open_clip_models
from semantik.engine import format_trial
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Query
from semantik.records import Hit
from tests.support import tiny_models
from tests.support.clip_checkpoint import write_checkpoint
from tests.support.libraries import together
from tests.support.published import clip_model, open_clip_model, photographs

PLAIN = {"sse4_2"}


@pytest.mark.parametrize(
    ("device", "instructions", "expected"),
    [
        ("cpu", PLAIN, ()),
        ("cpu", PLAIN | {"avx2"}, ("int8",)),
        ("cpu", PLAIN | {"avx2", "avx512_vnni"}, ("int8",)),
        ("cpu", PLAIN | {"avx2", "avx512_vnni", "avx512_bf16"}, ("bf16", "int8")),
        ("cpu", PLAIN | {"amx_bf16"}, ("bf16",)),
        ("cpu", {"arm_bf16"}, ("bf16",)),
        ("cuda", PLAIN | {"avx2", "avx512_bf16"}, ("fp16",)),
        ("mps", {"arm_bf16"}, ("fp16",)),
    ],
)
def test_what_a_machine_is_worth_trying_with(device: str, instructions: set[str], expected: tuple[str, ...]) -> None:
    machine = Machine(device, "x", frozenset(instructions))
    assert worth_trying(machine, TWO_TOWER_FORMATS) == expected
    assert worth_trying(machine, ("fp32", "fp32-onnx")) == ("fp32-onnx",)  # on the processor, whatever there is beside
    assert worth_trying(machine, ("fp32", "bf16")) == tuple(each for each in expected if each == "bf16")
    assert worth_trying(machine, ("fp32",)) == ()


def test_without_its_packages_onnx_runtime_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_formats, "ONNX_PACKAGES", ("onnx", "no_such_package"))
    assert worth_trying(Machine("cpu", "x", frozenset({"avx2", "avx512_bf16"})), FORMATS) == ("bf16",)
    assert worth_trying(Machine("cuda", "x"), FORMATS) == ("fp16",)


def test_an_outcome_is_about_the_machine_and_what_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Machine("cpu", "x", frozenset({"avx2"}))
    told = what_counts(here)
    assert told == what_counts(here)
    others = [
        Machine("cpu", "y", frozenset({"avx2"})),
        Machine("cpu", "x", frozenset()),
        Machine("mps", "x", frozenset({"avx2"})),
    ]
    assert len({told, *map(what_counts, others)}) == 4
    monkeypatch.setattr(machines.metadata, "version", lambda package: "99" if package == "torch" else "1")
    assert "torch=99" in what_counts(here)
    assert what_counts(here) != told


def test_this_machine_is_told_by_torch() -> None:
    here = Machine.here()
    assert here.device in ("cpu", "cuda", "mps")
    assert all(isinstance(name, str) for name in here.instructions)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a tiny model of each family that has its weights in files."""
    folder = tmp_path_factory.mktemp("formats")
    with pytest.MonkeyPatch.context() as patch:
        write_checkpoint(folder / "tiny.pt")
        patch.setitem(clip_models.MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
        tiny_models.write_gemma_tokenizer(folder)
        for family, shape in (("siglip", tiny_models.SIGLIP), ("datacomp", tiny_models.CLIP)):
            tiny_models.write_open_clip(folder, f"tiny-{family}", shape)
            patch.setitem(open_clip_models.MODELS, f"tiny-{family}", open_clip_model(folder, f"tiny-{family}", family))
        yield folder


def made(name: str, folder: Path, number_format: str) -> Encoder:
    return registry.create(name, weights_folder=folder, number_format=number_format)


@pytest.mark.parametrize("name", ["clip-tiny", "tiny-siglip", "tiny-datacomp"])
def test_each_format_of_each_family(name: str, models: Path) -> None:
    """bf16 and fp16 are near enough to share an index, and share its space; 8 bits are near, and have their own."""
    exact = made(name, models, "fp32")
    batch = np.stack([exact.preprocess(image) for image in photographs()[:3]])  # bf16 is slow without its instructions
    ours = exact.encode_images(batch)
    for number_format in registry.card(name).formats[1:]:
        other = made(name, models, number_format)
        theirs = other.encode_images(batch)
        cosines = (ours * theirs).sum(axis=1)
        assert theirs.dtype == np.float32
        assert other.number_format == number_format
        if number_format == "int8":
            assert 0.98 < cosines.min() < 1 - 1e-7
            assert (other.space, other.store) == (f"{exact.space}+int8", f"{exact.name}-int8")
        else:
            assert cosines.min() > 0.999
            assert (other.space, other.store) == (exact.space, exact.store)
        # A processor would be slower in fp16: there it works as before.
        assert np.array_equal(ours, theirs) is (number_format == "fp16")


def test_a_trial_of_a_real_network(models: Path) -> None:
    exact = made("clip-tiny", models, "fp32")
    pixels = format_trial.enough([fit_pixels(image, exact.input_spec) for image in photographs()])
    ticks = iter(range(1000))
    for number_format, least in (("bf16", 0.999), ("int8", 0.98)):
        found = format_trial.run(exact, made("clip-tiny", models, number_format), pixels, clock=lambda: next(ticks))
        assert found.speedup == 1  # each batch takes a tick
        assert least < found.cosine < 1
        assert found.recall > 0.8


def test_searches_in_8_bits_find_what_full_precision_finds(models: Path, tmp_path: Path, pool: DecodePool) -> None:
    """From files to hits with a network that was really quantised: the same order, but where scores nearly tie."""
    folder = tmp_path / "fotos"
    folder.mkdir()
    for number, image in enumerate(photographs()):
        image.resize((80, 80)).save(folder / f"{number}.png")
        ImageOps.invert(image.resize((80, 80))).save(folder / f"{number}b.png")
    queries = [Query.of_image(folder / "0.png"), Query.of_image(folder / "3b.png"), Query.of_text("gato")]
    hits: dict[str, list[list[Hit]]] = {}
    for number_format in ("fp32", "int8"):
        indexed = IndexedFolder(tmp_path, folder, made("clip-tiny", models, number_format), pool)
        assert indexed.update().added == 12
        assert indexed.store.name == ("clip-tiny" if number_format == "fp32" else "clip-tiny-int8")
        hits[number_format] = [together(indexed).search(query, 12) for query in queries]
    for exact, small in zip(hits["fp32"], hits["int8"], strict=True):
        scores = {hit.path: hit.score for hit in exact}
        assert {hit.path for hit in small} == set(scores)
        told = np.array([hit.score for hit in small])
        ranked = np.array([scores[hit.path] for hit in small])
        assert np.abs(told - ranked).max() < 0.02
        assert np.diff(ranked).max() < 0.04  # each is before the next, or nearer to it than both scores may be off
        assert np.ptp(ranked) > 0.1  # by scores that do tell pictures apart
    assert [found[0].path.name for found in hits["int8"][:2]] == ["0.png", "3b.png"]


def test_a_model_is_removed_with_its_8_bits(models: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(models, tmp_path / "weights")
    for name in ("clip-tiny", "tiny-datacomp"):
        *_, kept = registry.card(name).made_files(folder)
        kept.write_bytes(b"8 bits")
        registry.remove(name, folder)
        assert not kept.exists()
