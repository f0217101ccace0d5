"""What the views of wide pictures are worth: recall at 10 of things at the end of a panorama, before and after.

Each of some captioned photos becomes the right end of a panorama, of which the rest is other photos ("row"), or is
pasted at 60 % of the height near the right end of one photo that was stretched ("pasted"). Its captions then look for
the panorama among all photos that are not in it, with the embedded model. For comparison: the photo itself in the
panorama's place, the panorama by its middle alone, and several views by their number.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.sample_photos import Photos
from semantik.decoding.fitting import MOST_VIEWS, fit_pixels, fit_views, view_regions
from semantik.encoders.builtin.encoder import BuiltinEncoder

SIDE = 448  # pixels of a panorama's height


def square(image: Image.Image, side: int) -> Image.Image:
    """The middle of a photo."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    return image.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.BICUBIC)


def row(images: list[Image.Image], thing: int, others: list[int], length: int) -> Image.Image:
    """Photos side by side, the thing at the right end."""
    made = Image.new("RGB", (length, SIDE))
    for place, photo in enumerate([thing, *others]):
        made.paste(square(images[photo], SIDE), (length - (place + 1) * SIDE, 0))
    return made


def pasted(images: list[Image.Image], thing: int, others: list[int], length: int) -> Image.Image:
    """The thing on a ground."""
    made = square(images[others[0]], SIDE).resize((length, SIDE), Image.Resampling.BICUBIC)
    side = round(0.6 * SIDE)
    made.paste(square(images[thing], side), (length - side - 10, SIDE - side - 30))
    return made


class Bench:
    """The photos, the model, and what it sees in them."""

    def __init__(self, photos: Path, captions: Path, spanish: Path) -> None:
        self.photos = Photos(photos, captions, spanish)
        self.encoder = BuiltinEncoder()
        self.spec = self.encoder.input_spec
        self.known = self.embed(np.stack([fit_pixels(image, self.spec) for image in self.photos.images]))
        self.queries = self.encoder.encode_texts(self.photos.es)

    def embed(self, pixels: np.ndarray) -> np.ndarray:
        size = self.encoder.batch_size
        parts = (pixels[at : at + size] for at in range(0, len(pixels), size))
        return np.concatenate([self.encoder.encode_images(self.encoder.normalise(part)) for part in parts])

    def recall(self, things: list[int], within: list[set[int]], seen: list[np.ndarray]) -> float:
        """Share of the captions that find their panorama among the first ten; ``seen``: the vectors of each."""
        found = []
        for thing, inside, vectors in zip(things, within, seen, strict=True):
            others = self.known[[number for number in range(len(self.known)) if number not in inside]]
            asked = self.queries[self.photos.owner == thing]
            best = (asked @ vectors.T).max(axis=1)
            found += ((asked @ others.T) > best[:, np.newaxis]).sum(axis=1).tolist()
        return float((np.array(found) < 10).mean())

    def views(self, image: Image.Image, most: int) -> np.ndarray:
        """What is seen of a panorama: its middle, and views of it."""
        regions = view_regions(*image.size, self.spec, most)
        parts = fit_views(image, (0, 0, *image.size), regions, self.spec)
        return self.embed(np.concatenate([fit_pixels(image, self.spec)[np.newaxis], parts]))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder with photos and captions.json")
    parser.add_argument("--things", type=int, default=40, help="photos that become the end of panoramas")
    parser.add_argument("--ratios", type=float, nargs="+", default=[2.2, 4, 8, 12, 20, 40])
    parser.add_argument("--most", type=int, nargs="+", default=[8, MOST_VIEWS, 16])
    options = parser.parse_args()
    bench = Bench(options.photos, options.photos / "captions.json", Path(__file__).with_name("captions_es.json"))
    chance = np.random.default_rng(5)
    images = bench.photos.images
    things = chance.choice(len(images), options.things, replace=False).tolist()
    itself = bench.recall(things, [{thing} for thing in things], [bench.known[[thing]] for thing in things])
    print(f"the photos themselves: {itself:.3f}")
    heads = [f"up to {most}" for most in options.most]
    print("| panoramas | ratio | middle alone |", " | ".join(heads), "|\n|---|---|---|", "---|" * len(heads))
    for make in (row, pasted):
        for ratio in options.ratios:
            length = round(ratio * SIDE)
            rest = np.arange(len(images))
            others = [chance.choice(rest[rest != thing], int(ratio), replace=False).tolist() for thing in things]
            made = [make(images, thing, more, length) for thing, more in zip(things, others, strict=True)]
            used = [{thing, *more} for thing, more in zip(things, others, strict=True)]
            wholes = [bench.embed(fit_pixels(image, bench.spec)[np.newaxis]) for image in made]
            middle = bench.recall(things, used, wholes)
            told, seen = [], {}
            for most in options.most:
                regions = len(view_regions(length, SIDE, bench.spec, most))
                if regions not in seen:
                    seen[regions] = bench.recall(things, used, [bench.views(image, most) for image in made])
                told.append(f"{seen[regions]:.3f} ({regions})")
            print(f"| {make.__name__} | {ratio:g} | {middle:.3f} |", " | ".join(told), "|", flush=True)


if __name__ == "__main__":
    main()
