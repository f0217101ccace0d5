"""What a picture of the same 12 megapixels costs in each format: CPU time, memory, and that of its headers alone.

Each file is fitted in a decoder process of its own that has just started (its readers are loaded by a small picture
of the same kind), so that the peak of its memory is that file's. Linux only, for the peak.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
from PIL import Image

from semantik.decoding.decoded import Decoded, Description
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pool import DecodePool
from tests.support import photo_files

SPEC = InputSpec(224, 224, "crop", "bicubic", (0.481, 0.458, 0.408), (0.269, 0.261, 0.276))
SIZE = (4000, 3000)


def write_all(photo: Image.Image, folder: Path) -> list[Path]:
    """The photograph in every format of the comparison."""
    import pillow_heif
    import pillow_jxl  # noqa: F401 - registers itself

    pillow_heif.register_heif_opener()
    folder.mkdir()
    jpeg = folder / "JPEG.jpg"
    photo.save(jpeg, quality=90)
    photo.save(folder / "HEIC.heic", quality=70)
    photo.save(folder / "HEIC in tiles.heic", quality=70, tile_size=512)
    photo.save(folder / "AVIF.avif", quality=70, speed=8)
    photo.save(folder / "JPEG XL.jxl", quality=90, effort=4)
    photo.save(folder / "JPEG XL, lossless.jxl", lossless=True, effort=1)
    with Image.open(jpeg) as opened:
        opened.save(folder / "JPEG XL of a JPEG.jxl", lossless_jpeg=True)
    photo_files.dng(folder / "RAW, developed.dng", photo.size)
    photo_files.dng(folder / "RAW by its preview.dng", photo.size, preview=(jpeg.read_bytes(), photo.size))
    photo.save(folder / "PNG.png", compress_level=1)
    photo.save(folder / "JPEG, Display P3.jpg", quality=90, icc_profile=photo_files.DISPLAY_P3)
    return sorted(folder.iterdir())


def cpu_ms(pid: int, work: Callable[[], object], rounds: int) -> float:
    """The least CPU time of a process for some work, in milliseconds."""
    times = []
    for _ in range(rounds):
        before = psutil.Process(pid).cpu_times()
        work()
        after = psutil.Process(pid).cpu_times()
        times.append(1000 * (after.user + after.system - before.user - before.system))
    return min(times)


def peak_mib(pid: int) -> float:
    """The most resident memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measure(path: Path, warm: Path, rounds: int) -> str:
    with DecodePool(1) as pool:
        pool.fit(warm, SPEC)
        (pid,) = pool.pids()
        before = peak_mib(pid)
        result = pool.fit(path, SPEC)
        assert isinstance(result, Decoded)
        peak = peak_mib(pid) - before
        fit = cpu_ms(pid, lambda: pool.fit(path, SPEC), rounds)
        paths = [path] * 50  # a process's CPU time is counted in steps of 10 ms
        told = cpu_ms(pid, lambda: [one for one in pool.describe(paths) if not isinstance(one, Description)], 1) / 50
        per_pixel = peak * 2**20 / result.width / result.height
    return f"| {path.stem} | {path.stat().st_size / 1e6:.1f} | {fit:.0f} | {peak:.0f} | {per_pixel:.1f} | {told:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, help="a photograph, scaled to 4000 x 3000")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many rounds counts")
    options = parser.parse_args()
    with Image.open(options.photo) as opened:
        photo = opened.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    with tempfile.TemporaryDirectory() as folder:
        small = write_all(photo.resize((400, 300)), Path(folder) / "small")
        large = write_all(photo, Path(folder) / "large")
        print("| picture | MB | CPU ms | peak MiB | bytes/pixel | headers alone, CPU ms |\n|---|---|---|---|---|---|")
        for path, warm in zip(large, small, strict=True):
            print(measure(path, warm, options.rounds), flush=True)


if __name__ == "__main__":
    main()
