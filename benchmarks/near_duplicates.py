"""Where the line between a near-duplicate and another photo lies: shots of one burst, altered copies, and the rest.

A burst is imitated by small camera moves, crops, changed light and JPEG quality of one photo; the distance of two
photos is 1 - cosine in units of the mean distance in the library, so that one line serves every model.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from semantik.decoding.fitting import fit_pixels
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.search.near_duplicates import NEAR


def altered(image: Image.Image) -> dict[str, Image.Image]:
    """What a burst or another export makes of a photo."""
    width, height = image.size

    def crop(left: float, top: float, right: float, bottom: float) -> Image.Image:
        return image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))

    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=30)
    return {
        "half size": image.resize((width // 2, height // 2), Image.Resampling.LANCZOS),
        "JPEG quality 30": Image.open(jpeg).convert("RGB"),
        "brighter by a quarter": ImageEnhance.Brightness(image).enhance(1.25),
        "moved by 3 %": crop(0.03, 0.03, 1, 1),
        "moved by 8 %": crop(0.08, 0.0, 1, 0.95),
        "turned by 3 degrees": image.rotate(3, Image.Resampling.BICUBIC).crop(
            (width // 14, height // 14, width - width // 14, height - height // 14)
        ),
        "crop to 80 %": crop(0.1, 0.1, 0.9, 0.9),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder with photos")
    options = parser.parse_args()
    encoder = BuiltinEncoder()

    def embed(images: list[Image.Image]) -> np.ndarray:
        pixels = [fit_pixels(image, encoder.input_spec) for image in images]
        batches = (np.stack(pixels[at : at + 16]) for at in range(0, len(pixels), 16))
        return np.concatenate([encoder.encode_images(encoder.normalise(batch)) for batch in batches])

    images = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in sorted(options.photos.glob("*.jpg"))]
    originals = embed(images)
    cosines = originals @ originals.T
    distant = 1 - cosines[np.triu_indices(len(images), 1)].mean()
    others = np.sort((1 - cosines[np.triu_indices(len(images), 1)]) / distant)
    print(f"| | distance, median | 90 % | within {NEAR} |\n|---|---|---|---|")
    variants = [altered(image) for image in images]
    for name in variants[0]:
        copies = embed([variant[name] for variant in variants])
        distances = (1 - (copies * originals).sum(axis=1)) / distant
        median, most, within = np.median(distances), np.quantile(distances, 0.9), (distances <= NEAR).mean()
        print(f"| {name} | {median:.3f} | {most:.3f} | {within:.1%} |")
    within = f"{(others <= NEAR).sum()} of {len(others)} within"
    print(f"\nPairs of different photos: nearest ten {np.round(others[:10], 3).tolist()}, {within}.")


if __name__ == "__main__":
    main()
