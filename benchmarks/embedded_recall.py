"""How well the embedded model finds photos by text and by picture, and what each of its choices is worth.

Every caption is a query over all photos; recall at k is the share of queries whose own photo is among
the first k. English and Spanish captions are translations of each other. With --grid, the alternatives
that the model was chosen from are measured as well (a few minutes).
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.sample_photos import Photos, Row, embed, ranks, recall
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.encoders.builtin.text_space import TEXT_DIM

REPO = Path(__file__).resolve().parent.parent

HEADER = (
    "| | variant | EN R@1 | R@5 | R@10 | ES R@1 | R@5 | R@10 | ES/EN | images/s of one core |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def copies() -> Iterator[tuple[str, Callable[[Image.Image], Image.Image]]]:
    """What may have happened to a copy of a photo. Fixed, so that figures can be compared."""

    def crop(share: float) -> Callable[[Image.Image], Image.Image]:
        def cut(image: Image.Image) -> Image.Image:
            chance = np.random.RandomState(image.width * 7919 + image.height)
            width, height = int(image.width * share**0.5), int(image.height * share**0.5)
            left, top = chance.randint(image.width - width + 1), chance.randint(image.height - height + 1)
            return image.crop((left, top, left + width, top + height))

        return cut

    def recolour(image: Image.Image) -> Image.Image:
        hue, saturation, value = image.convert("HSV").split()
        turned = Image.merge("HSV", (hue.point(lambda h: (h + 40) % 256), saturation, value)).convert("RGB")
        return ImageEnhance.Contrast(ImageEnhance.Brightness(turned).enhance(1.25)).enhance(0.8)

    def recompress(quality: int, shrink: int) -> Callable[[Image.Image], Image.Image]:
        def save(image: Image.Image) -> Image.Image:
            file = io.BytesIO()
            image.resize((image.width // shrink, image.height // shrink)).save(file, "JPEG", quality=quality)
            return Image.open(file).convert("RGB")

        return save

    yield "crop to 60 % of the area", crop(0.6)
    yield "crop to 40 % of the area", crop(0.4)
    yield "mirrored", ImageOps.mirror
    yield "recoloured (hue +56°, brighter, flatter)", recolour
    yield "grey", lambda image: ImageOps.grayscale(image).convert("RGB")
    yield "recompressed (JPEG 30)", recompress(30, 1)
    yield "half size and JPEG 10", recompress(10, 2)


def measure_copies(encoder: BuiltinEncoder, photos: Photos, vectors: np.ndarray) -> list[dict[str, object]]:
    """Share of altered copies that find their original first, by the parts of the vector."""
    everyone = np.arange(len(vectors))
    found = []
    for name, alter in copies():
        altered, _ = embed(encoder, [alter(image) for image in photos.images])
        share = {
            label: round(float(((altered[:, part] @ vectors[:, part].T).argmax(axis=1) == everyone).mean()), 4)
            for label, part in (
                ("whole", slice(None)),
                ("meaning", slice(TEXT_DIM)),
                ("appearance", slice(TEXT_DIM, None)),
            )
        }
        found.append({"copy": name, **share})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = REPO.parent / "shared" / "photos"
    parser.add_argument("--photos", type=Path, default=shared, help="folder of the photos (default: ../shared/photos)")
    parser.add_argument("--captions", type=Path, help="English captions (default: captions.json beside the photos)")
    parser.add_argument(
        "--captions-es",
        type=Path,
        default=REPO / "benchmarks" / "captions_es.json",
        help="their Spanish translations (default: benchmarks/captions_es.json)",
    )
    parser.add_argument("--grid", action="store_true", help="measure the alternatives, too, and check the choice")
    parser.add_argument("--threads", type=int, help="torch's threads (default: torch's own choice)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()

    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    photos = Photos(options.photos, options.captions or options.photos / "captions.json", options.captions_es)
    encoder = BuiltinEncoder()
    started = time.perf_counter()
    encoder.encode_texts(["gato"])
    first_query = time.perf_counter() - started
    encoder.load()
    image_side = time.perf_counter() - started - first_query
    embed(encoder, photos.images[:16])  # the first pass allocates memory
    vectors, rates = embed(encoder, photos.images)
    found = [recall(ranks(encoder.encode_texts(texts), vectors, photos.owner)) for texts in (photos.en, photos.es)]
    rows = [Row("chosen", encoder.space, *found)]
    figures: dict[str, object] = {
        "photos": len(photos.images),
        "queries": len(photos.owner),
        "torch_threads": torch.get_num_threads(),
        "seconds": {"first_query": first_query, "image_side": image_side},
        "images_per_second": rates,
        "copies": measure_copies(encoder, photos, vectors),
    }
    if options.grid:
        from benchmarks.embedded_grid import Grid

        grid = Grid(photos)
        rows += grid.rows()
        figures["split_half"] = grid.split_half()
    figures["recall"] = [asdict(row) for row in rows]

    print(HEADER, *rows, sep="\n")
    print("\n| copy | finds its original first | by meaning alone | by appearance alone |\n|---|---|---|---|")
    for copy in figures["copies"]:
        print(f"| {copy['copy']} | {copy['whole']:.3f} | {copy['meaning']:.3f} | {copy['appearance']:.3f} |")
    for key in ("seconds", "images_per_second", "torch_threads", "split_half"):
        if key in figures:
            print(f"\n{key}: {figures[key]}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
