"""Searching the texts of 100,000 pictures: how long each kind of query takes, and what keeping them costs.

    python benchmarks/search_texts.py [--pictures N] [--rounds N] [--store FILE]

The texts are made up: eight lines a picture of words whose frequencies fall as those of a language do (Zipf), with
numbers, plates, and words with one wrong letter among them. Kinds of queries take turns, so that a load of the
machine falls on all of them; times are those of a processor.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from semantik.folders.text_store import TextStore
from semantik.folders.text_words import asked_words
from semantik.records import ImageFile, TextLine
from semantik.search.text_matches import MISREAD

WORDS = 60_000
SYLLABLES = re.findall(
    "..",
    "bacadafagalamanaparasatabecedelemeneperesetebicidilimi"
    "nirisitibocodolomonoporosotobucudulumunurusutualoranenesosas",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vocabulary(chance: random.Random) -> list[str]:
    """Made-up words, the most frequent first, which are short."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        most = 2 if len(words) < 200 else 4
        words["".join(chance.choices(SYLLABLES, k=chance.randint(1, most)))] = None
    return list(words)


def misread(word: str, chance: random.Random) -> str:
    """The word with one wrong letter."""
    at = chance.randrange(len(word))
    return word[:at] + chance.choice(LETTERS) + word[at + 1 :]


def plate(chance: random.Random) -> str:
    """A plate as they are in Spain."""
    return f"{chance.randrange(10_000):04} {''.join(chance.choices('BCDFGHJKLMNPRSTVWXYZ', k=3))}"


def lines_of(words: Sequence[str], weights: Sequence[float], chance: random.Random) -> list[TextLine]:
    """What stands in one picture."""
    lines = []
    for place in range(chance.randint(4, 12)):
        kind = chance.random()
        if kind < 0.08:
            text = plate(chance)
        elif kind < 0.2:
            text = f"{chance.randrange(1000)},{chance.randrange(100):02} {chance.randrange(100_000)}"
        else:
            chosen = chance.choices(words, cum_weights=weights, k=chance.randint(1, 6))
            text = " ".join(misread(word, chance) if chance.random() < 0.03 else word for word in chosen).upper()
        lines.append(TextLine(text, (10.0, 5.0 + 7 * place, 60.0, 5.0), 0.97))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--store", type=Path, help="a file to keep them in, which a later run finds filled")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    chance = random.Random(1)
    words = vocabulary(chance)
    weights, total = [], 0.0
    for place in range(len(words)):
        total += 1 / (place + 10)
        weights.append(total)
    texts = [
        (ImageFile(f"{number // 1000}/{number}.jpg", 1000 + number, 10**18), lines_of(words, weights, chance))
        for number in range(options.pictures)
    ]
    plates = [line.text for _, lines in texts for line in lines if line.text[:4].isdigit() and line.text[-3:].isalpha()]
    with tempfile.TemporaryDirectory() as folder:
        store = TextStore(options.store or Path(folder) / "texts.sqlite")
        missing = {file.path for file in store.missing([file for file, _ in texts])}
        began = time.process_time()
        for file, lines in texts:
            if file.path in missing:
                store.add(file, lines)
        store.flush()
        store.settle()
        took, size = time.process_time() - began, store.path.stat().st_size
        if missing:
            print(f"written: {1000 * took / len(missing):.2f} ms of a processor a picture")
        print(f"{size / len(texts) / 1000:.2f} MB for 1,000 pictures")
        report(store, kinds(words, plates, chance), options.rounds, len(texts))


def kinds(words: Sequence[str], plates: Sequence[str], chance: random.Random) -> dict[str, Callable[[], str]]:
    """Queries by what they are like."""

    def of(first: int, last: int, least: int = 5) -> str:
        return chance.choice([word for word in words[first:last] if len(word) >= least])

    return {
        "a rare word": lambda: of(20_000, 60_000),
        "a word in 1 % of the pictures": lambda: of(400, 700),
        "a word in 10 % of them": lambda: of(20, 60, 3),
        "two words": lambda: f"{of(500, 5000)} {of(500, 5000)}",
        "a sentence of eight words": lambda: " ".join(of(200, 20_000) for _ in range(8)),
        "the beginning of a word": lambda: of(5000, 60_000, 7)[:5],
        "the inside of a word": lambda: of(5000, 60_000, 8)[2:7],
        "three letters": lambda: of(5000, 60_000, 8)[2:5],
        "one wrong letter": lambda: misread(of(5000, 60_000, 6), chance),
        "a plate, with a blank": lambda: chance.choice(plates),
        "a plate, without": lambda: chance.choice(plates).replace(" ", "").lower(),
        "a word that is nowhere": lambda: "xylophon",
    }


def report(store: TextStore, queries: dict[str, Callable[[], str]], rounds: int, count: int) -> None:
    """Time the kinds in turns."""
    times: dict[str, list[float]] = {kind: [] for kind in queries}
    found: dict[str, list[int]] = {kind: [] for kind in queries}
    for _ in range(rounds):
        for kind, make in queries.items():
            asked = asked_words(make())
            began = time.process_time()
            sentence = len(asked) > MISREAD  # as a search asks for one
            found[kind].append(len(store.find(asked, within=not sentence, nearly=not sentence)))
            times[kind].append(1000 * (time.process_time() - began))
    print(f"| among {count:,} texts | pictures found, median | ms, median | ms, 95 % | ms, slowest |")
    print("|---|---|---|---|---|")
    for kind, told in times.items():
        told.sort()
        most = told[round(0.95 * (len(told) - 1))]
        counts = f"{statistics.median(found[kind]):,.0f} | {statistics.median(told):.1f}"
        print(f"| {kind} | {counts} | {most:.1f} | {told[-1]:.1f} |")


if __name__ == "__main__":
    main()
