"""285 odd, broken and hostile files from other projects' test suites, in one run through the pool."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.fuzz_decode import peak_mb
from semantik.decoding.decoded import Decoded
from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.decoding.pictures.exif import image_orientation
from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.pool import DecodePool
from semantik.records import Reason
from semantik.words import text

SPEC = InputSpec(224, 224, "crop", "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

OTHER_READERS = {".hdr", ".heic", ".heif", ".jxl", ".svg"}  # what a plain Pillow cannot read

OWN_LAYOUTS = {"image-rs-004.tiff"}  # a layout of samples that a plain Pillow does not know

for _reader in ("pillow_heif", "pillow_jxl", "resvg_py"):
    pytest.importorskip(_reader)

Outcomes = dict[str, Decoded | Reason]


@pytest.fixture(scope="module")
def manifest(shared: Path) -> dict[str, str]:
    """What a plain Pillow said of each file: "ok", "huge", or where it failed and how."""
    entries = json.loads((shared / "odd" / "manifest.json").read_text("utf-8"))
    return {entry["file"]: entry["pillow"] for entry in entries}


@pytest.fixture(scope="module")
def run(shared: Path, manifest: dict[str, str]) -> tuple[Outcomes, float]:
    """Every file's outcome, and the peak memory of a decoder process in MiB."""
    outcomes: Outcomes = {}
    with DecodePool(2) as pool:
        results = pool.fit_all([shared / "odd" / name for name in manifest], SPEC)
        for name, result in zip(manifest, results, strict=True):
            outcomes[name] = result if isinstance(result, Decoded) else result.params["reason"]
        return outcomes, peak_mb(pool.pids())


def test_the_scan_takes_them_all(manifest: dict[str, str]) -> None:
    assert len(manifest) == 285
    assert {Path(name).suffix for name in manifest} <= IMAGE_EXTENSIONS


def test_good_files_decode_and_the_others_have_a_reason(run: tuple[Outcomes, float], manifest: dict[str, str]) -> None:
    outcomes, _ = run
    for name, said in manifest.items():
        outcome = outcomes[name]
        if said == "ok":
            assert isinstance(outcome, Decoded) and outcome.warning is None, f"{name}: {outcome}"
        elif isinstance(outcome, Decoded):
            other = Path(name).suffix in OTHER_READERS or name in OWN_LAYOUTS
            assert outcome.warning is Reason.TRUNCATED or other, name
        else:
            assert outcome not in (Reason.TIMEOUT, Reason.DECODER_CRASHED, Reason.UNREADABLE, Reason.CHANGED), name
            assert {text.catalogue(code)[f"reason.{outcome.value}"] != ("",) for code in text.LANGUAGES} == {True}


def test_what_becomes_of_them(run: tuple[Outcomes, float]) -> None:
    outcomes, _ = run
    counts = Counter(o.warning or "decoded" if isinstance(o, Decoded) else o for o in outcomes.values())
    assert counts["decoded"] == 162 + len(OWN_LAYOUTS)
    assert counts[Reason.TRUNCATED] >= 8
    assert counts[Reason.NO_DECODER] == 2  # EXR
    assert counts[Reason.EMPTY] == 1
    assert counts[Reason.TOO_LARGE] >= 4
    assert counts[Reason.UNSUPPORTED] >= 20


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("image-rs-006.bmp", Reason.TOO_LARGE),  # 6,000,000,000,000 pixels
        ("pillow-064.gif", Reason.TOO_LARGE),
        ("pillow-052.bmp", Reason.TOO_LARGE),
        ("go-fuzz-corpus-210.gif", Reason.EMPTY),
        ("pillow_heif-242.heic", Reason.DAMAGED),
        ("image-rs-012.exr", Reason.NO_DECODER),
        ("image-png-122.png", Reason.NOT_AN_IMAGE),  # "PNg"
        ("image-rs-000.bmp", Reason.UNSUPPORTED),  # four bits per colour
        ("sharp-258.jpg", Reason.DAMAGED),
        ("sharp-257.jpg", Reason.DAMAGED),  # 2 % of its rows are there
    ],
)
def test_some_reasons(run: tuple[Outcomes, float], name: str, reason: Reason) -> None:
    assert run[0][name] is reason


def test_pixels_are_those_of_a_full_decode(run: tuple[Outcomes, float], shared: Path, manifest: dict[str, str]) -> None:
    compared = 0
    for name, said in manifest.items():
        if said != "ok":
            continue
        with Image.open(shared / "odd" / name) as image:
            if image.mode not in ("RGB", "L", "P") or image.has_transparency_data or image_orientation(image) != 1:
                continue
            full = fit_pixels(image.convert("RGB"), SPEC).astype(int)
        outcome = run[0][name]
        assert isinstance(outcome, Decoded)
        assert np.abs(outcome.pixels - full).mean() < 3, name
        compared += 1
    assert compared > 80


def test_memory_stays_bounded(run: tuple[Outcomes, float]) -> None:
    assert 10 < run[1] < 1024
