"""Feeds mutated picture files to the decoder pool and counts what comes out.

Each case takes a good file and flips bytes, overwrites length fields, cuts, repeats, removes or inserts
blocks, or splices two files. Whatever happens, a case must end as pixels or as a reason: anything else, a
hang included, makes the script fail. The same seed gives the same cases.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from semantik.decoding.fitting import InputSpec
from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed

SPEC = InputSpec(224, 224, "crop", "bicubic", (0.481, 0.458, 0.408), (0.269, 0.261, 0.276))
MAX_BYTES = 300_000  # larger files only make it slower
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def find_sources(folders: Sequence[Path]) -> list[Path]:
    """The picture files of the folders that are small enough, in name order."""
    files = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_EXTENSIONS]
    return [path for path in files if 0 < path.stat().st_size <= MAX_BYTES]


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to three random injuries to a file; ``other`` is a second file to splice with."""
    for _ in range(rng.randint(1, 3)):
        result = bytearray(data)
        size = len(result)
        # Headers are where decoders go wrong: half of the injuries fall within the first half kilobyte.
        at = rng.randrange(min(size, 512)) if rng.random() < 0.5 else rng.randrange(size)
        length = min(size - at, rng.choice([1, 4, 16, 64, 256, 4096]))
        match rng.randrange(8):
            case 0:
                for _ in range(rng.randint(1, 20)):
                    result[rng.randrange(size)] ^= 1 << rng.randrange(8)
            case 1:
                result[at : at + length] = rng.randbytes(length)
            case 2:
                width = rng.choice([1, 2, 4])
                value = rng.choice(EXTREMES) & (256**width - 1)
                result[at : at + width] = value.to_bytes(width, rng.choice(["little", "big"]))
            case 3:
                del result[at:]
            case 4:
                del result[at : at + length]
            case 5:
                result[at:at] = result[at : at + length] * rng.choice([1, 2, 20])
            case 6:
                result[at:at] = rng.randbytes(length)
            case 7:
                result[at:] = other[rng.randrange(len(other)) :]
        data = bytes(result) or b"\0"
    return data


@dataclass
class Report:
    """What a run of cases gave. ``slowest`` in seconds, ``peak_mb`` the largest process ever seen."""

    outcomes: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    slowest: float = 0.0
    slowest_case: str = ""
    peak_mb: float = 0.0
    seconds: float = 0.0


class _Deaths(logging.Handler):
    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self.report = report

    def emit(self, record: logging.LogRecord) -> None:
        self.report.deaths += "died on" in record.msg


def run(sources: Sequence[Path], cases: int, seed: int, pool: DecodePool, keep: Path | None = None) -> Report:
    """Decode ``cases`` mutants; any outcome but pixels or a reason is raised."""
    contents = [path.read_bytes() for path in sources]
    report = Report()
    handler = _Deaths(report)
    logging.getLogger("semantik.decoding.pool").addHandler(handler)
    start = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(pool.workers) as threads:

        def one(number: int) -> tuple[str, float, str, float]:
            rng = random.Random(f"{seed}/{number}")
            which = rng.randrange(len(sources))
            path = Path(folder) / f"{number}{sources[which].suffix}"
            path.write_bytes(mutate(contents[which], rng.choice(contents), rng))
            began = time.perf_counter()
            try:
                warning = pool.fit(path, SPEC).warning
                outcome = f"decoded, {warning.value}" if warning else "decoded"
            except DecodeFailed as error:
                outcome = error.params["reason"].value
            took = time.perf_counter() - began
            if keep and outcome in ("decoder_crashed", "timeout", "out_of_memory"):
                (keep / path.name).write_bytes(path.read_bytes())
            path.unlink()
            return outcome, took, f"{number} ({sources[which].name})", peak_mb(pool.pids())

        for outcome, took, name, peak in threads.map(one, range(cases)):
            report.outcomes[outcome] += 1
            report.peak_mb = max(report.peak_mb, peak)
            if took > report.slowest:
                report.slowest, report.slowest_case = took, name
    report.seconds = time.perf_counter() - start
    logging.getLogger("semantik.decoding.pool").removeHandler(handler)
    return report


def peak_mb(pids: Iterator[int] | list[int]) -> float:
    """The largest peak (where the system tells it; else present) memory of the processes, in MiB."""
    peaks = [0.0]
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
            peaks += [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
        except OSError:
            if psutil.pid_exists(pid):
                peaks.append(psutil.Process(pid).memory_info().rss / 2**20)
    return max(peaks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with picture files, good and bad")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="decoder processes")
    parser.add_argument("--time-limit", type=float, default=20.0, help="seconds for one file")
    parser.add_argument("--keep", type=Path, help="folder for the files that crashed, hung or exhausted a decoder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    sources = find_sources(options.folders)
    if not sources:
        parser.error("no picture files found")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)

    with DecodePool(options.workers, options.time_limit) as pool:
        report = run(sources, options.cases, options.seed, pool, options.keep)
    print(f"{options.cases} cases from {len(sources)} files, seed {options.seed}: {report.seconds:.0f} s\n")
    print("| outcome | cases |\n|---|---|")
    for outcome, count in report.outcomes.most_common():
        print(f"| {outcome} | {count} |")
    print(f"\nDecoder processes that died: {report.deaths}. Peak memory of one: {report.peak_mb:.0f} MiB.")
    print(f"Slowest case: {report.slowest_case}, {report.slowest:.2f} s.")
    if options.json:
        figures = vars(report) | {"seed": options.seed, "sources": len(sources)}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
