"""Dates in plain words: which days each phrase means, in three languages and both hemispheres, and what is none."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.decoding.pool import DecodePool
from semantik.desktop import system_language
from semantik.engine.library import Library
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Filters, Order, Query
from semantik.results.header import filters_of
from semantik.search.dates import spoken
from semantik.search.dates.spoken import Today, read_period, take_period
from semantik.search.filter_syntax import without_each
from semantik.search.query_syntax import format_query, parse
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, together

NOW = Today(date(2026, 11, 28))  # a Saturday

SPANS = {
    # Parts of a year
    "verano de 2019": "2019-06-21 2019-09-22",
    "en el verano del 2019": "2019-06-21 2019-09-22",
    "verano del 98": "1998-06-21 1998-09-22",
    "invierno 2018-2019": "2018-12-21 2019-03-19",
    "invierno de 2019": "2018-12-21 2019-03-19, 2019-12-21 2020-03-19",
    "mayo 2021": "2021-05-01 2021-05-31",
    "febrero de 2020": "2020-02-01 2020-02-29",
    "setiembre 2012": "2012-09-01 2012-09-30",
    "dic 2012": "2012-12-01 2012-12-31",
    "junio y julio de 2019": "2019-06-01 2019-06-30, 2019-07-01 2019-07-31",
    "de junio a agosto de 2019": "2019-06-01 2019-08-31",
    "de noviembre a febrero de 2019": "2019-11-01 2020-02-28",
    "agosto del año pasado": "2025-08-01 2025-08-31",
    "finales de 2019": "2019-09-01 2019-12-31",
    "a mediados de agosto de 2020": "2020-08-11 2020-08-20",
    "summer of '98": "1998-06-21 1998-09-22",
    "fall 2020": "2020-09-23 2020-12-20",
    "verão de 2019": "2019-06-21 2019-09-22",
    "outono de 2020": "2020-09-23 2020-12-20",
    # Feasts
    "semana santa 2022": "2022-04-08 2022-04-17",
    "easter 2022": "2022-04-15 2022-04-18",
    "páscoa 2022": "2022-04-15 2022-04-18",
    "carnaval de 2023": "2023-02-16 2023-02-22",
    "navidad 2018": "2018-12-20 2019-01-06",
    "nochevieja de 2020": "2020-12-31 2021-01-01",
    "reyes 2020": "2020-01-05 2020-01-06",
    "thanksgiving 2024": "2024-11-28 2024-12-01",
    "natal de 2018": "2018-12-20 2019-01-06",
    # What was last, and what is
    "la navidad pasada": "2025-12-20 2026-01-06",
    "last christmas": "2025-12-20 2026-01-06",
    "no natal passado": "2025-12-20 2026-01-06",
    "el verano pasado": "2026-06-21 2026-09-22",
    "este verano": "2026-06-21 2026-09-22",
    "hace tres navidades": "2023-12-20 2024-01-06",
    "el finde pasado": "2026-11-21 2026-11-22",
    "last weekend": "2026-11-21 2026-11-22",
    "la semana pasada": "2026-11-16 2026-11-22",
    "el mes pasado": "2026-10-01 2026-10-31",
    "este mes": "2026-11-01 2026-11-30",
    "el año pasado": "2025-01-01 2025-12-31",
    "this year": "2026-01-01 2026-12-31",
    "el lunes": "2026-11-23 2026-11-23",
    "last saturday": "2026-11-21 2026-11-21",
    "hoy": "2026-11-28 2026-11-28",
    "ayer": "2026-11-27 2026-11-27",
    "anteontem": "2026-11-26 2026-11-26",
    "anoche": "2026-11-27 2026-11-28",
    "hace dos años": "2024-01-01 2024-12-31",
    "two years ago": "2024-01-01 2024-12-31",
    "há dois anos": "2024-01-01 2024-12-31",
    "dois anos atrás": "2024-01-01 2024-12-31",
    "hace un mes": "2026-10-01 2026-10-31",
    "hace 10 días": "2026-11-18 2026-11-18",
    "hoy hace 3 años": "2023-11-28 2023-11-28",
    "últimos 3 meses": "2026-08-28 2026-11-28",
    "the last two weeks": "2026-11-14 2026-11-28",
    # Years and days
    "en 2019": "2019-01-01 2019-12-31",
    "1984": "1984-01-01 1984-12-31",
    "2018-2020": "2018-01-01 2020-12-31",
    "2018 y 2020": "2018-01-01 2018-12-31, 2020-01-01 2020-12-31",
    "2018, 2019 o 2021": "2018-01-01 2018-12-31, 2019-01-01 2019-12-31, 2021-01-01 2021-12-31",
    "los años 90": "1990-01-01 1999-12-31",
    "the eighties": "1980-01-01 1989-12-31",
    "3 de mayo de 2019": "2019-05-03 2019-05-03",
    "el lunes 3 de mayo de 2021": "2021-05-03 2021-05-03",
    "1º de enero de 2020": "2020-01-01 2020-01-01",
    "3 mar 2019": "2019-03-03 2019-03-03",
    "may 3rd, 2019": "2019-05-03 2019-05-03",
    "3/5/2019": "2019-05-03 2019-05-03",
    "2019-05": "2019-05-01 2019-05-31",
    # From, to, before, after
    "entre 2015 y 2017": "2015-01-01 2017-12-31",
    "de 2015 a 2017": "2015-01-01 2017-12-31",
    "between may 2019 and june 2020": "2019-05-01 2020-06-30",
    "entre maio de 2019 e junho de 2020": "2019-05-01 2020-06-30",
    "desde mayo de 2020": "2020-05-01 9999-12-31",
    "a partir de 2020": "2020-01-01 9999-12-31",
    "desde agosto": "2026-08-01 9999-12-31",
    "since last summer": "2026-06-21 9999-12-31",
    "hasta 2010": "0001-01-01 2010-12-31",
    "antes de 2010": "0001-01-01 2009-12-31",
    "depois de maio de 2019": "2019-06-01 9999-12-31",
    "before last christmas": "0001-01-01 2025-12-19",
}

YEARLY = {
    "en agosto": "08-01 08-31",
    "in march": "03-01 03-31",
    "em agosto": "08-01 08-31",
    "en junio y julio": "06-01 06-30, 07-01 07-31",
    "de junio a agosto": "06-01 08-31",
    "en navidad": "12-20 01-06",
    "at christmas": "12-20 01-06",
    "el 25 de diciembre": "12-25 12-25",
    "29 de febrero": "02-29 02-29",
    "tal día como hoy": "11-28 11-28",
    "on this day": "11-28 11-28",
}

TEXTS = [
    "mar de nubes",
    "calle 25 de mayo",
    "una montaña de 2000 metros",
    "árbol de navidad",
    "verano",
    "un día en la playa",
    "march of penguins",
    "may flowers",
    "2049",
    "1492",
    "31 de febrero",
    "segunda planta",
    "fin de fiesta",
    "último tren",
    "la primera semana del bebé",
    "mañana en la montaña",
    "a clear day",
    "the second dog",
    "dos meses de vida",
    "out of focus",
    "set de maquillaje",
    "el mar en calma",
    "la última cena",
    "a week old puppy",
    "plaza 2 de mayo",
]


def shown(spans: tuple[tuple[object, object], ...]) -> str:
    return ", ".join(f"{first} {last}" for first, last in spans)


@pytest.fixture(autouse=True)
def on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "today", lambda: NOW)


@pytest.mark.parametrize(("phrase", "spans"), SPANS.items())
def test_a_phrase_means_these_days(phrase: str, spans: str) -> None:
    found = take_period(phrase.split(), NOW)
    assert found, "no date"
    assert (shown(found[0].spans), found[0].yearly, found[1]) == (spans, (), len(phrase.split()))


@pytest.mark.parametrize(("phrase", "days"), YEARLY.items())
def test_a_phrase_means_these_days_of_every_year(phrase: str, days: str) -> None:
    found = take_period(phrase.split(), NOW)
    assert found, "no date"
    assert (shown(found[0].yearly), found[0].spans, found[1]) == (days, (), len(phrase.split()))


@pytest.mark.parametrize("words", TEXTS)
def test_what_is_no_whole_phrase_is_text(words: str) -> None:
    assert parse(words) == Query.of_text(words)


def test_seasons_of_the_south() -> None:
    south = Today(NOW.day, southern=True)
    assert shown(read_period("verano 2019", south).spans) == "2018-12-21 2019-03-19, 2019-12-21 2020-03-19"
    assert shown(read_period("invierno de 2019", south).spans) == "2019-06-21 2019-09-22"
    assert shown(read_period("el verano pasado", south).spans) == "2025-12-21 2026-03-19"
    assert shown(read_period("navidad 2018", south).spans) == "2018-12-20 2019-01-06"


@pytest.mark.parametrize(
    ("setting", "place", "southern"),
    [
        ("system", "es_AR.UTF-8", True),
        ("system", "pt_BR", True),
        ("system", "es_ES.UTF-8", False),
        ("system", "es_MX.UTF-8", False),
        ("system", "Spanish_Chile.1252", True),
        ("system", "C", False),
        ("north", "es_AR.UTF-8", False),
        ("south", "es_ES.UTF-8", True),
    ],
)
def test_the_half_of_the_world_follows_the_country(
    setting: str, place: str, southern: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", place)
    assert system_language.is_southern(setting) is southern


@pytest.mark.parametrize(
    ("typed", "texts", "dates"),
    [
        ("Ana en la playa de Cádiz, verano 2019", ["Ana en la playa de Cádiz"], ["verano 2019"]),
        ("perro hace dos años en la nieve", ["perro en la nieve"], ["hace dos años"]),
        ("boda + verano 2019", ["boda"], ["verano 2019"]),
        ("gato sin gente en agosto", ["gato", "gente"], ["en agosto"]),
        ("fotos de mayo de 2019", [], ["mayo de 2019"]),
        ('"verano 2019"', ["verano 2019"], []),
        ('playa "en agosto"', ["playa en agosto"], []),
        ("playa sin verano 2019", ["playa"], []),
        ("fecha:agosto", [], ["agosto"]),
        ('fecha:"verano de 2019" mar', ["mar"], ["verano de 2019"]),
    ],
)
def test_a_date_is_taken_out_of_the_words(typed: str, texts: list[str], dates: list[str]) -> None:
    query = parse(typed)
    assert [term.text for term in query.terms] == texts
    assert [period.words for period in query.filters.periods] == dates
    assert parse(format_query(query)) == query


def test_a_date_after_sin_or_a_minus_excludes() -> None:
    query = parse("playa sin verano 2019 ni 2020 con gente")
    assert [term.text for term in query.terms] == ["playa con gente"]
    summer, year = query.filters.excluded
    assert shown(summer.periods[0].spans) == "2019-06-21 2019-09-22"
    assert year == Filters(since=date(2020, 1, 1), until=date(2020, 12, 31))
    assert parse(format_query(query)) == query


def test_figures_are_the_filters_that_there_were() -> None:
    assert parse("playa 2019").filters == Filters(since=date(2019, 1, 1), until=date(2019, 12, 31))
    assert parse("desde:ayer").filters == Filters(since=date(2026, 11, 27))
    assert parse("hasta:'mayo de 2020'").filters == Filters(until=date(2020, 5, 31))


def test_no_caption_is_taken_for_a_date(shared: Path) -> None:
    english = shared / "photos" / "captions.json"
    spanish = Path(__file__).parents[2] / "benchmarks" / "captions_es.json"
    for told in (english, spanish):
        captions = [words for each in json.loads(told.read_text(encoding="utf-8")) for words in each["captions"]]
        assert len(captions) == 710
        read = [parse(words) for words in captions]
        assert [query for query in read if query.filters != Filters()] == []


WORDS = sorted({word for phrase in (*SPANS, *YEARLY, *TEXTS) for word in phrase.split()})


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_any_words_are_read_and_written_again(words: list[str]) -> None:
    query = parse(" ".join(words))
    assert parse(format_query(query)) == query
    for period in query.filters.periods:
        assert period.spans or period.yearly
        assert all(first <= last for first, last in period.spans)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from([*SPANS, *YEARLY]), st.booleans())
def test_phrases_mean_something_on_any_day(day: date, phrase: str, southern: bool) -> None:
    found = take_period(phrase.split(), Today(day, southern))
    if found and "pasad" in phrase:
        assert all(last < day for _, last in found[0].spans)
    if found:
        assert all(first <= last for first, last in found[0].spans)


def test_without_each_filter_that_a_page_tells() -> None:
    query = parse("mar verano 2019 en agosto carpeta:viajes desde:2018 lado:100 tipo:jpg forma:vertical orden:nombre")
    told, fewer = filters_of(query.filters, query.order), without_each(query.filters, query.order)
    assert len(told) == len(fewer) == 8
    for (what, value), (filters, order) in zip(told, fewer, strict=True):
        left = filters_of(filters, order)
        assert (what, value) not in left
        assert len(left) == 7


def test_the_days_are_told_beside_the_words() -> None:
    told = dict(filters_of(parse("verano 2019").filters, Order.RELEVANCE))
    assert told == {"Fecha": "verano 2019 (21 jun 2019 – 22 sept 2019)"}
    assert filters_of(parse("en agosto").filters, Order.RELEVANCE) == [("Fecha", "en agosto")]


def test_pictures_of_those_days_are_found(library_of_dates: Library) -> None:
    def found(words: str) -> list[str]:
        return sorted(hit.path.name for hit in library_of_dates.ask(library_of_dates.read(words), 7).hits)

    assert found("verano 2019") == ["2019-06-21.png", "2019-09-22.png"]
    assert found("en agosto") == ["2018-08-01.png", "2020-08-31.png"]
    assert found("navidad 2018") == ["2018-12-20.png", "2019-01-06.png"]
    assert found("en navidad") == ["2018-12-20.png", "2019-01-06.png"]
    assert found("antes de 2019") == ["2018-08-01.png", "2018-12-20.png"]
    assert found("2018 o 2020") == ["2018-08-01.png", "2018-12-20.png", "2020-08-31.png"]
    assert found("rojo sin el verano de 2019 ni 2018") == ["2019-01-06.png", "2019-06-20.png", "2020-08-31.png"]
    answer = library_of_dates.ask(library_of_dates.read("rojo en agosto"), 7)
    assert [hit.path.name for hit in answer.hits] == ["2018-08-01.png", "2020-08-31.png"]
    assert answer.searched == 2
    assert answer.without == ("rojo",)


DAYS = ["2018-08-01", "2018-12-20", "2019-01-06", "2019-06-20", "2019-06-21", "2019-09-22", "2020-08-31"]


@pytest.fixture
def library_of_dates(home: Path, tmp_path: Path, fake: FakeEncoder, pool: DecodePool) -> Library:
    for number, day in enumerate(DAYS):
        path = paint(tmp_path / "fotos" / f"{day}.png", (255, number, 0))
        os.utime(path, (0, datetime.fromisoformat(f"{day} 12:00").timestamp()))
    made = IndexedFolder(home, tmp_path / "fotos", fake, pool)
    made.update()
    return together(made)


def test_days_after_the_last_day_of_all() -> None:
    assert read_period("desde 2019", NOW).spans[0][1] == date.max
    assert take_period(["hace", "999", "años"], NOW) is not None
    assert take_period(f"hace {NOW.day.year} años".split(), NOW) is None
