"""What texts in pictures do to ordinary queries, and whether plates, names and numbers come first.

    python benchmarks/text_matches.py PHOTOS PHOTOS/captions.json benchmarks/captions_es.json

Every caption is a query over all photos, with the embedded model: without texts; with the texts that really stand in
the photos, as the program reads them; and with three signs of made-up text in each photo besides, of words that
captions use, which is far more than photos have. Told are recall, of how many captions any hit was raised, for how many
other photos are among the first ten, and for how many any two of all photos changed their order. Then each photo gets a
plate, a name and a number of its own, which are asked for.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.sample_photos import Photos, recall
from semantik.decoding.pool import DecodePool
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.engine.library import Library
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Query
from semantik.records import TextLine
from semantik.search.relevance import Relevance
from semantik.search.searcher import Searcher
from semantik.storage.settings import Config

Texts = Mapping[str, Sequence[str]]

NAMES = ("Oakley", "Pérez", "Iberdrola", "Zubiri", "Mondragón", "Kowalski", "Ribeiro", "Chillida", "Lekeitio")
FIRST = 10


def read_texts(folder: Path, names: Sequence[str], pool: DecodePool) -> dict[str, list[str]]:
    """The lines that stand in photos, by their names, as the program reads them."""
    contents = {name: pool.read(folder / name, frozenset({"text"}), None) for name in names}
    return {name: [line.text for line in content.texts or ()] for name, content in contents.items()}


def signs(captions: Sequence[str], names: Sequence[str], chance: random.Random) -> dict[str, list[str]]:
    """Three lines for each photo, of one to three words that captions use."""
    words = [word.strip(".,").upper() for caption in captions for word in caption.split()]
    return {name: [" ".join(chance.sample(words, chance.randint(1, 3))) for _ in range(3)] for name in names}


def note(opened: IndexedFolder, texts: Texts) -> None:
    """Have these texts stand in the photos, and no other ones."""
    opened.texts.keep(set())
    for file in opened.index.files() if opened.index else ():
        told = [TextLine(text, (0.0, 0.0, 10.0, 10.0), 0.9) for text in texts.get(file.path, ())]
        opened.texts.add(file, told)


def ask(library: Library, captions: Sequence[str]) -> tuple[list[list[str]], int]:
    """The names of all hits of each caption, in their order, and with how many captions one of them was raised."""
    found, raised = [], 0
    for caption in captions:
        hits = library.search(Query.of_text(caption), library.count)
        found.append([hit.path.name for hit in hits])
        raised += any(hit.texts for hit in hits)
    return found, raised


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("english", type=Path)
    parser.add_argument("spanish", type=Path)
    parser.add_argument("--unread", action="store_true", help="do not read the photos, which takes most of the time")
    parser.add_argument("--every", type=int, default=1, help="ask every so manyth caption only")
    options = parser.parse_args()
    photos = Photos(options.photos, options.english, options.spanish)
    with tempfile.TemporaryDirectory() as home, DecodePool() as pool:
        opened = IndexedFolder(Path(home), options.photos, BuiltinEncoder(), pool)
        opened.update()
        library = Library([opened], opened.encoder, Searcher(pool, Relevance(Path(home) / "background")), Config())
        library.prepare(Query.of_text("perro"))
        names = [file.path for file in opened.index.files()] if opened.index else []
        owners = [photos.names[place] for place in photos.owner][:: options.every]
        real: dict[str, list[str]] = (
            {name: [] for name in names} if options.unread else read_texts(options.photos, names, pool)
        )
        print(f"{sum(map(bool, real.values()))} of {len(names)} photos have text, {sum(map(len, real.values()))} lines")
        made = signs([*photos.en, *photos.es], names, random.Random(2))
        arms: dict[str, Texts] = {
            "no texts": {},
            "the texts in the photos": real,
            "and three signs in each": {name: [*real[name], *made[name]] for name in names},
        }
        heads = ("texts", "language", "R@1", "R@5", "R@10", "captions of which a hit was raised")
        print(f"| {' | '.join(heads)} | with others in the first ten | in another order |")
        print("|---|---|---|---|---|---|---|---|")
        before: dict[str, list[list[str]]] = {}
        for arm, texts in arms.items():
            note(opened, texts)
            for language, captions in (("en", photos.en), ("es", photos.es)):
                found, raised = ask(library, captions[:: options.every])
                places = [[*hits, owner].index(owner) for hits, owner in zip(found, owners, strict=True)]
                pairs = list(zip(before.setdefault(language, found), found, strict=True))
                lost = sum({*one[:FIRST]} != {*other[:FIRST]} for one, other in pairs)
                turned = sum(one != other for one, other in pairs)
                cells = " | ".join(f"{value:.3f}" for value in recall(np.array(places)))
                print(f"| {arm} | {language} | {cells} | {raised} of {len(found)} | {lost} | {turned} |")
        first(library, opened, names[:: options.every], made)


def first(library: Library, opened: IndexedFolder, names: Sequence[str], made: Texts) -> None:
    """Ask for what stands in one photo each."""
    chance = random.Random(3)
    kinds = {
        "a plate": [f"{chance.randrange(10_000):04} {''.join(chance.sample('BCDFGHJKL', 3))}" for _ in names],
        "a name": [f"{chance.choice(NAMES)} {chance.choice(NAMES)}{place}" for place, _ in enumerate(names)],
        "a number": [f"{chance.randrange(600, 700)} {chance.randrange(10**6):06}" for _ in names],
    }
    for kind, values in kinds.items():
        texts = {name: [*made[name], value] for name, value in zip(names, values, strict=True)}
        note(opened, texts)
        right = 0
        for name, value in zip(names, values, strict=True):
            for typed in (value, value.lower().replace(" ", "") if kind != "a name" else value.lower()):
                right += library.search(Query.of_text(typed), 1)[0].path.name == name
        print(f"{kind}: its photo is first with {right} of {2 * len(names)} queries")


if __name__ == "__main__":
    main()
