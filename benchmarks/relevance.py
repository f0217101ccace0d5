"""How well relevances are calibrated, and what the trim ("only relevant results") keeps and leaves out.

Queries are things that captions name (relevance_queries.json: a photo is relevant when a caption matches), things
that are in none of the photos, and every caption, whose own photo alone counts as relevant. Constants are fitted on
one half of the things and judged on the other, ten times; both languages of a thing are in one half.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import numpy as np

from benchmarks.sample_photos import Photos, embed
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.search.relevance import (
    IMAGE_OFFSET,
    IMAGE_SLOPE,
    RELEVANT,
    TEXT_OFFSET,
    TEXT_SLOPE,
    excess,
    reaches,
    read_queries,
    sigmoid,
)

REPO = Path(__file__).resolve().parent.parent

SHOWN = 20
ROUNDS = 10
THRESHOLDS = (0.1, 0.12, 0.14, 0.16, 0.2, 0.25, 0.3, 0.5)


def formulas(scores: np.ndarray, background: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Features of every score, (queries, photos), given ``background`` (background queries, photos)."""
    mean, deviation = background.mean(0), background.std(0)
    middle = np.median(background, 0)
    spread = 1.4826 * np.median(np.abs(background - middle), 0)
    over_library = (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True)
    z = (scores - mean) / deviation
    centred, centred_background = scores - scores.mean(1)[:, None], background - background.mean(1)[:, None]
    own = np.stack([excess(row, background.T) for row in scores])
    shared = np.stack([excess(row, background.T, float(reaches(background.T).mean())) for row in scores])
    return {
        "cosine": [scores],
        "excess over the photo's background, in its own reach": [own],
        "excess over the photo's background, in the library's mean reach (chosen)": [shared],
        "z-score over the photo's background": [z],
        "the same with median and MAD": [(scores - middle) / spread],
        "z-score over the library": [over_library],
        "mean of both z-scores (s-norm)": [(z + over_library) / 2],
        "both z-scores, weighed by the fit": [z, over_library],
        "z-score of scores less the query's mean": [(centred - centred_background.mean(0)) / centred_background.std(0)],
        "best tenth's mean subtracted on both sides (CSLS)": [
            2 * scores
            - np.sort(background, 0)[-len(background) // 10 :].mean(0)
            - np.sort(scores, 1)[:, -10:].mean(1)[:, None]
        ],
    }


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """Mean relevance and share that is relevant, by tenths of the relevance."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    return [
        {
            "from": number / 10,
            "hits": int((bins == number).sum()),
            "mean_relevance": round(float(probabilities[bins == number].mean()), 3),
            "relevant": round(float(labels[bins == number].mean()), 3),
        }
        for number in range(10)
        if (bins == number).any()
    ]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error over ten bins."""
    rows = reliability(probabilities, labels)
    return sum(row["hits"] * abs(row["mean_relevance"] - row["relevant"]) for row in rows) / len(labels)


def fit(features: np.ndarray, labels: np.ndarray) -> object:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1e4).fit(features, labels)


