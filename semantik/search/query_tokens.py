"""A typed query cut into words and phrases, each with the sign, the weight and the key that stand before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MINUS = "–—−-"  # with the dashes that word processors make of it
QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("„", "“"))
_WEIGHT = r"(?:(?P<weight>\d+(?:[.,]\d+)?):(?!\d))?"  # 12:30 is a time, no weight
_KEY = r"(?:[^\W\d_]|[\u0300-\u036f])+"  # some systems write an accent as a sign of its own
_TOKEN = re.compile(
    rf"""
    (?P<sign>[+{MINUS}])?
    {_WEIGHT}
    (?:(?P<key>{_KEY})(?P<colon>[:：]))?
    (?:"(?P<q1>[^"]*)"(?!\S) | “(?P<q2>[^”]*)”(?!\S) | «(?P<q3>[^»]*)»(?!\S) | „(?P<q4>[^“”]*)[“”](?!\S)
      | (?P<bare>\S*))
    \s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or phrase. Of ``-2:key:value`` the parts are apart; what has no key or no value has "" there."""

    value: str
    sign: str = ""  # "+", or one of MINUS
    weight: str = ""
    key: str = ""
    colon: str = ""
    quoted: bool = False

    @property
    def words(self) -> str:
        """The token as text, without its sign and weight."""
        return self.key + self.colon + self.value

    @property
    def is_plain(self) -> bool:
        """Whether it is a word or phrase with nothing before it."""
        return not (self.sign or self.weight or self.key) and bool(self.value)


def tokens_of(words: str) -> Iterator[Token]:
    """The tokens of what was typed, in their order. Whatever is no space is in one of them."""
    at = 0
    while at < len(words):
        found = _TOKEN.match(words, at)
        assert found  # it matches anything
        bare = found["bare"]
        phrase = found["q1"] or found["q2"] or found["q3"] or found["q4"] or ""
        yield Token(
            phrase if bare is None else bare,
            found["sign"] or "",
            found["weight"] or "",
            found["key"] or "",
            found["colon"] or "",
            quoted=bare is None,
        )
        at = found.end()


def quoted(text: str) -> str:
    """The text as one phrase; where it has quotes of every kind itself, not letter by letter."""
    for opening, closing in QUOTES:
        if opening not in text and closing not in text:
            return opening + text + closing
    return '"' + text.replace('"', "'") + '"'
