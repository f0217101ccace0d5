"""Tables' entries under which files of our own making count as published, and photographs for them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image

from semantik.downloads import model_file
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.clip.models import ClipModel
from semantik.encoders.open_clip import models as open_clip_models
from semantik.encoders.open_clip.models import OpenClipModel
from tests.support.pictures import sample_image


def file_of(path: Path, folder: Path, title: str = "Tiny") -> WeightsFile:
    """A file in ``folder`` as a published one."""
    name = path.relative_to(folder).as_posix()
    return WeightsFile(title, f"http://127.0.0.1:9/{name}", model_file.file_sha256(path), path.stat().st_size, name)


def clip_model(path: Path, name: str = "clip-tiny", dim: int = 32, resolution: int = 64) -> ClipModel:
    """A checkpoint by ``clip_checkpoint``."""
    return ClipModel(name, "Tiny", file_of(path, path.parent, f"CLIP {name}"), dim, resolution)


def open_clip_model(folder: Path, name: str, family: str) -> OpenClipModel:
    """Weights, and for the family "siglip" a tokenizer, by ``tiny_models``."""
    published = open_clip_models.MODELS["siglip2-b-32-256" if family == "siglip" else "vit-b-32-datacomp"]
    paths = [folder / f"{name}.safetensors"] + ([folder / "tokenizer.json"] if family == "siglip" else [])
    side = 160 if family == "siglip" else 64
    return dataclasses.replace(
        published,
        name=name,
        architecture=name,
        files=ModelFiles("Tiny", tuple(file_of(path, folder) for path in paths)),
        dim=64 if family == "siglip" else 32,
        input_spec=dataclasses.replace(published.input_spec, width=side, height=side),
    )


def photographs() -> list[Image.Image]:
    """Six, from scikit-image and scikit-learn."""
    return [sample_image(name) for name in ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")]


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture of random pixels, the same for the same size."""
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    return Image.fromarray(np.random.default_rng(width * 10_000 + height).integers(0, 256, shape, dtype=np.uint8))
