"""The models of open-clip-torch: the same tokens, pixels and vectors as the library's own."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.downloads import model_file
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import registry
from semantik.encoders.open_clip.encoder import OpenClipEncoder
from semantik.encoders.open_clip.models import MODELS, TextSpec
from semantik.encoders.text_tokens import TextTokens, canonical
from semantik.errors import (
    EncoderFailed,
    UnknownEncoder,
    WeightsMissing,
    WrongHash,
)
from tests.support import tiny_models
from tests.support.places import REPO
from tests.support.published import file_of, open_clip_model, photographs

TEXTS = [
    "a photo of a cat",
    "un perro en la playa",
    "¡La Niña comió, ñoquis! (2023) — PARÍS",
    "",
    "  two \t lines\nof text_with_underscores ",
    "日本の寺 🚀 ½",
    "don&amp;amp;t   worry",
    "sea " * 200,
    "wörter" * 60,
]
HALF = (0.5, 0.5, 0.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny_models.write_gemma_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def references(folder: Path) -> dict[str, object]:
    """open_clip's own models, made with the files."""
    return {
        "tiny-siglip": tiny_models.write_open_clip(folder, "tiny-siglip", tiny_models.SIGLIP),
        "tiny-clip": tiny_models.write_open_clip(folder, "tiny-clip", tiny_models.CLIP),
    }


@pytest.fixture(params=["siglip", "clip"])
def tiny(request: pytest.FixtureRequest, folder: Path, references: object, monkeypatch: pytest.MonkeyPatch):
    name = f"tiny-{request.param}"
    monkeypatch.setitem(MODELS, name, open_clip_model(folder, name, request.param))
    return OpenClipEncoder(name, weights_folder=folder)


def open_clip_tokens(encoder: OpenClipEncoder, folder: Path, texts: list[str]):
    from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

    if encoder.model.text.tokens == "clip":
        return SimpleTokenizer()(texts)
    return HFTokenizer(str(folder), context_length=64, clean="canonicalize")(texts)


def cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    theirs = theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
    return np.einsum("ij,ij->i", ours.astype(np.float64), theirs.astype(np.float64))


# -- The table -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MODELS))
def test_table_is_that_of_open_clip(name: str) -> None:
    import open_clip

    model = MODELS[name]
    config = open_clip.get_model_config(model.architecture)
    cfg, text = open_clip.pretrained.get_pretrained_cfg(model.architecture, model.tag), config["text_cfg"]
    spec = model.input_spec
    assert (model.dim, spec.width, spec.height) == (config["embed_dim"], *(config["vision_cfg"]["image_size"],) * 2)
    assert (spec.mean, spec.std, spec.resample) == (tuple(cfg["mean"]), tuple(cfg["std"]), cfg["interpolation"])
    assert spec.fit == {"squash": "squash", "shortest": "crop"}[cfg["resize_mode"]]
    assert model.text.context == text["context_length"]
    assert model.text.causal is not text.get("no_causal_mask", False)
    assert model.text.gelu == text.get("act_kwargs", {}).get("approximate", "none")
    assert model.text.epsilon == text.get("norm_kwargs", {}).get("eps", 1e-5)
    assert text["width"] == text["heads"] * 64
    assert text.get("pool_type", "argmax") == ("argmax" if model.text.causal else "last")
    assert (model.text.tokens == "canonical") == ("hf_tokenizer_name" in text)
    assert text.get("tokenizer_kwargs", {}).get("clean", "canonicalize") == "canonicalize"
    assert cfg["hf_hub"].strip("/") in model.files.files[0].url
    assert "quick_gelu" not in config


@pytest.mark.parametrize("name", list(MODELS))
def test_size_is_that_of_the_weights(name: str) -> None:
    """The announced size against the shapes of open_clip's own network, which need no memory here."""
    import open_clip
    import torch

    model = MODELS[name]
    config = open_clip.get_model_config(model.architecture)
    with torch.device("meta"):
        network = (open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP)(**config)
    tensors = sum(tensor.numel() * 4 for tensor in network.state_dict().values())
    assert 20_000 < model.files.files[0].size - tensors < 60_000  # the header


