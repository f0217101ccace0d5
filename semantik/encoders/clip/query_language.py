"""Which language a query is in, as far as the choice of a text tower needs it; most queries are one or two words.

A wrong "en" costs more than a missed one: the multilingual tower reads English nearly as well as the English one,
which reads hardly anything else. Hence English must be the likelier language, not merely the best guess.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from semantik.words.plain import plain

ENGLISH, SPANISH = "en", "es"
NEIGHBOURS = ("ca", "gl", "pt", "fr", "it", "de", "eu", "nl", "pl", "ro")
"""Further languages that are told apart, as far as they are written in Latin letters."""

WORD_EVIDENCE = 3.0  # logarithm of the odds that one word of the list is worth
USER_EVIDENCE = {SPANISH: -1.5, ENGLISH: 0.75}  # the same of the user's language; measured on words of captions
GUESS_LIMIT = 6.0  # what statistics are worth at most against words that are known
NEIGHBOUR_CERTAINTY = 0.95
NEIGHBOUR_LETTERS = 8  # fewer say nothing
_WORD = re.compile(r"[^\W\d_]+")
_lock = threading.Lock()


def language_of(text: str, users: str = SPANISH) -> str:
    """ISO 639-1 code of the text's language: "en", "es", one of ``NEIGHBOURS``, or "other" for another script.

    ``users`` is the language of the user's window, which decides what nothing else does (an empty text, a name).
    Offline and deterministic; the first call takes about half a second. Safe from any thread.
    """
    words = _WORD.findall(text.lower())
    letters = "".join(words)
    if not letters:
        return users
    if sum("LATIN" in unicodedata.name(sign, "") for sign in letters) * 2 < len(letters):
        return "other"
    english, spanish = _picture_words()
    known_english = sum(word in english for word in words)
    known_spanish = sum(word in spanish or plain(word) in spanish for word in words)
    scores = _scores(" ".join(text.lower().split()))
    best = max(scores, key=scores.__getitem__)
    certainty = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
    mostly_unknown = (known_english + known_spanish) * 2 < len(words) and len(letters) >= NEIGHBOUR_LETTERS
    if best in NEIGHBOURS and mostly_unknown and certainty > NEIGHBOUR_CERTAINTY:
        return best
    evidence = max(-GUESS_LIMIT, min(GUESS_LIMIT, scores[ENGLISH] - scores[SPANISH]))
    evidence += WORD_EVIDENCE * (known_english - known_spanish)
    evidence += USER_EVIDENCE.get(users, USER_EVIDENCE[SPANISH])
    return ENGLISH if evidence > 0 else SPANISH


def is_picture_word(word: str) -> bool:
    """Whether a word is one of those by which the language of short queries is told, whatever its case and accents."""
    return any(plain(word) in words or word.lower() in words for words in _picture_words())


@cache
def _picture_words() -> tuple[frozenset[str], frozenset[str]]:
    """English and Spanish words, the Spanish ones with and without their accents; words of both lists are in none."""
    lists: dict[str, set[str]] = {}
    for line in Path(__file__).with_name("picture_words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = lists.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            words.update(line.split())
    english, spanish = lists[ENGLISH], lists[SPANISH] | {plain(word) for word in lists[SPANISH]}
    return frozenset(english - spanish), frozenset(spanish - english)


def _scores(text: str) -> dict[str, float]:
    """Logarithms of the likelihood of each language by ``py3langid``, a naive Bayes classifier over byte n-grams.

    Lui and Baldwin, 2012, "langid.py: An Off-the-shelf Language Identification Tool".
    """
    with _lock:
        return {str(code): float(score) for code, score in _identifier().rank(text)}


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([ENGLISH, SPANISH, *NEIGHBOURS])
    return identifier
