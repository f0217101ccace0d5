"""Names of places in queries: which words are a place in a library, and which pictures are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from semantik.cli import search_command
from semantik.decoding.pool import DecodePool
from semantik.engine.library import Library
from semantik.errors import BadFilter, NoneMatchesFilters
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Filters, PlaceName, Query
from semantik.results.header import filters_of
from semantik.search.filter_syntax import without_each
from semantik.search.library_words import LibraryWords
from semantik.search.query_syntax import format_query, parse
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, together


class Everywhere:
    """A library with pictures in every place there is: where a word can most easily be a place by mistake."""

    def __bool__(self) -> bool:
        return True

    def among(self, name: PlaceName) -> PlaceName | None:
        return name

    def narrowed(self, filters: Filters) -> Filters:
        return filters


EVERYWHERE = LibraryWords(places=Everywhere())

PHRASES = [
    # What is typed, the texts that are left, the places, and those that are excluded
    ("en Sevilla", "", "Sevilla", ""),
    ("playa en cádiz", "playa", "cádiz", ""),
    ("Londres", "", "Londres", ""),
    ("Andalucía", "", "Andalucía", ""),
    ("tailandia", "", "tailandia", ""),
    ("cerca de Toledo", "", "cerca de Toledo", ""),
    ("castillo cerca de Toledo", "castillo", "cerca de Toledo", ""),
    ("lugar:Sevilla", "", "Sevilla", ""),
    ("lugar:Nueva York puente", "puente", "Nueva York", ""),
    ('lugar:"Toledo, España"', "", "Toledo, España", ""),
    ("in Seville", "", "Seville", ""),
    ("em Sevilha", "", "Sevilha", ""),
    ("no Porto", "", "Porto", ""),
    ("near Toledo", "", "near Toledo", ""),
    ("perto de Lisboa", "", "perto de Lisboa", ""),
    ("Ana en la playa de Cádiz, verano 2019", "Ana en la playa", "Cádiz", ""),
    ("fotos de Sevilla", "", "Sevilla", ""),
    ("atardecer, Cádiz", "atardecer", "Cádiz", ""),
    ("Cádiz 2019", "", "Cádiz", ""),
    ("perro en Sevilla o Córdoba", "perro", "Sevilla o Córdoba", ""),
    ("en la India", "", "India", ""),
    ("in the Netherlands", "", "Netherlands", ""),
    ("en EEUU", "", "EEUU", ""),
    ("perro sin lugar:Sevilla", "perro", "", "Sevilla"),
    ("perro -lugar:Londres", "perro", "", "Londres"),
    ("playa sin en Cádiz con gente", "playa con gente", "", "Cádiz"),
    # Everyday words
    ("en granada", "", "granada", ""),
    ("Granada", "", "Granada", ""),
    ("granada", "granada", "", ""),
    ("palma", "palma", "", ""),
    ("en Palma", "", "Palma", ""),
    ("en palma de mallorca", "", "palma de mallorca", ""),
    ("en palma de la mano", "en palma de la mano", "", ""),
    ("Toro", "Toro", "", ""),
    ("en Toro", "", "Toro", ""),
    ("victoria", "victoria", "", ""),
    ("a man in orange", "a man in orange", "", ""),
    # Quotes switch it off
    ('"en Sevilla"', "en Sevilla", "", ""),
    ('playa en "Cádiz"', "playa en Cádiz", "", ""),
]


@pytest.mark.parametrize(("typed", "texts", "places", "excluded"), PHRASES)
def test_a_place_is_taken_out_of_the_words(typed: str, texts: str, places: str, excluded: str) -> None:
    query = parse(typed, known=EVERYWHERE)
    assert " ".join(term.text for term in query.terms) == texts
    assert " ".join(name.words for name in query.filters.places) == places
    assert " ".join(name.words for one in query.filters.excluded for name in one.places) == excluded
    assert parse(format_query(query, known=EVERYWHERE), known=EVERYWHERE) == query


TRUE_PLACES = {
    "A Thai airways airplane at the Bangkok Airport terminal",
    "Scenic boats daily travel the Thames in England.",
}
"""Of the captions, those that tell where their picture was taken."""


def test_no_everyday_word_is_taken_for_a_place(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Dates have a test of their own with these captions, and cost ten times as much.
    for reader in ("query_syntax", "place_words"):
        monkeypatch.setattr(f"semantik.search.{reader}.take_period", lambda *_, **__: None)
    told = json.loads((shared / "photos" / "captions.json").read_text(encoding="utf-8"))
    spanish = (Path(__file__).parent / "everyday_sentences.txt").read_text("utf-8").splitlines()
    captions = [words for each in told for words in each["captions"]]
    assert (len(captions), len(spanish) >= 60) == (710, True)
    taken = {words for words in (*captions, *spanish) if parse(words, known=EVERYWHERE).filters != Filters()}
    assert taken == TRUE_PLACES


WORDS = sorted({word for phrase, *_ in PHRASES for word in phrase.split()})


@settings(max_examples=60)
@given(st.lists(st.sampled_from(WORDS), max_size=7))
def test_any_words_are_read_and_written_again(words: list[str]) -> None:
    try:
        query = parse(" ".join(words), known=EVERYWHERE)
    except BadFilter:
        return
    assert parse(format_query(query, known=EVERYWHERE), known=EVERYWHERE) == query


def test_without_each_filter_that_a_page_tells() -> None:
    query = parse("mar en agosto en Sevilla en Andalucía carpeta:viajes tipo:jpg -lugar:Japón", known=EVERYWHERE)
    told, fewer = filters_of(query.filters, query.order), without_each(query.filters, query.order)
    assert len(told) == len(fewer) == 6
    for (what, value), (filters, order) in zip(told, fewer, strict=True):
        assert (what, value) not in filters_of(filters, order)
        assert len(filters_of(filters, order)) == 5
    assert ("Lugar", "Andalucía, España; Andalucía, Colombia") in told  # what is in this library alone, is told alone
    assert ("Excepto", "lugar Japón") in told


# -- In a library

TAKEN_AT = {"cadiz": (36.53, -6.30), "sevilla": (37.386, -5.99), "londres": (51.5, -0.12), "toro": (41.52, -5.39)}


def photographed(path: Path, colour: tuple[int, int, int], degrees: tuple[float, float]) -> Path:
    paint(path, colour)
    exif = Image.Exif()
    latitude, longitude = degrees
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            1: "N" if latitude >= 0 else "S",
            2: (abs(latitude), 0.0, 0.0),
            3: "E" if longitude >= 0 else "W",
            4: (abs(longitude), 0.0, 0.0),
        }
    )
    with Image.open(path) as image:
        image.save(path, exif=exif)
    return path


@pytest.fixture
def library(home: Path, tmp_path: Path, fake: FakeEncoder, pool: DecodePool) -> Library:
    for number, (name, degrees) in enumerate(TAKEN_AT.items()):
        photographed(tmp_path / "fotos" / f"{name}.jpg", (255, 10 * number, 0), degrees)
    paint(tmp_path / "fotos" / "ninguna.jpg", (255, 100, 0))
    beside = paint(tmp_path / "fotos" / "takeout.jpg", (255, 120, 0))
    geo = {"geoData": {"latitude": 41.4, "longitude": 2.17}}
    beside.with_name("takeout.jpg.json").write_text(json.dumps(geo))
    made = IndexedFolder(home, tmp_path / "fotos", fake, pool)
    made.update()
    return together(made)


def test_pictures_there_are_found(library: Library) -> None:
    def found(words: str) -> str:
        return " ".join(sorted(hit.path.stem for hit in library.ask(library.read(words), 5).hits))

    assert found("en Sevilla") == "sevilla"
    assert found("rojo en Andalucía") == "cadiz sevilla"
    assert found("Londres") == "londres"
    assert found("lugar:España") == "cadiz sevilla takeout toro"
    assert found("en Barcelona") == "takeout"
    assert found("cerca de Jerez de la Frontera") == "cadiz"
    assert found("rojo sin lugar:España") == "londres ninguna"
    assert found("en Sevilla o Londres") == "londres sevilla"
    assert found("en España en Andalucía -lugar:Cádiz") == "sevilla"
    answer = library.ask(library.read("rojo en Cádiz"), 5)
    assert (answer.searched, answer.words, answer.without) == (1, "rojo lugar:Cádiz", ("rojo",))
    assert filters_of(answer.query.filters, answer.query.order) == [("Lugar", "Cádiz, España")]
    assert [hit.details.place for hit in answer.hits if hit.details] == [pytest.approx((36.53, -6.3))]
    told = search_command.hit_fields(answer.hits[0])["place"]
    assert (told["name"], told["region"], told["country"]) == ("Cádiz", "Andalucía", "España")
    assert (told["latitude"], told["longitude"]) == pytest.approx((36.53, -6.3))


def test_a_name_is_a_place_where_the_library_has_pictures(library: Library) -> None:
    for words in ("en París", "París", "rosas", "en plata", "Victoria", "toro", "cerca de Nueva York"):
        assert library.read(words) == Query.of_text(words)
    assert library.read("en Toro").filters.places
    with pytest.raises(NoneMatchesFilters, match="París"):
        library.ask(library.read("lugar:París"), 5)
    with pytest.raises(BadFilter, match="Zzyzxx"):
        library.read("lugar:Zzyzxx")


def test_a_library_without_places_reads_no_table(
    home: Path, tmp_path: Path, fake: FakeEncoder, pool: DecodePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semantik.search.place_words.place_table", pytest.fail)
    paint(tmp_path / "fotos" / "a.png", (255, 0, 0))
    made = IndexedFolder(home, tmp_path / "fotos", fake, pool)
    made.update()
    assert together(made).read("en Sevilla") == Query.of_text("en Sevilla")


def test_a_picture_that_comes_later_makes_a_word_a_place(library: Library, tmp_path: Path) -> None:
    assert not library.read("en París").filters.places
    photographed(tmp_path / "fotos" / "paris.jpg", (200, 0, 0), (48.8584, 2.2945))
    library.update(library.active)
    assert [hit.path.stem for hit in library.ask(library.read("en París"), 5).hits] == ["paris"]
    (tmp_path / "fotos" / "paris.jpg").unlink()
    library.update(library.active)
    assert not library.read("en París").filters.places