def test_every_file_is_pinned() -> None:
    assert list(MODELS) == ["siglip2-b-32-256", "siglip2-b-16", "siglip-b-16", "vit-b-32-datacomp"]
    for model in MODELS.values():
        assert model.licence in {"MIT", "Apache-2.0"}
        assert model.languages
        for file in model.files.files:
            assert file.name == model.files.name
            assert len(file.sha256) == 64
            assert len(file.url.split("/resolve/")[1].split("/")[0]) == 40  # a commit
            assert file.url.startswith("https://huggingface.co/")
            assert file.url.endswith((".safetensors", ".json"))  # data, never a pickle
            assert file.filename.startswith(f"{model.name}/")
        assert ("tokenizer.json" in model.files.files[-1].url) == (model.text.tokens == "canonical")
    assert MODELS["siglip2-b-32-256"].files.size == 1_507_459_216 + 34_362_885


# -- Pixels --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MODELS))
def test_pixels_are_those_of_open_clip(name: str) -> None:
    """Bitwise, normalised values included; so the fitted pixels do not differ at all."""
    from open_clip.transform import image_transform

    spec = MODELS[name].input_spec
    mode = "squash" if spec.fit == "squash" else "shortest"
    transform = image_transform(spec.width, False, spec.mean, spec.std, resize_mode=mode, interpolation=spec.resample)
    encoder = OpenClipEncoder(name)
    for image in [*photographs(), photographs()[0].resize((37, 301)), photographs()[1].resize((1, 1))]:
        assert np.array_equal(encoder.preprocess(image), transform(image).numpy()), image.size


# -- Tokens --------------------------------------------------------------------------------------------


def test_cleaning_is_that_of_open_clip() -> None:
    from open_clip.tokenizer import get_clean_fn

    clean = get_clean_fn("canonicalize")
    samples = [
        *TEXTS[:7],
        "\u201cquoted\u201d L\u00c3\u00a9on",
        "A-B_C/D: e.f! \u00bfqu\u00e9?",
        "\ufb01sh \u2026",
        "ÉCOLE İstanbul",
    ]
    assert [canonical(text) for text in samples] == [clean(text) for text in samples]
    assert canonical("lone \udc80 surrogate") == "lone surrogate"
    assert len(canonical("x" * 100_000)) == 2500


def test_tokens_are_those_of_open_clip(tiny: OpenClipEncoder, folder: Path) -> None:
    tiny.load(images=False)
    ours = tiny._tokens(TEXTS)
    theirs = open_clip_tokens(tiny, folder, TEXTS)
    assert np.array_equal(ours.numpy(), theirs.numpy())
    assert ours.shape == (len(TEXTS), tiny.model.text.context)


def test_siglip_tokens(folder: Path, tmp_path: Path) -> None:
    """SigLIP pads with the mark of the end, SigLIP 2 with one of its own; both keep the end of a cut text."""
    from open_clip.tokenizer import HFTokenizer

    tiny_models.write_t5_tokenizer(tmp_path)
    for path, model in ((tmp_path, "siglip-b-16"), (folder, "siglip2-b-16")):
        spec = MODELS[model].text
        tokens = TextTokens(path / "tokenizer.json", length=64, start="", end=spec.end, pad=spec.pad, padded=True)
        ours, used = tokens([canonical(text) for text in TEXTS])
        theirs = HFTokenizer(str(path), context_length=64, clean="canonicalize")(TEXTS)
        assert np.array_equal(ours, theirs.numpy()), model
        assert used[3].tolist() == [True] + [False] * 63  # the empty text is its end
        assert ours[7, -1] == 1
        assert used[7].all()
        assert ours[0, -1] == (1 if model == "siglip-b-16" else 0)
    assert np.array_equal(tokens(["PERRO".lower()])[0], tokens([canonical("PERRO")])[0])


