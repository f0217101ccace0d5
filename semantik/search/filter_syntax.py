"""Filters and the order of hits as words, ``desde:2019-05``: read in all languages, written in the user's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from semantik.decoding.pictures.formats import FORMATS, IMAGE_EXTENSIONS, RAW
from semantik.decoding.video.formats import VIDEO_EXTENSIONS, VIDEO_FORMATS
from semantik.errors import BadFilter, FilterRefused, FilterTwice
from semantik.queries import Filters, Order, Shape
from semantik.search.dates.figures import End, read_date
from semantik.search.dates.spoken import read_period
from semantik.search.people_words import all_names, count_words, read_count, read_names
from semantik.search.query_tokens import quoted
from semantik.words.plain import plain
from semantik.words.text import in_all_languages, say

KEYS = ("folder", "since", "until", "date", "person", "people", "side", "shape", "type", "order")

_FAMILIES = {"video": VIDEO_EXTENSIONS, "raw": frozenset(RAW.extensions)}
_LIKENESS = 0.75
"""From here on a word is a key that was misspelt: "fehca" has 0.8, "format" and "carpta" more, "hora" less."""
_KINDS = {kind.extensions[0].removeprefix("."): frozenset(kind.extensions) for kind in (*FORMATS, *VIDEO_FORMATS)}


@cache
def _key_of() -> dict[str, str]:
    """The key of every word before a colon that makes a filter."""
    keys = {plain(word): key for key in KEYS for word in in_all_languages(f"syntax.{key}")}
    pairs = (pair.partition("=") for pairs in in_all_languages("syntax.synonyms") for pair in pairs.split(","))
    return {plain(word.strip()): keys[plain(known.strip())] for word, _, known in pairs} | keys


@cache
def _shapes() -> dict[str, Shape]:
    return {plain(word): shape for shape in Shape for word in _names(f"shape_{shape.value}")}


@cache
def _orders() -> dict[str, Order]:
    orders = {plain(word): order for order in Order for word in _names(f"order_{order.value}")}
    return orders | {plain(word): Order.NEWEST for word in in_all_languages("syntax.date")}


@cache
def _families() -> dict[str, frozenset[str]]:
    """Extensions by what the pictures or videos of several formats are called."""
    videos = {plain(word): VIDEO_EXTENSIONS for word in _names("type_video")}
    return _FAMILIES | videos | {plain(word): IMAGE_EXTENSIONS for word in _names("type_photo")}


def _names(key: str) -> list[str]:
    """The words for a value in all languages: the one that is written, and others that are understood."""
    also = (word for words in in_all_languages(f"syntax.also_{key}") for word in words.split())
    return [*in_all_languages(f"syntax.{key}"), *also]


def is_key(word: str) -> bool:
    """Whether ``word`` before a colon makes a filter."""
    return plain(word) in _key_of()


def key_of(word: str) -> str:
    """The one of ``KEYS`` that ``word`` means, which is one."""
    return _key_of()[plain(word)]


def nearest_word(word: str) -> str:
    """The word before a colon that ``word`` is probably a misspelling of; "" for none."""
    return next(iter(difflib.get_close_matches(plain(word), _key_of(), 1, _LIKENESS)), "")


def added(word: str, value: str, filters: Filters, order: Order) -> tuple[Filters, Order]:
    """``filters`` and ``order`` narrowed by one more filter, so that each that was written holds.

    Dates and sizes leave what all of them leave, types add up, and of folders the inner one counts. Raises BadFilter,
    and FilterTwice where only one of them can hold.
    """
    one, ordered = read_filter(word, value, Filters(), Order.RELEVANCE)
    if key_of(word) == "order":
        if order not in (Order.RELEVANCE, ordered):
            raise FilterTwice(filter=f"{word}:{value}")
        return filters, ordered
    if one.shape and filters.shape not in (None, one.shape):
        raise FilterTwice(filter=f"{word}:{value}")
    if one.people_count and filters.people_count not in (None, one.people_count):
        raise FilterTwice(filter=f"{word}:{value}")
    outer, inner = sorted((filters.folder, one.folder), key=len)
    if outer and not f"{plain(inner)}/".startswith(f"{plain(outer)}/"):
        raise FilterTwice(filter=f"{word}:{value}")
    both = replace(
        filters,
        folder=inner,
        since=max(filter(None, (filters.since, one.since)), default=None),
        until=min(filter(None, (filters.until, one.until)), default=None),
        periods=(*filters.periods, *one.periods),
        people=all_names(filters.people, one.people),
        people_count=one.people_count or filters.people_count,
        min_side=max(filters.min_side, one.min_side),
        shape=one.shape or filters.shape,
        extensions=filters.extensions | one.extensions,
    )
    return both, order


def excluding(word: str, value: str, filters: Filters) -> Filters:
    """``filters`` that admit nothing of what ``word:value`` would. Raises BadFilter, and FilterRefused for an order."""
    one, _ = read_filter(word, value, Filters(), Order.RELEVANCE)
    if key_of(word) == "order":
        raise FilterRefused(filter=f"{word}:{value}")
    # Of several persons each is one that must not be there, as of several types each is.
    ones = [replace(one, people=(name,)) for name in one.people] or [one]
    return replace(filters, excluded=tuple(dict.fromkeys((*filters.excluded, *ones))))


def read_filter(word: str, value: str, filters: Filters, order: Order) -> tuple[Filters, Order]:
    """``filters`` and ``order`` with what ``word:value`` adds to them. Raises BadFilter."""
    key = _key_of()[plain(word)]
    try:
        if key == "order":
            return filters, _orders()[plain(value)]
        return _READERS[key](filters, value), order
    except (ValueError, KeyError) as error:
        raise BadFilter(name=word, value=value[:60], example=say(f"syntax.example_{key}")) from error


def chosen(key: str, value: str, filters: Filters, order: Order) -> tuple[Filters, Order]:
    """``filters`` and ``order`` with what a control for one of ``KEYS`` says in place of theirs; "" for nothing of it.

    Raises BadFilter.
    """
    if value:
        return read_filter(say(f"syntax.{key}"), value, filters, order)
    if key == "order":
        return filters, Order.RELEVANCE
    field = {"side": "min_side", "type": "extensions", "person": "people", "people": "people_count"}.get(key, key)
    return replace(filters, **{field: getattr(Filters(), field)}), order


def filter_words(filters: Filters, order: Order = Order.RELEVANCE) -> list[tuple[str, str]]:
    """(key, value) of every filter that is set, and of the order unless it is by relevance.

    The key of what is excluded has a "-" before it; there may be several of one key.
    """
    words: list[tuple[str, str]] = []
    if filters.folder:
        words.append((say("syntax.folder"), filters.folder))
    if filters.since:
        words.append((say("syntax.since"), filters.since.isoformat()))
    if filters.until:
        words.append((say("syntax.until"), filters.until.isoformat()))
    words += [(say("syntax.date"), period.words) for period in filters.periods]
    words += [(say("syntax.person"), name) for name in filters.people]
    if filters.people_count:
        words.append((say("syntax.people"), count_words(filters.people_count)))
    if filters.min_side:
        words.append((say("syntax.side"), str(filters.min_side)))
    if filters.shape:
        words.append((say("syntax.shape"), say(f"syntax.shape_{filters.shape.value}")))
    if filters.extensions:
        words.append((say("syntax.type"), ",".join(_names_of(filters.extensions))))
    words += [(f"-{key}", value) for key, value in map(excluded_word, filters.excluded)]
    if order is not Order.RELEVANCE:
        words.append((say("syntax.order"), say(f"syntax.order_{order.value}")))
    return words


def limits_of(filters: Filters, order: Order) -> dict[str, str]:
    """What controls for these filters and this order say, by what each is called in a query."""
    words = " ".join(f"{key}:{as_value(value)}" for key, value in map(excluded_word, filters.excluded))
    limits = dict(filter_words(replace(filters, excluded=()), order))
    return limits | ({say("syntax.excluded"): words} if words else {})


def as_value(value: str) -> str:
    """A filter's value as it is typed: in quotes if a blank is in it."""
    return quoted(value) if re.search(r"\s", value) else value


