"""Queries: scores, orders and the messages for bad input."""

from __future__ import annotations

import pytest

from semantik.errors import BadTopK, EmptyQuery, NoIndex, QueryImageMissing, QueryImageUnreadable
from semantik.index import ImageIndex
from semantik.queries import Query
from semantik.records import Hit, Reason
from semantik.search.ranking import parse_top_k, search
from semantik.words.text import explain


def test_text_search_orders_by_score(index, library, fake, pool):
    hits = search(Query.of_text("rojo"), fake, index, 3, pool)
    assert hits[0] == Hit(1, pytest.approx(1.0, abs=1e-6), library / "rojo.png")
    assert hits[1] == Hit(2, pytest.approx(0.8937, abs=1e-3), library / "viaje/playa/naranja.png")
    assert hits[2] == Hit(3, pytest.approx(0.7071, abs=1e-4), library / "viaje/amarillo.png")


def test_image_search_finds_the_example_itself_first(index, library, fake, pool):
    hits = search(Query.of_image(library / "viaje/amarillo.png"), fake, index, 2, pool)
    assert hits[0] == Hit(1, pytest.approx(1.0, abs=1e-6), library / "viaje/amarillo.png")
    assert hits[1].path == library / "viaje/playa/naranja.png"


def test_fewer_pictures_than_asked(index, fake, pool):
    assert len(search(Query.of_text("azul"), fake, index, 100, pool)) == 6


def test_blank_queries_are_told(index, fake, pool):
    with pytest.raises(EmptyQuery):
        search(Query.of_text("  \n\t "), fake, index, 3, pool)


def test_bad_query_images_are_told(index, library, fake, pool, tmp_path):
    with pytest.raises(QueryImageMissing):
        search(Query.of_image(tmp_path / "nada.jpg"), fake, index, 3, pool)
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(QueryImageMissing):
            search(Query.of_image(tmp_path / name), fake, index, 3, pool)
    broken = tmp_path / "rota.jpg"
    broken.write_bytes(b"not a picture")
    with pytest.raises(QueryImageUnreadable) as caught:
        search(Query.of_image(broken), fake, index, 3, pool)
    assert caught.value.params["reason"] is Reason.NOT_AN_IMAGE
    assert explain(caught.value) == f"No se puede leer la imagen «{broken}»: no es una imagen conocida. Elija otra."


def test_an_empty_index_is_told(tmp_path, fake, pool):
    with pytest.raises(NoIndex):
        search(Query.of_text("rojo"), fake, ImageIndex(tmp_path / "s", tmp_path, fake.space, 3), 3, pool)


@pytest.mark.parametrize(("value", "expected"), [("1", 1), (" 20 ", 20), (142, 142), ("٣", 3)])
def test_top_k_is_read(value, expected):
    assert parse_top_k(value, 142) == expected


@pytest.mark.parametrize("value", ["0", "-1", "", "abc", "1.5", "143", "9" * 30, "1e3", "²", 0])
def test_bad_top_k_is_told(value):
    with pytest.raises(BadTopK) as caught:
        parse_top_k(value, 142)
    assert explain(caught.value).startswith("K debe ser un número entero de 1 a 142.")
