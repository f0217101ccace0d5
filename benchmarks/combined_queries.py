"""How combined queries find photos: texts together, texts with a picture, and what unwanted terms should count.

Things are told by the captions: a photo shows a dog when any of its captions says so. "A - B" asks for photos that
show A and not B, "A + B" for those that show both, "A + photo of B" for those that show both, the example left out.
Average precision over all photos, mean over all pairs of things for which at least two photos answer and two do not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from semantik.decoding.pool import DecodePool
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.search import query_vector

THINGS = {
    "perro": "dogs?|pupp(?:y|ies)",
    "gato": "cats?|kittens?",
    "persona": "(?:wo)?m[ae]n|people|persons?|boys?|girls?|lad(?:y|ies)|child(?:ren)?",
    "mar": "ocean|sea|beach|surf\\w*",
    "agua": "water|lake|river|pond",
    "calle": "streets?|roads?",
    "coche": "cars?",
    "tren": "trains?",
    "autobús": "bus(?:es)?",
    "mesa": "tables?",
    "comida": "food|meal|pizza|sandwich\\w*|cake|salad",
    "árbol": "trees?",
    "hierba": "grass\\w*",
    "nieve": "snow\\w*",
    "caballo": "horses?",
    "cama": "beds?",
    "edificio": "buildings?",
    "bicicleta": "bi(?:cycles?|kes?)",
    "moto": "motorcycles?|motorbikes?",
    "avión": "(?:air)?planes?|jets?",
    "baño": "bathrooms?|toilets?",
    "cocina": "kitchens?",
    "flor": "flowers?",
    "oso": "bears?",
    "elefante": "elephants?",
    "jirafa": "giraffes?",
    "cebra": "zebras?",
    "barco": "boats?|ships?",
    "reloj": "clocks?",
    "sofá": "couch|sofa",
}


def average_precision(scores: np.ndarray, relevant: np.ndarray) -> float:
    """Mean of the precision at each relevant photo, best score first."""
    ranked = relevant[np.argsort(-scores, kind="stable")]
    places = np.flatnonzero(ranked) + 1
    return float((np.arange(1, len(places) + 1) / places).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder with the photos and captions.json")
    options = parser.parse_args()
    entries = json.loads((options.photos / "captions.json").read_text(encoding="utf-8"))
    encoder = BuiltinEncoder()
    with DecodePool() as pool:
        files = (options.photos / entry["file"] for entry in entries)
        pixels = [decoded.pixels for decoded in pool.fit_all(files, encoder.input_spec)]
    batches = (np.stack(pixels[at : at + 16]) for at in range(0, len(pixels), 16))
    photos = np.concatenate([encoder.encode_images(encoder.normalise(batch)) for batch in batches])
    captions = [" ".join(e["captions"]).lower() for e in entries]
    shows = {word: np.array([bool(re.search(rf"\b(?:{p})\b", c)) for c in captions]) for word, p in THINGS.items()}
    vectors = dict(zip(THINGS, encoder.encode_texts(list(THINGS)), strict=True))
    spread = {word: float((photos @ v).std()) for word, v in vectors.items()}

    def minus(weight: float) -> Callable[[str, str], np.ndarray]:
        return lambda a, b: photos @ (vectors[a] / spread[a] - weight * vectors[b] / spread[b])

    def raw_minus(weight: float) -> Callable[[str, str], np.ndarray]:
        return lambda a, b: photos @ (vectors[a] - weight * vectors[b])

    def hinge(weight: float) -> Callable[[str, str], np.ndarray]:
        def score(a: str, b: str) -> np.ndarray:
            unwanted = photos @ vectors[b] / spread[b]
            return photos @ vectors[a] / spread[a] - weight * np.maximum(unwanted - unwanted.mean(), 0)

        return score

    print("| A - B | mean average precision |\n|---|---|")
    pairs = [
        (a, b)
        for a, b in itertools.permutations(THINGS, 2)
        if (shows[a] & ~shows[b]).sum() >= 2 and (shows[a] & shows[b]).sum() >= 2
    ]
    arms = {"A alone": lambda a, b: photos @ vectors[a]}
    arms |= {f"raw cosines, unwanted {w}": raw_minus(w) for w in (0.25, 0.4, 0.5, 1.0)}
    arms |= {f"by spread, unwanted {w}": minus(w) for w in (0.1, 0.25, 0.35, 0.5, 0.75, 1.0)}
    arms |= {f"by spread, only above the mean, unwanted {w}": hinge(w) for w in (0.25, 0.5, 1.0)}
    for name, score in arms.items():
        print(f"| {name} | {np.mean([average_precision(score(a, b), shows[a] & ~shows[b]) for a, b in pairs]):.3f} |")
    print(f"\n{len(pairs)} pairs\n\n| A + B | mean average precision |\n|---|---|")
    both = [(a, b) for a, b in itertools.combinations(THINGS, 2) if (shows[a] & shows[b]).sum() >= 2]
    words = [f"{a} {b}" for a, b in both]
    one = dict(zip(both, encoder.encode_texts(words), strict=True))
    arms = {
        "A alone": lambda a, b: photos @ vectors[a],
        "one text, 'A B'": lambda a, b: photos @ one[a, b],
        "raw cosines": raw_minus(-1),
        "by spread": minus(-1),
        "lower of both by spread": lambda a, b: np.minimum(*(photos @ vectors[word] / spread[word] for word in (a, b))),
    }
    for name, score in arms.items():
        print(f"| {name} | {np.mean([average_precision(score(a, b), shows[a] & shows[b]) for a, b in both]):.3f} |")
    print(f"\n{len(both)} pairs\n\n| A + photo of B | mean average precision |\n|---|---|")
    totals: dict[str, list[float]] = {}
    for a, b in itertools.permutations(THINGS, 2):
        wanted = shows[a] & shows[b]
        if wanted.sum() < 2:
            continue
        for example in np.flatnonzero(shows[b] & ~shows[a])[:5]:
            image = photos @ photos[example]
            text = photos @ vectors[a]
            others = np.arange(len(photos)) != example
            for name, score in {
                "photo alone": image,
                "A alone": text,
                "raw cosines": text + image,
                "by spread": text / text.std() + image / image.std(),
            }.items():
                totals.setdefault(name, []).append(average_precision(score[others], wanted[others]))
    for name, values in totals.items():
        print(f"| {name} | {np.mean(values):.3f} |")
    queries = len(next(iter(totals.values())))
    print(f"\n{queries} queries; the program: pictures by spread, texts as they are, unwanted {query_vector.UNWANTED}")


if __name__ == "__main__":
    main()
