"""How fast pictures are indexed: this program, the straightforward pipeline, rclip, and the machine's limits.

Each way works in a process of its own on the same files with the same full-size ViT-B/32 of random weights, one
after the other, the whole round repeated --rounds times. Loading the model is not counted; starting decoder
processes is. What this program does by itself comes first: the number format that it chooses on this machine, in
which "ours" and "encoder_limit" then work, and how long the choice took. Also measured: CPU seconds per picture of
each way, decoder processes and threads included, which say more than wall time on a machine that has other things to
do; how well the embeddings agree with the straightforward pipeline's, which does not turn pictures, and with those of
one that does; and the memory that indexing takes beyond the loaded encoder (proportional set size of the process and
its children). At its defaults it takes some minutes on two idle cores; --ways and the numbers of files shorten it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import psutil

REPO = Path(__file__).resolve().parent.parent
OURS = ("-m", "benchmarks.indexing_arms")
RCLIP = (str(REPO / "benchmarks" / "rclip_arm.py"),)  # by its file: rclip's own Python knows nothing of this program

Row = dict[str, float | str]

WAYS = (
    *("straightforward", "rclip", "ours", "encoder_limit", "clip_encoder_limit", "decoder_limit"),
    *("straightforward_upright", "ours_fp32", "fp32_limit", "ours_int8", "int8_limit", "embedded", "embedded_onnx"),
)
IN_A_FORMAT = {"ours": "ours", "ours_fp32": "ours", "ours_int8": "ours"}
IN_A_FORMAT |= dict.fromkeys(("encoder_limit", "fp32_limit", "int8_limit"), "encoder_limit")

INSTRUCTIONS: dict[str, dict[str, str]] = {
    "all": {},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
}
"""What keeps torch and oneDNN from newer instructions. ONNX Runtime asks the processor itself and heeds no variable:
its 8-bit kernels use VNNI where there is one, so AVX2 alone takes a machine that has no more."""


def arm_of(way: str, chosen: str) -> list[str]:
    """The arguments by which ``indexing_arms`` does a way."""
    if way not in IN_A_FORMAT:
        return [way]
    fixed = next((each for each in ("fp32", "int8") if each in way), chosen)
    return [IN_A_FORMAT[way], "--format", fixed]


def repeat(folder: Path, target: Path, count: int) -> Path:
    """``count`` files: those of ``folder`` again and again, each copy with a tail of its own.

    rclip recognises files of the same content and would encode each picture only once.
    """
    target.mkdir()
    sources = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    for number in range(count):
        source = sources[number % len(sources)]
        (target / f"{number:05d}{source.suffix}").write_bytes(source.read_bytes() + number.to_bytes(8, "big"))
    return target


def export_onnx(checkpoint: Path, target: Path) -> None:
    """The image side for rclip, by torch's own exporter."""
    import clip
    import torch

    model, _ = clip.load(str(checkpoint), device="cpu")
    names = {"input_names": ["input"], "output_names": ["output"]}
    axes = {"input": {0: "n"}, "output": {0: "n"}}
    torch.onnx.export(
        model.visual, (torch.zeros(2, 3, 224, 224),), str(target), dynamo=False, dynamic_axes=axes, **names
    )


def memory(process: psutil.Process) -> int:
    """Bytes of a process and its children; what they share counts once."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process, its children and those of them that have ended."""
    total = 0.0
    for member in (process, *process.children(recursive=True)):
        try:
            told = member.cpu_times()
        except psutil.Error:
            continue
        total += told.user + told.system + told.children_user + told.children_system
    return total


