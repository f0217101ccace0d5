"""How fast each model is on this computer: a short trial, and its outcome remembered in the home."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path

import numpy as np

from semantik.encoders.base import Encoder
from semantik.long_tasks import UNATTENDED, TaskControl
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
