"""Which place coordinates are in, what names mean, and how files write where pictures were taken."""

from __future__ import annotations

import importlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.find_places import HELD_APART, judged
from semantik.decoding.coordinates import iso_6709
from semantik.decoding.sidecar_files import describe_sidecar
from semantik.decoding.video import container
from semantik.decoding.video.formats import ISO
from semantik.decoding.xmp import xmp_place
from semantik.places.lookup import read_place, told_all
from semantik.places.names import folded
from semantik.places.naming import named_places
from semantik.places.table import place_table
from semantik.places.whereabouts import FARTHEST, NOWHERE, box, is_in, place_of
from semantik.words import text
from tests.support.places import REPO

DEGREES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_landmarks_are_in_the_places_that_people_would_say() -> None:
    right, wrong = judged(HELD_APART)
    assert right + len(wrong) >= 60
    assert right / (right + len(wrong)) >= 0.9, wrong


@pytest.mark.parametrize(
    ("degrees", "told"),
    [
        ((36.5301, -6.3060), "Cádiz, Andalucía, España"),
        ((51.5007, -0.1246), "Londres, Inglaterra, Reino Unido"),
        ((40.7580, -73.9855), "Nueva York, Estados Unidos"),  # the city is as the state
        ((1.2834, 103.8607), "Singapur"),
        ((30.0, -40.0), None),
    ],
)
def test_places_are_told_in_spanish(degrees: tuple[float, float], told: str | None) -> None:
    (named,) = named_places([degrees])
    assert (named.whole if named else None) == told


def test_names_follow_the_language() -> None:
    for language, told in (("en", "Seville, Spain"), ("pt", "Sevilha, Espanha"), ("es", "Sevilla, España")):
        text.set_language(language)
        (named,) = named_places([(37.3862, -5.9926)])
        assert named
        assert named.brief == told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("Sevilla|Seville|Sevilha|sevilla", "Sevilla, España"),
        ("Andalucía|Andalusia|Andaluzia|andalucia", "Andalucía, España"),
        ("Japón|Japan|Japão", "Japón"),
        ("Baviera|Bavaria|Bayern", "Baviera, Alemania"),
        ("EEUU|EE.UU.|USA|Estados Unidos|United States", "Estados Unidos"),
        ("Castilla-La Mancha|castilla la mancha", "Castilla-La Mancha, España"),
        ("cerca de Lisboa, Portugal|near Lisbon, Portugal|perto de Lisboa, Portugal", "cerca de Lisboa, Portugal"),
        ("Sevilla y Bilbao, España", "Sevilla, España; Bilbao, España"),
    ],
)
def test_names_in_three_languages(names: str, told: str) -> None:
    for name in names.split("|"):
        assert told_all(read_place(name)).startswith(told), name


