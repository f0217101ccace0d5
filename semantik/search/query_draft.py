"""A query while it is read: groups of words between signs, and where to go on after what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from semantik.queries import Filters, Order, Remark
from semantik.search.library_words import LibraryWords
from semantik.search.refused_words import Grammar


@dataclass
class Group:
    """Words between two signs, and what they weigh."""

    sign: int = 1
    weight: float = 1.0
    words: list[str] = field(default_factory=list)
    quoted: bool = False  # all of it is one phrase in quotes

    @property
    def text(self) -> str:
        """Its words as one text."""
        return " ".join(" ".join(self.words).split())


class Draft:
    """What was read so far of a query."""

    def __init__(self, known: LibraryWords) -> None:
        self.known = known
        self.filters = Filters()
        self.order = Order.RELEVANCE
        self.remarks: list[Remark] = []
        self.group = Group()
        self.groups = [self.group]
        self.wanted = self.group  # where to go on after a refusal
        self.refusal: Grammar | None = None
        self.described = False  # by a date or a person among the words of the query, not by a filter

    @property
    def refuses_next(self) -> bool:
        """Whether a sign or a "sin" stands right before what comes next."""
        return self.group.sign < 0 and not self.group.words

    def drop_lead(self, leads: Callable[[str], bool]) -> None:
        """Words right before what comes next, that only lead to it, are no text of their own."""
        words = [] if self.group.quoted else self.group.words
        while words and leads(words[-1]):
            words.pop()

    def open(self, group: Group) -> None:
        """Go on in a group of its own, outside of any refusal."""
        if self.refusal is None:
            self.wanted = self.group
        self.group, self.refusal = group, None
        self.groups.append(group)

    def refuse(self, grammar: Grammar) -> None:
        """Go on with a thing that is refused."""
        if not (self.refusal and self.refuses_next):
            self.open(Group(-1))
        self.refusal = grammar

    def want(self) -> None:
        """Go on with what was wanted before the refusal."""
        self.group, self.refusal = self.wanted, None

    def put(self, value: str, *, quoted: bool = False) -> None:
        """Take a word or phrase into the group."""
        self.group.quoted = quoted and not self.group.words
        self.group.words.append(value)
