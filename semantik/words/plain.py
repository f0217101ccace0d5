"""Words as they are compared, without case and accents, and names as they are kept."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 60  # letters

_NO_NAME = re.compile(r"[\"“”„«»,;:+\s]+")  # what signs of a query could not be told from


def plain(text: str) -> str:
    """``text`` without case and accents; "Ñandú" and "nandu" are one word."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def clean_name(name: str) -> str:
    """A person's name as it is kept: without what is a sign in a query, and not without end."""
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    return _NO_NAME.sub(" ", printable).strip(" -–—−")[:LONGEST_NAME].strip()
