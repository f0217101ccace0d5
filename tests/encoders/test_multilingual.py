"""The multilingual text tower: the same tokens and vectors as transformers', from the published kinds of files."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from semantik.downloads import model_file, model_file_set
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.clip import multilingual
from semantik.encoders.clip.models import MODELS as CLIP_MODELS
from semantik.encoders.clip.multilingual import FILES, MultilingualTexts
from semantik.encoders.text_tokens import TextTokens
from semantik.errors import EncoderFailed, WeightsMissing, WrongHash
from tests.support import tiny_models
from tests.support.places import REPO
from tests.support.systems import with_transformers

pytestmark = with_transformers

NAMES = ("model.safetensors", "2_Dense-model.safetensors", "tokenizer.json")
TEXTS = [
    "un perro en la playa",
    "a photo of a cat",
    "¡La Niña comió, ñoquis! (2023)",
    "",
    "  two \t lines\nof text_with_underscores ",
    "日本の寺 🚀 ½ 中文",
    "sea " * 300,
    "wörter" * 60,
    "Ein Mädchen läßt los",
]


def files_in(folder: Path) -> ModelFiles:
    """Files of our own making under which they count as published."""
    return ModelFiles(
        "Tiny",
        tuple(
            WeightsFile("Tiny", f"http://127.0.0.1:9/{name}", model_file.file_sha256(path), path.stat().st_size, name)
            for name, path in ((name, folder / name) for name in NAMES)
        ),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("multilingual")
    tiny_models.write_bert_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def reference(folder: Path) -> tuple:
    return tiny_models.write_distilbert(folder)


@pytest.fixture
def tiny(folder: Path, reference: tuple) -> MultilingualTexts:
    return MultilingualTexts(folder, files_in(folder))


def transformers_tokens(folder: Path, texts: list[str]):
    """As sentence-transformers asks for them: stripped, at most 128 tokens, as long as the longest."""
    from transformers import DistilBertTokenizerFast

    tokenizer = DistilBertTokenizerFast.from_pretrained(folder, do_lower_case=False)
    return tokenizer(
        [text.strip() for text in texts], padding=True, truncation=True, max_length=128, return_tensors="pt"
    )


def transformers_vectors(folder: Path, reference: tuple, texts: list[str]) -> np.ndarray:
    import torch

    model, dense = reference
    tokens = transformers_tokens(folder, texts)
    with torch.inference_mode():
        states = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
        mask = tokens["attention_mask"][:, :, None].float()
        rows = dense((states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# -- The published files -------------------------------------------------------------------------------


def test_files_are_pinned_and_announced() -> None:
    assert [file.url.split("/resolve/58edf8cada9e398793dca955574a48cbb7f18be2/")[1] for file in FILES.files] == [
        "model.safetensors",
        "2_Dense/model.safetensors",
        "tokenizer.json",
    ]
    assert [file.filename for file in FILES.files] == [f"clip-vit-b-32-multilingual/{name}" for name in NAMES]
    assert all(len(file.sha256) == 64 for file in FILES.files)
    assert round(FILES.files[0].size / 1e6) == 539
    assert round(FILES.size / 1e6) == 542
    assert CLIP_MODELS[multilingual.SPACE_OF].dim == multilingual.DIM
    assert FILES.files[1].size - 512 * 768 * 4 == 120  # the header of one float32 matrix
    assert 5_000 < FILES.files[0].size - 4 * 134_734_080 < 20_000  # the parameters of multilingual DistilBERT


def test_announced_size_is_that_of_the_network() -> None:
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    with torch.device("meta"):
        model = DistilBertModel(DistilBertConfig(vocab_size=119547))
    assert sum(tensor.numel() for tensor in model.state_dict().values()) == 134_734_080


# -- The same tokens and numbers -----------------------------------------------------------------------


def test_tokens_are_those_of_transformers(folder: Path) -> None:
    tokens = TextTokens(folder / "tokenizer.json", length=128, start="[CLS]", end="[SEP]", pad="[PAD]", padded=False)
    ours, used = tokens([text.strip() for text in TEXTS])
    theirs = transformers_tokens(folder, TEXTS)
    assert np.array_equal(ours, theirs["input_ids"].numpy())
    assert np.array_equal(used, theirs["attention_mask"].numpy().astype(bool))
    assert ours.shape == (len(TEXTS), 128)
    assert ours[6, -1] == ours[0, used[0].sum() - 1]  # the end survives the cut
    assert used[3].sum() == 2  # the empty text has its frame


def test_vectors_are_those_of_transformers(tiny: MultilingualTexts, folder: Path, reference: tuple) -> None:
    ours = tiny.encode_texts(TEXTS)
    theirs = transformers_vectors(folder, reference, TEXTS)
    assert ours.shape == (len(TEXTS), 512)
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert ours[0] @ ours[1] < 0.999


def test_a_text_is_the_same_alone_and_among_others(tiny: MultilingualTexts) -> None:
    many = tiny.encode_texts([*TEXTS, *(f"foto {number}" for number in range(80))])
    for number in (0, 3, 6, 50):
        alone = tiny.encode_texts([([*TEXTS, *(f"foto {n}" for n in range(80))])[number]])
        assert np.allclose(alone[0], many[number], atol=1e-5)


def test_queries_as_people_type_them(tiny: MultilingualTexts) -> None:
    rows = tiny.encode_texts(
        ["UN PERRO", "un perro", "nin\u0303a", "ni\u00f1a", "lone \udc80", "lone ?", "x" * 9999, "123"]
    )
    assert np.allclose(rows[0], rows[1], atol=1e-6)
    assert np.allclose(rows[2], rows[3], atol=1e-6)
    assert np.allclose(rows[4], rows[5], atol=1e-6)
    assert np.isfinite(rows).all()
    assert tiny.encode_texts([]).shape == (0, 512)


def test_needs_neither_transformers_nor_the_network(folder: Path, reference: tuple) -> None:
    code = (
        "import sys, socket; from pathlib import Path\n"
        "from tests.encoders import test_multilingual as t\n"
        "def no(*_): raise AssertionError('network')\n"
        "socket.socket.connect = no\n"
        "folder = Path(sys.argv[1])\n"
        "tower = t.MultilingualTexts(folder, t.files_in(folder))\n"
        "print('torch' in sys.modules, tower.ready, tower.encode_texts(['gato']).shape)\n"
        "print(sorted({'transformers', 'torchvision', 'open_clip', 'clip', 'requests'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n")[:2] == ["False True (1, 512)", "[]"]


def test_loads_once_for_all_threads(tiny: MultilingualTexts, monkeypatch: pytest.MonkeyPatch) -> None:
    original, loads = multilingual.DistilBert, []
    monkeypatch.setattr(multilingual, "DistilBert", lambda *files: loads.append(files) or original(*files))
    rows: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: rows.append(tiny.encode_texts(["gato"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(rows) == 4
    assert all(np.allclose(row, rows[0], atol=1e-6) for row in rows)


# -- Files that are not right --------------------------------------------------------------------------


def test_missing_files(tmp_path: Path, folder: Path, reference: tuple) -> None:
    tower = MultilingualTexts(tmp_path)
    assert not tower.ready
    with pytest.raises(WeightsMissing) as missing:
        tower.encode_texts(["gato"])
    assert missing.value.params == {"name": "clip-ViT-B-32-multilingual-v1", "megabytes": 542}
    for name in NAMES[:2]:  # the tokenizer alone is missing
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(WeightsMissing):
        MultilingualTexts(tmp_path, files_in(folder)).load()


def with_file(folder: Path, tmp_path: Path, which: str, content: bytes) -> MultilingualTexts:
    for name in NAMES:
        (tmp_path / name).write_bytes(content if name == which else (folder / name).read_bytes())
    return MultilingualTexts(tmp_path, files_in(tmp_path))


def failure(tower: MultilingualTexts) -> str:
    with pytest.raises(EncoderFailed) as failed:
        tower.encode_texts(["gato"])
    assert type(failed.value) is EncoderFailed
    assert failed.value.params["name"] == "Tiny"
    return str(failed.value.params["detail"])


@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("damage", ["empty", "cut", "garbage"])
def test_damaged_files(folder: Path, reference: tuple, tmp_path: Path, which: str, damage: str) -> None:
    whole = (folder / which).read_bytes()
    content = {"empty": b"", "cut": whole[: len(whole) // 2], "garbage": b"garbage" * 500}[damage]
    detail = failure(with_file(folder, tmp_path, which, content))
    assert detail
    if which != "tokenizer.json":
        assert which in detail


def test_other_networks_are_refused(folder: Path, reference: tuple, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save

    state = load_file(folder / "model.safetensors")
    name = "transformer.layer.1.ffn.lin1.weight"
    without = {key: tensor for key, tensor in state.items() if key != name}
    assert name in failure(with_file(folder, tmp_path, NAMES[0], save(without)))
    assert "pooler" in failure(with_file(folder, tmp_path, NAMES[0], save({**state, "pooler": state[name].clone()})))
    narrow = {**state, name: state[name][:, :7].contiguous()}
    assert "(256, 7)" in failure(with_file(folder, tmp_path, NAMES[0], save(narrow)))
    few = {**state, "embeddings.word_embeddings.weight": state["embeddings.word_embeddings.weight"][:20].contiguous()}
    assert "for 20 vectors" in failure(with_file(folder, tmp_path, NAMES[0], save(few)))
    assert "word_embeddings" in failure(with_file(folder, tmp_path, NAMES[0], save({"conv1.weight": state[name]})))
    dense = load_file(folder / NAMES[1])["linear.weight"]
    assert "(511, 128)" in failure(
        with_file(folder, tmp_path, NAMES[1], save({"linear.weight": dense[:511].contiguous()}))
    )
    biased = {"linear.weight": dense, "linear.bias": dense[:, 0].contiguous()}
    assert "without bias" in failure(with_file(folder, tmp_path, NAMES[1], save(biased)))


def test_tokenizer_of_another_family_is_refused(folder: Path, reference: tuple, tmp_path: Path) -> None:
    tiny_models.write_t5_tokenizer(tmp_path / "t5")
    content = (tmp_path / "t5" / "tokenizer.json").read_bytes()
    assert "no token [CLS], [SEP], [PAD]" in failure(with_file(folder, tmp_path, NAMES[2], content))


def test_wrong_hash_is_refused(folder: Path, reference: tuple, tmp_path: Path) -> None:
    files = files_in(folder)
    for name in NAMES:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    content = bytearray((folder / NAMES[0]).read_bytes())
    content[-1] ^= 1
    (tmp_path / NAMES[0]).write_bytes(content)
    with pytest.raises(WrongHash):
        MultilingualTexts(tmp_path, files).encode_texts(["gato"])
    right = dataclasses.replace(files.files[0], sha256=model_file.file_sha256(tmp_path / NAMES[0]))
    good = ModelFiles("Tiny", (right, *files.files[1:]))
    assert model_file_set.checked_paths(good, tmp_path)[0] == tmp_path / NAMES[0]
