"""How people write: lists of what they do not want, filters with blanks and slips, titles, and texts that are texts.

Each table is a kind; whatever is typed, no word of it is lost without a term, a filter, a remark or an error.
"""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import AddressInQuery, BadFilter, FilterRefused, FilterTwice, SemantikError, UnknownFilter
from semantik.queries import Filters, Order, Query, Shape, merged
from semantik.search.filter_syntax import KEYS, chosen, filter_words, limits_of, read_extensions
from semantik.search.query_syntax import MOST_CHARACTERS, format_query, parse
from semantik.search.typed_filters import limited
from semantik.words import text
from semantik.words.catalogue import LANGUAGES
from semantik.words.phrases import remark_text
from semantik.words.plain import plain
from semantik.words.text import explain, in_all_languages, say
from tests.support.places import REPO


def wanted(words):
    return [term.text for term in parse(words).terms if term.weight > 0]


def refused(words):
    return [term.text for term in parse(words).terms if term.weight < 0]


@pytest.mark.parametrize(
    ("words", "asked", "without"),
    [
        ("playa sin coches y gente", "playa", ["coches", "gente"]),
        ("playa sin coches ni gente", "playa", ["coches", "gente"]),
        ("playa sin coches o gente", "playa", ["coches", "gente"]),
        ("playa sin coches u objetos", "playa", ["coches", "objetos"]),
        ("playa sin coches, gente y perros", "playa", ["coches", "gente", "perros"]),
        ("playa sin coches, gente, ni perros", "playa", ["coches", "gente", "perros"]),
        ("playa sin coches ni gente ni perros grandes", "playa", ["coches", "gente", "perros grandes"]),
        ("playa sin gente sin coches", "playa", ["gente", "coches"]),
        ("playa sin gente y sin coches", "playa", ["gente", "coches"]),
        ("sin coches y gente, playa", "playa", ["coches", "gente"]),
        ("sin gente en la playa", "en la playa", ["gente"]),
        ("calle sin coches y gente en invierno", "calle en invierno", ["coches", "gente"]),
        ("calle sin coches y motos por la noche", "calle por la noche", ["coches", "motos"]),
        ("mesa sin mantel y con flores", "mesa con flores", ["mantel"]),
        ("mesa sin mantel pero con flores", "mesa con flores", ["mantel"]),
        ("mesa sin mantel, con flores", "mesa con flores", ["mantel"]),
        ("playa sin gente y un perro", "playa un perro", ["gente"]),
        ("playa sin gente, un perro y un gato", "playa un perro y un gato", ["gente"]),
        ("playa sin un perro y un gato", "playa", ["un perro", "un gato"]),
        ("mujer sin gafas y sonriendo", "mujer sonriendo", ["gafas"]),
        ("casa sin ventanas. Hay un perro", "casa Hay un perro", ["ventanas"]),
        ("casa sin ventanas; jardín", "casa jardín", ["ventanas"]),
        ('fiesta sin "dos gatos" y perros', "fiesta", ["dos gatos", "perros"]),
        ("PLAYA SIN COCHES Y GENTE", "PLAYA", ["COCHES", "GENTE"]),
        ("beach without cars and people", "beach", ["cars", "people"]),
        ("beach without cars, people or dogs", "beach", ["cars", "people", "dogs"]),
        ("kitchen without a stove and a sink", "kitchen", ["a stove", "a sink"]),
        ("a bathroom without a door, with a tub", "a bathroom with a tub", ["a door"]),
        ("man without a hat and smiling", "man smiling", ["a hat"]),
        ("street without cars but people", "street people", ["cars"]),
        ("praia sem carros e gente", "praia", ["carros", "gente"]),
        ("praia sem carros nem gente", "praia", ["carros", "gente"]),
        ("praia sem carros, gente ou barcos na areia", "praia na areia", ["carros", "gente", "barcos"]),
        ("mulher sem óculos e sorrindo", "mulher sorrindo", ["óculos"]),
        # The words that join are those of the language of "sin": these are none there.
        ("beach without sol y sombra", "beach", ["sol y sombra"]),
    ],
)
def test_what_is_not_wanted_is_a_list_to_its_end(words, asked, without):
    assert wanted(words) == [asked]
    assert refused(words) == without


