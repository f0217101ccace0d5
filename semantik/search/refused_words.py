"""What follows "sin", "without" or "sem": which words are refused, and where what is wanted goes on.

The word itself tells the language of those that join a list: Portuguese "o" is an article, Spanish "o" means "or".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from semantik.search.filter_syntax import is_key
from semantik.search.query_tokens import Token
from semantik.words.catalogue import LANGUAGES
from semantik.words.plain import plain
from semantik.words.text import catalogue

LONGEST_ITEM = 4
"""Words of one thing in a list: "sin coches, gente ni perros grandes". What has more is a clause of its own."""

FARTHEST = 40  # words that are looked at for how a list ends

_ENDS = (".", "!", "?")


class Step(Enum):
    """What a word within a refusal does."""

    REFUSED = auto()  # it is part of what is refused
    NEXT = auto()  # it only leads on to the next thing that is refused
    LAST = auto()  # it is part of what is refused, and what comes next is wanted again
    LISTED = auto()  # it is part of what is refused, and so is what comes next, as another thing
    WANTED = auto()  # it is wanted again
    BACK = auto()  # it only leads back to what is wanted


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words of one language, plain."""

    nor: frozenset[str]
    joins: frozenset[str]
    but: frozenset[str]
    wanted_again: frozenset[str]
    articles: frozenset[str]
    verb_endings: tuple[str, ...]

    def step(self, tokens: Sequence[Token], at: int, refused: Sequence[str]) -> Step:
        """What the word at ``at`` does when ``refused`` are the words of the thing in hand."""
        word, following = plain_word(tokens[at]), self._following(tokens, at + 1)
        if refused and word in self.wanted_again:
            return Step.WANTED
        if refused and word in self.but:
            return Step.BACK
        if refused and following and (word in self.nor or word in self.joins):
            # "y tipo:jpg" after a thing that is refused narrows, "ni tipo:jpg" goes on excluding.
            narrows = word not in self.nor and (is_filter(tokens[at + 1]) or not self._goes_on(following, refused))
            return Step.BACK if narrows else Step.NEXT
        return Step.LAST if self._closes(tokens, at, refused) else self._listed(tokens, at)

    def after_filter(self, tokens: Sequence[Token], at: int) -> Step:
        """What the word at ``at`` does right after a filter that excludes: NEXT, LISTED, BACK, or else WANTED."""
        word, following = self._following(tokens, at), self._following(tokens, at + 1)
        last = tokens[at - 1].words
        if word in self.but:
            return Step.BACK
        if following and (word in self.nor or word in self.joins):
            return Step.NEXT if word in self.nor or self._goes_on(following, [last]) else Step.BACK
        return Step.LISTED if last.endswith(",") and self._is_list(tokens, at, [last], filters=True) else Step.WANTED

    def _listed(self, tokens: Sequence[Token], at: int) -> Step:
        """Of a word of what is refused: whether its comma leads on to another thing."""
        if not tokens[at].value.endswith(","):
            return Step.REFUSED
        following = self._following(tokens, at + 1)
        return Step.REFUSED if following in self.nor or following in self.joins else Step.LISTED

    def _closes(self, tokens: Sequence[Token], at: int, refused: Sequence[str]) -> bool:
        """Whether what is refused ends with this word: by a stop, or by a comma after which no list goes on."""
        value = tokens[at].value
        if tokens[at].quoted or not self._following(tokens, at + 1):
            return False
        if value.endswith((";", *_ENDS)):
            return True
        return value.endswith(",") and not self._is_list(tokens, at + 1, [*refused, value])

    def _is_list(self, tokens: Sequence[Token], at: int, refused: Sequence[str], *, filters: bool = False) -> bool:
        """Whether things follow, parted by commas, of which the last is joined by "ni", "o" or "y".

        With a filter among them "y" joins them only if ``filters`` are what is refused.
        """
        length, joins = 0, self.joins
        for place in range(at, min(len(tokens), at + FARTHEST)):
            word = plain_word(tokens[place])
            if not self._following(tokens, place) or word in self.but or word in self.wanted_again:
                return False
            if is_filter(tokens[place]) and not filters:
                joins = frozenset()
            if word in self.nor or word in joins:
                following = self._following(tokens, place + 1)
                return bool(following) and (word in self.nor or self._goes_on(following, refused))
            if not length and not self._goes_on(word, refused):
                return False
            length = 0 if tokens[place].words.endswith(",") else length + 1
            if length > LONGEST_ITEM:
                return False
        return False

    def _goes_on(self, following: str, refused: Sequence[str]) -> bool:
        """Whether a word after "y" or a comma is the next thing refused, by how it and the first thing begin."""
        if following in self.wanted_again or following in self.but or following.endswith(self.verb_endings):
            return False
        begins_alike = plain(refused[0].strip(",;.")) in self.articles
        return begins_alike or following not in self.articles

    @staticmethod
    def _following(tokens: Sequence[Token], at: int) -> str:
        """The word or filter at ``at``; "" for a phrase, and where a sign or a weight, or nothing, stands there."""
        return plain_word(tokens[at]) if at < len(tokens) and not (tokens[at].sign or tokens[at].weight) else ""


def is_filter(token: Token) -> bool:
    """Whether the word begins a filter."""
    return bool(token.key) and is_key(token.key)


def grammar_of(tokens: Sequence[Token], at: int) -> Grammar | None:
    """The grammar of the refusal that the word at ``at`` begins, or None where it is none.

    Something must follow; and "Sin City", "Médicos Sin Fronteras" and "Without Remorse" are names.
    """
    if tokens[at].quoted or at + 1 >= len(tokens):
        return None
    return None if is_name(tokens, at) else _grammars().get(plain_word(tokens[at]))


def is_name(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at ``at`` is a "sin" that is written as part of a name: it and the next with a capital."""
    if at + 1 >= len(tokens) or tokens[at].quoted or plain_word(tokens[at]) not in _grammars():
        return False
    word, following = tokens[at].value, tokens[at + 1]
    return word.istitle() and following.is_plain and not following.quoted and following.value[0].isupper()


def plain_word(token: Token) -> str:
    """The word as it is compared; a phrase in quotes is no word."""
    return "" if token.quoted else plain(token.words.strip(",;.!?"))


@cache
def _grammars() -> dict[str, Grammar]:
    """The grammar of each language by its words for "without"."""
    return {word: _grammar(language) for language in LANGUAGES for word in _words(language, "without")}


def _grammar(language: str) -> Grammar:
    def words(kind: str) -> frozenset[str]:
        return frozenset(_words(language, kind))

    return Grammar(
        nor=words("nor"),
        joins=words("and"),
        but=words("but"),
        wanted_again=words("wanted_again"),
        articles=words("articles"),
        verb_endings=tuple(_words(language, "verb_endings")),
    )


def _words(language: str, kind: str) -> list[str]:
    forms = catalogue(language).get(f"syntax.{kind}")
    return plain(forms[0]).split() if forms else []
