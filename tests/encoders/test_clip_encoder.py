"""CLIP: the same numbers as the clip package's own, and nothing executed that was not checked."""

from __future__ import annotations

import dataclasses
import errno
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.fitting import EXTREME_ASPECT, InputSpec, fit_pixels
from semantik.downloads import model_file
from semantik.encoders import devices, registry, tensor_files, two_tower
from semantik.encoders.base import unit_rows
from semantik.encoders.clip.encoder import ClipEncoder
from semantik.encoders.clip.models import MEAN, MODELS, STD
from semantik.errors import BadCheckpoint, EncoderFailed, UnknownEncoder, WeightsMissing, WrongHash
from semantik.words import text
from tests.support.clip_checkpoint import TINY_RESNET, write_checkpoint
from tests.support.places import REPO
from tests.support.published import clip_model, noise, photographs

SPEC = InputSpec(224, 224, "crop", "bicubic", MEAN, STD)
TEXTS = [
    "a photo of a cat",
    "un perro en la playa",
    "¡La niña comió ñoquis!",
    "",
    "  two \t lines\nof text ",
    "日本の寺 🚀 ½",
    "don&amp;t   worry",
    "sea " * 200,
    "wörter" * 60,
]


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "tiny.pt"
    write_checkpoint(path, full_size=False)
    return path


@pytest.fixture
def tiny(tiny_file: Path, monkeypatch: pytest.MonkeyPatch) -> ClipEncoder:
    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(tiny_file))
    return ClipEncoder("clip-tiny", weights_folder=tiny_file.parent)


@pytest.fixture(scope="module")
def tiny_reference(tiny_file: Path) -> object:
    import clip

    return clip.load(str(tiny_file), device="cpu")


def reference_images(reference: object, images: list[Image.Image]) -> np.ndarray:
    """Unit embeddings by clip's own preprocessing and model."""
    import torch

    network, preprocess = reference  # type: ignore[misc]
    with torch.inference_mode():
        rows = network.encode_image(torch.stack([preprocess(image) for image in images])).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def reference_texts(reference: object, texts: list[str]) -> np.ndarray:
    import clip
    import torch

    with torch.inference_mode():
        rows = reference[0].encode_text(clip.tokenize(texts, truncate=True)).numpy()  # type: ignore[index]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cosine_distance(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return 1.0 - np.einsum("ij,ij->i", ours.astype(np.float64), theirs.astype(np.float64))


SIZES = [
    *((1, 1), (2, 1), (1, 2), (3, 200), (200, 3), (1, 90), (64, 64), (224, 224), (225, 224), (224, 225), (223, 224)),
    *((640, 480), (479, 641), (333, 777), (801, 225), (1001, 37), (1920, 1080), (75, 50), (449, 448)),
]


# -- Preprocessing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", [64, 224, 336])
def test_fitted_pixels_are_those_of_clip(resolution: int) -> None:
    from clip.clip import _transform

    spec = dataclasses.replace(SPEC, width=resolution, height=resolution)
    fit = _transform(resolution).transforms[:3]
    for size in SIZES:
        for mode in ("RGB", "L"):
            image = expected = noise(*size, mode)
            for step in fit:
                expected = step(expected)
            assert np.array_equal(fit_pixels(image, spec), np.asarray(expected)), (size, mode)


def test_normalised_input_is_bitwise_that_of_clip(tiny: ClipEncoder) -> None:
    from clip.clip import _transform

    preprocess = _transform(64)
    images = [noise(*size) for size in SIZES]
    expected = np.stack([preprocess(image).numpy() for image in images])
    pixels = np.stack([fit_pixels(image, tiny.input_spec) for image in images])
    ours = tiny.normalise(pixels)
    assert ours.dtype == np.float32
    assert ours.flags.c_contiguous
    assert np.array_equal(ours, expected)
    assert np.array_equal(tiny.preprocess(images[-1]), expected[-1])


