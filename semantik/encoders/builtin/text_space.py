"""The text side of the embedded model: queries and class descriptions as vectors of one space (numpy only)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.base import unit_rows
from semantik.encoders.builtin.query_words import content_words, tidy
from semantik.encoders.builtin.sentences import SentenceEncoder
from semantik.encoders.unread_text import is_written_in
from semantik.records import Embeddings

TEXT_DIM = 320
CLASSES_FILE = Path(__file__).with_name("builtin_classes.tsv")

SCRIPTS = ("LATIN", "CYRILLIC", "ARABIC", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL")
"""Those of the sentence encoder's 16 languages; it has letters of others in its vocabulary, and never learnt them."""

# Half-way to whitening: it evens out directions that all descriptions share, without blowing up noise.
WHITENING = 0.25  # exponent of the variances; 0 leaves the space as it is, 0.5 whitens
SHRINKAGE = 0.5  # of the mean variance, added to each

# What people say about any photo. The mean of these is what sentences have in common whatever they
# show, in either language; it is subtracted from a query, so that only its content counts.
COMMON_SENTENCES = (
    "A person is sitting at home.",
    "Una persona está sentada en casa.",
    "Several people stand outside on a sunny day.",
    "Varias personas están al aire libre en un día de sol.",
    "A photo taken on holiday.",
    "Una foto tomada en vacaciones.",
    "A child is playing in the garden.",
    "Un niño juega en el jardín.",
    "Two friends smile at the camera.",
    "Dos amigos sonríen a la cámara.",
    "A view of the city with buildings.",
    "Una vista de la ciudad con edificios.",
    "Some food on a table.",
    "Algo de comida en una mesa.",
    "An animal in the countryside.",
    "Un animal en el campo.",
    "A car parked on the street.",
    "Un coche aparcado en la calle.",
    "The room has furniture and a window.",
    "La habitación tiene muebles y una ventana.",
    "A group of people at a party.",
    "Un grupo de gente en una fiesta.",
    "A landscape with mountains and trees.",
    "Un paisaje con montañas y árboles.",
    "A close-up of a small object.",
    "Un primer plano de un objeto pequeño.",
    "People walking near the water.",
    "Gente caminando cerca del agua.",
    "A man doing sport.",
    "Un hombre haciendo deporte.",
    "A woman holding something in her hand.",
    "Una mujer con algo en la mano.",
    "A picture of a pet.",
    "Una imagen de una mascota.",
    "A sign with letters on a wall.",
    "Un cartel con letras en una pared.",
    "Machines and tools in a workshop.",
    "Máquinas y herramientas en un taller.",
    "An old building seen from below.",
    "Un edificio antiguo visto desde abajo.",
    "Plants and flowers in spring.",
    "Plantas y flores en primavera.",
    "A vehicle on the road at night.",
    "Un vehículo en la carretera de noche.",
    "The family is together in the kitchen.",
    "La familia está junta en la cocina.",
    "Clothes and shoes on the floor.",
    "Ropa y zapatos en el suelo.",
)


def read_classes() -> list[tuple[str, str]]:
    """Name and description of each ImageNet class, in the classifier's order."""
    lines = CLASSES_FILE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return [(name, description) for name, description in rows]


def principal_axes(scatter: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ``count`` largest eigenvalues of a symmetric matrix and their vectors as columns, largest first.

    The sign, which the equation leaves open, makes the largest component positive: an index
    that was written with one linear algebra library stays valid under another.
    """
    from threadpoolctl import threadpool_limits

    # The algorithm meets its threads thousands of times, which takes seconds on a busy machine
    with threadpool_limits(1, "blas"):
        values, vectors = np.linalg.eigh(scatter)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return values, vectors * np.sign(largest)


class TextSpace:
    """Loads the sentence encoder and lays out the space when constructed (about a second).

    ``folder`` replaces the sentence encoder's own folder. Raises EncoderFailed, WrongHash.
    """

    anchors: NDArray[np.float32]
    """What each ImageNet class stands for, float32 (1000, 320), mean zero, not unit."""

    def __init__(self, folder: Path | None = None) -> None:
        self._sentences = SentenceEncoder(folder)
        descriptions = [tidy(description) for _, description in read_classes()]
        vectors = self._sentences.encode(descriptions + [tidy(sentence) for sentence in COMMON_SENTENCES])
        classes, common = vectors[: len(descriptions)], vectors[len(descriptions) :]
        self._word_mean = classes.mean(axis=0)
        self._sentence_mean = common.mean(axis=0)

        centred = unit_rows(classes - self._word_mean).astype(np.float64)
        centred -= centred.mean(axis=0)
        scatter = centred.T @ centred / len(centred)
        values, axes = principal_axes(scatter, TEXT_DIM)
        shrunk = values + SHRINKAGE * np.trace(scatter) / len(scatter)
        self._projection = (axes * shrunk**-WHITENING).astype(np.float32)
        self.anchors = centred.astype(np.float32) @ self._projection

    def reads(self, word: str) -> bool:
        """Whether a word means anything here; a number does not."""
        words = content_words(tidy(word), every=True)
        return is_written_in(SCRIPTS, word) and any(map(self._sentences.knows, words))

    def encode(self, texts: list[str]) -> Embeddings:
        """Unit vectors of n queries, float32 (n, 320).

        A query is the sum of its sentence vector and of its content words' vectors, each centred: the
        sentence knows what belongs together, the words keep what a long sentence would blur. With a
        single content word there is no sentence, so "perro", "Un perro" and "fotos de un PERRO" are one query.
        """
        sentences = [tidy(text) for text in texts]
        words = [content_words(sentence) for sentence in sentences]
        seen = list(dict.fromkeys(word for group in words for word in group))
        vectors = self._sentences.encode(sentences + seen)
        rows = unit_rows(vectors[: len(texts)] - self._sentence_mean)
        known = dict(zip(seen, unit_rows(vectors[len(texts) :] - self._word_mean), strict=True))
        for row, group in enumerate(words):
            if len(group) == 1:
                rows[row] = known[group[0]]
            elif group:
                rows[row] += unit_rows(np.sum([known[word] for word in group], axis=0, keepdims=True))[0]
        return unit_rows(rows @ self._projection)
