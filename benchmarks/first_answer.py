"""How soon a search is answered during a first indexing, and what searches cost the indexing and the window.

Opens the real window on --count photos that nobody has indexed: copies of --photos, each changed by some noise, so that
no two are equal. As soon as anything can be found it searches; with --every, again and again until all is indexed.
Seconds count from the moment when the folder is chosen. Needs a display.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

REPO = Path(__file__).resolve().parent.parent

QUERY = "gato"
TICK_MS = 20


def copies(photos: Path, target: Path, count: int, side: int) -> None:
    """``count`` JPEGs of at most ``side`` pixels, of different days: the later the newer."""
    import os

    target.mkdir()
    sources = sorted(path for path in photos.iterdir() if path.suffix.lower() == ".jpg")
    random = np.random.default_rng(0)
    now = time.time()
    for number in range(count):
        with Image.open(sources[number % len(sources)]) as image:
            image.thumbnail((side, side))
            pixels = np.asarray(image.convert("RGB"), np.int16)
        noisy = np.clip(pixels + random.integers(-8, 9, pixels.shape, np.int16), 0, 255).astype(np.uint8)
        path = target / f"{number % 10}" / f"foto {number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noisy).save(path, quality=88)
        age = (count - number) * 3600
        os.utime(path, (now - age, now - age))


def child(home: Path, folder: Path, every: float, screenshot: str, *, first_only: bool) -> None:
    """Be the program, and print what was answered when."""
    import webbrowser

    opened: list[float] = []
    webbrowser.open = lambda *_, **__: opened.append(time.monotonic()) or True  # type: ignore[assignment,func-returns-value]
    from tests.support.screens import photograph
    from tests.support.window import Window

    (home / "image_search_config.json").write_text(json.dumps({"encoder": "builtin", "weights_folder": str(home)}))
    window = Window(home)
    window.wait_idle()
    answers: list[dict[str, float]] = []
    window.app.services.happened.answer_shown.connect(
        lambda answer, page: answers.append({"known": answer.known, "total": answer.of, "seconds": answer.seconds})
    )
    gaps: list[float] = []
    last = [time.monotonic()]

    def tick() -> None:
        now = time.monotonic()
        gaps.append(now - last[0])
        last[0] = now
        window.root.after(TICK_MS, tick)

    window.begin_folder(folder)
    began = time.monotonic()
    tick()
    indexing = window.app.actions.indexing
    wait(window, lambda: window.app.actions.opened.library.count)
    searchable = time.monotonic()
    asked: list[float] = []

    def ask() -> None:
        before = len(opened)
        asked.append(time.monotonic())
        window.type_words(QUERY)
        window.app.search()
        wait(window, lambda: len(opened) > before)

    ask()
    first = opened[0]
    if screenshot:
        wait(window, window.pictures)
        window.root.update()
        photograph(window.root.winfo_screen().split(".")[0]).save(screenshot)
    while indexing.running and every and not first_only:
        wait(window, lambda: time.monotonic() > asked[-1] + every or not indexing.running)
        if indexing.running:
            ask()
    wait(window, lambda: first_only or not indexing.running)
    ended = time.monotonic()
    waits = [end - start for start, end in zip(asked, opened, strict=True)]
    row = {
        "searchable": searchable - began,
        "first": first - began,
        "known": answers[0]["known"],
        "total": answers[0]["total"],
        "searches": len(asked),
        "median_wait": statistics.median(waits),
        "longest_wait": max(waits),
        "longest_gap": max(gaps),
        "indexed": ended - began,
    }
    print(json.dumps(row), flush=True)
    window.app.close()


def wait(window: Any, condition: Any) -> None:
    """Let the window live until ``condition`` holds, however long that takes."""
    while not condition():
        window.root.update()
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "photos", help="what is copied")
    parser.add_argument("--count", type=int, default=5000, help="photos of the folder")
    parser.add_argument("--side", type=int, default=640, help="pixels of their longer side")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two searches; 0: only the first")
    parser.add_argument("--first-only", action="store_true", help="end with the first answer")
    parser.add_argument("--screenshot", default="", help="where to keep a picture of the screen at the first answer")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", nargs=2, metavar=("HOME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        home, folder = map(Path, options.child)
        child(home, folder, options.every, options.screenshot, first_only=options.first_only)
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "fotos"
        copies(options.photos, folder, options.count, options.side)
        for name, every in (("only the first", 0.0), (f"every {options.every:g} s", options.every)):
            home = Path(scratch) / f"home{every:g}"
            home.mkdir()
            command = [sys.executable, "-m", __spec__.name, "--child", str(home), str(folder), "--every", str(every)]
            command += ["--screenshot", options.screenshot] if options.screenshot else []
            command += ["--first-only"] if options.first_only else []
            shown = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout
            rows.append({"searches made": name, **json.loads(shown.splitlines()[-1])})
            if not options.every or options.first_only:
                break
    print("| searches | can search | first answer | among | answers | median, longest wait | longest gap | indexed |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['searches made']} | {row['searchable']:.1f} s | {row['first']:.1f} s | {row['known']} of "
            f"{row['total']} | {row['searches']} | {row['median_wait']:.2f} s, {row['longest_wait']:.2f} s | "
            f"{1000 * row['longest_gap']:.0f} ms | {row['indexed']:.0f} s |"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
