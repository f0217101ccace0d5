"""How work grows with the number of pictures: the first indexing, opening again, one picture more, one search.

Folders of --counts small pictures that all differ. They are read, fitted and fingerprinted by the decoder processes,
as all pictures are; only the encoder is one that costs nothing and whose vectors of 512 numbers say little, since a
model's time is the same for every picture. CPU seconds of the program and its decoder processes, the least of --rounds
for all but the first indexing. The exponent of each is the slope of its logarithm over that of the count: 1 is in
proportion. "As measured" is between the first and the last count, "at the end" between the last two, where what is
fixed counts least. --plot draws it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.index_scale import CountingEncoder
from semantik.decoding.pool import DecodePool
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex

Row = dict[str, float]
WHAT = ("first indexing", "opening again", "one added", "one search")


class CheapEncoder(CountingEncoder):
    """Vectors that differ with the picture's mean colour, for next to nothing."""

    dim = 512

    def encode_images(self, batch: np.ndarray) -> np.ndarray:
        self.images += len(batch)
        rows = np.ones((len(batch), self.dim), np.float32)
        rows[:, :3] += batch.mean(axis=(2, 3))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make_pictures(folder: Path, first: int, last: int) -> None:
    """Pictures of 24 x 16 pixels, 500 to a folder, no two alike."""
    noise = np.random.default_rng(first)
    for number in range(first, last):
        path = folder / f"{number // 500:04}" / f"IMG_{number:06}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 256, (16, 24, 3), dtype=np.uint8)).save(path)


def cpu_seconds() -> float:
    """Of this process and of those that it started, whether they still run or not."""
    alive = (each.cpu_times() for each in psutil.Process().children(recursive=True))
    ended = os.times()  # decoder processes are replaced after some thousand files
    return (
        time.process_time() + ended.children_user + ended.children_system + sum(one.user + one.system for one in alive)
    )


def cpu(work: Callable[[], object]) -> float:
    started = cpu_seconds()
    work()
    return cpu_seconds() - started


def search_ten_times(index: ImageIndex) -> None:
    query = np.ones(CheapEncoder.dim, np.float32) / np.float32(CheapEncoder.dim**0.5)
    for _ in range(10):
        index.search(query, 10)


def measure(folder: Path, home: Path, count: int, rounds: int, pool: DecodePool) -> Row:
    encoder = CheapEncoder()
    library = IndexedFolder(home, folder, encoder, pool)
    row = {"pictures": float(count), "first indexing": cpu(library.update)}
    assert encoder.images == count, encoder.images
    opened, added, searched = [], [], []
    for number in range(rounds):
        library = IndexedFolder(home, folder, encoder, pool)
        opened.append(cpu(library.open))
        assert library.check().state is State.READY
        Image.new("RGB", (24, 16), (number, 30, 30)).save(folder / f"new_{number}.bmp")
        added.append(cpu(library.update))
        index = library.index
        assert index
        assert index.count == count + number + 1
        search_ten_times(index)
        searched.append(cpu(partial(search_ten_times, index)) / 10)
    assert encoder.images == count + rounds, encoder.images  # nothing but the new ones
    for number in range(rounds):
        (folder / f"new_{number}.bmp").unlink()
    least = zip(WHAT[1:], map(min, (opened, added, searched)), strict=True)
    return row | dict(least)


def exponent(rows: list[Row], what: str, first: int) -> float:
    """The slope between the row ``first`` and the last, of logarithms."""
    low, high = rows[first], rows[-1]
    return math.log(high[what] / max(low[what], 1e-9)) / math.log(high["pictures"] / low["pictures"])


def table(rows: list[Row]) -> str:
    lines = ["| pictures | " + " | ".join(f"{what}, CPU s" for what in WHAT) + " |", "|---" * 5 + "|"]
    lines += [f"| {row['pictures']:,.0f} | " + " | ".join(f"{row[what]:.4g}" for what in WHAT) + " |" for row in rows]
    if len(rows) > 1:
        for name, first in (("as measured", 0), ("at the end", len(rows) - 2)):
            slopes = " | ".join(f"{exponent(rows, what, first):.2f}" for what in WHAT)
            lines.append(f"| exponent, {name} | {slopes} |")
    return "\n".join(lines)


# -- The plot ------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, PLOT = 720, 420, 80, 30, (420, 330)
COLOURS = ("#1b6ca8", "#b5541c", "#2e7d32", "#7b3fa0")


def draw(rows: list[Row]) -> str:
    """An SVG image: both axes logarithmic, a line for each kind of work and its exponent beside it."""
    counts = [row["pictures"] for row in rows]
    values = [row[what] for row in rows for what in WHAT]
    decades = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    low, high = math.log10(counts[0]), math.log10(counts[-1])

    def x(count: float) -> float:
        return LEFT + PLOT[0] * (math.log10(count) - low) / (high - low)

    def y(seconds: float) -> float:
        return TOP + PLOT[1] * (decades[-1] - math.log10(seconds)) / (decades[-1] - decades[0])

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    ]
    for decade in decades:
        at = y(10.0**decade)
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + PLOT[0]}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**decade:g} s</text>')
    for count in counts:
        parts.append(f'<line x1="{x(count):.1f}" x2="{x(count):.1f}" y1="{TOP}" y2="{TOP + PLOT[1]}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(count):.1f}" y="{TOP + PLOT[1] + 20}" text-anchor="middle">{count:,.0f}</text>')
    middle = LEFT + PLOT[0] / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">pictures (CPU seconds of each)</text>')
    for what, colour in zip(WHAT, COLOURS, strict=True):
        points = " ".join(f"{x(row['pictures']):.1f},{y(row[what]):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{x(row["pictures"]):.1f}" cy="{y(row[what]):.1f}" r="4" fill="{colour}"/>' for row in rows
        ]
        told = escape(f"{what}: {exponent(rows, what, len(rows) - 2):.2f}")
        parts.append(f'<text x="{LEFT + PLOT[0] + 14}" y="{y(rows[-1][what]) + 4:.1f}" fill="{colour}">{told}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000], help="pictures")
    parser.add_argument("--rounds", type=int, default=3, help="how often the small things are measured")
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"), help="where the pictures are made")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it to FILE (SVG)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="growth_", dir=options.work) as scratch, DecodePool() as pool:
        folder, made = Path(scratch) / "pictures", 0
        make_pictures(Path(scratch) / "first", 0, 16)
        [*pool.fit_all(sorted((Path(scratch) / "first").rglob("*.bmp")), CheapEncoder.input_spec)]  # processes run
        for count in sorted(options.counts):
            make_pictures(folder, made, count)
            made = count
            rows.append(measure(folder, Path(scratch) / f"home of {count}", count, options.rounds, pool))
            print(rows[-1], flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            if options.plot and len(rows) > 1:
                options.plot.write_text(draw(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
