"""Texts of more than fifty languages in the space of OpenAI's ViT-B/32: one index serves them and English.

``clip-ViT-B-32-multilingual-v1`` of sentence-transformers: a multilingual DistilBERT that was trained to give
a translation the vector that CLIP gives the English original (Reimers and Gurevych, 2020, "Making Monolingual
Sentence Embeddings Multilingual using Knowledge Distillation", arXiv:2004.09813).
"""

from __future__ import annotations

import logging
import threading
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semantik.downloads import model_file_set
from semantik.downloads.model_file_set import ModelFiles, Repository
from semantik.encoders.base import unit_rows
from semantik.encoders.tensor_files import TensorFile
from semantik.encoders.text_tokens import TextTokens, encodable
from semantik.errors import EncoderFailed
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

LICENCE = "Apache-2.0"
SPACE_OF = "clip-vit-b-32"  # the model in whose space the vectors are
DIM = 512
CONTEXT = 128  # tokens that the model was trained with
TEXTS_PER_BATCH = 32
DATA = ".safetensors"

_REPOSITORY = Repository(
    "clip-ViT-B-32-multilingual-v1",
    "sentence-transformers/clip-ViT-B-32-multilingual-v1",
    "58edf8cada9e398793dca955574a48cbb7f18be2",
    "clip-vit-b-32-multilingual",
)
FILES = ModelFiles(
    _REPOSITORY.title,
    (
        _REPOSITORY.file(
            f"model{DATA}",
            "7b968c09938603158413ea2c91af82e82158ebb6db901a6cf97c28ce7d7ebc6d",
            538947416,
            exact=False,
        ),
        _REPOSITORY.file(
            f"2_Dense/model{DATA}", "d12568dc7300970a4d3dbb49068ad16cd89b99840b74b026f8e48071e9414f74", 1572984
        ),
        _REPOSITORY.file("tokenizer.json", "5b4e1a8171c81dfd666ae40265b9530c6e0b3d53923fe8ac493dcc84229adf81", 1961847),
    ),
)

LOAD_ERRORS = (RuntimeError, ValueError, TypeError, KeyError, ImportError, OSError)


