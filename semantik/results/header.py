"""What the results page tells of the query: its terms, its filters and the order of the hits."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from semantik.decoding.decoded import Thumbnail
from semantik.decoding.pictures.formats import FORMATS
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.queries import Filters, Order, PeopleCount, Period, Query, Shape, Term
from semantik.results.cards import Picture, picture_of
from semantik.words.text import day, month, number, say, short_day


@dataclass(frozen=True, slots=True)
class Chip:
    """One term of a query of several. ``weight`` is "" where it is 1."""

    name: str  # the text, or the picture's name
    picture: Picture | None
    weight: str
    unwanted: bool


def plain_term(query: Query) -> Term | None:
    """The term of a query that is nothing but one text or one picture."""
    return query.terms[0] if len(query.terms) == 1 and query.terms[0].weight == 1 else None


def chips_of(query: Query, thumbnails: Mapping[Path, Thumbnail]) -> list[Chip]:
    """The terms of a query, in their order."""
    chips = []
    for term in query.terms:
        picture = picture_of(term.image, thumbnails.get(term.image)) if term.image else None
        weight = "" if abs(term.weight) == 1 else say("page.weight", weight=_brief(abs(term.weight)))
        chips.append(Chip(picture.name if picture else term.text, picture, weight, term.weight < 0))
    return chips


def filters_of(filters: Filters, order: Order) -> list[tuple[str, str]]:
    """(what, value) of each filter, and of the order unless it is by relevance, in sentences' words."""
    told = []
    if filters.folder:
        told.append((say("page.filter_folder"), filters.folder))
    if filters.since or filters.until:
        told.append((say("page.filter_date"), _dates(filters.since, filters.until)))
    told += [(say("page.filter_date"), period_words(period)) for period in filters.periods]
    told += [(say("page.filter_person"), name) for name in filters.people]
    if filters.people_count:
        told.append((say("page.filter_people"), _count(filters.people_count)))
    if filters.min_side:
        told.append((say("page.filter_side"), say("page.side_from", side=number(filters.min_side))))
    if filters.shape:
        told.append((say("page.filter_shape"), say(f"syntax.shape_{filters.shape.value}")))
    if filters.extensions:
        told.append((say("page.filter_type"), _kinds(filters.extensions)))
    told += [(say("page.filter_excluded"), " ".join(_excluded(one))) for one in filters.excluded]
    if order is not Order.RELEVANCE:
        told.append((say("page.filter_order"), say(f"page.order_{order.value}")))
    return told


def _excluded(one: Filters) -> tuple[str, str]:
    """What one filter excludes, and its value, in sentences' words."""
    if one.folder:
        return say("syntax.folder"), one.folder
    what, value = filters_of(one, Order.RELEVANCE)[0]
    return what[0].lower() + what[1:], value


@dataclass(frozen=True, slots=True)
class Choice:
    """A control of the page for a filter, the order or the number of hits. Of no ``options``, anything can be typed."""

    key: str  # what ``PageActions.refine`` knows it by
    label: str
    value: str
    options: tuple[tuple[str, str], ...] = ()  # (value, as it is shown)


def choices_of(now: Mapping[str, str], top_k: int) -> list[Choice]:
    """The controls, saying what holds ``now`` (see ``ResultsPage.limits``); without K where it is 0."""
    orders = tuple((each, each) for each in (say(f"syntax.order_{order.value}") for order in Order))
    shapes = tuple((each, each) for each in (say(f"syntax.shape_{shape.value}") for shape in Shape))
    options = {"order": orders, "shape": (("", "–"), *shapes)}

    def choice(key: str) -> Choice:
        label, known = say(f"filters.{key}"), options.get(key, ())
        return Choice(key, label, now.get(say(f"syntax.{key}"), known[0][0] if known else ""), known)

    most = [Choice("top_k", say("page.most"), str(top_k))] if top_k else []
    rest = ("folder", "since", "until", "shape", "side", "type", "excluded")
    return [choice("order"), *most, *map(choice, rest)]


def _count(count: PeopleCount) -> str:
    """How many persons, in words: "2", "2 – 4", "2 o más"."""
    if count.most is None:
        return say("page.people_from", count=number(count.least))
    return number(count.least) if count.least == count.most else f"{number(count.least)} – {number(count.most)}"


def _kinds(extensions: frozenset[str]) -> str:
    """Each format once, by its first extension, all videos as one; what is of no format as it is."""
    if extensions >= VIDEO_EXTENSIONS:
        return ", ".join(filter(None, (_kinds(extensions - VIDEO_EXTENSIONS), say("page.kind_video"))))
    whole = [kind.extensions for kind in FORMATS if extensions.issuperset(kind.extensions)]
    rest = sorted(extensions.difference(*whole))
    return ", ".join(end.removeprefix(".").upper() for end in (*(ends[0] for ends in whole), *rest))


def _brief(value: float) -> str:
    return number(value, len(f"{value:.6f}".rstrip("0").partition(".")[2]))


def _dates(since: date | None, until: date | None) -> str:
    """A span of days, both included, in the fewest words: "2019", "mayo de 2019", "desde el 3 de mayo de 2019"."""
    whole_months = (not since or since.day == 1) and (not until or until.day == monthrange(until.year, until.month)[1])
    whole_years = whole_months and (not since or since.month == 1) and (not until or until.month == 12)
    tell = _year if whole_years else month if whole_months else day
    span = [tell(value) for value in (since, until) if value]
    if since and until:
        return span[0] if span[0] == span[1] else f"{span[0]} – {span[1]}"
    kind = "since" if since else "until"
    return say(f"page.{kind}_period" if whole_months else f"page.{kind}_day", date=span[0])


def period_words(period: Period) -> str:
    """A date in words as it was typed, and the days that it means: "verano 2019 (21 jun 2019 – 22 sept 2019)"."""
    days = [_span(first, last) for first, last in period.spans]
    if not days or len(days) > 3:
        return period.words
    return f"{period.words} ({', '.join(days)})"


def _span(first: date, last: date) -> str:
    since, until = (None if first == date.min else first), (None if last == date.max else last)
    if since and until and since != until and (since.day, until) != (1, _month_end(until)):
        return f"{short_day(since)} – {short_day(until)}"
    return _dates(since, until)


def _month_end(value: date) -> date:
    return value.replace(day=monthrange(value.year, value.month)[1])


def _year(value: date) -> str:
    return str(value.year)
