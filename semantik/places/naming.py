"""What coordinates are called in the chosen language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semantik.places.table import place_table
from semantik.places.whereabouts import place_of
from semantik.words.text import language, territory


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place, and the region and the country that it is in; "" where there is no region."""

    name: str
    region: str
    country: str

    @property
    def brief(self) -> str:
        """With its country: "Cádiz, España"."""
        return ", ".join(dict.fromkeys((self.name, self.country)))

    @property
    def whole(self) -> str:
        """With its region, too: "Cádiz, Andalucía, España"."""
        return ", ".join(dict.fromkeys(filter(None, (self.name, self.region, self.country))))


def named_places(degrees: Sequence[tuple[float, float]]) -> list[NamedPlace | None]:
    """What coordinates in degrees are called, in their order; None far from all places."""
    table, spoken = place_table(), language()
    named: list[NamedPlace | None] = []
    for number in place_of(np.array(degrees, np.float64).reshape(-1, 2)).tolist():
        if number < 0:
            named.append(None)
            continue
        region = int(table.region[number])
        named.append(
            NamedPlace(
                table.name_of(number, spoken),
                table.name_of(region, spoken) if region >= 0 else "",
                territory(table.country_of(number)),
            )
        )
    return named
