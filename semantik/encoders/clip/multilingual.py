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

import numpy as np
from numpy.typing import NDArray

from semantik.downloads import model_file_set
from semantik.downloads.model_file_set import ModelFiles, Repository
from semantik.encoders.base import unit_rows
from semantik.encoders.tensor_files import NetworkTensors, TensorFile
from semantik.encoders.text_tokens import TextTokens, encodable
from semantik.encoders.transformer import BlockNames, BlockSpec, Transformer
from semantik.encoders.unread_text import unread_words
from semantik.errors import EncoderFailed
from semantik.records import Embeddings

log = logging.getLogger(__name__)

NAME = "multilingual"
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

    def unread(self, text: str) -> tuple[str, ...]:
        """The words and signs of a text that are not in the vocabulary. Raises what ``load`` raises."""
        self.load()
        assert self._tokens
        return unread_words(_clean(text), self._tokens.knows)


class DistilBert:
    """DistilBERT (Sanh et al., 2019, arXiv:1910.01108), the mean of its tokens and a linear map, for inference.

    Without ``transformers``, its 130 MB and a second of import; equal to it in the tests. The table of token vectors,
    two thirds of the model, stays in the file; only rows in use are read.

    Raises KeyError, ValueError or RuntimeError when the weights are not those of such a model.
    """

    EPSILON = 1e-12
    BLOCKS = BlockSpec(
        BlockNames(
            queries_keys_values=("attention.q_lin.", "attention.k_lin.", "attention.v_lin."),
            attention_out="attention.out_lin.",
            attention_norm="sa_layer_norm.",
            mlp_in="ffn.lin1.",
            mlp_out="ffn.lin2.",
            mlp_norm="output_layer_norm.",
        ),
        "gelu",
        EPSILON,
        norm_first=False,
    )

    def __init__(self, model: TensorFile, dense: TensorFile) -> None:
        tensors = NetworkTensors(model)
        self.words = tensors.table("embeddings.word_embeddings.weight")
        self.vocabulary, self.width = self.words.shape
        positions = "embeddings.position_embeddings.weight"
        self.positions = tensors.tensor(positions, (tensors.shape(positions)[0], self.width))
        if len(self.positions) < CONTEXT:
            raise ValueError(f"{len(self.positions)} positions, not {CONTEXT}")
        self.norm = tensors.pair("embeddings.LayerNorm.", (self.width,))
        self.transformer = Transformer(tensors, "transformer.layer.", self.width, self.BLOCKS)
        tensors.require_all_used()
        shape = dense.shape("linear.weight")
        if shape != (DIM, self.width) or dense.names != {"linear.weight"}:
            raise ValueError(f"the linear map is {shape}, not {(DIM, self.width)} without bias")
        self.dense = NetworkTensors(dense).tensor("linear.weight", shape)

    def __call__(self, tokens: NDArray[np.int64], used: NDArray[np.bool_]) -> NDArray[np.float32]:
        """int64 and bool (n, length), ``used`` false for padding -> float32 (n, 512), not unit."""
        import torch
        from torch.nn import functional

        with torch.inference_mode():
            mask = torch.from_numpy(used)
            x = functional.embedding(torch.from_numpy(tokens), self.words).float() + self.positions[: tokens.shape[1]]
            x = functional.layer_norm(x, (self.width,), *self.norm, eps=self.EPSILON)
            x = self.transformer(x, mask=mask[:, None, None, :])
            weights = mask.to(x.dtype)[:, :, None]
            rows: NDArray[np.float32] = functional.linear((x * weights).sum(1) / weights.sum(1), self.dense).numpy()
            return rows


def _clean(text: str) -> str:
    """A query as the model knows its words: composed, and not in capitals throughout, which it takes for names."""
    composed = unicodedata.normalize("NFC", encodable(text)).strip()
    return composed.lower() if composed.isupper() else composed
