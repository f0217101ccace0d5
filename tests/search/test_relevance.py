"""How relevant hits are: values that can be foretold, real queries, the trim, and what the user sees of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.cli import main
from semantik.encoders.base import Encoder
from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.engine.answers import NEAREST
from semantik.engine.engine import Engine
from semantik.folders.indexer import update_index
from semantik.gui.actions.found_pictures import told
from semantik.index import ImageIndex
from semantik.queries import Query
from semantik.records import Hit
from semantik.results.page import render
from semantik.search.ranking import is_absent, relevant, search
from semantik.search.relevance import (
    ABSENT,
    ENOUGH,
    FEWEST,
    RELEVANT,
    Relevance,
    excess,
    reaches,
    read_queries,
    sigmoid,
)
from semantik.storage.settings import Config
from semantik.words import text
from semantik.words.phrases import LEVELS, relevance_level, relevance_word
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.libraries import paint
from tests.support.page_outline import LIBRARY, Outline, outline, page_of
from tests.support.pictures import sample_image


@pytest.fixture
def engine(monkeypatch, home):
    replace_encoders(monkeypatch)
    made = Engine(home, Config())
    yield made
    made.close()


@pytest.fixture
def opened(engine, library):
    """The library of one indexed folder."""
    made = engine.open(library)
    made.indexed_folders[0].update()
    return made


def expected(score: float, white: float) -> float:
    """Of the background queries a tenth scores ``white``, the rest nothing: the picture's mean follows.

    The reach is the mean one of the library's six pictures, which score so with white.
    """
    reach = 0.9 * np.mean([3**-0.5] * 3 + [(2 / 3) ** 0.5, 1, 1.5 / (1.25 * 3) ** 0.5])
    return 1 / (1 + math.exp(5.25 - 2.7 * (score - white / 10) / reach))


# -- The measure ---------------------------------------------------------------------------------------


def test_excess_is_0_at_the_mean_and_1_at_the_mean_of_the_highest_tenth():
    background = np.array([[0.1] * 18 + [0.5, 0.7], [-0.2] * 18 + [0.0, 0.4]], dtype=np.float32)
    # Row 1: mean 0.15, highest two 0.6. Row 2: mean -0.16, highest two 0.2.
    assert excess(np.array([0.15, -0.16], np.float32), background) == pytest.approx([0, 0], abs=1e-6)
    assert excess(np.array([0.6, 0.2], np.float32), background) == pytest.approx([1, 1], abs=1e-6)
    assert excess(np.array([1.05, -0.52], np.float32), background) == pytest.approx([2, -1], abs=1e-5)
    assert excess(np.array([0.6, 0.15], np.float32), background[:1]) == pytest.approx([1, 0], abs=1e-6)
    assert reaches(background) == pytest.approx([0.45, 0.36], abs=1e-6)
    # One reach for all rows: their means differ, their unit does not.
    assert excess(np.array([0.6, 0.29], np.float32), background, 0.9) == pytest.approx([0.5, 0.5], abs=1e-6)
    assert excess(np.array([0.6, 0.2], np.float32), background, 0.0).tolist() == [0.0, 0.0]


def test_a_background_without_spread_tells_nothing():
    assert excess(np.array([0.9], np.float32), np.full((1, 20), 0.3, np.float32)).tolist() == [0.0]


def test_sigmoid_of_extremes():
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_no_scale_or_shift_of_scores_changes_the_measure():
    chance = np.random.default_rng(0)
    background = chance.normal(size=(5, 180)).astype(np.float32)
    scores = chance.normal(size=5).astype(np.float32)
    assert excess(scores * 0.05 + 0.2, background * 0.05 + 0.2) == pytest.approx(excess(scores, background), abs=1e-4)


def test_the_background_is_varied_and_in_both_languages():
    queries = read_queries()
    assert 150 <= len(queries) == len(set(queries)) <= 200
    spanish, english = queries[: len(queries) // 2], queries[len(queries) // 2 :]
    assert (spanish[0], spanish[-1], english[0], english[-1]) == (
        "mariposa",
        "la sombra de una persona",
        "parrot",
        "microscope",
    )


# -- Hits ----------------------------------------------------------------------------------------------


def test_relevances_can_be_foretold(index, library, fake, pool, tmp_path):
    hits = search(Query.of_text("rojo"), fake, index, 6, pool, judge=Relevance(tmp_path))
    by_name = {hit.path.name: hit.relevance for hit in hits}
    assert by_name["rojo.png"] == pytest.approx(expected(1, 3**-0.5), abs=1e-3) == pytest.approx(0.2097, abs=1e-3)
    assert by_name["amarillo.png"] == pytest.approx(expected(2**-0.5, (2 / 3) ** 0.5), abs=1e-3)
    assert by_name["blanco.png"] == pytest.approx(expected(3**-0.5, 1), abs=1e-3)
    assert by_name["verde.png"] == pytest.approx(expected(0, 3**-0.5), abs=1e-3)


def test_without_a_judge_hits_carry_none_and_scores_are_the_same(index, fake, pool, tmp_path):
    plain = search(Query.of_text("rojo"), fake, index, 6, pool)
    judged = search(Query.of_text("rojo"), fake, index, 6, pool, judge=Relevance(tmp_path))
    assert {hit.relevance for hit in plain} == {None}
    assert [replace(hit, relevance=None, rough=False) for hit in judged] == plain


def test_the_trim_keeps_the_order_and_counts_anew():
    hits = [
        Hit(rank, score, Path(f"{rank}.jpg"), relevance)
        for rank, score, relevance in ((1, 0.5, 0.6), (2, 0.4, RELEVANT - 0.01), (3, 0.3, RELEVANT), (4, 0.2, None))
    ]
    kept = [(1, 0.5, Path("1.jpg")), (2, 0.3, Path("3.jpg")), (3, 0.2, Path("4.jpg"))]
    assert [(hit.rank, hit.score, hit.path) for hit in relevant(hits)] == kept


def test_a_picture_is_judged_by_the_scores_between_pictures(tmp_path, fake, pool):
    folder = tmp_path / "muchas"
    for number in range(12):
        paint(folder / f"verde{number:02}.png", (40 + number, 200, 60))
        paint(folder / f"azul{number:02}.png", (60, 40 + number, 220))
    paint(folder / "roja.png", (230, 20, 20))
    paint(folder / "rojiza.png", (225, 30, 22))
    index = ImageIndex(tmp_path / "store", folder, fake.space, fake.dim)
    update_index(folder, fake, index, pool=pool)
    hits = search(Query.of_image(folder / "roja.png"), fake, index, 26, pool, judge=Relevance(tmp_path))
    assert [hit.path.name for hit in hits[:2]] == ["roja.png", "rojiza.png"]
    vectors = np.stack([index.vector(file.path) for file in index.files()])
    pairs = np.sort((vectors @ vectors.T)[np.triu_indices(26, 1)])
    highest = pairs[-round(len(pairs) / 10) :].mean()
    wanted = [1 / (1 + math.exp(3.0 - 2.85 * (hit.score - pairs.mean()) / (highest - pairs.mean()))) for hit in hits]
    assert [hit.relevance for hit in hits] == pytest.approx(wanted, abs=1e-4)
    assert hits[1].relevance > 0.4 > RELEVANT > hits[2].relevance


def test_in_a_tiny_library_nothing_is_told_of_pictures_for_a_picture(index, library, fake, pool, tmp_path):
    assert index.count < FEWEST
    hits = search(Query.of_image(library / "rojo.png"), fake, index, 6, pool, judge=Relevance(tmp_path))
    assert [hit.relevance for hit in hits] == [None] * 6
    assert len(relevant(hits)) == 6


def test_vectors_of_rows_and_a_sample_cover_saved_and_new_rows(index):
    before = {file.path: index.vector(file.path) for file in index.files()}
    index.remove(["verde.png"])
    assert index.vectors([0, 2, 0]).shape == (3, 3)
    for row in range(6):
        name = index.path_of(row).relative_to(index.folder).as_posix()
        assert index.vectors([row])[0].tolist() == before[name].tolist()
    assert index.sample(100).tolist() == [before[file.path].tolist() for file in index.files()]
    assert index.sample(2).shape == (2, 3)


# -- The background is embedded once -------------------------------------------------------------------


class Counting(FakeEncoder):
    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.shift = np.float32(shift)

    def encode_texts(self, texts):
        self.asked.append(len(texts))
        return super().encode_texts(texts) + self.shift


def test_the_background_is_kept_in_memory_and_on_disk(tmp_path):
    count = len(read_queries())
    encoder, again = Counting(), Counting()
    judge = Relevance(tmp_path)
    bank = judge.prepare(encoder)
    assert judge.prepare(encoder) is bank
    assert encoder.asked == [2, count]  # the two that tell whether what is stored still holds
    assert np.array_equal(Relevance(tmp_path).prepare(again), bank)
    assert again.asked == [2]


def test_another_text_tower_of_the_same_space_is_noticed(tmp_path):
    Relevance(tmp_path).prepare(Counting())
    other = Counting(shift=0.25)
    assert Relevance(tmp_path).prepare(other)[1, 0] == pytest.approx(0.25)
    assert other.asked == [2, len(read_queries())]


@pytest.mark.parametrize("content", [b"", b"not an array", None])
def test_a_damaged_background_is_made_anew(tmp_path, content):
    good = Relevance(tmp_path).prepare(Counting())
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(content if content is not None else file.read_bytes()[:-100])
    encoder = Counting()
    assert np.array_equal(Relevance(tmp_path).prepare(encoder), good)
    assert encoder.asked == [2, len(good)]
    assert np.array_equal(np.load(file), good)


def test_a_home_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    assert Relevance(tmp_path / "file").prepare(Counting()).shape == (len(read_queries()), 3)


# -- Words instead of numbers --------------------------------------------------------------------------


def test_few_pictures_and_models_that_were_not_measured_are_told_in_words(fake, tmp_path):
    class Counting:
        def __init__(self, count):
            self.count = count

    judge, measured = Relevance(tmp_path), FakeEncoder()
    measured.is_calibrated = True
    told_in_words = [judge.is_rough(measured, Counting(count)) for count in (1, ENOUGH - 1, ENOUGH, 10_000)]
    assert told_in_words == [True, True, False, False]
    assert judge.is_rough(fake, Counting(10_000))
    assert (BuiltinEncoder.is_calibrated, Encoder.is_calibrated) == (True, False)


def test_hits_know_whether_they_are_told_in_words(index, fake, pool, tmp_path, monkeypatch):
    judge = Relevance(tmp_path)
    assert {hit.rough for hit in search(Query.of_text("rojo"), fake, index, 6, pool, judge=judge)} == {True}
    monkeypatch.setattr(judge, "is_rough", lambda encoder, index: False)
    assert {hit.rough for hit in search(Query.of_text("rojo"), fake, index, 6, pool, judge=judge)} == {False}
    assert {hit.rough for hit in search(Query.of_text("rojo"), fake, index, 6, pool)} == {False}  # nothing is told


@given(st.lists(st.floats(0, 1), min_size=2))
def test_words_never_contradict_the_order(relevances):
    order = list(LEVELS.values())
    levels = [order.index(relevance_level(value)) for value in sorted(relevances, reverse=True)]
    assert levels == sorted(levels)
    assert RELEVANT in LEVELS  # what "only relevant results" leaves out is all of one word


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ["muy probable", "probable", "quizá", "poco probable"]),
        ("en", ["very likely", "likely", "perhaps", "unlikely"]),
        ("pt", ["muito provável", "provável", "talvez", "pouco provável"]),
    ],
)
def test_the_words(language, words):
    text.set_language(language)
    assert [relevance_word(value) for value in (0.8, 0.5, 0.2, 0.19)] == words
    assert [relevance_word(value) for value in (1.0, 0.79, 0.49, 0.0)] == words


def test_cards_and_the_strip_tell_words():
    page = judged_page(0.874, 0.6, 0.3, 0.031)
    page = replace(page, hits=[replace(hit, rough=True) for hit in page.hits])
    seen = outline(page)
    assert seen.texts("span", "score")[:4] == ["Muy probable", "Probable", "Quizá", "Poco probable"]
    hints = [attrs["title"] for attrs, _ in seen.all("span") if "title" in attrs and attrs.get("class") == "score"]
    assert hints[0] == "Estimación aproximada de que sea lo que busca. Similitud 0,300 (coseno)"
    bars = [float(attrs["width"].rstrip("%")) for attrs, _ in seen.all("rect") if attrs.get("height") == "100%"]
    assert bars == [90.0, 65.0, 35.0, 10.0]
    assert [told(hit) for hit in page.hits[:2]] == ["0.jpg · muy probable", "1.jpg · probable"]


# -- The setting ---------------------------------------------------------------------------------------


def test_the_setting_is_off_by_default_and_then_all_hits_come(opened):
    assert Config().only_relevant is False
    answer = opened.ask(Query.of_text("rojo"), 6)
    assert len(answer.hits) == 6
    assert (answer.nearest, answer.left_out) == ([], 0)


def test_only_relevant_leaves_out_the_tail(opened, library):
    answer = opened.ask(Query.of_text("rojo"), 6, only_relevant=True)
    assert [hit.path for hit in answer.hits] == [library / "rojo.png"]
    assert (answer.nearest, answer.left_out) == ([], 5)
    opened.config = replace(opened.config, only_relevant=True)
    assert opened.ask(Query.of_text("rojo"), 6).hits == answer.hits
    assert len(opened.ask(Query.of_text("rojo"), 6, only_relevant=False).hits) == 6


def test_when_nothing_is_relevant_the_nearest_are_told_apart(engine, opened, tmp_path):
    answer = opened.ask(Query.of_text("nada"), 6, only_relevant=True)  # scores 0 with everything
    assert answer.hits == []
    assert len(answer.nearest) == NEAREST == 3
    assert answer.left_out == 6
    page = engine.write_page(answer, tmp_path / "page.html").read_text(encoding="utf-8")
    seen = Outline(page)
    assert seen.texts("h2")[:2] == [
        "Parece que ninguna de sus fotos muestra lo que busca",
        "Lo más parecido; probablemente no es lo que busca",
    ]
    assert seen.texts("p", "summary")[0].startswith("0 resultados entre 6 imágenes")
    # Three at once, the other three behind the link at the end.
    assert seen.texts("span", "rank") == [f"Puesto {rank}" for rank in range(1, 7)]
    assert ["less" in attrs["class"].split() for attrs, _ in seen.all("li") if "hit" in attrs.get("class", "")] == (
        [False] * 3 + [True] * 3
    )
    assert seen.texts("p", "show-less") == ["3 imágenes menos relevantes"]
    assert [attrs["src"][:15] for attrs, _ in seen.all("img")] == ["data:image/jpeg"] * 6


def test_what_is_not_there_is_said_without_a_setting(engine, opened, tmp_path):
    answer = opened.ask(Query.of_text("nada"), 6)
    assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4, 5, 6]  # for scripts, all that were asked for
    assert (answer.nearest, answer.rest) == (answer.hits[:3], answer.hits[3:])
    assert (answer.first, answer.shown, answer.left_out) == (answer.nearest, answer.hits, 0)
    page = Outline(engine.write_page(answer, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.texts("h2")[0] == "Parece que ninguna de sus fotos muestra lo que busca"
    assert page.texts("p", "show-less") == ["3 imágenes menos relevantes"]


def test_the_first_hit_alone_decides_whether_it_is_there(opened):
    there = opened.ask(Query.of_text("rojo"), 6)
    assert there.hits[0].relevance >= ABSENT > there.hits[-1].relevance
    assert (there.nearest, there.rest, there.first) == ([], [], there.hits)
    assert not is_absent([Hit(1, 0.1, Path("a.jpg"), 0.01, named=("nada",))])  # it is called so
    assert not is_absent([Hit(1, 0.1, Path("a.jpg"))])  # nothing tells
    assert not is_absent([])
    assert is_absent([Hit(1, 0.1, Path("a.jpg"), ABSENT - 0.01)])


def test_what_the_trim_leaves_out_follows_the_hits(opened):
    answer = opened.ask(Query.of_text("rojo"), 6, only_relevant=True)
    assert [hit.rank for hit in answer.shown] == [1, 2, 3, 4, 5, 6]
    assert len(answer.rest) == answer.left_out == 5


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_line(monkeypatch, capsys, home, library):
    replace_encoders(monkeypatch)
    run(capsys, "index", library)
    _, out, _ = run(capsys, "search", library, "--text", "rojo", "--json")
    hits = json.loads(out)
    assert len(hits) == 6
    assert hits[0]["relevance"] == pytest.approx(expected(1, 3**-0.5), abs=1e-3)
    _, out, _ = run(capsys, "search", library, "--text", "rojo", "--only-relevant")
    assert out == f"   1  1,000  quizá          {library / 'rojo.png'}\n"
    assert [(hit["relevance_word"], hit["relevance_is_rough"]) for hit in hits] == [
        ("quizá", True),
        *[("poco probable", True)] * 5,
    ]
    code, out, err = run(capsys, "search", library, "--text", "nada", "--only-relevant", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert err.startswith("Ninguna imagen parece responder a esta búsqueda")
    (home / "image_search_config.json").write_text('{"only_relevant": true}')
    assert len(json.loads(run(capsys, "search", library, "--text", "rojo", "--json")[1])) == 1


# -- The page ------------------------------------------------------------------------------------------


def judged_page(*relevances: float, **values):
    page = page_of(*(f"{place}.jpg" for place in range(len(relevances))))
    hits = [replace(hit, relevance=value) for hit, value in zip(page.hits, relevances, strict=True)]
    return replace(page, hits=hits, **values)


def test_cards_tell_the_relevance_and_keep_the_score_as_a_tooltip():
    seen = outline(judged_page(0.874, 0.031))
    assert seen.texts("span", "score")[:2] == ["Relevancia 87 %", "Relevancia 3 %"]
    assert [attrs["title"] for attrs, _ in seen.all("span") if attrs.get("class") == "score" and "title" in attrs] == [
        "Probabilidad estimada de que sea lo que busca. Similitud 0,300 (coseno)",
        "Probabilidad estimada de que sea lo que busca. Similitud 0,290 (coseno)",
    ]
    bars = [attrs["width"] for attrs, _ in seen.all("rect") if attrs.get("height") == "100%"]
    assert bars == ["87.4%", "3.1%"]
    text.set_language("en")
    assert outline(judged_page(0.874)).texts("span", "score")[0] == "Relevance 87%"


def test_the_page_tells_how_many_were_left_out():
    assert outline(judged_page(0.9, left_out=13)).texts("p", "left-out") == [
        "13 imágenes menos relevantes no se muestran («Solo resultados relevantes»)"
    ]
    assert outline(judged_page(0.9, left_out=1)).texts("p", "left-out") == [
        "1 imagen menos relevante no se muestra («Solo resultados relevantes»)"
    ]
    assert "left-out" not in render(judged_page(0.9)).split("<body>")[1]


def test_the_nearest_for_an_example_picture():
    nearest = [Hit(1, 0.3, LIBRARY / "a.jpg", 0.1)]
    page = replace(page_of(), hits=[], nearest=nearest, query=Query.of_image(LIBRARY / "x.jpg"))
    html = render(page)
    assert "Pruebe con otra imagen de ejemplo." in html
    assert outline(page).texts("span", "score")[0] == "Relevancia 10 %"


# -- The embedded model on real photos -----------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory, pool, embedded):
    """Photographs that come with scikit-image and scikit-learn, indexed with the embedded model."""
    folder = tmp_path_factory.mktemp("fotos")
    for name in ("chelsea", "rocket", "coffee", "astronaut", "china", "flower"):
        sample_image(name).save(folder / f"{name}.png")
    index = ImageIndex(tmp_path_factory.mktemp("store"), folder, embedded.space, embedded.dim)
    update_index(folder, embedded, index, pool=pool)
    judge = Relevance(tmp_path_factory.mktemp("background"))

    def ask(words: str) -> list[tuple[str, float]]:
        hits = search(Query.of_text(words), embedded, index, 6, pool, judge=judge)
        return [(hit.path.stem, hit.relevance) for hit in hits]

    return ask


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("gato", "chelsea"),
        ("cat", "chelsea"),
        ("una taza de café", "coffee"),
        ("flower", "flower"),
        ("templo", "china"),
    ],
)
def test_the_right_photo_is_relevant_and_the_others_hardly(real, words, name):
    hits = real(words)
    assert hits[0][0] == name
    assert hits[0][1] >= (0.4 if name == "china" else 0.9)
    assert all(relevance < RELEVANT for _, relevance in hits[1:])


@pytest.mark.parametrize("words", ["jirafa", "piano", "esquiadores en la nieve", "submarino", "gas bill", "zebras"])
def test_for_an_off_topic_query_nothing_is_relevant(real, words):
    assert max(relevance for _, relevance in real(words)) < RELEVANT