def test_framing_of_the_file_does_not_count(folder: Path, tmp_path: Path) -> None:
    """Google's copies of this tokenizer differ in what they add to a text and how they pad; the model does not."""
    import json

    data = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    data["post_processor"] = None
    data["padding"] = {
        "strategy": {"Fixed": 8},
        "direction": "Left",
        "pad_to_multiple_of": None,
        "pad_id": 3,
        "pad_type_id": 0,
        "pad_token": "<unk>",
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    plain, other = (
        TextTokens(path / "tokenizer.json", length=64, start="", end="<eos>", pad="<pad>", padded=True)
        for path in (folder, tmp_path)
    )
    assert np.array_equal(plain(["un perro"])[0], other(["un perro"])[0])


# -- The same numbers ----------------------------------------------------------------------------------


def test_images(tiny: OpenClipEncoder, references: dict) -> None:
    import torch

    batch = np.stack([tiny.preprocess(image) for image in photographs()])
    ours = tiny.encode_images(batch)
    with torch.inference_mode():
        theirs = references[tiny.name].encode_image(torch.from_numpy(batch)).numpy()
    assert ours.shape == (6, tiny.dim)
    assert ours.dtype == np.float32
    assert cosines(ours, theirs).min() > 0.99999
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert (ours @ ours.T).min() < 0.999  # the random model does tell pictures apart


def test_texts(tiny: OpenClipEncoder, references: dict, folder: Path) -> None:
    import torch

    ours = tiny.encode_texts(TEXTS)
    with torch.inference_mode():
        theirs = references[tiny.name].encode_text(open_clip_tokens(tiny, folder, TEXTS)).numpy()
    assert ours.shape == (len(TEXTS), tiny.dim)
    assert cosines(ours, theirs).min() > 0.99999
    assert ours[0] @ ours[1] < 0.999
    many = tiny.encode_texts(TEXTS * 8)  # in parts
    assert np.allclose(many[: len(TEXTS)], ours, atol=1e-5)
    assert np.allclose(many[-len(TEXTS) :], ours, atol=1e-5)


def test_half_precision_files_are_read(folder: Path, references: dict, tmp_path: Path, monkeypatch) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "tiny-clip.safetensors")
    save_file({name: tensor.half() for name, tensor in state.items()}, tmp_path / "tiny-clip.safetensors")
    monkeypatch.setitem(MODELS, "tiny-clip", open_clip_model(tmp_path, "tiny-clip", "clip"))
    halved = OpenClipEncoder("tiny-clip", weights_folder=tmp_path).encode_texts(["a cat"])
    monkeypatch.setitem(MODELS, "tiny-clip", open_clip_model(folder, "tiny-clip", "clip"))
    assert OpenClipEncoder("tiny-clip", weights_folder=folder).encode_texts(["a cat"])[0] @ halved[0] > 0.9999


def test_a_query_needs_no_open_clip(folder: Path, references: object) -> None:
    """Nor timm, torchvision, transformers or the network: the text side is there before they would be imported."""
    code = (
        "import sys, socket, dataclasses; from pathlib import Path\n"
        "from tests.encoders import test_open_clip as t\n"
        "before = set(sys.modules)\n"
        "def no(*_): raise AssertionError('network')\n"
        "socket.socket.connect = no\n"
        "folder = Path(sys.argv[1])\n"
        "t.MODELS['tiny-siglip'] = t.open_clip_model(folder, 'tiny-siglip', 'siglip')\n"
        "e = t.OpenClipEncoder('tiny-siglip', weights_folder=folder)\n"
        "print(e.encode_texts(['gato']).shape)\n"
        "heavy = {'open_clip', 'timm', 'torchvision', 'transformers', 'huggingface_hub', 'clip'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n")[:2] == ["(1, 64)", "[]"]


# -- Files that are not right --------------------------------------------------------------------------


def test_missing_files(tmp_path: Path, folder: Path, tiny: OpenClipEncoder) -> None:
    with pytest.raises(WeightsMissing) as missing:
        OpenClipEncoder("siglip2-b-32-256", weights_folder=tmp_path).load(images=False)
    assert missing.value.params == {"name": "SigLIP 2 B/32", "megabytes": 1542}
    if tiny.model.text.tokens == "canonical":  # the tokenizer alone is missing
        (tmp_path / "tiny-siglip.safetensors").write_bytes((folder / "tiny-siglip.safetensors").read_bytes())
        with pytest.raises(WeightsMissing):
            OpenClipEncoder(tiny.name, weights_folder=tmp_path).load(images=False)


def own_file(tiny: OpenClipEncoder, tmp_path: Path, monkeypatch, content: bytes, which: int = 0) -> OpenClipEncoder:
    """The tiny model with another file in place of one of its own, which counts as published."""
    files = []
    for number, file in enumerate(tiny.model.files.files):
        path = tmp_path / file.filename
        original = (model_file.weights_path(file, tiny._folder)).read_bytes()
        path.write_bytes(content if number == which else original)
        files.append(dataclasses.replace(file_of(path, tmp_path)))
    model = dataclasses.replace(tiny.model, files=ModelFiles("Tiny", tuple(files)))
    monkeypatch.setitem(MODELS, tiny.name, model)
    return OpenClipEncoder(tiny.name, weights_folder=tmp_path)


def both_sides(encoder: OpenClipEncoder) -> list[str]:
    details = []
    for options in ({"texts": False}, {"images": False}):
        with pytest.raises(EncoderFailed) as failed:
            encoder.load(**options)
        assert failed.value.params["name"] == "Tiny"
        details.append(str(failed.value.params["detail"]))
    return details


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "header"])
def test_damaged_weights(tiny: OpenClipEncoder, tmp_path: Path, monkeypatch, damage: str) -> None:
    whole = model_file.weights_path(tiny.model.files.files[0], tiny._folder).read_bytes()
    content = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "garbage": b"garbage" * 5000,
        "header": whole[:8] + b"\xff" * 300 + whole[308:],
    }[damage]
    for detail in both_sides(own_file(tiny, tmp_path, monkeypatch, content)):
        assert f"{tiny.name}.safetensors" in detail


