"""How fast each model is on this computer: a short trial, and its outcome remembered in the home."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Decoded
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import TooFewPictures
from semantik.folders.scan import find_images
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import speeds_file
from semantik.storage.json_files import read_object

log = logging.getLogger(__name__)

TRIAL_SECONDS = 2.0  # aimed at; loading the model comes on top
WARM_UP = 2  # pictures before the clock starts: the first ones pay for memory and code that later ones find ready


def measure(encoder: Encoder, control: TaskControl = UNATTENDED) -> float:
    """Seconds that ``encoder`` takes for one picture, its decoding not included.

    One batch of ready noise is encoded: the time does not depend on what a picture shows. The batch is a
    full one unless that would take longer than ``TRIAL_SECONDS``. Raises Cancelled and what ``load`` raises.
    """
    encoder.load(texts=False)
    spec = encoder.input_spec
    noise = np.random.default_rng(0)

    def timed(count: int) -> float:
        control.stop_if_cancelled()
        batch = noise.standard_normal((count, 3, spec.height, spec.width), dtype=np.float32)
        started = time.perf_counter()
        encoder.encode_images(batch)
        return time.perf_counter() - started

    timed(WARM_UP)
    one = max(timed(WARM_UP) / WARM_UP, 1e-6)
    count = max(WARM_UP, min(encoder.batch_size, int(TRIAL_SECONDS / one)))
    return timed(count) / count


def read_speeds(home: Path) -> dict[str, float]:
    """The remembered seconds per picture, by ``Encoder.store``; what is damaged counts as not measured."""
    return {
        name: float(value)
        for name, value in read_object(speeds_file(home)).items()
        if isinstance(value, int | float) and math.isfinite(value) and value > 0
    }


def remember_speed(home: Path, store: str, seconds: float) -> None:
    """Keep one outcome. A home that cannot be written costs only the memory of it."""
    speeds = read_speeds(home) | {store: round(seconds, 6)}
    try:
        replace_file(speeds_file(home), (json.dumps(speeds, indent=2, sort_keys=True) + "\n").encode("ascii"))
    except OSError as error:
        log.warning("speed not remembered: %s", error)


# -- Whether the quicker variant of an encoder is worth it: tried on the user's own pictures and machine

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
    found = [folder / file.path for file in find_images(folder) if not file.only_in_cloud]
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
