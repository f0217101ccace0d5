"""What it costs to know pictures by their content.

First the share of a first indexing that goes into fingerprints: CPU seconds of reading each photo of --photos for its
fingerprint, beside decoding it, and beside decoding and embedding it with the embedded model. Then a folder of --files
small pictures, all of one size: indexing it, renaming a folder of --renamed of them, shifting all times by an hour,
moving the library, and the updates after each, with the number of pictures that were embedded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.index_scale import CountingEncoder, timed
from semantik.decoding.fingerprint import fingerprint
from semantik.decoding.fitting import fit_pixels
from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pool import DecodePool
from semantik.encoders.registry import create
from semantik.folders.indexed_folder import IndexedFolder

HOUR = 3600 * 10**9  # ns


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def share(photos: list[Path], rounds: int) -> None:
    """Print what the fingerprints of ``photos`` cost beside the rest."""
    encoder = create("builtin")
    encoder.load(texts=False)
    spec = encoder.input_spec
    fitted = [fit_pixels(load_image(path, spec.width).image, spec) for path in photos]
    reading, decoding, embedding = [], [], []
    for _ in range(rounds):
        reading.append(cpu(lambda: [fingerprint(path) for path in photos]))
        decoding.append(cpu(lambda: [fit_pixels(load_image(path, spec.width).image, spec) for path in photos]))
        embedding.append(cpu(lambda: [encoder.encode_images(encoder.normalise(one[None])) for one in fitted]))
    size = sum(path.stat().st_size for path in photos) / len(photos) / 2**20
    told = [1000 * min(times) / len(photos) for times in (reading, decoding, embedding)]
    print(f"{len(photos)} photos of {size:.2f} MB, CPU ms each: fingerprint {told[0]:.2f}, decoding {told[1]:.1f}, ")
    print(f"embedding {told[2]:.1f}; first indexing {sum(told) / (told[1] + told[2]):.4f} x")


def make(folder: Path, count: int) -> None:
    """Pictures of different content, a thousand to a folder, all of one size."""
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"{number:06}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, number // 65536)).save(path)


def upkeep(work: Path, files: int, renamed: int) -> None:
    """Print what updates take after all that may happen to a library but new content."""
    folder = work / "fotos"
    make(folder, files)
    with DecodePool() as pool:

        def told(what: str, place: Path) -> None:
            encoder = CountingEncoder()
            opened = IndexedFolder(work / "home", place, encoder, pool)
            opening = timed(opened.open)
            seconds = timed(opened.update)
            print(f"{what}: opening {opening:.2f} s, update {seconds:.2f} s, embedded {encoder.images}", flush=True)

        told("first indexing", folder)
        told("nothing changed", folder)
        (folder / "otro").mkdir()
        for number in range(renamed // 1000):
            (folder / f"{number:03}").rename(folder / "otro" / f"{number:03}")
        told(f"{renamed} renamed", folder)
        for path in folder.rglob("*.bmp"):
            os.utime(path, ns=(path.stat().st_mtime_ns - HOUR,) * 2)
        told("all times an hour earlier", folder)
        told("library moved", folder.rename(work / "disco"))


def main() -> None:
    """Print all that the module's text names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos as cameras make them")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--renamed", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    share(sorted(options.photos.rglob("*.jp*g"))[:40], options.rounds)
    work = Path(tempfile.mkdtemp(prefix="semantik-moved-"))
    try:
        upkeep(work, options.files, options.renamed)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
