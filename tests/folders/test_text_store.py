"""``texts.sqlite``: which words find which pictures, and that nothing about the file is an error."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semantik.folders import text_schema, text_store
from semantik.folders.text_finding import TextMatch
from semantik.folders.text_schema import VERSION, read, written
from semantik.folders.text_store import TextStore
from semantik.folders.text_words import AskedWord, Likeness, asked_words, is_near, likeness
from semantik.records import ImageFile, TextLine
from semantik.storage.json_files import take_spoiled

SIGN = ImageFile("calle/a\udce9.jpg", 10, 10**18)
SHOP = ImageFile("b.jpg", 11, 10**18)
PLATE = ImageFile("c.jpg", 12, 10**18)


def line(text: str, top: float = 10.0) -> TextLine:
    return TextLine(text, (5.0, top, 40.0, 8.0), 0.97)


LINES = {
    SIGN: [line("FARMACIA PÉREZ"), line("Abierto 24 horas", 30.0)],
    SHOP: [line("DAKLEY"), line("Gafas de sol", 30.0)],
    PLATE: [line("1234 BCD"), line("TEL. 612 34 56 78", 30.0)],
}


def filled(path: Path) -> TextStore:
    path.unlink(missing_ok=True)
    store = TextStore(path)
    for file, lines in LINES.items():
        store.add(file, lines)
    store.flush()
    return store


def matches(store: TextStore, asked: Sequence[AskedWord]) -> dict[str, TextMatch]:
    """What stands where, for all pictures that the store knows."""
    told = store.find(asked)
    if not len(told):
        return {}
    rows = store._file.run(lambda base: base.execute("SELECT path, size, mtime_ns FROM pictures").fetchall())
    files = [ImageFile(os.fsdecode(path), size, mtime_ns) for path, size, mtime_ns in rows]
    return {match.path: match for match in store.matches(told, files)}


def found(store: TextStore, text: str) -> dict[str, list[Likeness]]:
    """The pictures in which all that ``text`` asks for stands, and how."""
    asked = asked_words(text)
    return {
        path: [match.words[word] for word in asked]
        for path, match in matches(store, asked).items()
        if len(match.words) == len(asked)
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TextStore:
    return filled(tmp_path_factory.mktemp("texts") / "texts.sqlite")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("farmacia", {SIGN.path: [Likeness.WHOLE]}),
        ("Farmácia perez", {SIGN.path: [Likeness.WHOLE, Likeness.WHOLE]}),
        ("farm", {SIGN.path: [Likeness.BEGINS]}),
        ("macia", {SIGN.path: [Likeness.WITHIN]}),
        ("farmazia", {SIGN.path: [Likeness.NEARLY]}),
        ("oakley", {SHOP.path: [Likeness.NEARLY]}),
        ("dakle", {SHOP.path: [Likeness.BEGINS]}),
        ("gafas perez", {}),
        ("sola", {}),  # of four letters none may be wrong
        ("de", {SHOP.path: [Likeness.WHOLE]}),
        ("ga", {}),  # nor are two looked for within words
        *((plate, {PLATE.path: [Likeness.WHOLE]}) for plate in ("1234 BCD", "1234-bcd", "1234bcd", "1234 · bcd")),
        *((number, {PLATE.path: [Likeness.WHOLE]}) for number in ("612 34 56 78", "1234", "bcd")),
        ("612345678", {PLATE.path: [Likeness.WITHIN]}),  # "TEL" is in capitals before it
        ("1235 bcd", {}),  # another number is another car
        ("1235bcd", {}),
        ("24", {SIGN.path: [Likeness.WHOLE]}),
        ("", {}),
    ],
)
def test_words_find_pictures(store: TextStore, text: str, expected: dict[str, list[Likeness]]) -> None:
    assert found(store, text) == expected


def test_a_plate_on_two_lines_or_written_as_one(tmp_path: Path) -> None:
    store = TextStore(tmp_path / "texts.sqlite")
    store.add(SIGN, [line("1234"), line("BCD", 30.0)])
    store.add(SHOP, [line("1234BCD")])
    store.add(PLATE, [line("M-1234-AB")])
    expected = {SIGN.path: [Likeness.WHOLE], SHOP.path: [Likeness.WHOLE]}
    assert found(store, "1234 BCD") == found(store, "1234bcd") == expected
    assert found(store, "m 1234 ab") == found(store, "M1234AB") == {PLATE.path: [Likeness.WHOLE]}


def test_a_frequent_word_is_no_misreading(tmp_path: Path) -> None:
    store = TextStore(tmp_path / "texts.sqlite")
    for number in range(4):
        store.add(ImageFile(f"{number}.jpg", 1, 1), [line("PLAZA MAYOR")])
    assert found(store, "playa") == {}
    store.add(SHOP, [line("Playa")])
    assert found(store, "playa") == {SHOP.path: [Likeness.WHOLE]}
    assert len(found(store, "plaza")) == 5  # a rarer one may be


def test_the_lines_that_matched(store: TextStore) -> None:
    some = [*matches(store, asked_words("1234-BCD perez oakley sol")).values()]
    told = dict(zip((match.file for match in some), store.lines(some), strict=True))
    assert told == {SIGN: (LINES[SIGN][0],), SHOP: tuple(LINES[SHOP]), PLATE: (LINES[PLATE][0],)}
    assert store.lines([]) == []


def test_of_another_version_of_a_file_nothing_is_known(tmp_path: Path) -> None:
    store = filled(tmp_path / "texts.sqlite")
    newer = ImageFile(SIGN.path, SIGN.size, SIGN.mtime_ns + 1)
    assert store.missing([newer, SHOP]) == [newer]
    assert found(store, "farmacia") == {}
    store.add(newer, [])
    assert store.missing([newer, SHOP, PLATE]) == []
    assert TextStore(store.path).missing([newer, SHOP, PLATE]) == []


def test_texts_follow_their_pictures(tmp_path: Path) -> None:
    store = filled(tmp_path / "texts.sqlite")
    before = store.changes
    moved, swapped = ImageFile(SHOP.path, SIGN.size, 7), ImageFile(SIGN.path, SHOP.size, 8)
    copy = ImageFile("copia.jpg", PLATE.size, 9)
    store.follow([(SIGN.path, moved), (SHOP.path, swapped), ("nowhere.jpg", copy)], [(PLATE.path, copy)])
    assert store.changes > before
    assert store.missing([moved, swapped, copy, PLATE]) == []
    assert [*found(store, "farmacia")] == [moved.path]
    assert [*found(store, "oakley")] == [swapped.path]
    assert sorted(found(store, "1234bcd")) == [PLATE.path, copy.path]
    other = ImageFile("d.jpg", moved.size + 1, 7)  # what had been read was of a former version
    store.follow([(moved.path, other)], [])
    assert store.missing([other]) == [other]
    assert found(store, "farmacia") == {}


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    store = filled(tmp_path / "texts.sqlite")
    before = store.changes
    store.keep({SIGN.path, SHOP.path, PLATE.path})
    assert store.changes == before
    store.keep({SHOP.path})
    assert store.changes == before + 1
    assert found(store, "farmacia") == found(store, "1234") == {}
    with closing(sqlite3.connect(store.path)) as base:
        assert sorted(word for (word,) in base.execute("SELECT word FROM vocabulary")) == [
            "dakley",
            "de",
            "gafas",
            "sol",
        ]
        assert base.execute("SELECT count(*) FROM words WHERE words MATCH 'farmacia'").fetchone() == (0,)
    assert b"FARMACIA" not in store.path.read_bytes()


HOSTILE = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from(
            [
                '"',
                "'",
                "*",
                "^",
                "-",
                ":",
                "(",
                ")",
                "{",
                "NEAR(a b)",
                "AND",
                "OR",
                "NOT",
                "line:",
                "farmacia",
                "\0",
                "1",
                "½",
                "ﬁ",
                "\ud800",
                ";",
            ]
        ),
        max_size=8,
    ).map("".join),
)


@given(HOSTILE)
@settings(max_examples=40)
@example("NEAR(farmacia perez)")
@example('"farmacia" OR "dakley')
@example("٣٤ ꧑ 𞤀𞤁 ᲐᲑ 漢字")
def test_no_words_are_syntax(store: TextStore, text: str) -> None:
    assert store.find(asked_words(text)).how.any(axis=1).all()
    assert store._file._memory is None  # an error of SQLite would have it so


@given(HOSTILE)
@settings(max_examples=30)
def test_what_stands_in_a_picture_is_found_there(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    store = TextStore(tmp_path_factory.getbasetemp() / "hostile.sqlite")
    store.add(SIGN, [line(text)])
    assert store.missing([SIGN]) == []
    for asked in asked_words(text):
        if len(asked.word) <= 40:
            assert matches(store, [asked])[SIGN.path].words == {asked: Likeness.WHOLE}
    assert store._file._memory is None


WORDS = st.text("ab", min_size=2, max_size=7)


@given(st.lists(st.lists(WORDS, max_size=4), max_size=9), st.lists(WORDS, min_size=1, max_size=2, unique=True))
@settings(max_examples=20)
@example([["abababa"], ["abbbaba"], ["babab"]], ["ababa"])
def test_as_a_look_at_every_word_finds(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], words: list[str]
) -> None:
    store = TextStore(tmp_path_factory.getbasetemp() / "scanned.sqlite")
    store.keep(set())
    for number, text in enumerate(texts):
        store.add(ImageFile(f"{number}.jpg", 1, 1), [line(" ".join(text))])
    asked = asked_words(" ".join(words))
    expected: dict[str, dict[AskedWord, Likeness]] = {}
    for word in asked:
        rare = max(3, sum(word.word in text for text in texts))
        for number, text in enumerate(texts):
            told = [how for other in text if (how := likeness(word.word, other))]
            near = any(
                likeness(word.word, other) is Likeness.NEARLY and sum(other in each for each in texts) <= rare
                for other in text
            )
            if [how for how in told if how is not Likeness.NEARLY] or near:
                expected.setdefault(f"{number}.jpg", {})[word] = max(told)
    assert {path: match.words for path, match in matches(store, asked).items()} == expected


def test_many_small_writes_are_made_one(tmp_path: Path) -> None:
    store = TextStore(tmp_path / "texts.sqlite")
    for number in range(8):
        store.add(ImageFile(f"{number}.jpg", 1, 1), [line(f"PLAZA {number}")])
        store.flush()
    store._file.run(lambda base: base.execute("INSERT INTO words (words, rank) VALUES ('automerge', 0)"))
    for number in range(8, 12):
        store.add(ImageFile(f"{number}.jpg", 1, 1), [line(f"PLAZA {number}")])
        store.flush()

    def pieces() -> int:
        count = store._file.run(lambda base: base.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone())
        return int(count[0])

    assert pieces() > 3
    changes = store.changes
    store.settle()
    assert pieces() == 1
    assert store.changes == changes
    assert len(found(store, "plaza")) == 12
    assert [*found(store, "plaza 11")] == ["11.jpg"]


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_near_is_one_letter(one: str, other: str) -> None:
    def once(word: str) -> set[str]:
        cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
        fewer = {a + b[1:] for a, b in cuts if b}
        changed = {a + letter + b[1:] for a, b in cuts if b for letter in "ab"}
        return {word} | fewer | changed | {a + letter + b for a, b in cuts for letter in "ab"}

    assert is_near(one, other) == (other in once(one))


# -- The file ----------------------------------------------------------------------------------------------


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        for statement in statements:
            base.execute(statement)


@pytest.mark.parametrize(
    "value",
    [
        "NULL",
        "7",
        "x'ff'",
        "CAST(x'80' AS TEXT)",
        "'['",
        "'{}'",
        "'[1]'",
        "'[[1,2,3,4,5,6]]'",
        "'[[\"a\",1,2,3,4,NaN]]'",
    ],
)
def test_a_bad_row_is_read_anew(tmp_path: Path, value: str) -> None:
    store = filled(tmp_path / "texts.sqlite")
    edit(store.path, f"UPDATE lines SET lines = {value} WHERE lines LIKE '%FARMACIA%'")
    some = [*matches(store, asked_words("farmacia")).values()]
    assert store.lines(some) == [()] * len(some)
    assert store.missing([SIGN, SHOP, PLATE]) == [SIGN]
    store.follow([(SIGN.path, SIGN)], [(SIGN.path, SHOP)])
    store.add(SIGN, LINES[SIGN])
    assert [*found(store, "farmacia")] == [SIGN.path]
    assert not take_spoiled()


@pytest.mark.parametrize(
    "statements",
    [
        [f"PRAGMA user_version = {VERSION - 1}"],
        ["DROP TABLE words"],
        ["DROP TABLE counts"],
        ["DROP TABLE vocabulary"],
        ["CREATE TABLE parts (a)", f"PRAGMA user_version = {VERSION - 1}"],
        [
            f"PRAGMA user_version = {VERSION - 1}",
            "CREATE VIRTUAL TABLE parts USING fts5(word, content='vocabulary', content_rowid='id', tokenize='trigram')",
        ],
        ["PRAGMA user_version = 0", "DELETE FROM words"],
    ],
)
def test_tables_are_made_again_from_the_lines(tmp_path: Path, statements: list[str]) -> None:
    store = filled(tmp_path / "texts.sqlite")
    edit(store.path, *statements)
    again = TextStore(store.path)
    assert again.missing([*LINES]) == []
    assert [*found(again, "farmazia")] == [SIGN.path]
    assert not take_spoiled()


@pytest.mark.parametrize("damage", [b"no database" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "texts.sqlite").write_bytes(damage)
    store = TextStore(tmp_path / "texts.sqlite")
    assert store.missing([SIGN]) == [SIGN]
    store.add(SIGN, LINES[SIGN])
    assert [*found(TextStore(store.path), "farmacia")] == []
    store.flush()
    assert [*found(TextStore(store.path), "farmacia")] == [SIGN.path]
    assert len(take_spoiled()) == 1


def test_a_newer_program_s_file_is_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path / "texts.sqlite").path
    edit(path, f"PRAGMA user_version = {VERSION + 1}")
    whole = path.read_bytes()
    store = TextStore(path)
    assert store.missing([SIGN]) == [SIGN]
    store.add(SIGN, LINES[SIGN])
    assert [*found(store, "farmacia")] == [SIGN.path]
    assert path.read_bytes() == whole


def test_where_nothing_can_be_written_all_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = TextStore(tmp_path / "file" / "texts.sqlite")
    store.add(SIGN, LINES[SIGN])
    assert [*found(store, "farmacia")] == [SIGN.path]
    store.keep(set())
    assert store.missing([SIGN]) == [SIGN]


def test_without_full_text_search_nothing_is_wanted_or_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(text_store, "has_full_text_search", lambda: False)
    store = TextStore(tmp_path / "texts.sqlite")
    assert "no full-text search" in caplog.text
    store.add(SIGN, LINES[SIGN])
    store.flush()
    store.follow([(SIGN.path, SHOP)], [])
    store.keep(set())
    assert (store.missing([SIGN]), found(store, "farmacia"), store.lines([])) == ([], {}, [])
    assert not [*tmp_path.iterdir()]


def test_what_sqlite_lacks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_schema.has_full_text_search()
    monkeypatch.setattr(text_schema, "_TABLES", {"words": "CREATE VIRTUAL TABLE words USING fts9(line)"})
    assert not text_schema.has_full_text_search.__wrapped__()


NUMBERS: Any = st.one_of(st.floats(), st.floats(0, 100))


@given(
    st.lists(
        st.builds(TextLine, st.text(max_size=9), st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), NUMBERS), max_size=4
    )
)
@settings(max_examples=40)
def test_whatever_is_written_can_be_read(lines: list[TextLine]) -> None:
    told = read(written(lines))
    assert told is not None
    assert len(told) <= len(lines)
    assert read(written(told)) == told