def test_weights_of_another_architecture(tiny: OpenClipEncoder, folder: Path, tmp_path: Path, monkeypatch) -> None:
    other = "tiny-clip" if tiny.name == "tiny-siglip" else "tiny-siglip"
    details = both_sides(own_file(tiny, tmp_path, monkeypatch, (folder / f"{other}.safetensors").read_bytes()))
    assert "Missing key" in details[0] or "size mismatch" in details[0]


def test_a_layer_more_or_less_is_noticed(tiny: OpenClipEncoder, folder: Path, tmp_path: Path, monkeypatch) -> None:
    from safetensors.torch import load_file, save

    state = load_file(folder / f"{tiny.name}.safetensors")
    text = "text." if tiny.name == "tiny-siglip" else ""
    visual = next(name for name in state if name.startswith("visual."))
    extra = {
        **state,
        f"{text}cls_emb": state[f"{text}positional_embedding"][:1].clone(),
        "visual.more": state[visual].clone(),
    }
    details = both_sides(own_file(tiny, tmp_path, monkeypatch, save(extra)))
    assert "visual.more" in details[0] or "more" in details[0]
    assert "cls_emb" in details[1]
    less = {name: tensor for name, tensor in state.items() if name not in (f"{text}ln_final.bias", visual)}
    (tmp_path / "less").mkdir()  # what was loaded before may still be open
    details = both_sides(own_file(tiny, tmp_path / "less", monkeypatch, save(less)))
    assert visual.removeprefix("visual.") in details[0]
    assert "ln_final.bias" in details[1]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"not json", b'{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}']
)
def test_damaged_tokenizer(folder: Path, references: object, tmp_path: Path, monkeypatch, content: bytes) -> None:
    monkeypatch.setitem(MODELS, "tiny-siglip", open_clip_model(folder, "tiny-siglip", "siglip"))
    tiny = OpenClipEncoder("tiny-siglip", weights_folder=folder)
    broken = own_file(tiny, tmp_path, monkeypatch, content, which=1)
    with pytest.raises(EncoderFailed) as failed:
        broken.encode_texts(["gato"])
    assert failed.value.params["name"] == "Tiny"
    assert failed.value.params["detail"]


def test_wrong_hash_is_refused(tiny: OpenClipEncoder, folder: Path, tmp_path: Path) -> None:
    for file in tiny.model.files.files:
        content = bytearray(model_file.weights_path(file, folder).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / file.filename).write_bytes(content)
    with pytest.raises(WrongHash) as wrong:
        OpenClipEncoder(tiny.name, weights_folder=tmp_path).load()
    assert wrong.value.params == {"name": "Tiny"}


# -- The registry --------------------------------------------------------------------------------------


def test_unknown_name() -> None:
    with pytest.raises(UnknownEncoder) as unknown:
        OpenClipEncoder("siglip3")
    assert "siglip2-b-16" in str(unknown.value.params["known"])


def test_identity() -> None:
    spaces = {OpenClipEncoder(name).space for name in MODELS}
    assert len(spaces) == 4
    encoder = OpenClipEncoder("siglip2-b-32-256")
    assert encoder.space == "open-clip/ViT-B-32-SigLIP2-256/7cdccf256ee0"
    assert (encoder.dim, encoder.input_size) == (768, 256)
    assert encoder.input_spec == InputSpec(256, 256, "squash", "bicubic", HALF, HALF)
    picture = Image.new("RGB", (512, 64), (255, 0, 0))
    assert fit_pixels(picture, encoder.input_spec).shape == (256, 256, 3)
    assert TextSpec("clip", 77, causal=True, gelu="none", epsilon=1e-5) == MODELS["vit-b-32-datacomp"].text
    assert copy.deepcopy(MODELS) == MODELS


def test_created_by_name(tmp_path: Path) -> None:
    known = {info.name: info for info in registry.describe(tmp_path)}
    for name, model in MODELS.items():
        assert isinstance(registry.create(name, weights_folder=tmp_path), OpenClipEncoder)
        assert known[name].size == model.files.size
        assert known[name].card.licence == model.licence
        assert known[name].ready is False
        assert registry.card(name).files == model.files
