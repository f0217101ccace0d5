"""Where the time goes: torch's operators in one pass of the encoder, and the steps of a cold start.

--source profiles another checkout of this program, an earlier one for instance, so that before and after come
from the same machine and the same minute.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent

Rows = list[dict[str, float | str]]


def in_source(source: Path, *arguments: str) -> Rows:
    """What a Python that has the program of ``source``, and not this one, prints as JSON."""
    environment = os.environ | {"PYTHONPATH": str(source)}
    # -P: the folder of the moment is no place for modules.
    command = [sys.executable, "-P", *arguments]
    shown = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows: Rows = json.loads(shown.splitlines()[-1])
    return rows


def operators(checkpoint: Path, passes: int) -> Rows:
    """Self CPU time of torch's operators over some batches of pictures, in ms per picture."""
    import numpy as np
    import torch
    from torch.profiler import ProfilerActivity, profile

    from semantik.encoders.registry import create

    encoder = create("clip-vit-b-32", weights_folder=checkpoint.parent, checkpoint=checkpoint)
    batch = np.random.default_rng(0).normal(size=(16, 3, 224, 224)).astype(np.float32)
    encoder.encode_images(batch)
    started = time.perf_counter()
    for _ in range(passes):
        encoder.encode_images(batch)
    wall = (time.perf_counter() - started) / passes / len(batch)
    # Without this, what worker threads run is not seen.
    everywhere = torch._C._profiler._ExperimentalConfig(profile_all_threads=True)
    with profile(activities=[ProfilerActivity.CPU], experimental_config=everywhere) as seen:
        for _ in range(passes):
            encoder.encode_images(batch)
    rows: Rows = [{"operator": "wall", "calls": passes, "ms": 1000 * wall}]
    for event in sorted(seen.key_averages(), key=lambda event: -event.self_cpu_time_total):
        spent = event.self_cpu_time_total / 1000 / passes / len(batch)
        rows.append({"operator": event.key, "calls": event.count / passes, "ms": spent})
    return rows[:14]


def cold_start(source: Path, checkpoint: Path) -> Rows:
    """Seconds of each step from a fresh interpreter to the first embedded text, the weights known already."""
    steps = f"""
import json, sys, time
rows, last = [], time.perf_counter()
def lap(step):
    global last
    now = time.perf_counter()
    rows.append({{"step": step, "s": now - last}})
    last = now
from pathlib import Path
import torch; lap("import torch")
try:
    from semantik.encoders.registry import create
except ImportError:  # an older source
    from semantik.encoders import create
path = Path({str(checkpoint)!r})
encoder = create("clip-vit-b-32", weights_folder=path.parent, checkpoint=path)
encoder.space; lap("SHA-256 of the file")
encoder.load(images=False); lap("load what a text needs")
encoder.encode_texts(["un perro en la playa"]); lap("first text")
encoder.encode_texts(["dos gatos"]); lap("second text")
print(json.dumps(rows))
"""
    return in_source(source, "-c", steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=REPO, help="the checkout to profile")
    parser.add_argument("--checkpoint", type=Path, help="a full-size ViT-B/32 in OpenAI's format; else one is made")
    parser.add_argument("--passes", type=int, default=4, help="batches of 16 pictures to profile")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--operators", type=Path, metavar="CHECKPOINT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.operators:
        print(json.dumps(operators(options.operators, options.passes)))
        return
    source = options.source.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "ViT-B-32.pt"
        if options.checkpoint:
            shutil.copyfile(options.checkpoint, checkpoint)
        else:
            from tests.support.clip_checkpoint import write_checkpoint

            write_checkpoint(checkpoint, full_size=True)
        cold_start(source, checkpoint)  # later starts are what users meet
        starts = cold_start(source, checkpoint)
        seen = in_source(source, __file__, "--operators", str(checkpoint), "--passes", str(options.passes))
    print("| operator | calls per batch | ms per picture |\n|---|---|---|")
    for row in seen:
        print(f"| {row['operator']} | {row['calls']:.0f} | {row['ms']:.2f} |")
    print("\n| step of a cold start | s |\n|---|---|")
    for row in starts:
        print(f"| {row['step']} | {row['s']:.2f} |")
    if options.json:
        options.json.write_text(json.dumps({"operators": seen, "cold_start": starts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