def excluded_word(one: Filters) -> tuple[str, str]:
    """(key, value) of one of ``Filters.excluded``."""
    since, until = one.since, one.until
    if not since or not until:
        return filter_words(one)[0]
    parts = 1 if since.month < until.month else 2 if since.day < until.day else 3
    return say("syntax.date"), "-".join(since.isoformat().split("-")[:parts])


def _end(value: str, end: End) -> date:
    """A date in figures, or the first or last day of one in words. Raises ValueError."""
    try:
        return read_date(value, end)
    except ValueError:
        spans = read_period(value).spans  # days of every year have no end
        return min(first for first, _ in spans) if end == "first" else max(last for _, last in spans)


def _dated(filters: Filters, value: str) -> Filters:
    try:
        return replace(filters, since=read_date(value, "first"), until=read_date(value, "last"))
    except ValueError:
        return replace(filters, periods=(*filters.periods, read_period(value)))


def without_each(filters: Filters, order: Order) -> list[tuple[Filters, Order]]:
    """The filters and the order without one of them, for each that a page tells: dates that span a time are one."""
    empty = Filters()
    fewer: list[tuple[Filters, Order]] = []
    for names in (("folder",), ("since", "until")):
        if any(getattr(filters, name) for name in names):
            fewer.append((replace(filters, **{name: getattr(empty, name) for name in names}), order))
    for place in range(len(filters.periods)):
        periods = filters.periods[:place] + filters.periods[place + 1 :]
        fewer.append((replace(filters, periods=periods), order))
    for name in filters.people:
        people = tuple(other for other in filters.people if other != name)
        fewer.append((replace(filters, people=people), order))
    for name in ("people_count", "min_side", "shape", "extensions"):
        if getattr(filters, name):
            fewer.append((replace(filters, **{name: getattr(empty, name)}), order))
    for place in range(len(filters.excluded)):
        excluded = filters.excluded[:place] + filters.excluded[place + 1 :]
        fewer.append((replace(filters, excluded=excluded), order))
    return [*fewer, (filters, Order.RELEVANCE)] if order is not Order.RELEVANCE else fewer


