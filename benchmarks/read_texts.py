"""How much of the text in pictures is read, what is read where there is none, and what that costs.

Draws pictures with Spanish text (``drawn_texts.py``) and has a decoder process read them, as the program does; then
photos. A word counts as found where a search for it would find it: as a part of a line, without regard to case and
accents; as exact where it stands in a line just so. Constants were chosen with --set tuning, figures are of held-out.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.drawn_texts import HELD_OUT, KINDS, TUNING, Artist
from semantik.decoding.pool import MODELS_MEMORY, DecodePool
from semantik.errors import DecodeFailed
from semantik.records import TextLine

TEXT = frozenset({"text"})
PATIENCE = 120.0  # seconds for a picture, on a machine that does other things


@dataclass
class Count:
    pictures: int = 0
    words: int = 0
    found: int = 0
    exact: int = 0
    seconds: float = 0.0

    def row(self, kind: str) -> dict[str, float | int | str]:
        words, pictures = max(1, self.words), max(1, self.pictures)
        return {
            "kind": kind, "pictures": self.pictures, "words": self.words, "found": round(self.found / words, 4),
            "exact": round(self.exact / words, 4), "cpu_s": round(self.seconds / pictures, 3),
        }  # fmt: skip


def folded(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def bare(word: str) -> str:
    return word.strip("¿?¡!,.:;")


class Reading:
    """A pool with one process, what it took so far, and the most memory that it had."""

    def __init__(self) -> None:
        self.pool = DecodePool(1, PATIENCE, models_memory=MODELS_MEMORY)
        self.peak = 0.0

    def read(self, path: Path) -> tuple[tuple[TextLine, ...], float]:
        """The lines of a picture, and CPU seconds."""
        before = self._spent()
        content = self.pool.read(path, TEXT)
        if content.texts is None:
            raise SystemExit(content.unable)
        return content.texts, self._spent() - before

    def _spent(self) -> float:
        total = 0.0
        for pid in self.pool.pids():
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
            if (status := Path(f"/proc/{pid}/status")).exists():
                highest = re.search(r"VmHWM:\s+(\d+) kB", status.read_text("ascii"))
                self.peak = max(self.peak, int(highest[1]) / 1024 if highest else 0.0)
        return total


def read_drawn(reading: Reading, artist: Artist, each: int, show: bool) -> list[dict[str, float | int | str]]:
    counts: dict[str, Count] = defaultdict(Count)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(each):
            for kind in KINDS:
                drawn = artist.draw(kind)
                path = Path(folder) / f"{kind}{number}.jpg"
                drawn.image.convert("RGB").save(path, quality=90)
                lines, seconds = reading.read(path)
                path.unlink()
                parts = [folded(line.text) for line in lines]
                exact = {bare(word) for line in lines for word in line.text.split()}
                for count in (counts[kind], counts["all"]):
                    count.pictures += 1
                    count.seconds += seconds
                    count.words += len(drawn.words)
                    count.found += sum(any(folded(bare(word)) in part for part in parts) for word in drawn.words)
                    count.exact += sum(bare(word) in exact for word in drawn.words)
                missed = [word for word in drawn.words if not any(folded(bare(word)) in part for part in parts)]
                if show and missed:
                    print(f"  {path.name}: missed {missed} in {[line.text for line in lines]}")
    return [counts[kind].row(kind) for kind in (*KINDS, "all")]


def read_photos(reading: Reading, photos: list[Path]) -> tuple[dict[str, list[str]], float]:
    """What was read in each photo where anything was, and CPU seconds a photo."""
    found, total = {}, 0.0
    for path in photos:
        try:
            lines, seconds = reading.read(path)
        except DecodeFailed as error:
            print(f"  {path.name}: {error.params['reason']}")
            continue
        total += seconds
        if lines:
            found[path.name] = [f"{line.text} ({line.confidence:.2f})" for line in lines]
    return found, total / max(1, len(photos))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photos, to draw on and to look for text in")
    parser.add_argument("--set", choices=("tuning", "held-out"), default="held-out")
    parser.add_argument("--each", type=int, default=28, help="pictures of each kind")
    parser.add_argument("--show", action="store_true", help="print what was missed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.jpg"))
    half = len(photos) // 2
    material, grounds = (TUNING, photos[:half]) if options.set == "tuning" else (HELD_OUT, photos[half:])
    reading = Reading()
    with reading.pool:
        rows = read_drawn(reading, Artist(material, grounds), options.each, options.show)
        found, seconds = read_photos(reading, photos)
    print("| kind | pictures | words | found | exact | CPU s |\n|---|---|---|---|---|---|")
    for row in rows:
        print("|", " | ".join(str(value) for value in row.values()), "|")
    print(f"\nText in {len(found)} of {len(photos)} photos, {seconds:.2f} CPU s each; peak {reading.peak:.0f} MiB")
    for name, lines in found.items():
        print(f"  {name}: {' / '.join(lines)}")
    if options.json:
        told = {"rows": rows, "photos": found, "photo_cpu_s": seconds, "peak_mib": reading.peak}
        options.json.write_text(json.dumps(told, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
