"""The words of one language for days and times, from its catalogue: months, seasons, feasts, units and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from semantik.search.dates import figures
from semantik.words.catalogue import LANGUAGES
from semantik.words.plain import plain
from semantik.words.text import catalogue, month_names, weekday_names

KINDS = (
    "part_of_year",
    "parts_of_year",
    "part_to_part",
    "yearly",
    "two_yearly",
    "months_yearly",
    "last_part",
    "this_part",
    "parts_ago",
    "year",
    "day",
    "day_yearly",
    "month_day",
    "month_day_yearly",
    "figures",
    "today",
    "yesterday",
    "last_night",
    "day_before",
    "anniversary",
    "ago",
    "day_ago",
    "past",
    "last_unit",
    "this_unit",
    "weekday",
    "decade",
    "between",
    "since",
    "since_part",
    "until",
    "before",
    "after",
    "beginning",
    "middle",
    "end",
)
"""What a phrase may mean; ``dates.when.<kind>`` of a catalogue has the phrases, parted by ";"."""

Value = str | int | tuple[date, date] | tuple[int, int]
Found = tuple[Value, int]
"""What some words mean, and how many they are."""


@dataclass(frozen=True)
class Vocabulary:
    """Meanings of words, which are plain, by the name of the slot that takes them."""

    slots: Mapping[str, Mapping[str, Value]]
    leads: frozenset[str]  # may stand before any date: "en", "del", "la"
    joins: frozenset[str]  # stand between two dates of which either is meant
    never_before: frozenset[str]  # what follows these is no date: "calle 25 de mayo"
    never_after: frozenset[str]  # nor is a year before these: "2000 metros"
    pictures: frozenset[str]  # describe nothing beside a date: "fotos de 2019"
    templates: tuple[tuple[str, tuple[str, ...]], ...]  # (kind of a date, its words and slots)
    starts: frozenset[str]  # words without a figure that any date may begin with

    def take(self, slot: str, words: Sequence[str], at: int, today: date) -> Iterator[Found]:
        """What the words at ``at`` may mean in this slot, the longest first."""
        if slot == "year":
            yield from figures.years(words[at], today)
        elif slot == "short_year":
            yield from figures.short_years(words[at], today)
        elif slot == "day":
            yield from figures.days(words[at])
        elif slot == "date":
            yield from figures.dates(words[at])
        elif slot == "n" and words[at].isdecimal() and len(words[at]) <= 3:
            yield int(words[at]), 1
        known = self.slots.get(slot, {})
        for length in range(min(4, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in known:
                yield known[phrase], length


@cache
def vocabulary(language: str) -> Vocabulary:
    """The vocabulary of one of ``LANGUAGES``, empty where its catalogue has no words for dates."""
    months = _plain(month_names(language))
    short = _numbers(language, "short_months")
    sure = {word: number for word, number in short.items() if word not in _listed(language, "not_months")}
    named = _names(language, "seasons") | _names(language, "feasts")
    slots: dict[str, Mapping[str, Value]] = {
        "month": months,
        "any_month": short | months,
        "part": named | sure | months,
        "named": _names(language, "feasts") | months,
        "unit": _names(language, "units"),
        "weekday": _plain(weekday_names(language)) | _numbers(language, "weekdays_also"),
        "n": _numbers(language, "numbers"),
        "year": {words: (offset, offset) for words, offset in _numbers(language, "years").items()},
        "decade": _numbers(language, "decades"),
    }
    leads, templates = _listed(language, "leads"), tuple(_templates(language))
    return Vocabulary(
        slots,
        leads=leads,
        joins=_listed(language, "joins"),
        # Whatever language a date is in, beside such a word it is none.
        never_before=frozenset().union(*(_listed(each, "never_before") for each in LANGUAGES)),
        never_after=frozenset().union(*(_listed(each, "never_after") for each in LANGUAGES)),
        pictures=_listed(language, "pictures"),
        templates=templates,
        starts=leads.union(*(_starts(template, slots) for _, template in templates)),
    )


def _starts(template: Sequence[str], slots: Mapping[str, Mapping[str, Value]]) -> frozenset[str]:
    """The words that may be the first of what a template matches."""
    words: set[str] = set()
    for item in template:
        name = item.removesuffix("?")
        known = slots.get(name.strip("{_}"), ()) if name.startswith("{") else name.split("|")
        words.update(phrase.split()[0] for phrase in known)
        if name == item:
            break
    return frozenset(words)


def _templates(language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(kind, words) of each way to name a date; "?" after a word or slot: it may be left out, "|": one of them.

    What a slot with "_" takes says nothing: "{_weekday}? {day} de {month}".
    """
    for kind in KINDS:
        for template in _text(language, f"when.{kind}").split(";"):
            if template.strip():
                yield kind, tuple(word if word.startswith("{") else plain(word) for word in template.split())


def _names(language: str, key: str) -> dict[str, Value]:
    return dict(_pairs(language, key))


def _numbers(language: str, key: str) -> dict[str, int]:
    return {words: int(number) for words, number in _pairs(language, key)}


def _pairs(language: str, key: str) -> Iterator[tuple[str, str]]:
    for pair in _text(language, key).split(","):
        words, _, meaning = pair.partition("=")
        if meaning:
            yield " ".join(plain(words).split()), meaning.strip()


def _plain(names: Mapping[int, str]) -> dict[str, int]:
    return {plain(name): number for number, name in names.items()}


def _listed(language: str, key: str) -> frozenset[str]:
    return frozenset(plain(_text(language, key)).split())


def _text(language: str, key: str) -> str:
    forms = catalogue(language).get(f"dates.{key}")
    return forms[0] if forms else ""
