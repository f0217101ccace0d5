"""The map on the results page: where the hits were taken, as dots on the outline of the land."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from semantik.results.cards import Card
from semantik.words.text import counted, say

_UNITS = 100  # of the drawing, per degree; as ``tools/make_land.py`` has them
_WIDE = 2.2  # of the map, to its height
_LEAST = 5.0  # degrees of latitude that are shown at least: a dot in an empty sea tells nothing
_MARGIN = 1.35  # times what the dots need
_MOST_DOTS = 36  # beside each other; nearer pictures are one dot


@dataclass(frozen=True, slots=True)
class Dot:
    """Pictures that were taken near each other. ``cards``: what ``Card.place`` says of them, parted by blanks."""

    x: float
    y: float
    size: float
    label: str
    cards: str


@dataclass(frozen=True, slots=True)
class HitMap:
    """The part of the world with the hits; x grows to the east, ``narrow`` times as fast as y to the south."""

    left: float
    top: float
    width: float
    height: float
    narrow: float
    dots: Sequence[Dot]


def hit_map(cards: Sequence[Card]) -> HitMap | None:
    """The map of some cards and their copies; None where none of them has a place."""
    located = [card for best in cards for card in (best, *best.copies) if card.degrees]
    degrees = [card.degrees for card in located if card.degrees]
    if not degrees:
        return None
    north, south = max(lat for lat, _ in degrees), min(lat for lat, _ in degrees)
    west, east = min(lon for _, lon in degrees), max(lon for _, lon in degrees)
    narrow = max(math.cos(math.radians((north + south) / 2)), 0.2)
    height = max((north - south) * _MARGIN, (east - west) * narrow / _WIDE * _MARGIN, _LEAST)
    middle = min(max(90 - (north + south) / 2, height / 2), 180 - height / 2) if height < 180 else 90.0
    height, width = height * _UNITS, height * _UNITS * _WIDE
    cell = width / _MOST_DOTS
    grouped: dict[tuple[int, int], list[tuple[float, float, Card]]] = defaultdict(list)
    for card, (latitude, longitude) in zip(located, degrees, strict=True):
        x, y = longitude * _UNITS * narrow, (90 - latitude) * _UNITS
        grouped[int(x // cell), int(y // cell)].append((x, y, card))
    dots = [_dot(group, width) for group in grouped.values()]
    return HitMap(
        left=round((west + east) / 2 * _UNITS * narrow - width / 2, 1),
        top=round(middle * _UNITS - height / 2, 1),
        width=round(width, 1),
        height=round(height, 1),
        narrow=round(narrow, 4),
        dots=sorted(dots, key=lambda dot: -dot.size),  # a small one is never below a large one
    )


def _dot(group: Sequence[tuple[float, float, Card]], width: float) -> Dot:
    names = Counter(card.taken_at for _, _, card in group if card.taken_at)
    place = names.most_common(1)[0][0] if names else say("page.map_nowhere")
    count = len(group)
    return Dot(
        x=round(sum(x for x, _, _ in group) / count, 1),
        y=round(sum(y for _, y, _ in group) / count, 1),
        size=round(width * 0.0105 * (1 + min(math.log10(count), 2) / 2), 2),
        label=counted("page.map_dot", count, place=place),
        cards=" ".join(str(card.place) for _, _, card in group),
    )
