"""How number formats compare with single precision on this machine and these pictures: speed, cosine, recall@10."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np

from semantik.encoders.base import Encoder
from semantik.encoders.format_records import Outcome
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings, Pixels

log = logging.getLogger(__name__)

PICTURES = 64
"""Of fewer, the ten nearest are a good part of all; more would keep the user waiting."""

NEIGHBOURS = 10
TURN = 8  # pictures that each format encodes before it is the next one's turn

Clock = Callable[[], float]


def enough(pixels: Sequence[Pixels]) -> list[Pixels]:
    """``PICTURES`` square pictures: those that there are, then the same ones mirrored and turned, at most seven ways.

    A first folder may be small, and its models are to be chosen all the same. Fewer come of fewer than eight.
    """
    ways = [*pixels]
    for turned in range(8):
        if len(ways) >= PICTURES:
            break
        mirrored, quarters = divmod(turned, 4)
        if turned:
            ways += [np.rot90(each[:, ::-1] if mirrored else each, quarters) for each in pixels]
    return ways[:PICTURES]


def clock_of(encoder: Encoder) -> Clock:
    """CPU seconds of this program where the processor encodes, so that decoders beside it do not count; else time."""
    return time.process_time if getattr(encoder, "device", "cpu") == "cpu" else time.perf_counter


def run(
    exact: Encoder,
    other: Encoder,
    pixels: Sequence[Pixels],
    control: TaskControl = UNATTENDED,
    clock: Clock | None = None,
) -> Outcome:
    """Encode the same fitted pictures, uint8 (H, W, 3), with both in turns, so that both meet the same machine.

    The quickest turn of each counts, as whatever else the machine does makes turns slower only. Raises Cancelled, and
    what loading and encoding raise.
    """
    seconds: dict[Encoder, list[float]] = {exact: [], other: []}
    rows: dict[Encoder, list[Embeddings]] = {exact: [], other: []}
    for encoder in seconds:
        encoder.load(texts=False)
    told = clock or clock_of(exact)
    batches = [exact.normalise(np.stack(pixels[at : at + TURN])) for at in range(0, len(pixels), TURN)]
    for encoder in seconds:  # the first batch warms up, and is not counted
        encoder.encode_images(batches[0])
    for batch in batches:
        control.stop_if_cancelled()
        for encoder, taken in seconds.items():
            started = told()
            rows[encoder].append(encoder.encode_images(batch))
            taken.append((told() - started) / len(batch))
    ours, theirs = np.concatenate(rows[exact]), np.concatenate(rows[other])
    return Outcome(
        speedup=min(seconds[exact]) / max(min(seconds[other]), 1e-9),
        cosine=float(np.einsum("ij,ij->i", ours, theirs).min()),
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