def cross_validated(features: np.ndarray, labels: np.ndarray, concepts: np.ndarray) -> dict[str, float]:
    """Means over the held-out halves; ``features`` (queries, hits, kinds), ``labels`` (queries, hits)."""
    from sklearn.metrics import average_precision_score, log_loss

    chance = np.random.default_rng(0)
    found = []
    for _ in range(ROUNDS):
        half = np.isin(concepts, chance.permutation(concepts.max() + 1)[: (concepts.max() + 1) // 2])
        for train in (half, ~half):
            model = fit(features[train].reshape(-1, features.shape[-1]), labels[train].ravel())
            given = model.predict_proba(features[~train].reshape(-1, features.shape[-1]))[:, 1]
            true = labels[~train].ravel()
            kept = given >= RELEVANT
            found.append(
                {
                    "log_loss": log_loss(true, given),
                    "calibration_error": calibration_error(given, true),
                    "average_precision": average_precision_score(true, given),
                    "precision": true[kept].mean(),
                    "recall": true[kept].sum() / true.sum(),
                    "slope": model.coef_[0][0],
                    "offset": model.intercept_[0],
                }
            )
    return {key: round(float(np.mean([row[key] for row in found])), 4) for key in found[0]}


def top(scores: np.ndarray, count: int = SHOWN) -> np.ndarray:
    return np.argsort(-scores, axis=1)[:, :count]


def judge(scores: np.ndarray, vectors: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Relevance of every photo for every query, as the program tells it."""
    background = vectors @ bank.T
    shared = float(reaches(background).mean())
    return np.stack([sigmoid(TEXT_SLOPE * excess(row, background, shared) + TEXT_OFFSET) for row in scores])


def trims(relevance: np.ndarray, labels: np.ndarray, things: np.ndarray) -> list[dict[str, float]]:
    """What is kept of the first hits by threshold; ``things`` marks queries that have an answer, bool (queries,)."""
    rows = []
    for threshold in THRESHOLDS:
        kept = relevance >= threshold
        precision, recall = labels[kept].mean(), labels[kept].sum() / labels.sum()
        rows.append(
            {
                "threshold": threshold,
                "precision": precision,
                "recall": recall,
                "f2": 5 * precision * recall / (4 * precision + recall),
                "kept": kept[things].sum(1).mean(),
                "answered": kept[things].any(1).mean(),
                "off_topic_kept": kept[~things].sum(1).mean(),
                "off_topic_empty": 1 - kept[~things].any(1).mean(),
            }
        )
    return [{key: round(float(value), 3) for key, value in row.items()} for row in rows]


def nothing_there(relevance: np.ndarray, things: np.ndarray, half: np.ndarray) -> list[dict[str, float]]:
    """How often it is rightly said that nothing is there, on the half that the threshold is chosen on and the other.

    ``relevance`` (queries, hits), ``things`` bool (queries,) as in ``trims``, ``half`` bool (queries,).
    """
    rows = []
    for threshold in (0.05, *THRESHOLDS):
        said = relevance.max(1) < threshold
        row: dict[str, float] = {"threshold": threshold}
        for name, among in (("chosen", half), ("other", ~half), ("all", np.ones(len(said), bool))):
            row[f"precision_{name}"] = (said & ~things & among).sum() / max(1, (said & among).sum())
            row[f"recall_{name}"] = (said & ~things & among).sum() / (~things & among).sum()
            row[f"wrongly_{name}"] = (said & things & among).sum() / (things & among).sum()
        rows.append({key: round(float(value), 3) for key, value in row.items()})
    return rows


def few_photos(scores: np.ndarray, background: np.ndarray) -> list[dict[str, float]]:
    """By how much relevances of 0.1 and more are off when the mean reach is known from so many photos only."""
    chance, every = np.random.default_rng(0), reaches(background.T)
    told = [excess(row, background.T, float(every.mean())) for row in scores]
    best = np.take_along_axis(np.stack(told), top(np.stack(told)), 1)
    right = sigmoid(TEXT_SLOPE * best + TEXT_OFFSET)
    rows = []
    for count in (5, 10, 20, 30, 50, 100):
        off, lengths = [], []
        for _ in range(300):
            share = chance.choice(every, count, replace=False).mean() / every.mean()
            lengths.append(abs(share - 1))
            off.append(np.abs(sigmoid(TEXT_SLOPE * best / share + TEXT_OFFSET) - right)[right >= 0.1].mean())
        figures = {
            "reach_off": np.mean(lengths),
            "relevance_off": np.mean(off),
            "worst_twentieth": np.quantile(off, 0.95),
        }
        rows.append({"photos": count, **{key: round(float(value), 3) for key, value in figures.items()}})
    return rows


def first_photo(scores: np.ndarray, owner: np.ndarray) -> dict[str, float]:
    """How often the photo that was described is among the first."""
    above = (scores > scores[np.arange(len(owner)), owner][:, None]).sum(1)
    return {f"in_first_{count}": round(float((above < count).mean()), 3) for count in (1, 5, 10)}


def pictures(vectors: np.ndarray, alike: np.ndarray) -> dict[str, object]:
    """The same for pictures as queries: photos are alike when one thing is in the captions of both."""
    scores = vectors @ vectors.T
    pairs = scores[np.triu_indices(len(scores), 1)][np.newaxis]
    everyone = np.arange(len(scores))
    scores[everyone, everyone] = -1
    best = top(scores)
    place = everyone[:, None]
    features = np.stack([excess(row, pairs) for row in scores])[place, best]
    labels = alike[place, best].astype(int)
    given = sigmoid(IMAGE_SLOPE * features + IMAGE_OFFSET)
    kept = given >= RELEVANT
    return {
        "cross_validated": cross_validated(features[..., None], labels, everyone),
        "reliability": reliability(given.ravel(), labels.ravel()),
        "precision_untrimmed": round(float(labels.mean()), 3),
        "precision": round(float(labels[kept].mean()), 3),
        "recall": round(float(labels[kept].sum() / labels.sum()), 3),
        "kept": round(float(kept.sum(1).mean()), 2),
        "itself": round(float(sigmoid(IMAGE_SLOPE * excess(np.ones(1), pairs) + IMAGE_OFFSET)[0]), 3),
    }


def table(rows: list[dict[str, object]]) -> str:
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([str(row[key]) for key in head] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = REPO.parent / "shared" / "photos"
    parser.add_argument("--photos", type=Path, default=shared, help="folder of the photos (default: ../shared/photos)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()

    folder = options.photos
    photos = Photos(folder, folder / "captions.json", REPO / "benchmarks" / "captions_es.json")
    things = json.loads((REPO / "benchmarks" / "relevance_queries.json").read_text(encoding="utf-8"))
    told = [
        " ".join(entry["captions"]).lower()
        for entry in json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    ]
    shows = np.array(
        [[bool(thing["captions"] and re.search(thing["captions"], words)) for words in told] for thing in things]
    )
    encoder = BuiltinEncoder()
    vectors, _ = embed(encoder, photos.images)
    bank = encoder.encode_texts(read_queries())
    queries = encoder.encode_texts([thing["es"] for thing in things] + [thing["en"] for thing in things])
    concepts = np.tile(np.arange(len(things)), 2)
    scores, background = queries @ vectors.T, bank @ vectors.T
    best, place = top(scores), np.arange(len(queries))[:, None]
    labels = shows[concepts][place, best].astype(int)
    answered = shows.any(1)[concepts]

    compared = [
        {"formula": name, **cross_validated(np.stack([kind[place, best] for kind in kinds], -1), labels, concepts)}
        for name, kinds in formulas(scores, background).items()
    ]
    relevance = judge(scores, vectors, bank)[place, best]
    languages = np.repeat(["es", "en"], len(things))
    by_language = {
        name: {
            "calibration_error": round(
                calibration_error(relevance[languages == name].ravel(), labels[languages == name].ravel()), 3
            ),
            "trim": trims(relevance[languages == name], labels[languages == name], answered[languages == name]),
        }
        for name in ("es", "en")
    }
    captions = {}
    for name, texts in (("es", photos.es), ("en", photos.en)):
        found = encoder.encode_texts(texts) @ vectors.T
        told_of = judge(found, vectors, bank)
        first = top(found)
        own = np.arange(len(texts)), photos.owner
        in_reach = (first == photos.owner[:, None]).any(1)
        shown = np.take_along_axis(told_of, first, 1) >= RELEVANT
        captions[name] = {
            "by_cosine": first_photo(found, photos.owner),
            "by_relevance": first_photo(told_of, photos.owner),
            "own_photo_in_first_20": round(float(in_reach.mean()), 3),
            "of_these_kept": round(float((told_of[own] >= RELEVANT)[in_reach].mean()), 3),
            "kept_per_query": round(float(shown.sum(1).mean()), 2),
            "nothing_kept": round(float((~shown.any(1)).mean()), 3),
        }
    figures = {
        "queries": {"things": int(answered.sum()), "off_topic": int((~answered).sum()), "background": len(bank)},
        "formulas": compared,
        "reliability": reliability(relevance.ravel(), labels.ravel()),
        "precision_untrimmed": round(float(labels.mean()), 3),
        "trim": trims(relevance, labels, answered),
        "nothing_there": nothing_there(
            relevance,
            answered,
            np.isin(concepts, np.random.default_rng(0).permutation(len(things))[: len(things) // 2]),
        ),
        "few_photos": few_photos(scores, background),
        "languages": by_language,
        "captions": captions,
        "pictures": pictures(vectors, (shows.T.astype(int) @ shows.astype(int)) > 0),
    }
    print(figures["queries"], "precision untrimmed", figures["precision_untrimmed"])
    for key in ("formulas", "reliability", "trim", "nothing_there", "few_photos"):
        print(f"\n{key}\n\n{table(figures[key])}")
    for key in ("languages", "captions", "pictures"):
        print(f"\n{key}: {json.dumps(figures[key], indent=1)}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