class MultilingualTexts:
    """The text tower, on the processor. Nothing is fetched here, and nothing loads before the first text.

    ``folder`` is the weights folder (None: ``~/.cache/clip``). All methods may be called from any thread.
    """

    def __init__(self, folder: Path | None = None, files: ModelFiles = FILES) -> None:
        self.files = files
        self._folder = folder
        self._lock = threading.Lock()
        self._tower: DistilBert | None = None
        self._tokens: TextTokens | None = None

    @property
    def ready(self) -> bool:
        """Whether the files are on disk."""
        return model_file_set.is_ready(self.files, self._folder)

    def load(self) -> None:
        """Load now what is not loaded. Raises WeightsMissing, WrongHash, or EncoderFailed for files that do not fit."""
        with self._lock:
            if self._tower:
                return
            model, dense, tokenizer = model_file_set.checked_paths(self.files, self._folder)
            try:
                self._tokens = TextTokens(
                    tokenizer, length=CONTEXT, start="[CLS]", end="[SEP]", pad="[PAD]", padded=False
                )
                tower = DistilBert(TensorFile(model), TensorFile(dense))
                if self._tokens.highest >= tower.vocabulary:
                    raise ValueError(f"{self._tokens.highest + 1} tokens for {tower.vocabulary} vectors")
            except LOAD_ERRORS as error:
                log.warning("the multilingual text tower cannot be loaded", exc_info=True)
                detail = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
                raise EncoderFailed(name=self.files.name, detail=detail) from error
            self._tower = tower
            log.info("multilingual text tower loaded")

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts of any of the languages: n strings -> unit rows (n, 512). What exceeds 128 tokens is ignored.

        Raises what ``load`` raises.
        """
        if not texts:
            return np.zeros((0, DIM), dtype=np.float32)
        self.load()
        assert self._tower
        assert self._tokens
        cleaned = [_clean(text) for text in texts]
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), TEXTS_PER_BATCH):
            tokens, used = self._tokens(cleaned[start : start + TEXTS_PER_BATCH])
            rows.append(self._tower(tokens, used))
        return unit_rows(np.concatenate(rows))


class DistilBert:
    """DistilBERT (Sanh et al., 2019, arXiv:1910.01108), the mean of its tokens and a linear map, for inference.

    In 60 lines instead of ``transformers`` with its 130 MB and a second of import; equal to it in the tests. The
    table of token vectors, two thirds of the model, stays in the file; only rows in use are read.

    Raises KeyError, ValueError or RuntimeError when the weights are not those of such a model.
    """

    HEAD_WIDTH = 64
    EPSILON = 1e-12

    def __init__(self, model: TensorFile, dense: TensorFile) -> None:
        self._file, self._used = model, set[str]()
        self.words = model.mapped(self._name("embeddings.word_embeddings.weight"))
        self.vocabulary, self.width = self.words.shape
        positions = self._name("embeddings.position_embeddings.weight")
        self.positions = self._tensor(positions, (model.shape(positions)[0], self.width))
        if len(self.positions) < CONTEXT:
            raise ValueError(f"{len(self.positions)} positions, not {CONTEXT}")
        self.norm = self._pair("embeddings.LayerNorm", self.width)
        count = len({name.split(".")[2] for name in model.under("transformer.layer.")})
        if not count:
            raise KeyError("transformer.layer")
        self.layers = [self._layer(f"transformer.layer.{number}") for number in range(count)]
        self.dense = dense.tensor("linear.weight")
        if tuple(self.dense.shape) != (DIM, self.width) or dense.names != {"linear.weight"}:
            raise ValueError(f"the linear map is {tuple(self.dense.shape)}, not {(DIM, self.width)} without bias")
        if left := sorted(model.names - self._used):
            raise ValueError(f"not of this network: {', '.join(left[:3])}")

    def __call__(self, tokens: NDArray[np.int64], used: NDArray[np.bool_]) -> NDArray[np.float32]:
        """int64 and bool (n, length), ``used`` false for padding -> float32 (n, 512), not unit."""
        import torch
        from torch.nn import functional

        n, length = tokens.shape
        heads, width = self.width // self.HEAD_WIDTH or 1, self.width
        shape = (width,)
        with torch.inference_mode():
            mask = torch.from_numpy(used)
            x = functional.embedding(torch.from_numpy(tokens), self.words).float() + self.positions[:length]
            x = functional.layer_norm(x, shape, self.norm[0], self.norm[1], self.EPSILON)
            for queries_keys_values, out, norm_1, up, down, norm_2 in self.layers:
                split = [
                    functional.linear(x, weight, bias).view(n, length, heads, width // heads).transpose(1, 2)
                    for weight, bias in queries_keys_values
                ]
                attended = functional.scaled_dot_product_attention(
                    split[0], split[1], split[2], attn_mask=mask[:, None, None, :]
                )
                joined = attended.transpose(1, 2).reshape(n, length, width)
                x = functional.layer_norm(
                    functional.linear(joined, *out) + x, shape, norm_1[0], norm_1[1], self.EPSILON
                )
                inner = functional.gelu(functional.linear(x, *up))
                x = functional.layer_norm(
                    functional.linear(inner, *down) + x, shape, norm_2[0], norm_2[1], self.EPSILON
                )
            weights = mask.to(x.dtype)[:, :, None]
            rows: NDArray[np.float32] = functional.linear((x * weights).sum(1) / weights.sum(1), self.dense).numpy()
            return rows

    def _layer(self, name: str) -> tuple[Any, ...]:
        inner = self._file.shape(f"{name}.ffn.lin1.weight")[0]
        return (
            [self._pair(f"{name}.attention.{part}", self.width, self.width) for part in ("q_lin", "k_lin", "v_lin")],
            self._pair(f"{name}.attention.out_lin", self.width, self.width),
            self._pair(f"{name}.sa_layer_norm", self.width),
            self._pair(f"{name}.ffn.lin1", inner, self.width),
            self._pair(f"{name}.ffn.lin2", self.width, inner),
            self._pair(f"{name}.output_layer_norm", self.width),
        )

    def _pair(self, name: str, *shape: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self._tensor(f"{name}.weight", shape), self._tensor(f"{name}.bias", shape[:1])

    def _tensor(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        if self._file.shape(self._name(name)) != shape:
            raise ValueError(f"{name} is {self._file.shape(name)}, not {shape}")
        return self._file.tensor(name)

    def _name(self, name: str) -> str:
        self._used.add(name)
        return name


def _clean(text: str) -> str:
    """A query as the model knows its words: composed, and not in capitals throughout, which it takes for names."""
    composed = unicodedata.normalize("NFC", encodable(text)).strip()
    return composed.lower() if composed.isupper() else composed
