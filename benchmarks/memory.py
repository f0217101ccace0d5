"""What memory the program and its processes take: while they index large photos, and for one search.

Memory is the proportional set size (PSS) of a process and all that it started, taken every --every seconds: what is
shared counts once. Indexing runs in a process of its own with --decoders decoder processes, with a full-size ViT-B/32
of random weights (--checkpoint) or the embedded model, on --images photos made of --photos, of --megapixels each; the
model is loaded first, and what is taken then is told apart. The embedded model also by ONNX Runtime, from a file that
is made before. A search is the command ``search``, as a user starts it, of the embedded model, in an index of ten
pictures: its peak, and that of the kernel's own count (VmHWM), which misses nothing between two looks. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

REPO = Path(__file__).resolve().parent.parent
MIB = 2**20
SEARCHED = 10  # photos in the index that is searched: its vectors are no part worth telling
Row = dict[str, float | int | str]


def make_photos(photos: Path, folder: Path, count: int, megapixels: float) -> None:
    """``count`` JPEGs that differ, as cameras write them."""
    folder.mkdir()
    sources = sorted(path for path in photos.iterdir() if path.suffix.lower() == ".jpg")
    for number in range(count):
        with Image.open(sources[number % len(sources)]) as opened:
            scale = (megapixels * 1e6 / (opened.width * opened.height)) ** 0.5
            image = opened.convert("RGB").resize((round(opened.width * scale), round(opened.height * scale)))
        image.paste((number % 256,) * 3, (0, 0, 64, 64))
        image.save(folder / f"{number:04}.jpg", quality=92)


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all that it started."""
    return [process, *process.children(recursive=True)]


def pss(processes: list[psutil.Process]) -> dict[int, int]:
    """Bytes of each process, by its id; of those that have ended, none."""
    found = {}
    for each in processes:
        try:
            found[each.pid] = each.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


class Watch:
    """The memory of a process and its children, while it lives."""

    def __init__(self, pid: int, every: float) -> None:
        self.peak = self.own = self.others = 0
        self._process = psutil.Process(pid)
        self._every = every

    def until(self, over: Callable[[], bool]) -> None:
        while not over():
            taken = pss(tree(self._process)) if self._process.is_running() else {}
            total, own = sum(taken.values()), taken.get(self._process.pid, 0)
            if total > self.peak:
                self.peak, self.own, self.others = total, own, total - own
            time.sleep(self._every)


def index_child(model: str, home: Path, folder: Path, checkpoint: Path | None, decoders: int) -> None:
    """Be the program that indexes: load, wait for a line, work."""
    from semantik.decoding.pool import DecodePool
    from semantik.encoders.registry import create
    from semantik.folders.indexed_folder import IndexedFolder

    if model.startswith("builtin"):
        encoder = create("builtin", weights_folder=home, number_format="fp32-onnx" if "onnx" in model else "fp32")
    else:
        assert checkpoint
        encoder = create("clip-vit-b-32", weights_folder=checkpoint.parent, checkpoint=checkpoint)
    spec = encoder.input_spec
    encoder.encode_images(np.zeros((encoder.batch_size, 3, spec.height, spec.width), np.float32))
    with DecodePool(decoders) as pool:
        library = IndexedFolder(home, folder, encoder, pool)
        print("ready", flush=True)
        sys.stdin.readline()
        report = library.update()
    print(json.dumps({"added": report.added}), flush=True)


def indexing(model: str, folder: Path, checkpoint: Path | None, decoders: int, every: float) -> Row:
    with tempfile.TemporaryDirectory() as home:
        if "onnx" in model:
            made = f"from semantik.encoders.registry import create; from pathlib import Path; home = Path({home!r}); "
            made += 'create("builtin", weights_folder=home, number_format="fp32-onnx").load()'
            subprocess.run([sys.executable, "-c", made], cwd=REPO, check=True)
        command = [sys.executable, "-m", "benchmarks.memory", "--child", model, home, str(folder)]
        command += ["--decoders", str(decoders)] + (["--checkpoint", str(checkpoint)] if checkpoint else [])
        with subprocess.Popen(command, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin
            assert child.stdout
            assert child.stdout.readline().strip() == "ready"
            loaded = sum(pss(tree(psutil.Process(child.pid))).values())
            child.stdin.write("\n")
            child.stdin.flush()
            watch = Watch(child.pid, every)
            watch.until(lambda: child.poll() is not None)
            told = json.loads(child.stdout.read())
    return {
        "indexing with": model,
        "images": told["added"],
        "loaded_mib": loaded / MIB,
        "peak_mib": watch.peak / MIB,
        "of_it_program_mib": watch.own / MIB,
        "of_it_decoders_mib": watch.others / MIB,
        "over_loaded_mib": (watch.peak - loaded) / MIB,
    }


def searching(folder: Path, every: float) -> Row:
    """One search by the command line in a home that has an index. ``stderr`` is shown when it fails."""
    with tempfile.TemporaryDirectory() as home:
        command, own = [sys.executable, "-m", "semantik"], {**os.environ, "SEMANTIK_HOME": home}
        indexed = [*command, "index", str(folder), "--encoder", "builtin"]
        subprocess.run(indexed, cwd=REPO, env=own, check=True, stdout=subprocess.DEVNULL)
        search = [*command, "search", str(folder), "--text", "una playa", "--encoder", "builtin", "--json"]
        with subprocess.Popen(search, cwd=REPO, env=own, stdout=subprocess.PIPE, text=True) as child:
            watch = Watch(child.pid, every)
            # The child's end is looked at without taking its last word on memory away.
            watch.until(lambda: os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
            assert child.stdout
            found = json.loads(child.stdout.read())
            usage = os.wait4(child.pid, 0)[2]
        assert found
    return {
        "search with": "builtin",
        "peak_mib": watch.peak / MIB,
        "of_it_children_mib": watch.others / MIB,
        "most_resident_mib": usage.ru_maxrss / 1024,
    }


def table(rows: list[Row]) -> str:
    heads = list(rows[0])
    cells = [[f"{row[head]:.0f}" if isinstance(row[head], float) else str(row[head]) for head in heads] for row in rows]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(line) + " |" for line in cells] + [""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "camera", help="JPEG photographs")
    parser.add_argument("--images", type=int, default=60, help="photos of the folder that is indexed")
    parser.add_argument("--megapixels", type=float, default=12.0, help="of each")
    parser.add_argument("--decoders", type=int, default=2, help="decoder processes")
    parser.add_argument("--checkpoint", type=Path, help="a full-size ViT-B/32 in OpenAI's format, measured as well")
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two looks")
    parser.add_argument("--only", choices=("indexing", "searching"), help="measure one of the two")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--child", nargs=3, metavar=("MODEL", "HOME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        model, home, folder = options.child
        index_child(model, Path(home), Path(folder), options.checkpoint, options.decoders)
        return
    report: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(prefix="memory_") as scratch:
        folder = Path(scratch) / "fotos"
        if options.only != "searching":
            make_photos(options.photos, folder, options.images, options.megapixels)
            models = ["builtin", "builtin fp32-onnx"] + (["clip"] if options.checkpoint else [])
            report["indexing"] = [
                indexing(model, folder, options.checkpoint, options.decoders, options.every) for model in models
            ]
            print(table(report["indexing"]), flush=True)
        if options.only != "indexing":
            few = Path(scratch) / "pocas"
            make_photos(options.photos, few, SEARCHED, 1.0)
            report["searching"] = [searching(few, options.every)]
            print(table(report["searching"]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
