"""Mutated files through the decoder pool: always pixels or a reason. The script behind it runs 10,000."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import fuzz_decode
from semantik.decoding.pool import DecodePool
from semantik.records import Reason

KNOWN = {"decoded", "decoded, truncated"} | {reason.value for reason in Reason}


def check(report: fuzz_decode.Report, cases: int) -> None:
    assert sum(report.outcomes.values()) == cases
    assert set(report.outcomes) <= KNOWN
    assert report.outcomes["decoded"] > cases / 10  # the mutants are not all hopeless
    assert report.outcomes["damaged"] > cases / 50  # nor all harmless
    assert report.outcomes["timeout"] == 0, report.slowest_case
    assert report.peak_mb < 1024


def test_the_same_seed_gives_the_same_mutants() -> None:
    def mutants(seed: int) -> list[bytes]:
        rng = random.Random(seed)
        return [fuzz_decode.mutate(bytes(range(256)) * 9, b"other" * 99, rng) for _ in range(50)]

    assert mutants(1) == mutants(1)
    assert mutants(1) != mutants(2)
    assert len(set(mutants(1))) == 50


def test_500_mutants_of_real_files(shared: Path) -> None:
    sources = fuzz_decode.find_sources([shared / "photos", shared / "odd"])
    with DecodePool(2) as pool:
        check(fuzz_decode.run(sources, 500, 1, pool), 500)


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp", "tif", "bmp", "tga", "ico", "jp2", "avif", "ppm", "qoi"])
def test_mutants_of_every_format(tmp_path: Path, pool: DecodePool, kind: str) -> None:
    noise = Image.effect_noise((96, 64), 60).convert("RGB")
    for number in range(3):
        noise.rotate(number).save(tmp_path / f"{number}.{kind}")
    report = fuzz_decode.run(fuzz_decode.find_sources([tmp_path]), 30, 2, pool)
    assert sum(report.outcomes.values()) == 30
    assert set(report.outcomes) <= KNOWN - {"timeout"}
