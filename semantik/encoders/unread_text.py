"""Which words of a text a model cannot read at all: emoji, numbers or scripts that it never learnt."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Collection, Iterator


def unread_words(text: str, reads: Callable[[str], bool]) -> tuple[str, ...]:
    """The words and signs of ``text`` that ``reads`` says no to, each once; punctuation is none of them."""
    return tuple(dict.fromkeys(word for word in _words(text) if not reads(word)))


def has_words(text: str) -> bool:
    """Whether there is anything in ``text`` that a model could read."""
    return next(_words(text), None) is not None


def is_latin(word: str) -> bool:
    """Whether a word is in Latin letters, as far as it has any."""
    return is_written_in(("LATIN",), word)


def is_written_in(scripts: Collection[str], word: str) -> bool:
    """Whether most letters of a word are of these scripts, by their names in Unicode, as far as it has any."""
    names = [unicodedata.name(sign, "") for sign in word if sign.isalpha()]
    return 2 * sum(any(script in name for script in scripts) for name in names) >= len(names)


def _words(text: str) -> Iterator[str]:
    """Words without the punctuation around them; emoji apart from letters that they are glued to."""
    for word in text.split():
        for are_symbols, signs in itertools.groupby(word, _is_symbol):
            found = "".join(signs)
            if are_symbols:
                yield found
            elif bare := found.strip("".join(sign for sign in found if not sign.isalnum())):
                yield bare


def _is_symbol(sign: str) -> bool:
    # What joins emoji, and their skin colours, are parts of them.
    return unicodedata.category(sign) in ("So", "Sk", "Cs", "Co", "Cn") or sign in "\u200d\ufe0e\ufe0f\u20e3"
