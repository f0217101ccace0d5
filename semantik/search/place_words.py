"""Names of places among the words of a query: "en Sevilla", "cerca de Toledo", "playa de Cádiz", "Londres".

Whether a word is a place is for the library to say: one where none of its pictures is stays a word, and so does a name
that is an everyday word, too, unless it is written as a name ("en Toro"), or is that of a large place after "en"
("en granada"). A name without a preposition counts where it stands alone. ``benchmarks/find_places.md`` has what this
does to captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from semantik.places.lookup import LONGEST, is_everyday, joining, leading_near, numbers_of, words_for
from semantik.places.names import folded
from semantik.places.table import place_table
from semantik.queries import PlaceName
from semantik.search.dates.spoken import take_period
from semantik.search.library_words import KnownPlaces
from semantik.search.query_draft import Draft
from semantik.search.query_tokens import Token
from semantik.words.catalogue import LANGUAGES
from semantik.words.plain import plain

PHRASE = 12  # words in which a place is looked for: prepositions, names, and several of them
LARGE = 100_000  # inhabitants of a place that is meant by an everyday word in small letters after "en"
METROPOLIS = 1_000_000  # after any preposition, and with an article: "en la habana"
TOWN = 20_000  # and of one that is meant by such a word alone, with a capital

_AROUND = " ,;.!?¡¿()"
_STOPS = (",", ";", ".", "!", "?")


def take_place(
    words: Sequence[str], known: KnownPlaces, before: Sequence[str] = (), *, alone: bool = False
) -> tuple[str, int] | None:
    """The place that the first of ``words`` begin, as its filter is written, and how many of them it takes.

    ``before``: the words before them; ``alone``: they begin a part of the query, and a name may be all of it. None
    where no place begins, or no picture is there.
    """
    compared = [plain(word.strip(_AROUND)) for word in words]
    if not compared or not compared[0]:
        return None
    lead = leading_near(words)
    if lead:
        return _named(words, lead, known, near=True)
    after = (_after_preposition(words, before, known, spoken) for spoken in LANGUAGES)
    return next(filter(None, after), None) or (_alone(words, known) if alone else None)


def find_place(draft: Draft, tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """As ``take_place``, of the words of a query from the token at ``at`` on."""
    words = [token.value for token in takewhile(_is_word, tokens[at : at + PHRASE])]
    known, before = draft.known.places, draft.group.words
    if not words or not known or (draft.group.sign < 0 and not draft.refuses_next):
        return None
    end = at + len(words)
    is_last = len(words) == PHRASE or end >= len(tokens) or bool(tokens[end].sign or tokens[end].key)
    begins = not draft.refuses_next and (not before or before[-1].endswith((",", ";")))
    alone = begins and is_last and _begins_name(words)
    return take_place(_until_period(words) if alone else words, known, before, alone=alone)


def _is_word(token: Token) -> bool:
    return token.is_plain and not token.quoted


def _until_period(words: Sequence[str]) -> Sequence[str]:
    """The words before a date in words, which may follow a place: "Cádiz verano 2019"."""
    ends = (at for at in range(1, len(words)) if take_period(words[at:], before=words[at - 1]))
    return words[: next(ends, len(words))]


def _begins_name(words: Sequence[str]) -> bool:
    """Whether the first of ``words`` are a name of a place at all."""
    called = place_table().called
    return any(called(folded(" ".join(words[:end]))) for end in range(1, min(len(words), LONGEST) + 1))


def _after_preposition(
    words: Sequence[str], before: Sequence[str], known: KnownPlaces, spoken: str
) -> tuple[str, int] | None:
    compared = [plain(word.strip(_AROUND)) for word in words[:2]]
    if compared[0] in words_for("in", spoken):
        if found := _named(words, 1, known, spoken=spoken):
            return found
        start = 2 if compared[1:] and compared[1] in words_for("articles", spoken) else 0
    elif compared[0] in words_for("in_the", spoken):
        # "no Porto" is a place in Portuguese, and "no" a word of other languages.
        start = 1 if words[1:] and _is_written_as_name(words[1]) else 0
    else:
        last = plain(before[-1].strip(_AROUND)) if before else ""
        start = 1 if compared[0] in words_for("of", spoken) and last in words_for("before_of", spoken) else 0
    return _named(words, start, known, spoken=spoken) if start else None


def _named(
    words: Sequence[str], start: int, known: KnownPlaces, *, near: bool = False, spoken: str = ""
) -> tuple[str, int] | None:
    """The longest name at ``start``, after a preposition, and others that "y" joins to it."""
    taken = _name_at(words, start, known, near=near, spoken=spoken)
    if not taken:
        return None
    end = start + taken
    while not near and end + 1 < len(words) and plain(words[end]) in joining() and not _stops(words[end - 1]):
        more = _name_at(words, end + 1, known, spoken=spoken)
        if not more:
            break
        end += 1 + more
    first = 0 if near else start
    return " ".join(words[first:end]).strip(_AROUND), end


def _name_at(words: Sequence[str], start: int, known: KnownPlaces, *, near: bool = False, spoken: str) -> int:
    """How many words from ``start`` on are a name of a place with pictures; 0 for none."""
    for end in _ends(words, start):
        name = " ".join(words[start:end]).strip(_AROUND)
        numbers = place_table().called(folded(name))
        if near:
            numbers = tuple(number for number in numbers if number < place_table().places)
        with_article = plain(words[start - 1] if start > 1 else words[start]) in words_for("articles", spoken)
        is_meant = numbers and _is_meant(name, numbers, words[end : end + 1], spoken, with_article=with_article)
        if is_meant and known.among(PlaceName(name, numbers, near=near)):
            return end - start
    return 0


def _ends(words: Sequence[str], start: int) -> list[int]:
    """Where a name that begins at ``start`` may end, the farthest first: not past a comma."""
    ends = []
    for end in range(start + 1, min(len(words), start + LONGEST) + 1):
        ends.append(end)
        if _stops(words[end - 1]):
            break
    return ends[::-1]


def _is_meant(
    name: str, numbers: tuple[int, ...], following: Sequence[str], spoken: str, *, with_article: bool
) -> bool:
    """Whether a name after a preposition of a language is no everyday word there.

    Everyday words go with articles, "en la montaña", and in English after "in" as well: there they need a capital,
    as do all small places with articles.
    """
    everyday = is_everyday(name, *((spoken,) if spoken else ()))
    if everyday and following and any(plain(following[0]) in words_for("of", each) for each in LANGUAGES):
        return False  # "en palma de la mano"
    if _is_written_as_name(name) or not (everyday or with_article):
        return True
    if everyday and (with_article or spoken in ("", "en")):
        return spoken not in ("", "en") and _inhabitants(numbers) >= METROPOLIS
    return plain(name) not in words_for("plain", spoken) and _is_as_large(numbers, LARGE)


def _alone(words: Sequence[str], known: KnownPlaces) -> tuple[str, int] | None:
    """A name that is all of a part of a query: to its end, or to a comma."""
    ends = _ends(words, 0)
    end = ends[0]
    if end < len(words) and not _stops(words[end - 1]):
        return None
    name = " ".join(words[:end]).strip(_AROUND)
    numbers = numbers_of(name)
    if not numbers or (is_everyday(name) and not (_is_written_as_name(name) and _is_as_large(numbers, TOWN))):
        return None
    return (name, end) if known.among(PlaceName(name, numbers)) else None


def _is_as_large(numbers: tuple[int, ...], least: int) -> bool:
    """Whether any of the places is a country, a region, or has so many inhabitants."""
    return max(numbers) >= place_table().places or _inhabitants(numbers) >= least


def _inhabitants(numbers: tuple[int, ...]) -> int:
    """Of the largest of the places; 0 where they are regions and countries."""
    table = place_table()
    return max((int(table.population[number]) for number in numbers if number < table.places), default=0)


def _is_written_as_name(name: str) -> bool:
    """Whether it begins with a capital, and is not all capitals, as everything may be then."""
    return name[:1].isupper() and not name.isupper()


def _stops(word: str) -> bool:
    return word.endswith(_STOPS)
