"""What an index costs in large libraries: opening, adding one picture, searching.

First a folder of really so many files (--files): time from opening the library to "ready" with the number of
picture files opened and pictures embedded on the way, and one picture added. Then indexes of --rows vectors of
512 dimensions without files: loading, saving one more, and a search beside the time that it takes to read the
same mapped vectors once, in as many threads; then the 8-bit copies: what making them takes, searches with them and
without in turns, how many rows are still scored exactly, and whether hits and scores are the same to the last bit.

The vectors are clustered as embeddings are: unit vectors of one cone (a common mean of length 0.8) around 10,000
centres of length 1 with log-normal sizes, with noise of length 0.8; centres and noise fall off as a power law
along hidden directions. "Pictures" are queries drawn as the vectors are; "texts" come from another cone, near a
weakened centre with noise, as the text vectors of CLIP do.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from semantik.decoding.fitting import InputSpec
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.scan import find_images
from semantik.index import ImageIndex, Verify
from semantik.index.flat_scans import SEARCH_THREADS
from semantik.index.vector_files import Vectors
from semantik.records import ImageFile

DIM = 512
SAVE_ROWS = 250_000  # a build holds so many rows in memory
READERS = ThreadPoolExecutor(SEARCH_THREADS)
Row = dict[str, float | int | str]


class Clusters:
    """The distribution that the module's text describes."""

    def __init__(self, clusters: int = 10_000, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        spectrum = np.arange(1, DIM + 1, dtype=np.float32) ** -0.5
        turned = np.linalg.qr(self._random.standard_normal((DIM, DIM)))[0].astype(np.float32)
        self._basis = (spectrum / np.linalg.norm(spectrum))[:, np.newaxis] * turned
        self._mean, self._gap = 0.8 * self._direction(), self._direction()
        self._centres = self._gaussian(clusters)
        sizes = self._random.lognormal(size=clusters)
        self._chances = sizes / sizes.sum()

    def pictures(self, count: int) -> np.ndarray:
        chosen = self._random.choice(len(self._centres), count, p=self._chances)
        return unit(self._mean + self._centres[chosen] + np.float32(0.8) * self._gaussian(count))

    def texts(self, count: int) -> np.ndarray:
        chosen = self._random.integers(len(self._centres), size=count)
        return unit(self._gap + np.float32(0.6) * (self._centres[chosen] + self._gaussian(count)))

    def _gaussian(self, count: int) -> np.ndarray:
        return self._random.standard_normal((count, DIM), dtype=np.float32) @ self._basis

    def _direction(self) -> np.ndarray:
        return unit(self._random.standard_normal((1, DIM), dtype=np.float32))[0]


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class CountingEncoder(Encoder):
    """Costs nothing, so that only the index's own work is measured; counts the pictures that it was given."""

    name = space = "benchmark"
    dim = DIM
    input_spec = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    batch_size = 16
    images = 0

    def encode_images(self, batch: np.ndarray) -> np.ndarray:
        self.images += len(batch)
        return unit(np.ones((len(batch), DIM), np.float32))

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return unit(np.ones((len(texts), DIM), np.float32))


class OpenedFiles:
    """Counts how often this process opens a file below ``folder``. An audit hook stays for good: switch it."""

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.counting = False
        self._folder = str(folder)
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.counting and event == "open" and str(arguments[0]).startswith(self._folder):
            self.count += 1


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[int], object], rounds: int) -> float:
    """Milliseconds of the least disturbed round."""
    return 1000 * min(timed(lambda number=number: work(number)) for number in range(rounds))


# -- A folder of files ---------------------------------------------------------------------------------


def make_files(folder: Path, count: int) -> None:
    """``count`` tiny files with a picture's name, 500 to a folder."""
    for first in range(0, count, 500):
        place = folder / f"{first:07d}"
        place.mkdir(parents=True)
        for number in range(first, min(first + 500, count)):
            (place / f"IMG_{number:07d}.jpg").write_bytes(b"\xff\xd8")


