"""The photographs that scikit-image and scikit-learn ship: real pictures for a clone that has no others.

Neither is imported for them: both load SciPy, which takes a second and asks for what wine lacks.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

SHIPPED = {
    "skimage/data": (
        "chelsea.png coffee.png rocket.jpg astronaut.png motorcycle_left.png camera.png coins.png "
        "clock_motion.png brick.png grass.png gravel.png moon.png page.png retina.jpg hubble_deep_field.jpg"
    ),
    "sklearn/datasets/images": "china.jpg flower.jpg",
}


def package_folder(name: str) -> Path:
    """Where an installed package is, which is not imported."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def shipped_photos() -> list[Path]:
    """All of them, the cat first."""
    places = {package_folder(place.split("/")[0]).parent / place: names.split() for place, names in SHIPPED.items()}
    return [place / name for place, names in places.items() for name in names]


def shipped_photo(name: str) -> Path:
    """One of them by its name without an ending: ``chelsea`` is a cat."""
    (path,) = (path for path in shipped_photos() if path.stem == name)
    return path
