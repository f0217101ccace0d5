"""How long a start takes: until the window is on screen, and until a first search is answered.

Starts the real window on a library that has an index, searches as soon as the window takes a search, and stops
at the moment when the results page is handed to the browser. Each model is started --rounds times, each time in
a fresh process; seconds count from the start of Python. Needs a display.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent

GOALS = {"window": 1.0, "clip": 6.0, "builtin": 4.0}


def child(home: Path, began: float) -> None:
    """Be the program, and print what was reached when."""
    import webbrowser

    opened: list[float] = []
    webbrowser.open = lambda *_, **__: opened.append(time.time()) or True  # type: ignore[assignment,func-returns-value]
    from tests.support.window import Window

    window = Window(home)
    window.wait(window.root.winfo_viewable, "the window")
    window.root.update()
    shown = time.time()
    window.wait(lambda: window.app.loaded.opened.library and not window.app.tasks.busy, "ready")
    ready = time.time()
    window.type_words("un perro en la playa")
    window.app.search()
    window.wait(lambda: opened, "an answer")
    print(json.dumps({"window": shown - began, "ready": ready - began, "answer": opened[0] - began}), flush=True)
    window.app.close()


def prepare(home: Path, photos: Path, name: str, checkpoint: Path | None) -> None:
    """An indexed library and the settings of a user who has chosen that model."""
    from dataclasses import replace

    from semantik.engine.engine import Engine
    from semantik.storage.settings import Config, save_config

    config = Config(image_folder=str(photos), encoder=name, weights_folder=str(home))
    if checkpoint:
        config = replace(config, clip_checkpoint=str(checkpoint))
    save_config(config, home)
    engine = Engine(home, config)
    engine.models.use(name)
    library = engine.open(photos)
    library.update(library.indexed_folders)
    library.encoder.load()
    engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=REPO.parent / "shared" / "photos", help="the library")
    parser.add_argument("--checkpoint", type=Path, help="a full-size ViT-B/32 in OpenAI's format; else one is made")
    parser.add_argument("--rounds", type=int, default=5, help="starts of each model")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", nargs=2, metavar=("HOME", "BEGAN"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(Path(options.child[0]), float(options.child[1]))
        return
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "ViT-B-32.pt"
        if options.checkpoint:
            shutil.copyfile(options.checkpoint, checkpoint)
        else:
            from tests.support.clip_checkpoint import write_checkpoint

            write_checkpoint(checkpoint, full_size=True)
        homes = {name: Path(scratch) / name for name in ("clip-vit-b-32", "builtin")}
        for name, home in homes.items():
            home.mkdir()
            prepare(home, options.photos, name, checkpoint if name != "builtin" else None)
        for turn in range(options.rounds):
            for name, home in homes.items():
                command = [sys.executable, "-m", __spec__.name, "--child", str(home), repr(time.time())]
                shown = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout
                rows.append({"model": name, "round": turn, **json.loads(shown)})
    print("| model | window on screen | a search is taken | its page is opened | goal |\n|---|---|---|---|---|")
    for name in homes:
        cells = []
        for key in ("window", "ready", "answer"):
            values = [float(row[key]) for row in rows if row["model"] == name]
            cells.append(f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})")
        goal = GOALS["builtin" if name == "builtin" else "clip"]
        print(f"| {name} | {' | '.join(cells)} | {GOALS['window']:.0f} s, {goal:.0f} s |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
