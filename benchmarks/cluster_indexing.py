"""Embedding by 1, 2 and 4 workers of a Ray cluster on this computer, against the single program on the same files.

The whole command with the embedded model, the start of Ray and its end included, in turns; photos are repeated, each
copy with a content of its own. Seconds of processors are those of all that the command started. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.indexing_speed import repeat
from tests.support.places import REPO

PHOTOS = REPO.parent / "shared" / "photos"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="folder of JPEG files to repeat")
    parser.add_argument("--pictures", type=int, default=426, help="to embed (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4], help="(default: 1 2 4)")
    parser.add_argument("--rounds", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    runs: dict[int, list[dict[str, float]]] = {count: [] for count in (0, *options.workers)}
    with tempfile.TemporaryDirectory(prefix="semantik-cluster-") as place:
        folder = repeat(options.photos, Path(place) / "fotos", options.pictures)
        for number in range(options.rounds):
            for count, rows in runs.items():
                rows.append(indexed(folder, Path(place) / f"{number}-{count}", count))
                print(f"{count} workers: {rows[-1]}", file=sys.stderr, flush=True)
    told = {count: {name: median(row[name] for row in rows) for name in rows[0]} for count, rows in runs.items()}
    print("| workers | seconds | pictures/s | of the single program | processor seconds | of the single program |")
    print("|---|---|---|---|---|---|")
    for count, row in told.items():
        rate, alone = options.pictures / row["seconds"], options.pictures / told[0]["seconds"]
        cells = [f"{row['seconds']:.1f}", f"{rate:.1f}", f"{rate / alone:.2f}", f"{row['cpu']:.1f}"]
        print(f"| {count or 'one program'} | {' | '.join(cells)} | {row['cpu'] / told[0]['cpu']:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1))


def indexed(folder: Path, home: Path, workers: int) -> dict[str, float]:
    """Seconds of the whole command by the clock, and of all its processors; 0 workers: no cluster."""
    command = [sys.executable, "-m", "semantik", "index", folder, "--encoder", "builtin", "--json"]
    if workers:
        command += ["--cluster", f"local:{workers}"]
    started = time.monotonic()
    program = subprocess.Popen(
        command,
        cwd=REPO,
        env={**os.environ, "SEMANTIK_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    used: dict[psutil.Process, float] = {}
    own = psutil.Process(program.pid)
    while program.poll() is None:
        _note(own, used)
        time.sleep(0.1)
    seconds = time.monotonic() - started
    assert program.returncode == 0 and program.stdout
    report = json.loads(program.stdout.read())
    assert report["count"] == len([*folder.iterdir()]), report
    return {"seconds": seconds, "cpu": sum(used.values())}


def _note(own: psutil.Process, used: dict[psutil.Process, float]) -> None:
    """What each process of the tree has used by now: that of one that ended stays as it was last seen."""
    try:
        for process in (own, *own.children(recursive=True)):
            times = process.cpu_times()
            used[process] = times.user + times.system
    except psutil.Error:
        pass  # it ended meanwhile; the next look goes through the others


if __name__ == "__main__":
    main()
