"""The short syntax of queries, the same in the window, on the results page and on the command line.

``perro + playa - gente``, ``2:atardecer + foto.jpg``, ``playa sin gente``, ``perro -correa``, ``"sin" tal cual``,
``carpeta:viajes/2019 desde:2019-05 forma:vertical orden:fecha``. Keys and values are understood in all languages
of the catalogue; ``format_query`` writes them in the user's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import AddressInQuery, BadWeight, SemantikError
from semantik.queries import Filters, Order, Query, Term
from semantik.records import split_path
from semantik.search.filter_syntax import filter_words, is_key, read_filter
from semantik.storage.regular_files import is_file
from semantik.words.plain import plain
from semantik.words.text import in_all_languages

MOST_CHARACTERS = 10_000
"""What is longer is no query; its end is left out."""

_MINUS = "–—−-"  # with the dashes that word processors make of it
_QUOTES = (('"', '"'), ("“", "”"), ("«", "»"))
_WEIGHT = r"(?:(?P<weight>\d+(?:[.,]\d+)?):(?!\d))?"  # 12:30 is a time, no weight
_TOKEN = re.compile(
    rf"""
    (?P<sign>[+{_MINUS}])?
    {_WEIGHT}
    (?:(?P<key>[^\W\d_]+):)?
    (?:"(?P<q1>[^"]*)"(?!\S) | “(?P<q2>[^”]*)”(?!\S) | «(?P<q3>[^»]*)»(?!\S) | (?P<bare>\S*))
    \s*""",
    re.VERBOSE,
)


@cache
def _words(kind: str) -> frozenset[str]:
    """What all languages say for "without", "nor" and "and", and the words that begin what is wanted again."""
    return frozenset(word for words in in_all_languages(f"syntax.{kind}") for word in plain(words).split())


@dataclass
class _Group:
    """Words between two signs, and what they weigh."""

    sign: int = 1
    weight: float = 1.0
    words: list[str] = field(default_factory=list)
    quoted: bool = False  # all of it is one phrase in quotes


def parse(words: str, folders: Sequence[Path] = ()) -> Query:
    """The query that ``words`` ask for; names of picture files are looked for in ``folders``, in their order.

    What cannot be told to be syntax is text. Raises BadFilter for a filter's value, BadWeight, and AddressInQuery
    for an address of the web.
    """
    reader = _Reader()
    words = words[:MOST_CHARACTERS].strip()
    at = 0
    while at < len(words):
        token = _TOKEN.match(words, at)
        assert token  # it matches anything
        reader.take(token)
        at = token.end()
    terms = tuple(_term(group, folders) for group in reader.groups if any(group.words))
    return Query(terms, reader.filters, reader.order)


def format_query(query: Query, folders: Sequence[Path] = ()) -> str:
    """The words that ``parse`` reads as ``query``, in the user's language; pictures in ``folders`` go by name."""
    words: list[str] = []
    for place, term in enumerate(query.terms):
        sign = "- " if term.weight < 0 else "+ " if place else ""
        weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):.6g}:"
        words.append(sign + weight + (_text(term.text) if term.image is None else _name(term.image, folders)))
    for key, value in filter_words(query.filters, query.order):
        shown = _quote(value) if re.search(r"\s", value) else value
        words.append(f"{key}:{shown}")
    return " ".join(words)


class _Reader:
    """Takes the tokens of a query one by one, and puts their words into groups."""

    def __init__(self) -> None:
        self.filters = Filters()
        self.order = Order.RELEVANCE
        self._group = _Group()
        self.groups = [self._group]
        self._wanted: _Group | None = None  # where to go on after what "sin" refuses

    def take(self, token: re.Match[str]) -> None:
        sign, weight, key, bare = token["sign"], token["weight"], token["key"], token["bare"]
        value = bare if bare is not None else token["q1"] or token["q2"] or token["q3"] or ""
        if key and not sign and not weight and is_key(key):
            self.filters, self.order = read_filter(key, value, self.filters, self.order)
            return
        if key:
            value, bare = f"{key}:{value}", f"{key}:{value}"
        if sign and sign in _MINUS and value:  # right before a word it refuses that one
            self.groups.append(_Group(-1, _weight(weight), [value], quoted=bare is None))
            return
        if sign:
            self._open(_Group(-1 if sign in _MINUS else 1))
        if weight and not self._group.words:
            self._group.weight = _weight(weight)
        elif weight:
            value, bare = f"{weight}:{value}", f"{weight}:{value}"
        if bare is None:
            self._group.quoted = not self._group.words
            self._group.words.append(value)
        elif bare:
            self._take_word(bare)

    def _open(self, group: _Group) -> None:
        self._group, self._wanted = group, None
        self.groups.append(group)

    def _take_word(self, value: str) -> None:
        group, wanted = self._group, self._wanted
        group.quoted = False
        word = plain(value.strip(",;."))
        if word in _words("without") and group.sign > 0:
            self._open(_Group(-1))
            self._wanted = group
        elif wanted is None:
            group.words.append(value)
        elif word in _words("nor") and group.words:
            self._open(_Group(-1))
            self._wanted = wanted
        elif group.words and (word in _words("and") or word in _words("wanted_again")):
            if word in _words("wanted_again"):
                wanted.words.append(value)
            self._group, self._wanted = wanted, None
        else:
            group.words.append(value.rstrip(",;"))
            if value.endswith((",", ";")):
                self._group, self._wanted = wanted, None


def _weight(weight: str | None) -> float:
    value = float(weight.replace(",", ".")) if weight else 1.0
    if not 0 < value <= 1000:
        raise BadWeight(value=weight)
    return value


def _term(group: _Group, folders: Sequence[Path]) -> Term:
    text = " ".join(" ".join(group.words).split())
    weight = group.sign * group.weight
    if re.match(r"https?://", text, re.IGNORECASE):
        raise AddressInQuery(address=text[:200])
    image = _picture(text, folders, sure=group.quoted)
    return Term(image=image, weight=weight) if image else Term(text=text, weight=weight)


def _picture(text: str, folders: Sequence[Path], *, sure: bool) -> Path | None:
    """The file that a text names, or None when it names none: its end tells, and that it is there or in quotes."""
    file, moment = split_path(Path(text))
    if file.suffix.lower() not in (IMAGE_EXTENSIONS if moment is None else VIDEO_EXTENSIONS):
        return None
    path = Path(text).expanduser()
    places = [(folder / path).absolute() for folder in (*folders, Path())]
    for place in places:
        if is_file(split_path(place)[0]):
            return place
    # Not there: a name, with a message that it is missing, or words that happen to end in ".jpg".
    return places[0] if sure or path.is_absolute() or " " not in text else None


def _text(text: str) -> str:
    """The text as it is where it is read as itself, else in quotes."""
    try:
        is_itself = parse(text) == Query.of_text(text)
    except SemantikError:
        is_itself = False
    return text if is_itself else _quote(text)


def _quote(text: str) -> str:
    for opening, closing in _QUOTES:
        if opening not in text and closing not in text:
            return opening + text + closing
    return '"' + text.replace('"', "'") + '"'


def _name(image: Path, folders: Sequence[Path]) -> str:
    text = str(image)
    for place, folder in enumerate(folders):
        if image.is_relative_to(folder):
            inner = image.relative_to(folder)
            # Where an earlier folder has a file of that name, only the whole path tells which is meant.
            if not any(is_file(split_path(other / inner)[0]) for other in folders[:place]):
                text = str(inner)
            break
    return _quote(text) if re.search(rf"[\s+:\"“«{_MINUS}]", text) else text
