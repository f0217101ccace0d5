"""What large pictures take: CPU time and peak memory per format and size, each in a process that does nothing else.

Linux only, for the peaks. The picture is a photograph, enlarged: large files of real detail take longer, not more
memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from semantik.decoding.pictures.decode import load_image
from semantik.errors import DecodeFailed

SIDE = 224  # pixels of an encoder's input

WRITERS: dict[str, tuple[str, dict[str, object]]] = {
    "JPEG": ("jpg", {"quality": 60}),
    "JPEG, progressive": ("jpg", {"quality": 60, "progressive": True}),
    "PNG": ("png", {"compress_level": 1}),
    "TIFF, raw": ("tif", {}),
    "TIFF, LZW": ("tif", {"compression": "tiff_lzw"}),
    "JPEG 2000": ("jp2", {"quality_layers": [60]}),
    "WebP": ("webp", {"quality": 60, "method": 0}),
    "AVIF": ("avif", {"quality": 40, "speed": 10}),
    "HEIC": ("heic", {"quality": 20}),
    "JPEG XL": ("jxl", {"quality": 60, "effort": 1}),
    "BMP": ("bmp", {}),
    "QOI": ("qoi", {}),
}


def status_mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def measure(path: Path) -> str:
    """A row's figures; meant for a process of its own."""
    before, start = status_mib("VmHWM"), time.process_time()
    try:
        loaded = load_image(path, SIDE)
    except DecodeFailed as error:
        return f"{error.params['reason'].value}: {str(error.params['detail'])[:70]} | |"
    peak = status_mib("VmHWM") - before
    return f"{time.process_time() - start:.1f} | {peak:.0f} | {peak * 2**20 / loaded.width / loaded.height:.1f}"


def write(photo: Image.Image, kind: str, megapixels: int, folder: Path) -> Path | None:
    import pillow_heif
    import pillow_jxl  # noqa: F401 - registers itself

    pillow_heif.register_heif_opener()
    ending, options = WRITERS[kind]
    width = int((megapixels * 1e6 * 4 / 3) ** 0.5) // 16 * 16
    path = folder / f"large.{ending}"
    try:
        photo.resize((width, width * 3 // 4), Image.Resampling.BILINEAR).save(path, **options)
    except (OSError, ValueError, RuntimeError, MemoryError):
        return None  # some writers have limits of their own
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, help="a photograph; or the large picture itself, with --measure")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--megapixels", type=int, nargs="+", default=[100, 250, 490])
    parser.add_argument("--formats", nargs="+", default=list(WRITERS), choices=WRITERS)
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None  # what is opened here was made here
    if options.measure:
        print(measure(options.photo))
        return
    with Image.open(options.photo) as opened:
        photo = opened.convert("RGB")
    print("| picture | MP | MB | CPU s | peak MiB | bytes/pixel |\n|---|---|---|---|---|---|")
    for kind in options.formats:
        for megapixels in options.megapixels:
            with tempfile.TemporaryDirectory() as folder:
                path = write(photo, kind, megapixels, Path(folder))
                if path is None:
                    print(f"| {kind} | {megapixels} | cannot be written | | | |", flush=True)
                    continue
                command = [sys.executable, "-m", "benchmarks.large_pictures", str(path), "--measure"]
                told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
                print(f"| {kind} | {megapixels} | {path.stat().st_size / 1e6:.1f} | {told} |", flush=True)


if __name__ == "__main__":
    main()
