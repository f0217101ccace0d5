"""Faces that nobody has: unit vectors near a person's own, so that who is who is known."""

from __future__ import annotations

import hashlib

import numpy as np

from semantik.records import Face, ImageFile


def direction(name: str) -> np.ndarray:
    """A unit vector of a name's own, float64 (128,); those of two names are nearly at right angles."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    vector = np.random.default_rng(seed).normal(size=128)
    return vector / np.linalg.norm(vector)


def face_of(person: str, shot: object = 0, *, likeness: float = 0.85, left: float = 10.0, sure: float = 0.9) -> Face:
    """A face of ``person``, another for each ``shot``: two of one person have a cosine of ``likeness`` squared."""
    vector = likeness * direction(person) + (1 - likeness**2) ** 0.5 * direction(f"{person} in {shot}")
    vector /= np.linalg.norm(vector)
    return Face((left, 20.0, 15.0, 25.0), sure, tuple(vector.tolist()))


def file_of(path: str) -> ImageFile:
    """A picture file of that name, as a scan would see it."""
    return ImageFile(path, len(path), 10**18)
