"""What sampling a video costs against decoding every frame of it, and how unlike frames look to ``video_choice``.

The videos are made on the spot from photographs: every scene is a slow pan over one of them. Needs an OpenCV that
writes them; ``--videos`` measures files of one's own instead.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from semantik.decoding.video.capture import open_capture
from semantik.decoding.video.distinct_frames import look_of
from semantik.decoding.video.frames import frame_at, sample_frames

SIDE = 224
SIZE = (1920, 1080)
RATE = 30
SCENE = 5  # seconds


def pans(photos: list[Path], seconds: int) -> Iterator[np.ndarray]:
    """Frames, BGR, of one pan after the other."""
    width, height = SIZE
    for scene in range(seconds // SCENE):
        photo = Image.open(photos[scene % len(photos)]).convert("RGB")
        pixels = np.asarray(ImageOps.fit(photo, (width * 5 // 4, height * 5 // 4)))[..., ::-1]
        for number in range(SCENE * RATE):
            left, top = (int(number * side / 4 / (SCENE * RATE)) for side in SIZE)
            yield np.ascontiguousarray(pixels[top : top + height, left : left + width])


def write(path: Path, codec: str, frames: Iterator[np.ndarray]) -> None:
    """A video in whatever container the extension means."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), RATE, SIZE)
    for frame in frames:
        writer.write(frame)
    writer.release()


def read_all(path: Path) -> tuple[int, float]:
    """(frames, seconds of the video), all decoded and none shown."""
    with path.open("rb") as file, open_capture(file, time.monotonic() + 3600) as video:
        count = 0
        while video.advance():
            count += 1
        return count, video.time


def measure(path: Path, budget: float) -> None:
    """Print one row of the table."""
    started = time.perf_counter()
    count, length = read_all(path)
    reading = time.perf_counter() - started
    started = time.perf_counter()
    found = sample_frames(path, SIDE, budget)
    sampling = time.perf_counter() - started
    started = time.perf_counter()
    for moment in found.moments:
        frame_at(path, moment, SIDE, budget)
    again = (time.perf_counter() - started) / len(found.moments)
    minutes = max(length, 1) / 60
    told = f"{length:.0f} s, {count} frames, {path.stat().st_size / 2**20:.0f} MiB"
    print(
        f"| {path.name} | {told} | {reading / minutes:.1f} | {sampling / minutes:.1f} | {len(found.moments)}"
        f" | {again:.2f} |",
        flush=True,
    )


def distances(photos: list[Path]) -> None:
    """Print how far apart frames are that should, and that should not, count as one picture."""
    chance = np.random.default_rng(1)
    rows: dict[str, list[float]] = {}
    before: np.ndarray | None = None

    def shown(photo: Image.Image, left: float, top: float, part: float = 0.5) -> np.ndarray:
        box = [left * photo.width, top * photo.height, (left + part) * photo.width, (top + part) * photo.height]
        return np.asarray(photo.resize((640, 360), Image.Resampling.BOX, box=tuple(box)))

    for path in photos:
        photo = Image.open(path).convert("RGB")
        base = shown(photo, 0.02, 0.2)
        others = {
            "noise": np.clip(base + chance.normal(0, 8, base.shape), 0, 255),
            "exposure +15 %": np.clip(base * 1.15, 0, 255),
            "faded to half": base * 0.5,
            "faded to a fifth": base * 0.2,
            "shaken by 3 %": shown(photo, 0.035, 0.215),
            "zoomed by 10 %": shown(photo, 0.045, 0.225, 0.45),
            "panned by a quarter": shown(photo, 0.145, 0.2),
            "panned by half": shown(photo, 0.27, 0.2),
            "another photograph": base if before is None else before,
        }
        before = base
        for name, other in others.items():
            rows.setdefault(name, []).append(look_of(base).distance(look_of(other.astype(np.uint8))))
    for name, values in rows.items():
        low, middle, high = np.percentile(values[1:], (5, 50, 95))
        print(f"| {name} | {low:.2f} | {middle:.2f} | {high:.2f} | {np.mean(np.array(values[1:]) >= 1):.0%} |")


def main() -> None:
    """Print the rows of both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--budget", type=float, default=12.0)
    parser.add_argument("--videos", type=Path, nargs="*")
    options = parser.parse_args()
    photos = sorted(options.photos.rglob("*.jpg"))[:100]
    distances(photos)
    for path in options.videos or ():
        measure(path, options.budget)
    if options.videos is None:
        with tempfile.TemporaryDirectory() as folder:
            for name, codec in (
                ("mpeg4.mp4", "mp4v"),
                ("mpeg2.mts", "MPG2"),
                ("mjpeg.avi", "MJPG"),
                ("vp8.webm", "VP80"),
            ):
                path = Path(folder, name)
                write(path, codec, pans(photos, options.seconds))
                measure(path, options.budget)
                path.unlink()


if __name__ == "__main__":
    main()
