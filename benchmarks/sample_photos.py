"""Captioned photos, and recall over them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from semantik.encoders.builtin.encoder import BuiltinEncoder

KS = (1, 5, 10)


@dataclass(frozen=True)
class Row:
    """A measured variant: recall at 1, 5 and 10 per language; ``rate`` in pictures per second of one core."""

    group: str
    variant: str
    en: tuple[float, ...]
    es: tuple[float, ...]
    rate: float = 0.0

    def __str__(self) -> str:
        cells = [f"{value:.3f}" for value in (*self.en, *self.es, self.es[2] / self.en[2])]
        rate = f"{self.rate:.0f}" if self.rate else ""
        return f"| {self.group} | {self.variant} | {' | '.join(cells)} | {rate} |"


class Photos:
    """The photos with their captions in both languages."""

    def __init__(self, folder: Path, english: Path, spanish: Path) -> None:
        entries = json.loads(english.read_text(encoding="utf-8"))
        translations = {entry["file"]: entry["captions"] for entry in json.loads(spanish.read_text(encoding="utf-8"))}
        entries = [entry for entry in entries if entry["file"] in translations]
        self.names = [entry["file"] for entry in entries]
        self.images = [ImageOps.exif_transpose(Image.open(folder / entry["file"])).convert("RGB") for entry in entries]
        pairs = [list(zip(entry["captions"], translations[entry["file"]], strict=False)) for entry in entries]
        self.en = [caption for captions in pairs for caption, _ in captions]
        self.es = [caption for captions in pairs for _, caption in captions]
        self.owner = np.repeat(np.arange(len(pairs)), [len(captions) for captions in pairs])


def ranks(queries: np.ndarray, vectors: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """How many photos score higher than the query's own, per query."""
    scores = queries @ vectors.T
    return (scores > scores[np.arange(len(owner)), owner][:, np.newaxis]).sum(axis=1)


def recall(found: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float((found < k).mean()), 4) for k in KS)


def embed(encoder: BuiltinEncoder, images: list[Image.Image]) -> tuple[np.ndarray, dict[str, float]]:
    """Vectors of decoded pictures, and pictures a second: the network alone, and with fitting the input."""
    size = encoder.batch_size
    started = time.perf_counter()
    batches = [
        np.stack([encoder.preprocess(image) for image in images[start : start + size]])
        for start in range(0, len(images), size)
    ]
    fitted = time.perf_counter()
    vectors = np.concatenate([encoder.encode_images(batch) for batch in batches])
    ended = time.perf_counter()
    rates = {"encode": len(images) / (ended - fitted), "fit_and_encode": len(images) / (ended - started)}
    return vectors, rates