@pytest.mark.parametrize(
    "words",
    [
        *("Sin City", "cartel de Sin City", "Médicos Sin Fronteras", "Without Remorse", "Sem Fronteiras", "playa sin"),
        *("señal de no fumar", "No Parking", "no people", "nothing without", "to: mamá", "Order: burger and fries"),
        *(
            "fecha: cumpleaños de Ana",
            "tipo: gato",
            "reloj: las 3:",
            "a las 12:30",
            "16:9",
            "C:\\fotos",
            "a=b",
            "x = 3",
        ),
        *("mañana y tarde", "ni fu ni fa", "pan o vino", "coca-cola light", "Spider-Man", "¿qué?", "¡sin!", "forma"),
    ],
)
def test_text_stays_text(words):
    query = parse(words)
    assert [(term.weight, term.text) for term in query.terms] == [(1, words)]
    assert (query.filters, query.order) == (Filters(), Order.RELEVANCE)


def test_quotes_keep_a_refusal_and_a_filter_as_text():
    for words in ("sin city", "without a trace", "carpeta:viajes", "fehca:2019", "-tipo:video", "sin ti y sin mí"):
        assert parse(f'"{words}"') == parse(f"«{words}»") == parse(f"„{words}“") == Query.of_text(words)


def test_captions_of_photos_are_plain_text(shared):
    """But for "without" and "sin", which are in some Spanish ones, no sign and no word of theirs means anything."""
    files = (REPO / "benchmarks" / "captions_es.json", shared / "photos" / "captions.json")
    photos = [photo for file in files for photo in json.loads(file.read_text("utf-8"))]
    captions = [caption for photo in photos for caption in photo["captions"]]
    assert len(captions) > 1400
    for caption in captions:
        query = parse(caption)
        assert (query.filters, query.order, query.images, query.remarks) == (Filters(), Order.RELEVANCE, (), ())
        refuses = re.search(r"\b(sin|without)\b", caption, re.IGNORECASE)
        assert query.terms == Query.of_text(" ".join(caption.split())).terms or refuses, caption


YEAR = Filters(since=date(2019, 1, 1), until=date(2019, 12, 31))
MEANT = {
    "fecha:2019|fecha: 2019|fecha : 2019|fecha :2019|fecha=2019|fecha：2019|FECHA:2019,|date: 2019|fecha:'2019'": YEAR,
    "carpeta: viajes|folder: viajes|pasta:viajes/|carpeta :viajes|CARPETA: viajes": Filters("viajes"),
    "carpeta: \"mis viajes\"|carpeta:'mis viajes'|carpeta:«mis viajes»|folder: “mis viajes”": Filters("mis viajes"),
    "tipo:vídeo|tipo: video|TYPE:Videos|tipo:películas": Filters(extensions=VIDEO_EXTENSIONS),
    "forma:cuadrado|shape: square|forma:quadrada": Filters(shape=Shape.SQUARE),
    "hasta:2019|ate:2019|at\u00e9:2019|ate\u0301:2019": Filters(until=date(2019, 12, 31)),
    "desde:2019 fecha:2019-05": Filters(since=date(2019, 5, 1), until=date(2019, 5, 31)),
    "carpeta:viajes carpeta:viajes/2019": Filters("viajes/2019"),
    "lado:800 lado:1000": Filters(min_side=1000),
}
PAIR = {".jpg", ".png"}