def test_extremely_long_pictures_are_fitted_without_being_blown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = Image.Image.resize

    def resize(self: Image.Image, size: tuple[int, int], *args: object, **options: object) -> Image.Image:
        asked.append(size[0] * size[1])
        return original(self, size, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", resize)
    for width, height in ((1, 60_000), (60_000, 1), (5, EXTREME_ASPECT * 5 + 10)):
        ramp = np.linspace(0, 255, max(width, height)).astype(np.uint8).reshape(height, width if height == 1 else 1)
        image = Image.fromarray(np.repeat(ramp, 1 if height == 1 else width, axis=1))
        pixels = fit_pixels(image, SPEC)
        assert pixels.shape == (224, 224, 3)
        assert abs(int(pixels.mean()) - 127) <= 1  # the middle of the ramp
    assert max(asked) == 224 * 224


# -- The same numbers --------------------------------------------------------------------------------------


def test_images_of_many_sizes(tiny: ClipEncoder, tiny_reference: object) -> None:
    images = [noise(*size) for size in SIZES] + photographs()
    ours = tiny.encode_images(np.stack([tiny.preprocess(image) for image in images]))
    assert ours.shape == (len(images), 32)
    assert ours.dtype == np.float32
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert cosine_distance(ours, reference_images(tiny_reference, images)).max() < 1e-6
    assert (ours @ ours.T).min() < 0.9  # the random model does tell pictures apart


def test_texts(tiny: ClipEncoder, tiny_reference: object) -> None:
    ours = tiny.encode_texts(TEXTS)
    assert ours.shape == (len(TEXTS), 32)
    assert cosine_distance(ours, reference_texts(tiny_reference, TEXTS)).max() < 1e-6
    assert cosine_distance(ours[:1], ours[1:2])[0] > 1e-3


def test_texts_in_batches(tiny: ClipEncoder, tiny_reference: object) -> None:
    texts = [f"picture number {number}" for number in range(two_tower.TEXTS_PER_BATCH * 2 + 3)]
    ours = tiny.encode_texts(texts)
    assert cosine_distance(ours, reference_texts(tiny_reference, texts)).max() < 1e-6


def test_texts_that_clip_itself_cannot_take(tiny: ClipEncoder) -> None:
    rows = tiny.encode_texts(["sea " * 50_000, "x" * 100_000, "lone \udc80 surrogate", "lone ? surrogate", "sea " * 80])
    assert np.isfinite(rows).all()
    assert np.allclose(rows[0], rows[4], atol=1e-6)
    assert np.allclose(rows[2], rows[3], atol=1e-6)


def test_full_size_vit_b_32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole path at full size: published name and shape, random weights, real photographs."""
    import clip

    path = tmp_path / "ViT-B-32.pt"
    write_checkpoint(path, full_size=True)
    published = MODELS["clip-vit-b-32"]
    file = dataclasses.replace(published.weights, size=path.stat().st_size, sha256=model_file.file_sha256(path))
    monkeypatch.setitem(MODELS, published.name, dataclasses.replace(published, weights=file))
    assert abs(path.stat().st_size - published.weights.size) < 200_000
    encoder = registry.create("clip-vit-b-32", weights_folder=tmp_path)
    images = photographs()
    ours = encoder.encode_images(np.stack([encoder.preprocess(image) for image in images]))
    our_texts = encoder.encode_texts(TEXTS)
    reference = clip.load(str(path), device="cpu")
    assert ours.shape == (6, 512)
    assert cosine_distance(ours, reference_images(reference, images)).max() < 1e-6
    assert cosine_distance(our_texts, reference_texts(reference, TEXTS)).max() < 1e-6
    again = registry.create("clip-vit-b-32", weights_folder=tmp_path)  # from the weights that were kept
    assert np.array_equal(again.encode_texts(TEXTS), our_texts)
    assert (tmp_path / f"ViT-B-32-{file.sha256[:12]}.safetensors").stat().st_size < path.stat().st_size


# -- Devices -----------------------------------------------------------------------------------------------


def set_devices(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False, free: int = 0) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, free * 2))


def test_batch_sizes_by_device(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def batch_size(name: str = "clip-vit-b-32") -> int:
        return ClipEncoder(name).batch_size

    set_devices(monkeypatch)
    for cores, expected in ((1, 8), (2, 16), (8, 64), (64, 128)):
        monkeypatch.setattr(torch, "get_num_threads", lambda cores=cores: cores)
        assert batch_size() == expected
    set_devices(monkeypatch, mps=True)
    assert batch_size() == 64
    set_devices(monkeypatch, cuda=True, mps=True, free=8 << 30)
    assert batch_size() == 128
    assert batch_size("clip-rn50x64") == 64  # four times the pixels
    set_devices(monkeypatch, cuda=True, free=1 << 30)
    assert batch_size() == 32
    set_devices(monkeypatch, cuda=True, free=1)
    assert batch_size() == 1


def test_gpu_that_does_not_work_leaves_the_cpu(tiny: ClipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    set_devices(monkeypatch, cuda=True, free=8 << 30)
    assert tiny.batch_size == 128
    tiny.load()  # torch has no CUDA here, or the pretended memory is not there: it says so
    assert tiny.device == "cpu"
    assert tiny.batch_size == devices.PICTURES_PER_PASS * torch.get_num_threads()


def test_batch_that_does_not_fit_is_halved(tiny: ClipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    tiny.load()
    batch = np.stack([tiny.preprocess(noise(50 + i, 60)) for i in range(7)])
    expected = tiny.encode_images(batch)
    original, sizes = tiny._sides["image"], []

    def small_memory(pictures: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pictures))
        if len(pictures) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return original(pictures)

    monkeypatch.setitem(tiny._sides, "image", small_memory)
    monkeypatch.setattr(tiny, "_workers", None)  # a GPU takes the batch whole
    assert np.allclose(tiny.encode_images(batch), expected, atol=1e-6)
    assert sizes == [7, 4, 2, 2, 3, 2, 1]
    assert tiny.batch_size == 2


def test_what_a_gpu_computes_is_the_same(tiny: ClipEncoder, tiny_reference: object) -> None:
    """The network that goes to a GPU, run here in the precision of Apple's."""
    import torch

    from semantik.encoders.clip import network as clip_network
    from semantik.encoders.clip import package

    network = clip_network.build(tiny._source.open(), single=True)
    images = photographs()
    with torch.inference_mode():
        pictures = network.encode_image(torch.from_numpy(np.stack([tiny.preprocess(image) for image in images])))
        texts = network.encode_text(package.tokenize([" ".join(text.split()) for text in TEXTS]))
    assert cosine_distance(unit_rows(pictures.numpy()), reference_images(tiny_reference, images)).max() < 1e-6
    assert cosine_distance(unit_rows(texts.numpy()), reference_texts(tiny_reference, TEXTS)).max() < 1e-6
    half = clip_network.build(tiny._source.open(), single=False)
    assert {name: weight.dtype for name, weight in half.state_dict().items() if "conv1" in name or "ln_1" in name} == {
        **{name: torch.float32 for name in half.state_dict() if "ln_1" in name},
        "visual.conv1.weight": torch.float16,
    }


def test_residual_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import clip

    path = tmp_path / "rn.pt"
    write_checkpoint(path, shape=TINY_RESNET)
    monkeypatch.setitem(MODELS, "clip-rn-tiny", clip_model(path, "clip-rn-tiny"))
    encoder = ClipEncoder("clip-rn-tiny", weights_folder=tmp_path)
    images = photographs()
    ours = encoder.encode_images(np.stack([encoder.preprocess(image) for image in images]))
    reference = clip.load(str(path), device="cpu")
    assert cosine_distance(ours, reference_images(reference, images)).max() < 1e-6
    assert cosine_distance(encoder.encode_texts(TEXTS), reference_texts(reference, TEXTS)).max() < 1e-6


# -- Weights that are kept ---------------------------------------------------------------------------------


def kept_file(folder: Path) -> Path:
    (path,) = folder.glob("*.safetensors")
    return path


def test_kept_weights_are_used_and_nothing_is_executed_again(
    tiny: ClipEncoder, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    expected = tiny.encode_texts(TEXTS)
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("executed"))
    monkeypatch.setattr(model_file, "file_sha256", lambda path: pytest.fail("hashed"))
    again = ClipEncoder("clip-tiny", weights_folder=tiny_file.parent)
    assert np.array_equal(again.encode_texts(TEXTS), expected)
    assert kept_file(tiny_file.parent).name == f"tiny-{again.model.weights.sha256[:12]}.safetensors"


def test_only_the_side_that_is_used_is_read(
    tiny: ClipEncoder, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.load(texts=False)
    read: list[str] = []
    original = tensor_files.StoredWeights.tensor
    monkeypatch.setattr(
        tensor_files.StoredWeights, "tensor", lambda self, name: read.append(name) or original(self, name)
    )
    again = ClipEncoder("clip-tiny", weights_folder=tiny_file.parent)
    again.encode_texts(["gato"])
    assert not [name for name in read if name.startswith("visual.")]
    texts_read = len(read)
    again.load(texts=False)
    assert all(name.startswith("visual.") for name in read[texts_read:])
    assert len(read) > texts_read


@pytest.mark.parametrize("damage", ["cut", "header", "other source", "other shape", "empty"])
def test_damaged_kept_weights_are_made_again(tmp_path: Path, tiny_file: Path, damage: str) -> None:
    own = tmp_path / "own.pt"
    own.write_bytes(tiny_file.read_bytes())
    entry = clip_model(own)
    first = ClipEncoder("clip-vit-b-32", weights_folder=tmp_path, checkpoint=own)
    first.model = first._source.model = entry
    expected = first.encode_texts(TEXTS)
    kept = kept_file(tmp_path)
    content = kept.read_bytes()
    if damage == "other shape":
        import torch

        tensor_files.write_cache(kept, {"text_projection": torch.zeros(3, 4)}, entry.weights.sha256)
    else:
        other = content.replace(entry.weights.sha256.encode(), b"0" * 64)
        kept.write_bytes(
            {"cut": content[:-1000], "header": b"\xff" * 64 + content[64:], "other source": other, "empty": b""}[damage]
        )
    again = ClipEncoder("clip-vit-b-32", weights_folder=tmp_path, checkpoint=own)
    again.model = again._source.model = entry
    assert np.array_equal(again.encode_texts(TEXTS), expected)
    assert kept.read_bytes() == content


def test_disk_without_room_costs_only_the_kept_weights(
    tiny_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, **options: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tensor_files, "replace_file", full)
    (tmp_path / "tiny.pt").write_bytes(tiny_file.read_bytes())
    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(tmp_path / "tiny.pt"))
    encoder = ClipEncoder("clip-tiny", weights_folder=tmp_path)
    assert encoder.encode_texts(["gato"]).shape == (1, 32)
    assert not list(tmp_path.glob("*.safetensors"))


def test_torchvision_is_not_imported(tiny: ClipEncoder, tiny_file: Path, tmp_path: Path) -> None:
    """It would take longer than torch, and nothing here needs it."""
    script = (
        "import sys; from pathlib import Path; from semantik.encoders.clip.encoder import ClipEncoder\n"
        "import numpy as np\n"
        f"encoder = ClipEncoder('clip-vit-b-32', weights_folder=Path({str(tmp_path)!r}), "
        f"checkpoint=Path({str(tiny_file)!r}))\n"
        "import dataclasses; encoder._source.model = dataclasses.replace(encoder.model, dim=32, resolution=64)\n"
        "print(encoder.encode_texts(['gato']).shape, 'torchvision' in sys.modules, 'clip' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script], cwd=REPO, capture_output=True, text=True, check=True)
    assert shown.stdout.split("\n")[0] == "(1, 32) False False"


def test_tokens_are_those_of_clip() -> None:
    import clip
    import torch

    from semantik.encoders.clip import package

    texts = [text for text in TEXTS if text] + ["a" * 300, "<|endoftext|> dog", "emoji 🐶 ñandú"]
    assert torch.equal(package.tokenize(texts), clip.tokenize(texts, truncate=True))


# -- Only what was checked is executed ------------------------------------------------------------------------


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Records whatever would execute or unpickle a file."""
    import clip
    import torch

    executed: list[str] = []
    for owner, name in ((clip, "load"), (torch.jit, "load"), (torch, "load")):
        monkeypatch.setattr(owner, name, lambda *_, what=name, **__: executed.append(what))
    yield executed


def test_wrong_hash_is_refused_before_anything_is_executed(
    tiny: ClipEncoder, tiny_file: Path, tmp_path: Path, no_loading: list[str]
) -> None:
    content = bytearray(tiny_file.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / tiny_file.name).write_bytes(content)
    encoder = ClipEncoder("clip-tiny", weights_folder=tmp_path)
    for call in (encoder.load, lambda: encoder.encode_texts(["gato"])):
        with pytest.raises(WrongHash):
            call()
    assert no_loading == []


def test_missing_file(tmp_path: Path) -> None:
    encoder = ClipEncoder("clip-vit-b-32", weights_folder=tmp_path)
    with pytest.raises(WeightsMissing) as missing:
        encoder.load(texts=False)
    assert isinstance(missing.value, EncoderFailed)
    assert text.explain(missing.value) == "El modelo CLIP ViT-B/32 aún no está descargado (354 MB)."


def test_state_dict_is_refused(tmp_path: Path, no_loading: list[str]) -> None:
    import torch

    path = tmp_path / "state.pt"
    torch.save({"visual.proj": torch.zeros(2, 2)}, path)
    encoder = ClipEncoder("clip-vit-b-32", checkpoint=path)
    with pytest.raises(BadCheckpoint) as bad:
        encoder.load()
    assert bad.value.params["path"] == path
    assert "a bare state dict is not one" in text.explain(bad.value)
    assert no_loading == []


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None])
def test_other_files_are_refused(tmp_path: Path, content: bytes | None, no_loading: list[str]) -> None:
    path = tmp_path / "own.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadCheckpoint):
        ClipEncoder("clip-vit-b-32", checkpoint=path).load()
    assert no_loading == []


def test_damaged_archive_is_refused(tiny: ClipEncoder, tmp_path: Path) -> None:
    path = tmp_path / "own.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("own/constants.pkl", b"")
        archive.writestr("own/code/__torch__.py", b"")
        archive.writestr("own/data.pkl", b"nonsense")
    with pytest.raises(BadCheckpoint):
        ClipEncoder("clip-tiny", checkpoint=path).load()


def test_checkpoint_of_another_shape_is_refused(tiny_file: Path) -> None:
    with pytest.raises(BadCheckpoint) as bad:
        ClipEncoder("clip-vit-b-32", checkpoint=tiny_file).load()
    assert "(64, 32), not (224, 512)" in str(bad.value.params["detail"])


def test_own_checkpoint_only_when_named(tiny: ClipEncoder, tmp_path: Path) -> None:
    own = tmp_path / "own.pt"
    write_checkpoint(own, full_size=False, seed=1)
    named = registry.create("clip-tiny", weights_folder=tmp_path, checkpoint=own)
    assert named.space == f"clip/Tiny/{model_file.file_sha256(own)[:12]}"
    assert named.space != tiny.space
    assert cosine_distance(named.encode_texts(["gato"]), tiny.encode_texts(["gato"]))[0] > 1e-3
    own.rename(tmp_path / "tiny.pt")  # under the published name it counts as published, and is not
    with pytest.raises(WrongHash):
        registry.create("clip-tiny", weights_folder=tmp_path).load()


def test_loads_once_for_all_threads(tiny: ClipEncoder, tiny_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    for kept in tiny_file.parent.glob("*.safetensors"):
        kept.unlink()
    original, loads = torch.jit.load, []
    monkeypatch.setattr(torch.jit, "load", lambda *a, **k: loads.append(a) or original(*a, **k))
    rows: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: rows.append(tiny.encode_texts(["gato"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert all(np.allclose(row, rows[0], atol=1e-6) for row in rows)
    assert len(rows) == 4


# -- The table and the registry ----------------------------------------------------------------------------


def test_table_is_that_of_the_clip_package() -> None:
    from clip.clip import _MODELS

    assert {model.clip_name: model.weights.url for model in MODELS.values()} == _MODELS
    assert {model.clip_name: model.weights.sha256 for model in MODELS.values()} == {
        name: url.split("/")[-2] for name, url in _MODELS.items()
    }
    assert {model.weights.filename for model in MODELS.values()} == {url.split("/")[-1] for url in _MODELS.values()}
    assert MODELS["clip-vit-b-32"].weights.size == 353_976_522


def test_names() -> None:
    assert registry.encoder_names() == (
        "clip-vit-b-32",
        "clip-vit-b-16",
        "clip-vit-l-14",
        "clip-vit-l-14-336px",
        "clip-rn50",
        "clip-rn101",
        "clip-rn50x4",
        "clip-rn50x16",
        "clip-rn50x64",
        "siglip2-b-32-256",
        "siglip2-b-16",
        "siglip-b-16",
        "vit-b-32-datacomp",
        "builtin",
    )
    with pytest.raises(UnknownEncoder) as unknown:
        registry.create("clip")
    assert "builtin" in str(unknown.value.params["known"])
    with pytest.raises(UnknownEncoder):
        registry.card("clip")
    assert registry.card("builtin").files is None
    assert registry.card("clip-rn50").files.files == (MODELS["clip-rn50"].weights,)


def test_created_encoder(tmp_path: Path) -> None:
    encoder = registry.create("clip-vit-l-14-336px", weights_folder=tmp_path)
    assert (encoder.name, encoder.dim, encoder.input_size) == ("clip-vit-l-14-336px", 768, 336)
    assert encoder.space == "clip/ViT-L/14@336px/3035c92b3509"
    assert registry.create("builtin").name == "builtin"


def test_description_and_default(tmp_path: Path) -> None:
    before = {info.name: info for info in registry.describe(tmp_path)}
    assert tuple(before) == registry.encoder_names()
    assert not any(info.ready for name, info in before.items() if name != "builtin")
    assert before["clip-vit-b-32"].size == 353_976_522
    assert before["builtin"].size == 0
    assert before["builtin"].card.dim == registry.create("builtin").dim
    assert registry.default_name(tmp_path) == "builtin"
    with (tmp_path / "ViT-B-32.pt").open("wb") as sparse:
        sparse.truncate(353_976_522)
    assert {info.name for info in registry.describe(tmp_path) if info.ready} == {"clip-vit-b-32", "builtin"}
    assert registry.default_name(tmp_path) == "clip-vit-b-32"
    for language in text.LANGUAGES:
        text.set_language(language)
        assert all(text.say(f"model.{name}") for name in before)


def test_importing_and_listing_are_cheap(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, semantik.encoders.registry as e, semantik.downloads.model_file\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "e.describe(folder), e.default_name(folder), e.create('clip-vit-b-32', weights_folder=folder).space\n"
        "print(sorted({'torch', 'torchvision', 'clip', 'requests', 'cv2', 'faiss'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
