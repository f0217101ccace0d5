"""How names of places are compared."""

from __future__ import annotations

import re

from semantik.words.plain import plain


def folded(name: str) -> str:
    """A name without case, accents, points, and whatever parts its words: "Castilla-La Mancha" as it is typed."""
    return " ".join(re.sub(r"[^\w\s]|_", " ", plain(name).replace("'", "").replace("’", "").replace(".", "")).split())
