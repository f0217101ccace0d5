"""Names of places as they are typed: which of the table they mean, and what those are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from semantik.places.names import folded
from semantik.places.table import LANGUAGES, place_table
from semantik.queries import PlaceName
from semantik.words.catalogue import LANGUAGES as SPOKEN
from semantik.words.plain import plain
from semantik.words.text import catalogue, language, say, territory

LONGEST = 6  # words of a name
_MOST_TOLD = 3


def read_place(text: str) -> PlaceName:
    """The places that ``text`` names: "Londres", "Toledo, España", "Sevilla y Cádiz", "cerca de Toledo".

    All places of a name are meant. Raises ValueError where there is none of it.
    """
    words = " ".join(text.split())
    lead = leading_near(words.split())
    rest = " ".join(words.split()[lead:])
    places = numbers_of(rest)
    if lead:  # nothing is told of where a region ends
        places = tuple(number for number in places if number < place_table().places)
    if not places:
        raise ValueError(text)
    return PlaceName(words, places, near=bool(lead))


def numbers_of(words: str) -> tuple[int, ...]:
    """The places of a name, of a name with its region or country after a comma, or of several; () for none."""
    table = place_table()
    if found := table.called(folded(words)):
        return found
    first, comma, last = words.rpartition(",")
    if comma and (within := table.called(folded(last))):
        inside = {*within}
        return tuple(
            each
            for each in numbers_of(first)
            if each < table.places and {int(table.region[each]), int(table.country[each])} & inside
        )
    parts = re.split(rf"\s*,\s*|\s+(?:{'|'.join(joining())})\s+", words)
    several = [numbers_of(part) for part in parts] if len(parts) > 1 else []
    return tuple(dict.fromkeys(one for each in several for one in each)) if several and all(several) else ()


def leading_near(words: Sequence[str]) -> int:
    """How many words at the beginning say that what is around a place is meant, too: "cerca de"."""
    compared = [plain(word) for word in words[:3]]
    return max((len(lead) for lead in _leads("near") if compared[: len(lead)] == list(lead)), default=0)


@cache
def joining() -> frozenset[str]:
    """The words between names of which any is meant."""
    return frozenset(word for lead in _leads("joins") for word in lead)


@cache
def words_for(role: str, spoken: str) -> frozenset[str]:
    """The plain words of ``places.<role>`` in one of the languages of the catalogues."""
    forms = catalogue(spoken).get(f"places.{role}") if spoken else None
    return frozenset(plain(forms[0]).split()) if forms else frozenset()


@cache
def _leads(role: str) -> tuple[tuple[str, ...], ...]:
    told = [forms[0] for spoken in SPOKEN if (forms := catalogue(spoken).get(f"places.{role}"))]
    return tuple(tuple(plain(lead).split()) for each in told for lead in each.split(","))


def is_everyday(name: str, *spoken: str) -> bool:
    """Whether a name is an everyday word of any of these languages, too."""
    return any(place_table().is_everyday(folded(name), each) for each in spoken or LANGUAGES)


def told(number: int) -> str:
    """What a place, region or country is called where one must know which: "Cádiz, España"."""
    table, spoken = place_table(), language()
    country = territory(table.country_of(number))
    name = table.name_of(number, spoken)
    return f"{name}, {country}" if name and name != country else country


def told_all(name: PlaceName) -> str:
    """What a typed name means, the largest first: "cerca de Toledo, España"."""
    several = list(dict.fromkeys(map(told, name.places)))
    shown = "; ".join([*several[:_MOST_TOLD], *(["…"] if len(several) > _MOST_TOLD else [])])
    return say("places.around", place=shown) if name.near else shown
