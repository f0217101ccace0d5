"""An index on a PostgreSQL server against the same index in files: adding, opening, times and recall of searches.

Clustered unit vectors, as embeddings of photos are: ``python -m benchmarks.server_store ADDRESS --rows 200000``. The
address is of an empty database; the tests' server (``tests/support/postgres_server.py``) will do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from semantik.index import ImageIndex, copy_index
from semantik.postgres import library_store, server_vectors
from semantik.postgres.address import StoreAddress
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.server import Server
from semantik.records import ImageFile

TOP = 10


def clustered(rows: int, dim: int, seed: int) -> np.ndarray:
    """Unit vectors around one centre for each fifty, float32 (rows, dim)."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, rows // 50), dim))
    found = centres[random.integers(len(centres), size=rows)] + 0.6 * random.normal(size=(rows, dim))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def timed(work):
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    library_store.GRAPH_FROM = min(library_store.GRAPH_FROM, options.rows)
    server_vectors.FEW_ROWS = min(server_vectors.FEW_ROWS, options.rows // 10)  # or a small library would use no graph
    folder = Path("/benchmark")
    vectors = clustered(options.rows, options.dim, 1)
    random = np.random.default_rng(2)
    queries = vectors[random.integers(options.rows, size=options.queries)]
    queries = queries + 0.3 * random.normal(size=queries.shape).astype(np.float32) / np.sqrt(options.dim)
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    server = Server(StoreAddress(options.address))
    there, exactly = (LibraryStore(server, str(folder), "benchmark", exact=exact) for exact in (False, True))
    told: dict[str, float] = {"rows": options.rows, "dim": options.dim}
    with tempfile.TemporaryDirectory() as place:
        files = ImageIndex(Path(place) / "store", folder, "benchmark", options.dim)
        with files.locked():
            names = [ImageFile(f"{row // 1000}/{row}.jpg", row, row) for row in range(options.rows)]
            files.add(names, vectors, [f"{row:064x}" for row in range(options.rows)])
            files.save()
        _, told["copied and compared, s"] = timed(lambda: copy_index(folder, Path(place) / "store", there))
        index, told["opened, s"] = timed(lambda: ImageIndex.load(there, folder))
        _, told["graph built, s"] = timed(index.quantize)
        ways = {"files": files, "exact": ImageIndex.load(exactly, folder), "graph": ImageIndex.load(there, folder)}
        third = np.arange(files.total_rows) % 3 == 0
        for condition, among in (("", None), (", a third passes", third)):
            found = {}
            for name, one in ways.items():
                one.search(queries[0], TOP, among)
                hits, seconds = timed(lambda one=one, among=among: [one.search(query, TOP, among) for query in queries])
                told[f"{name}, ms a query{condition}"] = 1000 * seconds / options.queries
                found[name] = hits
            for name in ("exact", "graph"):
                same = [len({*ours[1]} & {*truth[1]}) for ours, truth in zip(found[name], found["files"], strict=True)]
                told[f"{name}, recall@10{condition}"] = sum(same) / TOP / options.queries
                told[f"{name}, fewest hits{condition}"] = min(len(hits[1]) for hits in found[name])
            off = [np.abs(a[0] - b[0]).max() for a, b in zip(found["exact"], found["files"], strict=True)]
            told[f"exact, largest difference of scores{condition}"] = float(max(off))
    for name, size in (("vectors", "vectors_1"), ("graph", "graph_1"), ("metadata", "pictures_1")):
        how = "pg_relation_size" if name == "vectors" else "pg_total_relation_size"
        statement = f"SELECT {how}('semantik.{size}')"
        size_now = server.read(lambda base, asked=statement: base.execute(asked).fetchone()[0])
        told[f"{name}, bytes a row"] = size_now / options.rows
    server.close()
    print("| what | figure |\n|---|---|")
    for name, value in told.items():
        print(f"| {name} | {value:.4g} |")
    if options.json:
        options.json.write_text(json.dumps(told))


if __name__ == "__main__":
    main()