def folder_of_files(work: Path, count: int, rounds: int) -> list[Row]:
    folder, home = work / "pictures", work / "home"
    made = timed(lambda: make_files(folder, count))
    print(f"{count:,} files made in {made:.0f} s", file=sys.stderr)
    opened, encoder = OpenedFiles(folder), CountingEncoder()
    with DecodePool(1) as pool:
        library = IndexedFolder(home, folder, encoder, pool)
        fill(library.store, folder, list(find_images(folder)), Clusters())
        opens = []
        for _ in range(rounds):
            library = IndexedFolder(home, folder, encoder, pool)
            opened.counting = True
            start = time.perf_counter()
            check = library.open()
            opens.append(time.perf_counter() - start)
            opened.counting = False
            assert check.state is State.READY, check
        row: Row = {
            "files": count,
            "open_to_ready_s": min(opens),
            "of_that_load_s": min(timed(library.load) for _ in range(rounds)),
            "of_that_compare_s": min(timed(library.check) for _ in range(rounds)),
            "files_opened": opened.count,
            "embedded": encoder.images,
        }
        example = work / "example.png"
        Image.new("RGB", (64, 64), (200, 30, 30)).save(example)
        pool.fit(example, encoder.input_spec)  # a decoder process runs
        updates, saves = [], []
        for number in range(rounds):
            shutil.copy(example, folder / f"new_{number}.png")
            updates.append(timed(library.update))
            assert library.index
            assert library.count == count + 1 + number
            saves.append(save_one(library.index, f"without file {number}"))
            library.load()
            assert library.index
            library.index.remove([f"without file {number}"])
            with library.index.locked():
                library.index.save()
        row |= {"add_one_s": min(updates), "save_alone_s": min(saves), "embedded_per_update": encoder.images / rounds}
    return [row]


def fill(store: Path, folder: Path, files: list[ImageFile], clusters: Clusters) -> ImageIndex:
    index = ImageIndex(store, folder, CountingEncoder.space, DIM)
    step = 50_000
    with index.locked():
        for first in range(0, len(files), step):
            part = files[first : first + step]
            index.add(part, clusters.pictures(len(part)))
            if (first + step) % SAVE_ROWS == 0 or first + step >= len(files):
                index.save()
    return index


def save_one(index: ImageIndex, name: str) -> float:
    """Seconds to save one more picture."""
    index.add([ImageFile(name, 1, 1)], unit(np.ones((1, DIM), np.float32)))
    with index.locked():
        return timed(index.save)


# -- An index of vectors -------------------------------------------------------------------------------


def names(count: int) -> Iterator[ImageFile]:
    """As a camera and a tidy owner name them."""
    return (
        ImageFile(f"20{n % 25:02d}/trip {n // 500}/IMG_{n:07d}.jpg", 3_000_000 + n, 10**18 + n) for n in range(count)
    )


def searching(work: Path, count: int, rounds: int) -> tuple[Row, list[Row]]:
    store, clusters = work / f"index of {count}", Clusters()
    built = timed(lambda: fill(store, work, list(names(count)), clusters))
    print(f"{count:,} vectors made and saved in {built:.0f} s", file=sys.stderr)
    queries = {"pictures": clusters.pictures(100), "texts": clusters.texts(100)}
    text = queries["texts"][0]
    start = time.perf_counter()
    index = ImageIndex.load(store, work, quantized_from=count + 1)
    load = time.perf_counter() - start
    start = time.perf_counter()
    ImageIndex.load(store, work, quantized_from=count + 1, verify=Verify.MEANWHILE).search(text, 10)
    first = time.perf_counter() - start
    search = best(lambda number: index.search(queries["texts"][number], 10), rounds)
    read = best(lambda number: read_once(index._saved), rounds)
    row: Row = {
        "vectors": count,
        "load_whole_s": load,
        "first_answer_s": first,
        "search_ms": search,
        "read_once_ms": read,
        "search_to_read": search / read,
        "read_gb_per_s": count * DIM * 4 / read / 1e6,
    }
    row |= {"save_one_more_s": save_one(ImageIndex.load(store, work), "one more")}
    return row, with_copies(store, work, queries, rounds)


