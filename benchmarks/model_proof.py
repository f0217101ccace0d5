"""How the check of models (``semantik/encoders/proof.py``) tells the embedded one from what is broken in it on purpose.

Each line breaks one thing that raises no error, and tells by language how far the right sentences fit the drawn
pictures better than shuffled ones (in deviations, the pass is at ``LEAST_FIT``), and the share of pairs told apart.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from semantik.decoding.fitting import fit_pixels
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.encoders.proof import fit, told_apart
from semantik.encoders.proof_pictures import PICTURES

LANGUAGES = ("es", "en", "pt")
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

Alter = Callable[[np.ndarray], np.ndarray]


def normalised(mean: list[float], std: list[float]) -> Alter:
    """Planes of the embedded model as another mean and deviation would have made them."""
    ours = BuiltinEncoder.input_spec

    def alter(planes: np.ndarray) -> np.ndarray:
        pixels = planes * np.float32(ours.std[0]) + np.float32(ours.mean[0])
        return (pixels - np.array(mean, np.float32)[:, None, None]) / np.array(std, np.float32)[:, None, None]

    return alter


PICTURE_FAULTS: dict[str, Alter] = {
    "red and blue exchanged": lambda planes: planes[:, ::-1],
    "mirrored at the diagonal": lambda planes: planes.transpose(0, 1, 3, 2),
    "upside down": lambda planes: planes[:, :, ::-1],
    "mean and deviation of CLIP": normalised([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
    "mean and deviation of ImageNet": normalised([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "not normalised, 0 to 1": normalised([0.0] * 3, [1.0] * 3),
    "not normalised, 0 to 255": normalised([0.0] * 3, [1 / 255] * 3),
    "negative": lambda planes: -planes,
    "lines read as planes": lambda planes: planes.transpose(0, 2, 3, 1).reshape(planes.shape),
    "noise": lambda planes: np.random.default_rng(0).standard_normal(planes.shape),
}

TEXT_FAULTS: dict[str, tuple[Callable[[str], str], Alter]] = {
    "letters exchanged, as by another tokenizer": (lambda text: text.lower().translate(LETTERS), lambda rows: rows),
    "only the first word": (lambda text: text.split()[0], lambda rows: rows),
    "texts of another space": (lambda text: text, lambda rows: np.hstack([rows[:, :320] @ rotation(), rows[:, 320:]])),
    "texts at random": (lambda text: text, lambda rows: np.random.default_rng(1).standard_normal(rows.shape)),
    "texts of zeros": (lambda text: text, np.zeros_like),
}


def rotation() -> np.ndarray:
    """A turn of the text space."""
    return np.linalg.qr(np.random.default_rng(3).standard_normal((320, 320)))[0].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()

    encoder = BuiltinEncoder()
    planes = encoder.normalise(np.stack([fit_pixels(one.image(), encoder.input_spec) for one in PICTURES]))
    figures: dict[str, dict[str, list[float]]] = {}

    def tell(name: str, rows: np.ndarray, read: Callable[[str], str], alter: Alter) -> None:
        told = {}
        for language in LANGUAGES:
            texts = alter(encoder.encode_texts([read(one.shows[language]) for one in PICTURES]))
            scores = rows.astype(np.float64) @ texts.T
            told[language] = [round(fit(scores), 2), round(told_apart(scores), 2)]
        figures[name] = told
        print(f"{name:45}", *(f"{language} {far:6.2f} {pairs:.2f}" for language, (far, pairs) in told.items()))

    right = encoder.encode_images(planes)
    tell("as it is", right, lambda text: text, lambda texts: texts)
    for name, fault in PICTURE_FAULTS.items():
        rows = encoder.encode_images(np.ascontiguousarray(fault(planes), dtype=np.float32))
        tell(name, rows, lambda text: text, lambda texts: texts)
    for name, (read, alter) in TEXT_FAULTS.items():
        tell(name, right, read, alter)
    scores = right.astype(np.float64) @ encoder.encode_texts([one.shows["es"] for one in PICTURES]).T
    chance = np.random.default_rng(0)
    shuffled = sorted(fit(scores[:, chance.permutation(len(PICTURES))]) for _ in range(10_000))
    figures["shuffled sentences, 999 of 1000"] = {"es": [round(shuffled[-10], 2)]}
    print(f"10,000 shuffles: the tenth best {shuffled[-10]:.2f}, the best {shuffled[-1]:.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
