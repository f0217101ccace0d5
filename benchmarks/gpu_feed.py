"""Whether decoder processes feed the encoder: images per second from files, beside the limits of both.

For CLIP ViT-B/32 and SigLIP 2 B/32, of random weights, on the fastest device that there is (a graphics card, else the
processor: the same script), in the format that a trial would choose there (--format fixes one): the encoder alone on
batches that are ready, then for each number of --decoders the decoder processes alone, and both together in a real
first indexing (``IndexedFolder.update`` into an empty home). "Waits" is the share of the indexing in which the encoder
had no batch to work on, from its first batch to its last. The decoders feed it where it waits less than a tenth of the
time; else they are the limit, and should run at 0.9 of their own. Files are copied before and read once: the disk is
not measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.indexing_speed import repeat
from semantik.decoding.pool import DecodePool
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import devices, machine
from semantik.encoders.base import Encoder
from semantik.encoders.number_formats import FORMATS, NumberFormat
from semantik.encoders.open_clip import models as open_clip_models
from semantik.encoders.registry import card, create
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import Embeddings
from tests.support.clip_checkpoint import write_checkpoint
from tests.support.published import file_of

REPO = Path(__file__).resolve().parent.parent
CLIP, SIGLIP = "clip-vit-b-32", "siglip2-b-32-256"
Row = dict[str, float | int | str]


def clip_files(folder: Path) -> dict[str, Any]:
    write_checkpoint(folder / "clip.pt", full_size=True)
    return {"checkpoint": folder / "clip.pt"}


def siglip_files(folder: Path) -> dict[str, Any]:
    """The image side only: nothing here reads a text."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    known = open_clip_models.MODELS[SIGLIP]
    config = open_clip.get_model_config(known.architecture)
    assert config
    del config["custom_text"]
    config["text_cfg"] = dict(config["text_cfg"], vocab_size=512)
    torch.manual_seed(0)
    visual = open_clip.CustomTextCLIP(**config).visual
    path = folder / "siglip.safetensors"
    save_file({f"visual.{name}": tensor.contiguous() for name, tensor in visual.state_dict().items()}, path)
    files = ModelFiles("SigLIP 2 B/32, random", (file_of(path, folder),))
    open_clip_models.MODELS[SIGLIP] = dataclasses.replace(known, files=files)
    return {}


FILES: dict[str, Callable[[Path], dict[str, Any]]] = {CLIP: clip_files, SIGLIP: siglip_files}


class Stopwatch:
    """Lets an encoder work as before, and knows when it did: seconds at work, first begin and last end."""

    def __init__(self, encoder: Encoder) -> None:
        self.busy = self.first = self.last = 0.0
        self._encode = encoder.encode_images
        encoder.encode_images = self._timed  # type: ignore[method-assign]

    def _timed(self, batch: NDArray[np.float32]) -> Embeddings:
        started = time.perf_counter()
        rows = self._encode(batch)
        self.last = time.perf_counter()
        self.first = self.first or started
        self.busy += self.last - started
        return rows

    @property
    def waits(self) -> float:
        return 1 - self.busy / max(self.last - self.first, 1e-9)


def noise(encoder: Encoder) -> NDArray[np.float32]:
    spec = encoder.input_spec
    shape = (encoder.batch_size, 3, spec.height, spec.width)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def encoder_limit(encoder: Encoder, seconds: float) -> float:
    """Images per second of the encoder alone."""
    batch, done = noise(encoder), 0
    encoder.encode_images(batch)
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        encoder.encode_images(batch)
        done += len(batch)
    return done / (time.perf_counter() - started)


def decoder_limit(files: list[Path], encoder: Encoder, decoders: int) -> float:
    with DecodePool(decoders) as pool:
        pool.fit(files[0], encoder.input_spec)
        started = time.perf_counter()
        done = sum(1 for _ in pool.fit_all(files, encoder.input_spec))
        return done / (time.perf_counter() - started)


def together(folder: Path, files: list[Path], encoder: Encoder, decoders: int) -> tuple[float, float]:
    """Images per second of a first indexing, and the share of it in which the encoder waits."""
    watch = Stopwatch(encoder)
    with tempfile.TemporaryDirectory() as home, DecodePool(decoders) as pool:
        pool.fit(files[0], encoder.input_spec)
        library = IndexedFolder(Path(home), folder, encoder, pool)
        started = time.perf_counter()
        added = library.update().added
        seconds = time.perf_counter() - started
    del encoder.encode_images  # the class's own again
    return added / seconds, watch.waits


def chosen(name: str, wanted: NumberFormat | None) -> NumberFormat:
    """On a graphics card 16 bits, as trials there choose; on a processor the fixed one or single precision."""
    if wanted:
        return wanted
    worth = machine.worth_trying(machine.Machine.here(), card(name).formats)
    return "fp16" if "fp16" in worth else "fp32"


def measure(name: str, folder: Path, work: Path, options: argparse.Namespace) -> list[Row]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    number_format = chosen(name, options.format)
    made = FILES[name](work)
    encoder = create(name, weights_folder=work, number_format=number_format, **made)
    encoder.load(texts=False)
    alone = encoder_limit(encoder, options.seconds)
    rows: list[Row] = []
    for decoders in options.decoders:
        fed = decoder_limit(files, encoder, decoders)
        speed, waits = together(folder, files, encoder, decoders)
        rows.append(
            {
                "model": f"{name}, {number_format}, {getattr(encoder, 'device', 'cpu')}",
                "decoders": decoders,
                "images/s": speed,
                "encoder alone": alone,
                "share of it": speed / alone,
                "decoders alone": fed,
                "share of them": speed / fed,
                "encoder waits": waits,
            }
        )
        print(line(rows[-1]), flush=True)
    fed_by = [row["decoders"] for row in rows if float(row["encoder waits"]) < 0.1]
    print(f"\n{name}: fed by {min(map(int, fed_by))} decoders\n" if fed_by else f"\n{name}: decoders are the limit\n")
    return rows


def line(row: Row) -> str:
    return "| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row.values()) + " |"


def main() -> None:
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "photos", help="JPEG photographs")
    parser.add_argument("--images", type=int, default=2000, help="repeat them to so many")
    parser.add_argument("--models", nargs="+", choices=FILES, default=list(FILES), help="what encodes")
    parser.add_argument("--format", choices=FORMATS, help="numbers of the image side")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long the encoder works alone")
    parser.add_argument(
        "--decoders",
        type=int,
        nargs="+",
        default=sorted({1, 2, 4, 8, cores} & set(range(1, cores + 1))),
        help="numbers of decoder processes",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    print(f"{devices.usable_devices()[0]}, {machine.Machine.here().name}, {cores} cores, {platform.platform()}\n")
    heads = ("model", "decoders", "images/s", "encoder alone", "share of it", "decoders alone", "share of them")
    print("| " + " | ".join((*heads, "encoder waits")) + " |\n" + "|---" * 8 + "|", flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = repeat(options.photos, Path(scratch) / "pictures", options.images)
        for name in options.models:
            work = Path(scratch) / name
            work.mkdir()
            rows += measure(name, folder, work, options)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