def read_side(value: str) -> int:
    """Pixels from "1000" or "1000px". Raises ValueError."""
    side = int(value.lower().removesuffix("px").replace(".", ""))
    if not 0 < side < 1_000_000:
        raise ValueError(value)
    return side


def read_extensions(value: str) -> frozenset[str]:
    """Extensions of the formats that are named by any extension of theirs: "jpg" means JPEG files of any name.

    "video" means all videos, "raw" the own formats of all cameras. Raises ValueError.
    """
    found: set[str] = set()
    for name in re.split(r"[,;\s]+", plain(value.strip())):
        extension = "." + name.removeprefix("*").removeprefix(".")
        named = [kind for kind in _KINDS.values() if extension in kind]
        if name in _families():
            named = [_families()[name]]
        if not named:
            raise ValueError(name)
        found.update(*named)
    return frozenset(found)


def _names_of(extensions: frozenset[str]) -> list[str]:
    """The fewest names by which ``read_extensions`` finds these again."""
    families = [name for name, family in _FAMILIES.items() if extensions >= family]
    rest = extensions.difference(*(_FAMILIES[name] for name in families))
    return [name for name, kind in _KINDS.items() if rest >= kind] + families


def read_folder(value: str) -> str:
    """A folder below the library, with "/" and none at its ends. Raises ValueError for none, or a way out of it."""
    parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts or value.startswith(('"', "“", "«", "„")):
        raise ValueError(value)
    return "/".join(parts)


_READERS: dict[str, Callable[[Filters, str], Filters]] = {
    "folder": lambda filters, value: replace(filters, folder=read_folder(value)),
    "since": lambda filters, value: replace(filters, since=_end(value, "first")),
    "until": lambda filters, value: replace(filters, until=_end(value, "last")),
    "date": _dated,
    "person": lambda filters, value: replace(filters, people=all_names(filters.people, read_names(value))),
    "people": lambda filters, value: replace(filters, people_count=read_count(value)),
    "side": lambda filters, value: replace(filters, min_side=read_side(value)),
    "shape": lambda filters, value: replace(filters, shape=_shapes()[plain(value)]),
    "type": lambda filters, value: replace(filters, extensions=read_extensions(value)),
}