def read_once(runs: list[Vectors]) -> None:
    """Pass all mapped vectors through the cores once, in the cheapest way numpy has, in as many threads as a search."""
    for run in runs:
        data = run.data.reshape(-1)
        data = data[-data.ctypes.data % 8 :]  # where 8-byte words begin: the file's header has an odd length
        words = data[: len(data) // 8 * 8].view(np.uint64)
        list(READERS.map(np.bitwise_or.reduce, np.array_split(words, SEARCH_THREADS)))


def with_copies(store: Path, work: Path, queries: dict[str, np.ndarray], rounds: int) -> list[Row]:
    exact = ImageIndex.load(store, work, quantized_from=10**9)
    index = ImageIndex.load(store, work, quantized_from=1000, verify=Verify.NEVER)
    made = timed(index.quantize)
    size = sum(path.stat().st_size for path in store.glob("*.int8"))
    assert size, "no copy was made"
    for run in index._saved:
        assert run.quantized is None or run.quantized.check.wait()
    rows: list[Row] = []
    for kind, vectors in queries.items():
        for top_k in (10, 200, 1000):
            pairs = [(index.search(query, top_k), exact.search(query, top_k)) for query in vectors]
            same = sum(all(map(np.array_equal, one, other)) for one, other in pairs)
            times: dict[str, list[float]] = {"copy": [], "whole": []}
            for number in range(rounds):  # in turns, so that both meet the same machine
                query = vectors[number]
                times["copy"].append(1000 * timed(lambda q=query, k=top_k: index.search(q, k)))
                times["whole"].append(1000 * timed(lambda q=query, k=top_k: exact.search(q, k)))
            scored = [scored_rows(index, query, top_k) for query in vectors]
            rows.append(
                {
                    "queries": kind,
                    "top_k": top_k,
                    "same_hits_and_scores": f"{same} of {len(vectors)}",
                    "search_ms": min(times["copy"]),
                    "whole_ms": min(times["whole"]),
                    "median_ratio": statistics.median(
                        whole / copy for copy, whole in zip(times["copy"], times["whole"], strict=True)
                    ),
                    "scored_exactly_median": int(statistics.median(scored)),
                    "scored_exactly_most": max(scored),
                    "made_s": made,
                    "copies_mb": size / 1e6,
                }
            )
    return rows


def scored_rows(index: ImageIndex, query: np.ndarray, top_k: int) -> int:
    live = [np.ones(run.rows, np.bool_) for run in index._saved]
    return sum(
        int(run.quantized.narrow(mask, query, top_k).sum()) if run.quantized else run.rows
        for run, mask in zip(index._saved, live, strict=True)
    )


def table(title: str, rows: list[Row]) -> str:
    heads = list(rows[0])
    cells = [[f"{row[head]:.3f}" if isinstance(row[head], float) else str(row[head]) for head in heads] for row in rows]
    lines = [f"### {title}", "", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(line) + " |" for line in cells] + [""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="files in the folder; 0 leaves that part out")
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000], help="vectors in each index")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many openings and updates counts")
    parser.add_argument("--searches", type=int, default=25, help="the best of so many searches counts")
    parser.add_argument("--work", type=Path, help="where temporary files go, 5 GB for 1,000,000 vectors")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()

    report: dict[str, list[Row]] = {}
    # The program leaves out hidden folders and those that tell of a system: the name must be a plain one.
    with tempfile.TemporaryDirectory(prefix="index_scale_", dir=options.work) as name:
        if options.files:
            report["a folder of files"] = folder_of_files(Path(name), options.files, options.rounds)
        for count in sorted(options.rows):
            row, copies = searching(Path(name), count, options.searches)
            report.setdefault("an index of vectors", []).append(row)
            report[f"8-bit copies of {count:,} vectors"] = copies
            shutil.rmtree(Path(name) / f"index of {count}", ignore_errors=True)
    print("\n".join(table(title, rows) for title, rows in report.items()))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