def measure(command: list[str], environment: Mapping[str, str] | None = None) -> Row:
    """Start one way, let it load, then let it work while its memory is watched."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPO,
        env=os.environ | dict(environment or {}),
    ) as child:
        assert child.stdin and child.stdout
        while (line := child.stdout.readline()) != "ready\n":
            if not line:
                raise SystemExit(f"failed: {' '.join(command)}")
        process = psutil.Process(child.pid)
        before = peak = memory(process)
        spent = cpu_seconds(process)
        finished = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not finished.wait(0.5):
                peak = max(peak, memory(process))

        watcher = threading.Thread(target=watch)
        watcher.start()
        child.stdin.write("go\n")
        child.stdin.flush()
        line = child.stdout.readline()
        spent = cpu_seconds(process) - spent if line else 0.0
        finished.set()
        watcher.join()
        if not line:
            raise SystemExit(f"failed: {' '.join(command)}")
        row: Row = json.loads(line)
    row["images_per_s"] = float(row["images"]) / float(row["seconds"])
    row["cpu_ms"] = 1000 * spent / float(row["images"])
    row["extra_mb"] = (peak - before) / 2**20
    return row


def agreement(ours: Path, theirs: Path) -> dict[str, float]:
    a, b = np.load(ours).astype(np.float64), np.load(theirs).astype(np.float64)
    cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return {"mean": float(cosines.mean()), "min": float(cosines.min())}


def compare_embeddings(work: Path, kinds: Iterable[str]) -> dict[str, dict[str, float]]:
    """Agreement of the ways' embeddings in this run: with the straightforward pipeline as it is, and upright."""
    found = {}
    for kind in kinds:
        for way in ("ours", "ours_fp32", "ours_int8", "rclip"):
            for reference in ("straightforward", "straightforward_upright"):
                pair = work / f"{kind}-{way}.npy", work / f"{kind}-{reference}.npy"
                if all(path.exists() for path in pair):
                    found[f"{kind}: {way}, {reference}"] = agreement(*pair)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camera", type=Path, default=REPO.parent / "shared" / "camera", help="large camera JPEGs")
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "photos", help="web-size JPEGs")
    parser.add_argument("--camera-files", type=int, default=48, help="repeat the camera files to so many")
    parser.add_argument("--photo-files", type=int, default=144, help="repeat the web-size files to so many")
    parser.add_argument("--rounds", type=int, default=1, help="measure each way so many times and take the medians")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, help="what to measure")
    parser.add_argument("--rclip-python", type=Path, help="a Python that has rclip; without it rclip is left out")
    parser.add_argument("--checkpoint", type=Path, help="a full-size ViT-B/32 in OpenAI's format; else one is made")
    parser.add_argument("--instructions", choices=INSTRUCTIONS, default="all", help="keep torch from newer ones")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    ways = [way for way in options.ways if way != "rclip" or options.rclip_python]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        checkpoint = work / "ViT-B-32.pt"
        if options.checkpoint:
            shutil.copyfile(options.checkpoint, checkpoint)
        else:
            from tests.support.clip_checkpoint import write_checkpoint

            write_checkpoint(checkpoint, full_size=True)
        if "rclip" in ways:
            export_onnx(checkpoint, work / "visual.onnx")
        folders = {
            "camera": repeat(options.camera, work / "camera", options.camera_files),
            "web": repeat(options.photos, work / "web", options.photo_files),
        }
        environment = INSTRUCTIONS[options.instructions]
        alone = ["--folder", str(folders["web"]), "--checkpoint", str(checkpoint)]
        made = measure([sys.executable, *OURS, "choice", *alone], environment)
        chosen = str(made["format"])
        print(f"chosen: {chosen} in {made['seconds']:.1f} s ({made['cpu']:.1f} CPU s), {made['tried']}\n", flush=True)
        for turn in range(options.rounds):
            for kind, folder in folders.items():
                for way in ways:
                    vectors = work / f"{kind}-{way}.npy"
                    common = ["--folder", str(folder), "--vectors", str(vectors)]
                    if way == "rclip":
                        command = [str(options.rclip_python), *RCLIP]
                        arguments = ["--onnx", str(work / "visual.onnx")]
                    else:
                        command = [sys.executable, *OURS]
                        arguments = [*arm_of(way, chosen), "--checkpoint", str(checkpoint)]
                    row = measure([*command, *arguments, *common], environment)
                    rows.append({"pictures": kind, "way": way, "round": turn, **row})
                    print(f"  {kind} {way}: {row['images_per_s']:.2f} images/s", file=sys.stderr, flush=True)
        agreements = compare_embeddings(work, folders)
    report(rows, agreements, options.json)


def report(rows: list[Row], agreements: dict[str, dict[str, float]], target: Path | None) -> None:
    def median(kind: str, way: str, key: str) -> float:
        values = [float(row[key]) for row in rows if (row["pictures"], row["way"]) == (kind, way) and key in row]
        return float(np.median(values)) if values else float("nan")

    print("| pictures | way | images/s | ours / this | CPU ms | this / ours | MB over the loaded encoder |")
    print("|---|---|---|---|---|---|---|")
    for kind, way in dict.fromkeys((str(row["pictures"]), str(row["way"])) for row in rows):
        speed = median(kind, way, "images_per_s")
        ratio = median(kind, "ours", "images_per_s") / speed
        cpu, memory_taken = median(kind, way, "cpu_ms"), median(kind, way, "extra_mb")
        cpu_ratio = cpu / median(kind, "ours", "cpu_ms")
        print(f"| {kind} | {way} | {speed:.2f} | {ratio:.2f} | {cpu:.0f} | {cpu_ratio:.2f} | {memory_taken:.0f} |")
    for kind in ("camera", "web"):
        encoder, decoder = (median(kind, "ours", key) for key in ("encoder_cpu", "decoder_cpu"))
        print(f"\nours, {kind}: CPU seconds in the program {encoder:.1f}, in decoder processes {decoder:.1f}")
    print()
    for pair, cosine in agreements.items():
        print(f"cosine, {pair}: {cosine['mean']:.5f} mean, {cosine['min']:.5f} min")
    if target:
        target.write_text(json.dumps({"rows": rows, "agreement": agreements, "time": time.time()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
