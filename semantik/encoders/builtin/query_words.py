"""What a query says, in words: how people really type them, in Spanish and in English."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from semantik.encoders.text_tokens import encodable

MAX_CHARS = 1000  # of a query; a sentence vector of more text than this means nothing any more


def _read_words(name: str) -> frozenset[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def bare(text: str) -> str:
    """The text without accents, cedillas and tildes: "niña" -> "nina"."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


_FUNCTION_WORDS = _read_words("function_words.txt")
_WITH_ACCENT = {bare(word): word for word in _read_words("accented_words.txt")}
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def tidy(text: str) -> str:
    """A query as the sentence encoder knows its words best: composed, lower case, single spaces, accents restored.

    The model takes "PERRO" and "platano" for rare names; nobody who types them means those.
    """
    composed = unicodedata.normalize("NFC", encodable(text[:MAX_CHARS])).lower()
    return _WORD.sub(lambda match: _WITH_ACCENT.get(match[0], match[0]), " ".join(composed.split()))


def content_words(tidied: str, *, every: bool = False) -> list[str]:
    """The words that can be seen in a picture, or ``every`` word, in the order of the text, each once."""
    return [word for word in dict.fromkeys(_WORD.findall(tidied)) if every or word not in _FUNCTION_WORDS]
