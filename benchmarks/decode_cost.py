"""What decoding costs, in this process and in decoder processes, and what isolation adds to it.

Measures images per second and CPU milliseconds per image of four ways to turn files into fitted pixels:
Pillow at full size (the straightforward way), ``load_image`` at reduced scale, and the decoder pool with
each given number of processes. Also: how long a decoder process takes to start, what it weighs when idle,
and what a request costs when there is next to nothing to decode. With --beside-encoder it also measures
indexing throughput, pool and a full-size ViT-B/32 (random weights) working at the same time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from PIL import Image, ImageOps

from semantik.decoding.decoded import Decoded
from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pool import DecodePool

SPEC = InputSpec(224, 224, "crop", "bicubic", (0.481, 0.458, 0.408), (0.269, 0.261, 0.276))
Row = dict[str, float | int | str]


def cpu_seconds(pool: DecodePool | None) -> float:
    """CPU time of this process and of the pool's."""
    times = [psutil.Process(pid).cpu_times() for pid in (pool.pids() if pool else [])]
    return time.process_time() + sum(spent.user + spent.system for spent in times)


def measured(label: str, files: list[Path], work: Callable[[list[Path]], None], pool: DecodePool | None = None) -> Row:
    wall, cpu = time.perf_counter(), cpu_seconds(pool)
    work(files)
    wall, cpu = time.perf_counter() - wall, cpu_seconds(pool) - cpu
    return {"way": label, "images_per_s": len(files) / wall, "cpu_ms_per_image": 1000 * cpu / len(files)}


def full_size(files: list[Path]) -> None:
    for path in files:
        with Image.open(path) as image:
            fit_pixels(ImageOps.exif_transpose(image).convert("RGB"), SPEC)


def reduced(files: list[Path]) -> None:
    for path in files:
        fit_pixels(load_image(path, SPEC.width).image, SPEC)


def drain(pool: DecodePool) -> Callable[[list[Path]], None]:
    def work(files: list[Path]) -> None:
        assert all(isinstance(result, Decoded) for result in pool.fit_all(files, SPEC))

    return work


def started(count: int, files: list[Path]) -> DecodePool:
    """A pool whose processes all run."""
    pool = DecodePool(count)
    while len(pool.pids()) < count:
        list(pool.fit_all(files[: 4 * count], SPEC))
    return pool


def best(rows: list[Row]) -> Row:
    """The least disturbed of several rounds."""
    return max(rows, key=lambda row: row["images_per_s"])


def compare(files: list[Path], workers: list[int], rounds: int) -> list[Row]:
    results: dict[str, list[Row]] = {}
    for _ in range(rounds):
        for label, work in [("Pillow, full size, in process", full_size), ("load_image, in process", reduced)]:
            results.setdefault(label, []).append(measured(label, files, work))
        for count in workers:
            with started(count, files) as pool:
                label = f"pool of {count}"
                results.setdefault(label, []).append(measured(label, files, drain(pool), pool))
    return [best(rows) for rows in results.values()]


def process_cost(rounds: int) -> Row:
    """Start-up, idle memory and the price of a request: a 1 x 1 picture in the pool against in process."""
    with tempfile.TemporaryDirectory() as folder:
        dot = Path(folder) / "dot.png"
        Image.new("RGB", (1, 1)).save(dot)
        starts = []
        for _ in range(rounds):
            with DecodePool(1) as pool:
                start = time.perf_counter()
                pool.fit(dot, SPEC)
                starts.append(time.perf_counter() - start)
        with DecodePool(1) as pool:
            pool.fit(dot, SPEC)
            status = Path(f"/proc/{pool.pids()[0]}/status")
            idle = next(
                (int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmRSS")),
                float("nan"),
            ) if status.exists() else float("nan")  # fmt: skip
            times = [timed(lambda: pool.fit(dot, SPEC)) for _ in range(300)]
        inside = [timed(lambda: fit_pixels(load_image(dot, SPEC.width).image, SPEC)) for _ in range(300)]
    overhead = statistics.median(times) - statistics.median(inside)
    return {"start_ms": 1000 * min(starts), "idle_mb": idle, "overhead_ms_per_image": 1000 * overhead}


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def beside_encoder(files: list[Path], workers: list[int], rounds: int) -> list[Row]:
    """Images per second through pool and encoder together, batches of 16, per number of processes."""
    import torch
    from clip.model import CLIP

    torch.manual_seed(0)
    model = CLIP(512, 224, 12, 768, 32, 77, 49408, 512, 8, 12).visual.float().eval()

    def encode(results: Iterator[np.ndarray]) -> None:
        batch: list[np.ndarray] = []
        for pixels in results:
            batch.append(pixels)
            if len(batch) == 16:
                flush(batch)
        if batch:
            flush(batch)

    def flush(batch: list[np.ndarray]) -> None:
        with torch.inference_mode():
            model(torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float().div_(255))
        batch.clear()

    def serial(files: list[Path]) -> None:
        encode(fit_pixels(load_image(path, SPEC.width).image, SPEC) for path in files)

    ready = np.zeros((SPEC.height, SPEC.width, 3), np.uint8)
    alone = [
        ("encoder alone, pixels ready", lambda files: encode(ready for _ in files)),
        ("load_image and encoder in turn", serial),
    ]
    results: dict[str, list[Row]] = {}
    for _ in range(rounds):
        for label, work in alone:
            results.setdefault(label, []).append(measured(label, files, work))
        for count in workers:
            with started(count, files) as pool:
                label = f"pool of {count} beside the encoder"

                def piped(files: list[Path], pool: DecodePool = pool) -> None:
                    encode(result.pixels for result in pool.fit_all(files, SPEC))

                results.setdefault(label, []).append(measured(label, files, piped, pool))
    return [best(rows) for rows in results.values()]


def table(title: str, rows: list[Row]) -> str:
    names = list(rows[0])
    cells = [[f"{row[name]:.1f}" if isinstance(row[name], float) else str(row[name]) for name in names] for row in rows]
    lines = [f"### {title}", "", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(line) + " |" for line in cells] + [""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of JPEG photographs")
    parser.add_argument("--images", type=int, default=100, help="files per folder, repeated if it has fewer")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="sizes of the pool")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many rounds counts")
    parser.add_argument("--beside-encoder", action="store_true", help="also measure with an encoder running (torch)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()

    report: dict[str, list[Row]] = {"a decoder process": [process_cost(options.rounds)]}
    for folder in options.folders:
        found = sorted(folder.glob("*.jpg"))
        if not found:
            parser.error(f"no .jpg files in {folder}")
        files = [found[i % len(found)] for i in range(options.images)]
        report[folder.name] = compare(files, options.workers, options.rounds)
        if options.beside_encoder:
            report[f"{folder.name}, indexing"] = beside_encoder(files, options.workers, options.rounds)
    print("\n".join(table(title, rows) for title, rows in report.items()))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
