"""Who is asked for: a name is a person where the library has one of that name, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.errors import BadFilter, FilterTwice, UnknownFilter
from semantik.queries import Filters, PeopleCount, Query, Term
from semantik.results.header import filters_of
from semantik.search.filter_syntax import without_each
from semantik.search.library_words import LibraryWords
from semantik.search.query_syntax import format_query, parse
from semantik.words import text
from semantik.words.plain import clean_name

NAMES = ("Ana", "Ana María", "Luis", "Rosa", "Sol", "Abril", "José Ángel", "Mamá", "Domingo")
KNOWN = LibraryWords(people=NAMES)


def read(words, known=KNOWN):
    """The text that is left, who must be there, and who must not."""
    query = parse(words, known=known)
    texts = " | ".join(("-" if term.weight < 0 else "") + term.text for term in query.terms)
    return texts, query.filters.people, tuple(name for one in query.filters.excluded for name in one.people)


@pytest.mark.parametrize(
    ("words", "left", "people", "without"),
    [
        ("Ana", "", ("Ana",), ()),
        ("ana", "", ("Ana",), ()),
        ("ANA MARIA en la playa", "en la playa", ("Ana María",), ()),
        ("ana maría y luis", "", ("Ana María", "Luis"), ()),
        ("Ana y Luis", "", ("Ana", "Luis"), ()),
        ("Ana, Luis y José Ángel", "", ("Ana", "Luis", "José Ángel"), ()),
        ("Ana and Luis at the beach", "at the beach", ("Ana", "Luis"), ()),
        ("Ana e Luis na praia", "na praia", ("Ana", "Luis"), ()),
        ("Ana María Luis", "", ("Ana María", "Luis"), ()),
        ("Ana, María", "María", ("Ana",), ()),
        ("perro con Ana", "perro", ("Ana",), ()),
        ("foto de Ana y Luis", "", ("Ana", "Luis"), ()),
        ("fotos de Ana", "", ("Ana",), ()),
        ("perro y Ana en la nieve", "perro en la nieve", ("Ana",), ()),
        ("¿Ana?", "", ("Ana",), ()),
        ("Anabel en la playa", "Anabel en la playa", (), ()),
        ("la banana", "la banana", (), ()),
        ("sin Ana", "", (), ("Ana",)),
        ("sin ana ni luis", "", (), ("Ana", "Luis")),
        ("playa sin Ana", "playa", (), ("Ana",)),
        ("playa sin Ana pero con perro", "playa con perro", (), ("Ana",)),
        ("playa -Ana", "playa", (), ("Ana",)),
        ("playa - Ana María", "playa", (), ("Ana María",)),
        ("playa -Ana María", "playa", (), ("Ana María",)),
        ("playa + Ana", "playa", ("Ana",), ()),
        ("playa +Luis", "playa", ("Luis",), ()),
        ("Luis sin Ana", "", ("Luis",), ("Ana",)),
        ("a party without Ana or Luis", "a party", (), ("Ana", "Luis")),
        ("praia sem Ana", "praia", (), ("Ana",)),
        ('"Ana" en la playa', "Ana en la playa", (), ()),
        ('"Ana en la playa"', "Ana en la playa", (), ()),
        ("una rosa", "una rosa", (), ()),
        ("Rosa", "", ("Rosa",), ()),
        ("rosa", "rosa", (), ()),
        ("rosa con Rosa", "rosa", ("Rosa",), ()),
        ("puesta de sol", "puesta de sol", (), ()),
        ("Sol en la playa", "en la playa", ("Sol",), ()),
        ("mamá en el jardín", "mamá en el jardín", (), ()),
        ("Mamá en el jardín", "en el jardín", ("Mamá",), ()),
        ("persona:rosa", "", ("Rosa",), ()),
        ("persona:ana maría playa", "playa", ("Ana María",), ()),
        ('persona:"ana maría" playa', "playa", ("ana maría",), ()),
        ("persona:Ana,Luis", "", ("Ana", "Luis"), ()),
        ("person: luis beach", "beach", ("Luis",), ()),
        ("-persona:ana", "", (), ("Ana",)),
        ("sin persona:ana", "", (), ("Ana",)),
        ("-persona:Ana,Luis", "", (), ("Ana", "Luis")),
        ("persona:Pepe", "", ("Pepe",), ()),
        ("ana ANA Ána", "", ("Ana",), ()),
        ("2:Ana", "Ana", (), ()),
    ],
)
def test_names_are_persons(words, left, people, without):
    assert read(words) == (left, people, without)


def test_where_nobody_has_a_name_words_are_words():
    for words in ("Ana y Luis", "sin Ana", "foto de Ana", "Rosa"):
        assert parse(words, known=LibraryWords()) == parse(words)
        assert not parse(words).filters.need_people


def test_months_and_days_are_persons_only_with_a_capital():
    assert parse("abril 2021", known=KNOWN).filters == parse("abril 2021").filters
    assert parse("Abril en la playa", known=KNOWN).filters == Filters(people=("Abril",))
    assert parse("Ana en abril", known=KNOWN).filters.people == ("Ana",)
    assert parse("Ana en abril", known=KNOWN).filters.periods == parse("en abril").filters.periods


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("personas:2", PeopleCount(2, 2)),
        ("people:2+", PeopleCount(2, None)),
        ("pessoas:2-4", PeopleCount(2, 4)),
        ("personas:0", PeopleCount(0, 0)),
        ("caras:1+", PeopleCount(1, None)),
        ("personas: 3", PeopleCount(3, 3)),
    ],
)
def test_how_many_persons(words, count):
    assert parse(words).filters == Filters(people_count=count)
    assert parse(f"-{words}").filters.excluded == (Filters(people_count=count),)
    assert [count.admits(n) for n in (0, 1, 2, 3, 5)] == [
        count.least <= n <= (9 if count.most is None else count.most) for n in (0, 1, 2, 3, 5)
    ]


@pytest.mark.parametrize("words", ["personas:dos", "personas:4-2", "personas:-1", "persona:", 'persona:""'])
def test_what_is_no_number_or_name_is_told(words):
    with pytest.raises(BadFilter) as told:
        parse(words)
    assert text.say("syntax.example_people").split(",")[0] in str(told.value) or "persona:Ana" in str(told.value)


def test_a_text_with_a_colon_is_no_misspelt_filter():
    assert parse("dos personas: una alta").terms[0].text == "dos personas: una alta"
    with pytest.raises(FilterTwice):
        parse("personas:2 personas:3")
    with pytest.raises(UnknownFilter):
        parse("presona:Ana")


@pytest.mark.parametrize(("lang", "key", "count"), [("es", "persona", "2 o más"), ("en", "person", "2 or more")])
def test_each_is_a_chip_that_one_click_takes_away(lang, key, count):
    text.set_language(lang)
    query = parse("playa Ana y Luis personas:2+ -Rosa", known=KNOWN)
    chips = filters_of(query.filters, query.order)
    assert [value for _, value in chips] == ["Ana", "Luis", count, f"{key} Rosa"]
    fewer = [format_query(Query(query.terms, *pair), known=KNOWN) for pair in without_each(query.filters, query.order)]
    people = {"es": "personas", "en": "people"}[lang]
    assert fewer == [
        f"playa {key}:Luis {people}:2+ -{key}:Rosa",
        f"playa {key}:Ana {people}:2+ -{key}:Rosa",
        f"playa {key}:Ana {key}:Luis -{key}:Rosa",
        f"playa {key}:Ana {key}:Luis {people}:2+",
    ]


SAID = (
    "Ana ana María Rosa rosa sol Sol Luis y e con de sin ni - + , perro playa 2019 en abril Abril personas:2+ "
    'persona:Ana persona: "Ana" "sin Ana" "Ana María" 2:Luis -Luis mamá José Ángel & and without'
)
WORDS = st.sampled_from(SAID.split())


@given(st.lists(WORDS, max_size=7), st.sampled_from(["es", "en", "pt"]))
def test_what_is_written_is_read_as_the_same(words, lang):
    text.set_language(lang)
    try:
        query = parse(" ".join(words), known=KNOWN)
    except (BadFilter, FilterTwice):
        return
    again = parse(format_query(query, known=KNOWN), known=KNOWN)
    assert again == query
    for filters, order in without_each(query.filters, query.order):
        fewer = Query(query.terms, filters, order)
        assert parse(format_query(fewer, known=KNOWN), known=KNOWN) == fewer


@given(st.text(max_size=80))
def test_any_name_can_be_asked_for(name):
    kept = clean_name(name)
    assert clean_name(kept) == kept
    if kept:
        query = Query((Term("playa"),), Filters(people=(kept,)))
        known = LibraryWords(people=(kept,))
        assert parse(format_query(query, known=known), known=known) == query