@pytest.mark.parametrize(
    ("words", "filters"), [(words, filters) for written, filters in MEANT.items() for words in written.split("|")]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_meant_as_a_filter_is_one(words, filters, language):
    text.set_language(language)
    assert parse(words).filters == filters
    assert parse(f"perro {words} en la playa").filters == filters


EXCLUDED = {
    "-tipo:video|- tipo:video|sin tipo:video|without type:video|sem tipo:video": "-tipo:video",
    "- fecha: 2019|-fecha:2019|−año:2019|sin fecha : 2019|-fecha=2019|-date:2019": "-fecha:2019",
    "-fecha:2019-05|sin fecha:5/2019": "-fecha:2019-05",
    "-fecha:2019-05-31|- fecha:31/5/2019": "-fecha:2019-05-31",
    "-desde:2019": "-desde:2019-01-01",
    "-carpeta:'mis viajes'|sin carpeta:\"mis viajes/\"": '-carpeta:"mis viajes"',
    "-tipo:jpg, png|sin tipo:png,jpg": "-tipo:jpg,png",
    "-lado:1.000 -forma:square|sin lado:1000 ni forma:cuadrada": "-lado:1000 -forma:cuadrada",
    "sin tipo:video y carpeta:viajes|without type:video or folder:viajes": "-tipo:video -carpeta:viajes",
    "sin tipo:video, fecha:2019 ni carpeta:viajes": "-tipo:video -fecha:2019 -carpeta:viajes",
    "sin tipo:video carpeta:viajes|sin tipo:video pero carpeta:viajes": "carpeta:viajes -tipo:video",
    "sin tipo:video, carpeta:viajes": "carpeta:viajes -tipo:video",  # a comma alone is the end of it
    "-tipo:video -tipo:video": "-tipo:video",
}


@pytest.mark.parametrize(
    ("words", "written"), [(words, as_written) for each, as_written in EXCLUDED.items() for words in each.split("|")]
)
def test_a_filter_after_a_minus_or_a_sin_excludes_and_what_follows_is_wanted_again(words, written):
    query = parse(words)
    assert format_query(query) == written
    for language in LANGUAGES:
        text.set_language(language)
        assert parse(format_query(query)) == query
    around = parse(f"perro {words} en la playa")
    assert around.filters == query.filters
    assert around.terms == Query.of_text("perro en la playa").terms


@pytest.mark.parametrize(
    ("words", "without", "filters"),
    [
        ("playa sin gente ni tipo:video", ["gente"], "-tipo:video"),
        ("playa sin gente y tipo:video", ["gente"], "tipo:video"),
        ("playa sin gente, tipo:video", ["gente"], "tipo:video"),
        ("playa sin gente, perros y tipo:video", ["gente", "perros"], "tipo:video"),
        ("playa sin gente, tipo:video ni perros", ["gente", "perros"], "-tipo:video"),
        ("playa sin tipo:video ni perros", ["perros"], "-tipo:video"),
        ("playa - gente -tipo:video", ["gente"], "-tipo:video"),
        ("playa - gente tipo:video", ["gente"], "tipo:video"),
    ],
)
def test_filters_among_things_that_are_refused(words, without, filters):
    assert wanted(words) == ["playa"]
    assert refused(words) == without
    assert parse(words).filters == parse(filters).filters


def test_what_the_control_of_what_is_excluded_says():
    filters, order = parse('-tipo:video -carpeta:"mis viajes" -fecha:2019 desde:2018 orden:nombre').filters, Order.NAME
    said = limits_of(filters, order)
    assert said == {
        "excluir": 'tipo:video carpeta:"mis viajes" fecha:2019',
        **{"desde": "2018-01-01", "orden": "nombre"},
    }
    assert limited("excluded", said["excluir"], Filters(), order)[0].excluded == filters.excluded
    assert limited("excluded", "-tipo: video, fecha:2019", *limited("excluded", "tipo:jpg", filters, order)) == (
        parse("-tipo:video -fecha:2019 desde:2018").filters,
        order,
    )
    assert limited("excluded", "", filters, order)[0] == Filters(since=date(2018, 1, 1))
    for wrong in ("gente", "tipo:video gente", "tipo:exe", "tipo"):
        with pytest.raises(BadFilter) as caught:
            limited("excluded", wrong, filters, order)
        assert "{" not in explain(caught.value)
    typed = merged(parse("gato -tipo:video desde:2019"), parse("-carpeta:viajes -tipo:video").filters, Order.NAME)
    assert format_query(typed) == "gato desde:2019-01-01 -carpeta:viajes -tipo:video orden:nombre"


def test_types_add_up_however_their_list_is_written():
    for words in ("tipo:jpg,png", "tipo:jpg, png", 'tipo:"jpg, png"', "tipo: jpg, png", "tipo:jpg tipo:png"):
        query = parse(f"gato {words}")
        assert query.filters.extensions > PAIR
        assert query.terms == Query.of_text("gato").terms
    assert parse("tipo:jpg, perro").terms == Query.of_text("perro").terms


WRONG = {
    UnknownFilter: "fehca:2019|fehca: 2019|fcha:2019|carpta:viajes|tpo:jpg|shap:square|ordne:nombre",
    BadFilter: 'fecha:20199|fecha:|carpeta:|forma:redonda|carpeta:"mis viajes|to:mamá|lado:mucho',
    FilterRefused: "2:fecha:2019|-2:tipo:video|-orden:nombre|sin orden:nombre|sin -tipo:video|- 2:carpeta:viajes",
    FilterTwice: "forma:vertical forma:cuadrada|carpeta:a carpeta:b|orden:nombre orden:fecha",
    AddressInQuery: "https://example.org/a.jpg|perro HTTP://example.org",
}


@pytest.mark.parametrize(
    ("words", "error"), [(words, error) for error, written in WRONG.items() for words in written.split("|")]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filter_that_cannot_be_one_is_told(words, error, language):
    text.set_language(language)
    with pytest.raises(error) as caught:
        parse(f"gato {words}")
    assert "{" not in explain(caught.value)
    assert parse('"gato"') == Query.of_text("gato")


def test_a_misspelt_filter_is_told_with_the_one_that_was_meant():
    with pytest.raises(UnknownFilter) as caught:
        parse("gato fehca:2019")
    assert explain(caught.value) == (
        "No hay ningún filtro «fehca:». ¿Quería decir «fecha:2019»? Si es un texto, póngalo entre comillas."
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("clima:Madrid gato", "«clima:Madrid» se ha buscado como texto: no hay ningún filtro «clima:»."),
        ("to: mamá", "«to: mamá» se ha buscado como texto: no se entiende como filtro «to:»."),
        ("Sin City", "«Sin City» se ha leído como un nombre. Para excluir algo, escriba «sin» en minúsculas."),
        ("x" * 20_000, "La búsqueda es demasiado larga: solo se ha leído su principio (10000 letras)."),
    ],
)
def test_what_is_read_as_text_against_appearances_is_told(words, told):
    assert [remark_text(remark) for remark in parse(words).remarks] == [told]
    assert str(MOST_CHARACTERS) == "10000"


JOINING = {
    word
    for kind in ("without", "nor", "and", "but")
    for words in in_all_languages(f"syntax.{kind}")
    for word in plain(words).split()
}
VOCABULARY = """perro playa gente, coches sin without sem y ni o e and or con un a Sin City fecha:2019 tipo:jpg
to: carpeta: viajes lugar:Madrid -coche -tipo:jpg - + 2:mar
"dos «sin luz» gatos" foto.jpg 12:30 pero árbol; casa. 🐶 = a:b '"""


@settings(max_examples=300)
@given(st.lists(st.sampled_from(VOCABULARY.split()), max_size=9).map(" ".join) | st.text(max_size=30))
def test_no_word_is_lost(words):
    try:
        query = parse(words)
    except SemantikError as error:
        assert explain(error)
        return
    told = [remark_text(remark) for remark in query.remarks]
    kept = " ".join([*query.texts, *map(str, query.images), *told]) + " ".join(map(str, (query.filters, query.order)))
    known = plain(kept)
    for word in re.findall(r"\w{3,}", words):
        is_filter = re.search(rf"{re.escape(word)}\s*[:：=]", words)
        assert plain(word) in known or plain(word) in JOINING or is_filter, (word, query)
    if not any(text.endswith(".jpg") for text in query.texts):  # in quotes that is a picture's name
        assert parse(format_query(query)).terms == query.terms


_DAYS = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))
_LIMITS = st.tuples(
    st.builds(
        Filters,
        folder=st.sampled_from(["", "viajes", "viajes/2019", "mis fotos"]),
        since=_DAYS,
        until=_DAYS,
        min_side=st.integers(0, 99_999),
        shape=st.none() | st.sampled_from(Shape),
        extensions=st.sampled_from([frozenset(), read_extensions("jpg"), read_extensions("png,raw"), VIDEO_EXTENSIONS]),
    ),
    st.sampled_from(Order),
)


@settings(max_examples=100)
@given(_LIMITS, _LIMITS)
def test_what_the_controls_of_a_page_say_holds_in_place_of_all_before(before, wanted):
    now = before
    said = dict(filter_words(*wanted))
    for key in KEYS:
        if key != "date":  # two controls tell it
            now = chosen(key, said.get(say(f"syntax.{key}"), ""), *now)
    assert now == wanted