@pytest.mark.parametrize("words", ["", "perro en la playa", "cerca de", "cerca de Japón", "Sevilla y perro", ",", "y"])
def test_what_is_no_name(words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        read_place(words)


@settings(max_examples=30)
@given(st.lists(DEGREES, max_size=4))
def test_any_coordinates(degrees: list[tuple[float, float]]) -> None:
    asked = np.array(degrees, np.float64).reshape(-1, 2)
    table, places = place_table(), place_of(asked)
    assert places.shape == (len(degrees),)
    for at, number in enumerate(places.tolist()):
        # What the grid finds is the best of all places that are no quarters.
        away = 6371.0088 * np.arccos(np.clip(table.vectors @ _vector(*degrees[at]), -1, 1))
        weighed = np.where(table.whole & (away <= FARTHEST), away - table.reach, np.inf)
        if number == NOWHERE:
            assert away[table.whole].min() > FARTHEST - 0.01
        else:
            assert weighed[number] <= weighed.min() + 0.01


def test_many_coordinates_are_where_a_plain_comparison_says() -> None:
    random, table = np.random.default_rng(18), place_table()
    homes = table.degrees[random.integers(0, table.places, 25)]
    far = table.degrees[np.argsort(-np.abs(table.degrees[:, 1]))[:10]]  # on both sides of the 180th meridian
    north = table.degrees[np.argsort(-table.degrees[:, 0])[:5]]
    asked = np.concatenate(
        [
            homes + random.normal(0, 0.2, homes.shape),
            homes[:1] + random.normal(0, 0.01, (20, 2)),  # several in one square
            far + random.normal(0, 0.3, far.shape),
            north + random.normal(0, 0.5, north.shape),
            np.stack([random.uniform(-90, 90, 20), random.uniform(-180, 180, 20)], axis=1),
            [[90.0, 0.0], [-90.0, 180.0], [0.0, -180.0]],
        ]
    )
    plainly = []
    for at in np.array([_vector(*degrees) for degrees in asked]):
        away = 2 * 6371.0088 * np.arcsin(np.linalg.norm(table.vectors - at, axis=1) / 2)
        weighed = np.where(table.whole & (away <= FARTHEST), away - table.reach, np.inf)
        plainly.append(int(weighed.argmin()) if np.isfinite(weighed.min()) else NOWHERE)
    assert place_of(asked).tolist() == plainly
    assert 40 < sum(number >= 0 for number in plainly) < len(plainly)


@settings(max_examples=50)
@given(st.sampled_from(["Madrid", "Fiji", "Alaska", "cerca de Auckland", "Ushuaia", "Rusia", "Tonga"]), DEGREES)
def test_nothing_outside_of_a_box_is_in(name: str, degrees: tuple[float, float]) -> None:
    place = read_place(name)
    inside = any(s <= degrees[0] <= n and w <= degrees[1] <= e for s, w, n, e in box(place))
    assert inside or not is_in(np.array([degrees]), place).any()


def test_a_quarter_is_in_its_city_and_is_a_name_of_its_own() -> None:
    brooklyn = np.array([[40.6501, -73.9496]])
    assert is_in(brooklyn, read_place("Nueva York")).all()
    assert is_in(brooklyn, read_place("Brooklyn")).all()
    assert not is_in(np.array([[40.7580, -73.9855]]), read_place("cerca de Filadelfia")).any()


def test_the_table_holds_together() -> None:
    table = place_table()
    assert 60_000 < table.places < 80_000
    assert np.isfinite(table.vectors).all()
    assert (np.abs(table.degrees) <= [90, 180]).all()
    for number in (0, table.places - 1):
        assert number in table.called(folded(table.name_of(number, "es")))


def _vector(latitude: float, longitude: float) -> np.ndarray:
    lat, lon = np.radians([latitude, longitude])
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def test_the_table_can_be_made_of_geonames_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its columns, as its readme has them: id, name, in ASCII, other names, latitude, longitude, class and kind,
    # country, other countries, four levels of regions, inhabitants, two elevations, time zone, date.
    (tmp_path / "cities500.txt").write_text(
        '1\tCádiz\tCadiz\tCadix,Gades,"Tacita\t36.53\t-6.29\tP\tPPLA2\tES\t\t51\tCA\t11012\t\t113066\t\t13'
        "\tEurope/Madrid\t2024-01-02\n"
        '2\tVillar "del" Río\tVillar del Rio\t\t42.0\t-2.3\tP\tPPL\tES\tES,PT\t55\t\t\t\t499\t1020\t1021'
        "\tEurope/Madrid\t2024-01-02\n"
        "3\tKöln\tKoeln\tColonia\t50.93\t6.95\tP\tPPLA2\tDE\t\t07\t\t\t\t963395\t\t58\tEurope/Berlin\t2024-01-02\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(REPO / "tools"))
    # The largest first, and none with fewer than 500.
    cologne, cadiz = importlib.import_module("make_places").cities(tmp_path)
    assert (cologne.name, cologne.region, cologne.population) == ("Köln", "DE.07", 963_395)
    assert (cadiz.name, cadiz.country, cadiz.region, cadiz.population) == ("Cádiz", "ES", "ES.51", 113_066)
    assert (cadiz.latitude, cadiz.longitude, cadiz.others) == (36.53, -6.29, ["Cadix", "Gades", '"Tacita'])
    assert list(cadiz.names()) == [("Cádiz", True), ("Cadix", False), ("Gades", False)]


# -- How files write it

CADIZ = pytest.approx((36.53, -6.3), abs=0.01)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("+36.5301-006.3060+012.3/", CADIZ),
        ("+36.5301-006.3060/", CADIZ),
        (b"+3631.81-00618.36/", CADIZ),
        ("+363148-0061822+10/", CADIZ),
        ("+36.5301-006.3060+12CRSWGS_84/", CADIZ),
        ("+00.0000+000.0000/", None),
        ("+96.0000+000.0000/", None),
        ("+36.5301", None),
        ("", None),
    ],
)
def test_iso_6709(written: str, told: object) -> None:
    assert iso_6709(written) == told


@pytest.mark.parametrize(
    ("latitude", "longitude", "told"),
    [
        ("36,31.806N", "6,18.36W", CADIZ),
        ("36,31,48N", "6,18,22W", CADIZ),
        ("36.5301", "-6.3060", CADIZ),
        ("0,0N", "0,0E", None),
        ("91,0N", "6,0W", None),
        ("norte", "oeste", None),
    ],
)
def test_xmp(latitude: str, longitude: str, told: object, tmp_path: Path) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="{latitude}">'
        f"<exif:GPSLongitude>{longitude}</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    assert xmp_place(packet.encode()) == told
    (tmp_path / "a.jpg.xmp").write_text(packet)
    assert describe_sidecar(tmp_path / "a.jpg.xmp").place == told


@pytest.mark.parametrize(
    ("geo", "told"),
    [
        ({"geoData": {"latitude": 36.53, "longitude": -6.3, "altitude": 0.0}}, CADIZ),
        (
            {
                "geoData": {"latitude": 0.0, "longitude": 0.0},
                "geoDataExif": {"latitude": 36.53, "longitude": -6.3},
            },
            CADIZ,
        ),
        ({"geoData": {"latitude": 0.0, "longitude": 0.0}}, None),
        ({"geoData": {"latitude": "36", "longitude": None}}, None),
        ({"geoData": 10**400}, None),
        ({"geoData": {"latitude": 10**400, "longitude": 1}}, None),
        ([], None),
    ],
)
def test_takeout(geo: object, told: object, tmp_path: Path) -> None:
    (tmp_path / "a.jpg.json").write_text(json.dumps(geo))
    assert describe_sidecar(tmp_path / "a.jpg.json").place == told


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


@pytest.mark.parametrize("apple", [True, False])
def test_quicktime(apple: bool, tmp_path: Path) -> None:
    value = b"+36.5301-006.3060+012.3/"
    if apple:
        keys = _box(b"keys", b"\0\0\0\0\0\0\0\1", _box(b"mdta", b"com.apple.quicktime.location.ISO6709"))
        data = _box(b"ilst", _box(b"\0\0\0\1", _box(b"data", b"\0\0\0\1\0\0\0\0", value)))
        inner = _box(b"meta", _box(b"hdlr", b"\0" * 24), keys, data)
    else:
        inner = _box(b"udta", _box(b"\xa9xyz", b"\0\x18\x15\xc7", value))
    (tmp_path / "a.mov").write_bytes(_box(b"ftyp", b"qt  ") + _box(b"moov", inner))
    with (tmp_path / "a.mov").open("rb") as file:
        assert container.place(file, ISO, (tmp_path / "a.mov").stat().st_size) == CADIZ
