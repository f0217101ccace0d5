"""Whether the quicker variant of an encoder is worth it: tried on the user's own pictures and machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import TooFewPictures
from semantik.folders.scan import find_images
from semantik.records import Decoded, Embeddings

MOST_PICTURES = 400
LEAST_PICTURES = 50  # of fewer, the ten nearest are a good part of all
NEIGHBOURS = 10

MIN_SPEEDUP = 1.3
MIN_RECALL = 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """How a quicker encoder compares with the exact one.

    ``speedup`` is a ratio of seconds, ``cosine`` the mean between the two embeddings of a picture, ``recall``
    the share of each picture's ten nearest pictures that are the same with both (recall@10).
    """

    pictures: int
    speedup: float
    cosine: float
    recall: float

    @property
    def is_worth_it(self) -> bool:
        return self.speedup >= MIN_SPEEDUP and self.recall >= MIN_RECALL


def run(exact: Encoder, fast: Encoder, folder: Path, pool: DecodePool) -> Trial:
    """Embed the same pictures with both encoders, batch by batch in turn, so that both meet the same machine.

    Raises FolderNotFound, FolderUnreadable, TooFewPictures, and what loading an encoder raises.
    """
    # Spread over the folder: neighbours in time look alike.
    found = [folder / file.path for file in find_images(folder, lambda problem: None)]
    chosen = found[:: max(1, len(found) // MOST_PICTURES)][:MOST_PICTURES]
    decoded = pool.fit_all(chosen, exact.input_spec)
    pixels = [outcome.pixels for outcome in decoded if isinstance(outcome, Decoded)]
    if len(pixels) < LEAST_PICTURES:
        raise TooFewPictures(found=len(pixels), needed=LEAST_PICTURES)
    seconds = {exact: 0.0, fast: 0.0}
    rows: dict[Encoder, list[Embeddings]] = {exact: [], fast: []}
    for encoder in seconds:  # the first batch warms up, and is not counted
        encoder.load(texts=False)
        encoder.encode_images(encoder.normalise(np.stack(pixels[: encoder.batch_size])))
    remaining = iter(pixels)
    while batch := list(islice(remaining, exact.batch_size)):
        ready = exact.normalise(np.stack(batch))
        for encoder in seconds:
            started = time.perf_counter()
            rows[encoder].append(encoder.encode_images(ready))
            seconds[encoder] += time.perf_counter() - started
    ours, theirs = np.concatenate(rows[exact]), np.concatenate(rows[fast])
    return Trial(
        pictures=len(pixels),
        speedup=seconds[exact] / seconds[fast],
        cosine=float(np.einsum("ij,ij->i", ours, theirs).mean()),
        recall=neighbour_recall(ours, theirs),
    )


def neighbour_recall(exact: Embeddings, other: Embeddings, neighbours: int = NEIGHBOURS) -> float:
    """Share of each row's nearest rows in ``exact`` that are among its nearest in ``other``; itself left out."""
    nearest = []
    for rows in (exact, other):
        scores = rows @ rows.T
        np.fill_diagonal(scores, -np.inf)
        nearest.append(np.argpartition(-scores, neighbours, axis=1)[:, :neighbours])
    shared = [len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True)]
    return float(np.mean(shared)) / neighbours
