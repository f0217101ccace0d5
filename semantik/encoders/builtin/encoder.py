"""The embedded model: text and pictures in one space without any download.

ConSE (Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2014,
arXiv:1312.5650): a picture is the sum of the sentence vectors of what a classifier sees in it, a query is
embedded by the same sentence encoder. What was added to that recipe, and what each addition is worth,
is measured in ``benchmarks/embedded_recall.md``.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.fitting import InputSpec
from semantik.encoders.base import Encoder, unit_rows
from semantik.encoders.builtin import onnx_network
from semantik.encoders.builtin.network import INPUT_SIDE, MEAN, STD, VISUAL_DIM, Network
from semantik.encoders.builtin.onnx_network import OnnxNetwork
from semantik.encoders.builtin.text_space import TEXT_DIM, TextSpace
from semantik.encoders.number_formats import EXACT, EXACT_ONNX, NumberFormat
from semantik.encoders.unread_text import unread_words
from semantik.records import Embeddings

log = logging.getLogger(__name__)

# A picture's vector is (MEANING * what it means, APPEARANCE * how it looks), both unit; a text's is (what it
# means, 0). Hence texts rank pictures by meaning alone, and a picture's copies come before its kind.
MEANING = 0.5
APPEARANCE = 0.75**0.5


class BuiltinEncoder(Encoder):
    """EfficientNet-Lite0 and the multilingual Universal Sentence Encoder, both inside pip packages.

    The sides load apart on first use: texts need numpy only (about a second), pictures need torch or ONNX
    Runtime as well, by ``number_format``. Both files are hashed when they are read; ONNX Runtime's, made of one, has
    checksums. All methods may be called from any thread.

    ``sentences_folder`` and ``weights_folder`` replace the folders of the packages that ship the files, ``kept_folder``
    the usual folder of downloaded models, where ONNX Runtime's is kept.
    """

    name = "builtin"
    space = f"builtin/lite0-{INPUT_SIDE}-use3-{TEXT_DIM}+{VISUAL_DIM}-v1"
    dim = TEXT_DIM + VISUAL_DIM
    is_calibrated = True
    input_spec = InputSpec(INPUT_SIDE, INPUT_SIDE, "crop", "bicubic", (MEAN,) * 3, (STD,) * 3)

    def __init__(
        self,
        *,
        sentences_folder: Path | None = None,
        weights_folder: Path | None = None,
        kept_folder: Path | None = None,
        number_format: NumberFormat = EXACT,
    ) -> None:
        self.number_format = number_format
        self._sentences_folder = sentences_folder
        self._weights_folder = weights_folder
        self._kept_folder = kept_folder
        self._text_lock, self._image_lock = threading.Lock(), threading.Lock()
        self._text_space: TextSpace | None = None
        self._network: Network | OnnxNetwork | None = None

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the sides that are asked for; pictures need both. Raises EncoderFailed, WrongHash."""
        if texts or images:
            self._texts()
        if images:
            self._images()

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts in any of the sentence encoder's 16 languages: n strings -> float32 (n, 512).

        The last 192 columns, a picture's appearance, are zero. Raises EncoderFailed, WrongHash.
        """
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        if texts:
            rows[:, :TEXT_DIM] = self._texts().encode(texts)
        return rows

    def unread(self, text: str) -> tuple[str, ...]:
        """Numbers, signs and scripts that are not in the sentence encoder's vocabulary. Raises as ``load``."""
        return unread_words(text, self._texts().reads)

    def encode_images(self, batch: NDArray[np.float32]) -> Embeddings:
        """Embed pictures made by ``preprocess``: float32 (n, 3, 256, 256) -> float32 (n, 512).

        Raises EncoderFailed, WrongHash.
        """
        if not len(batch):
            return np.zeros((0, self.dim), dtype=np.float32)
        space, network = self._texts(), self._images()
        features = network.features(batch)
        # Square roots, because the classifier is too sure: what it saw second is often in the picture, too.
        meaning = unit_rows(np.sqrt(network.classifier.probabilities(features)) @ space.anchors)
        appearance = unit_rows(network.classifier.appearance(features))
        return unit_rows(np.hstack([MEANING * meaning, APPEARANCE * appearance]))

    def _texts(self) -> TextSpace:
        with self._text_lock:
            if self._text_space is None:
                self._text_space = TextSpace(self._sentences_folder)
                log.info("text side of %s loaded", self.space)
            return self._text_space

    def _images(self) -> Network | OnnxNetwork:
        with self._image_lock:
            if self._network is None:
                if self.number_format == EXACT_ONNX:
                    kept = onnx_network.kept_path(self._kept_folder)
                    self._network = onnx_network.load(kept, self._weights_folder)
                else:
                    self._network = Network(self._weights_folder)
                log.info("image side of %s loaded: %s", self.space, type(self._network).__name__)
            return self._network
