"""Words as they are compared: without case and accents."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """``text`` without case and accents; "Ñandú" and "nandu" are one word."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
