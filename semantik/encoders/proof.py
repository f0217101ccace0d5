"""Whether a model works: it must tell pictures that the program draws itself by sentences in the languages it claims.

A wrong file, tokenizer or preprocessing raises no error: the vectors merely mean nothing. It shows here. The measures
were chosen on the embedded model and on what was broken in it on purpose (``benchmarks/model_proof.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.fitting import fit_pixels
from semantik.encoders.base import Encoder
from semantik.encoders.model_card import Languages
from semantik.encoders.proof_pictures import PICTURES
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings, Pixels

VERSION = 1
"""Of pictures, sentences and rules: what an earlier one found is not believed."""

LEAST_FIT = 5.0
"""How far the right sentences must fit better than shuffled ones, in deviations among these. The embedded model has 8;
of a thousand shuffles one is beyond 4, and of what was broken the best had 1.7."""

MARGIN = 0.5
"""By how much altered pictures may fit better. To the embedded model they fit worse by 0.9 at least."""

CONTRAST_MARGIN = 0.75
"""The same for another contrast, which good models mind little."""

Fault = Literal["", "meaning", "colours", "position", "contrast"]

READ: dict[Languages, tuple[str, ...]] = {
    "english": ("en",),
    "spanish_english": ("es", "en"),
    "sixteen": ("es", "en", "pt"),
    "fifty": ("es", "en", "pt"),
    "many": ("es", "en", "pt"),
}
"""Those of the three languages of the sentences that a model claims to read."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it. ``told``: the share of pairs of pictures that were told apart, in [0, 1], by language.

    ``fault`` is "" when the model passed. "meaning": it does not know what the pictures show; "colours", "position" and
    "contrast": it knows them better with red and blue exchanged, turned, or with another contrast.
    """

    told: dict[str, float]
    fault: Fault = ""

    @property
    def passed(self) -> bool:
        """Whether the model may be used."""
        return not self.fault


Prove = Callable[[Encoder, Sequence[str], TaskControl], Proof]
"""What ``prove`` is."""


def prove(encoder: Encoder, languages: Sequence[str], control: TaskControl = UNATTENDED) -> Proof:
    """Let a model tell the drawn pictures by sentences of ``languages``. It is loaded for that.

    Takes about as long as indexing 80 pictures. Raises Cancelled and what ``Encoder.load`` raises.
    """
    encoder.load()
    pixels = np.stack([fit_pixels(picture.image(), encoder.input_spec) for picture in PICTURES])
    texts = {
        language: encoder.encode_texts([picture.shows[language] for picture in PICTURES]) for language in languages
    }

    def fits(planes: NDArray[np.float32]) -> tuple[list[float], dict[str, float]]:
        found = []
        for start in range(0, len(planes), encoder.batch_size):
            control.stop_if_cancelled()
            found.append(encoder.encode_images(planes[start : start + encoder.batch_size]))
        rows: Embeddings = np.concatenate(found)
        scores = {language: rows.astype(np.float64) @ vectors.T for language, vectors in texts.items()}
        return [fit(table) for table in scores.values()], {one: told_apart(table) for one, table in scores.items()}

    planes = encoder.normalise(pixels)
    straight, told = fits(planes)
    if min(straight) < LEAST_FIT:
        return Proof(told, "meaning")
    usual = float(np.mean(straight))
    altered: tuple[tuple[Fault, float, Callable[[], NDArray[np.float32]]], ...] = (
        ("colours", MARGIN, lambda: np.ascontiguousarray(planes[:, ::-1])),
        ("position", MARGIN, lambda: _turned(encoder, pixels)),
        ("position", MARGIN, lambda: np.ascontiguousarray(planes[:, :, ::-1])),
        ("contrast", CONTRAST_MARGIN, lambda: _between_minus_one_and_one(pixels)),
    )
    for fault, margin, alter in altered:
        other = alter()
        if not np.allclose(other, planes, atol=0.02) and np.mean(fits(other)[0]) > usual + margin:
            return Proof(told, fault)
    return Proof(told)


def fit(scores: NDArray[np.float64]) -> float:
    """How far the pairs of the diagonal outdo shuffled ones, (n, n) scores: in deviations among all shuffles.

    Neither a picture that is near to all texts nor a text that is near to all pictures counts, nor does the scale.
    Scores that tell nothing have 0.
    """
    centred = scores - scores.mean(0) - scores.mean(1, keepdims=True) + scores.mean()
    deviation = np.sqrt((centred**2).sum() / (len(scores) - 1))  # of the sum over a permutation at random
    return float(np.trace(centred) / deviation) if deviation > 1e-6 else 0.0


def told_apart(scores: NDArray[np.float64]) -> float:
    """The share of all pairs of pictures whose two texts fit better as they are than exchanged, (n, n) scores."""
    own = np.diag(scores)
    gain = own[:, None] + own - scores - scores.T
    return float((gain[np.triu_indices(len(scores), 1)] > 1e-6).mean())


def _turned(encoder: Encoder, pixels: Pixels) -> NDArray[np.float32]:
    """The pictures mirrored at their diagonal, where the model takes squares."""
    height, width = pixels.shape[1:3]
    return encoder.normalise(np.ascontiguousarray(pixels.transpose(0, 2, 1, 3)) if height == width else pixels)


def _between_minus_one_and_one(pixels: Pixels) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(127.5) - np.float32(1)
