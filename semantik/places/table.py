"""The table of places, made by ``tools/make_places.py`` from GeoNames (CC BY 4.0): who they are, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # queries are read in the window, which shows itself before numpy is imported
    import numpy as np
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("table.npz")
LANGUAGES = ("es", "pt", "en")
"""In which the file has names."""

BANDS_PER_DEGREE = 2

_KM_PER_ROOT = 0.005
"""How far a place reaches: so many kilometres times the root of its inhabitants, 16 km for ten million and 0.2 for a
village. Chosen on 121 places, see benchmarks/find_places.md; from half to twice of it little changes."""


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """Places (n), regions and countries; all are numbered, regions after the places and countries after regions.

    ``vectors`` float64 (n, 3) on the unit sphere, ``reach`` float64 (n,) in km, ``country`` and ``region`` int64 (n,)
    their numbers, -1 for no region. The largest places come first.
    """

    vectors: NDArray[np.float64]
    degrees: NDArray[np.float64]  # (n, 2): latitude and longitude
    bands: NDArray[np.float64]  # the ``band_key`` of each that is no quarter, in order, at three turns of the globe
    banded: NDArray[np.int64]  # their numbers, in that order
    whole: NDArray[np.bool_]  # (n,): no quarter of a larger place
    reach: NDArray[np.float64]
    population: NDArray[np.int64]
    country: NDArray[np.int64]
    region: NDArray[np.int64]
    countries: Sequence[str]  # ISO 3166
    _names: Sequence[str]  # of places, then of regions
    _shown: Mapping[int, Sequence[str]]  # by LANGUAGES, where it is another
    _named: Mapping[str, int]  # the place in what follows of each folded name
    _everyday: NDArray[np.uint8]
    _targets: NDArray[np.int64]
    _target_ends: NDArray[np.int64]

    @property
    def places(self) -> int:
        """How many places there are, and the first number of a region."""
        return len(self.reach)

    def is_region(self, number: int) -> bool:
        """Whether a number is a region's."""
        return self.places <= number < len(self._names)

    def country_of(self, number: int) -> str:
        """The ISO 3166 code of the country that is, or that has, a place, region or country."""
        first = len(self._names)
        if number >= first:
            return self.countries[number - first]
        if number >= self.places:
            number = int((self.region == number).argmax())
        return self.countries[int(self.country[number]) - first]

    def name_of(self, number: int, language: str) -> str:
        """What a place or region is called; "" for a country, whose name is CLDR's."""
        if number >= len(self._names):
            return ""
        shown = self._shown.get(number)
        return shown[LANGUAGES.index(language)] if shown and language in LANGUAGES else self._names[number]

    def called(self, key: str) -> tuple[int, ...]:
        """The places, regions and countries of a folded name, countries and regions first, then the largest."""
        at = self._named.get(key)
        if at is None:
            return ()
        first = int(self._target_ends[at - 1]) if at else 0
        return tuple(map(int, self._targets[first : self._target_ends[at]]))

    def is_everyday(self, key: str, language: str) -> bool:
        """Whether a folded name is made of everyday words of a language, too."""
        at = self._named.get(key)
        return at is not None and language in LANGUAGES and bool(self._everyday[at] >> LANGUAGES.index(language) & 1)


@cache
def place_table() -> PlaceTable:
    """The table, read once."""
    import numpy as np

    with np.load(FILE, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}

    def lines(name: str) -> list[str]:
        return str(found[name].tobytes(), "utf-8").split("\n")

    names, region_names, countries = lines("names"), lines("region_names"), lines("countries")
    shown = {int(at): rest for at, *rest in (line.split("\t") for line in lines("shown"))}
    of_regions = (line.split("\t") for line in lines("region_shown"))
    shown |= {len(names) + int(at): rest for at, *rest in of_regions}
    whole = ~found["quarter"].astype(bool)
    degrees = np.stack([found["latitude"], found["longitude"]], axis=1) / 1000.0
    bands, banded = _in_bands(degrees, whole)
    population = found["population"].astype(np.int64)
    region = found["region"].astype(np.int64)
    return PlaceTable(
        vectors=on_sphere(degrees),
        degrees=degrees,
        bands=bands,
        banded=banded,
        whole=whole,
        reach=_KM_PER_ROOT * np.sqrt(population),
        population=population,
        country=found["country"].astype(np.int64) + len(names) + len(region_names),
        region=np.where(region < 0, -1, region + len(names)),
        countries=countries,
        _names=[*names, *region_names],
        _shown=shown,
        _named={key: at for at, key in enumerate(lines("keys"))},
        _everyday=found["everyday"],
        _targets=found["targets"].astype(np.int64),
        _target_ends=found["target_ends"].astype(np.int64),
    )


def band_key(bands: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """By what places are in order: the number of the band of latitudes first, then the longitude in degrees."""
    return bands * 2000.0 + longitude


def _in_bands(degrees: NDArray[np.float64], whole: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    import numpy as np

    numbers = np.tile(np.flatnonzero(whole), 3)
    turned = degrees[numbers, 1] + np.repeat([-360.0, 0.0, 360.0], len(numbers) // 3)
    keys = band_key(np.floor(degrees[numbers, 0] * BANDS_PER_DEGREE), turned)
    order = np.argsort(keys, kind="stable")
    return keys[order], numbers[order]


def on_sphere(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors, float64 (n, 3), of latitudes and longitudes in degrees, float64 (n, 2)."""
    import numpy as np

    latitude, longitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1)
