"""``details.sqlite``, whatever is in it: a bad row is read anew, another schema is taken over, nothing is an error."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semantik.decoding.decoded import Description
from semantik.folders import folder_database
from semantik.folders.details_rows import COLUMNS, changed_at, checked, row_of
from semantik.folders.details_schema import VERSION
from semantik.folders.details_store import DetailsStore
from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Filters, Shape
from semantik.records import DateSource, Details, ImageFile
from semantik.search.query_syntax import parse
from semantik.storage.json_files import take_spoiled
from semantik.storage.regular_files import changed_ns
from tests.support.libraries import paint, together

FILE = ImageFile("viaje/a\udce9.jpg", 10, 10**18)
OTHER = ImageFile("b.jpg", 11, 10**18)
MOMENT = datetime(2015, 8, 22, 10, 8, 19)
TOLD = Description(40, 30, MOMENT, "Nikon", DateSource.XMP, (40.5, -3.7))
KNOWN = Details(40, 30, MOMENT, dated=True, camera="Nikon")
ALL = Filters(since=datetime(1, 1, 1).date(), min_side=1, shape=Shape.LANDSCAPE)
OLD = (
    "CREATE TABLE pictures (path, size, mtime_ns, width, height, date, dated, camera, PRIMARY KEY (path)) WITHOUT ROWID"
)

CELLS = st.one_of(
    *(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=8), st.binary(max_size=8)),
    st.sampled_from(
        [
            *(
                "0001-01-01T00:00:00",
                "9999-12-31T23:59:59",
                "2015-08-22",
                "2015-08-22T10:08:19+02:00",
                "nan",
                "a" * 100_000,
            )
        ]
    ),
    *(st.sampled_from([float("inf"), 2**62, -1, 0, 1, 2, "", "a\0b", "exif", b"b.jpg", "b.jpg"]),),
)


def edit(path: Path, statement: str, values: tuple[Any, ...] = ()) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(statement, values)


def filled(path: Path) -> DetailsStore:
    path.unlink(missing_ok=True)
    store = DetailsStore(path)
    store.add(FILE, TOLD)
    store.add(OTHER, TOLD)
    store.flush()
    return store


def use(store: DetailsStore) -> None:
    """Everything that a search, an update and the window do with it."""
    files = [FILE, OTHER]
    known = store.of(files)
    missing = store.missing(files)
    assert missing == [file for file, details in zip(files, known, strict=True) if details is None]
    assert all(file.size >= 0 or file not in files for file in store.matching(ALL))
    assert store.missing(files, renew=True)[: len(missing)] == missing or set(missing) <= set(
        store.missing(files, renew=True)
    )
    store.other_sidecars(files, {FILE.path: "1 1 a.xmp"})
    store.note_sidecars({FILE: ("1 1 a.xmp", "2014-08-22T10:08:19")})
    store.follow([(FILE.path, OTHER)], [(OTHER.path, FILE)])
    store.keep({file.path for file in files})
    for file in files:
        store.add(file, TOLD)
    assert store.of(files) == [KNOWN, KNOWN]
    assert store.missing(files, renew=True) == []


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk: the same file is written some hundred times."""
    connect = sqlite3.connect

    def quick(*arguments: Any, **options: Any) -> sqlite3.Connection:
        base = connect(*arguments, **options)
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA journal_mode = MEMORY")
        return base

    monkeypatch.setattr(sqlite3, "connect", quick)


@given(st.dictionaries(st.sampled_from(COLUMNS), CELLS, min_size=1), st.booleans())
@example({"path": b"\x80"}, True)
@example({"camera": b"\x80"}, True)
@example({"path": "b.jpg"}, False)
@settings(max_examples=40)
@pytest.mark.usefixtures("unsynced")
def test_any_value_in_any_cell(tmp_path: Path, cells: dict[str, Any], text_of_bytes: bool) -> None:
    store = filled(tmp_path / "details.sqlite")
    for column, value in cells.items():
        marks = "CAST(? AS TEXT)" if text_of_bytes and isinstance(value, bytes) else "?"  # no UTF-8, as a text
        if column == "path" and value is None:
            continue
        edit(store.path, f"UPDATE OR IGNORE pictures SET {column} = {marks} WHERE camera IS NOT 1", (value,))
    use(store)
    assert not take_spoiled()


@given(st.tuples(*(CELLS for _ in COLUMNS)))
def test_checked_rows_can_be_told(cells: tuple[Any, ...]) -> None:
    row = checked((b"a.jpg", 1, 1, 4, 3, "2015-08-22T10:08:19", 1, "", *cells[8:]))
    assert row is None or row.details.date == MOMENT
    assert checked(cells) is None or checked(cells).details.width >= 0


def test_a_bad_row_is_read_anew(tmp_path: Path) -> None:
    store = filled(tmp_path / "details.sqlite")
    edit(store.path, "UPDATE pictures SET date = 7 WHERE size = 10")
    assert store.of([FILE, OTHER]) == [None, KNOWN]
    assert store.missing([FILE, OTHER]) == [FILE]
    assert [file.path for file in store.matching(ALL)] == [OTHER.path]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE pictures (path, size)",
        "CREATE TABLE pictures (size, path PRIMARY KEY, camera, date, dated, more)",
        "CREATE TABLE pictures (x)",
        f"CREATE TABLE pictures ({', '.join(COLUMNS)})",  # no key
        f"CREATE TABLE pictures ({', '.join(reversed(COLUMNS))}, PRIMARY KEY (path))",
        "CREATE TABLE other (x)",
        "CREATE TABLE renewed (x)",
        "CREATE TABLE pictures (path PRIMARY KEY); CREATE INDEX x ON pictures (path)",
        "CREATE VIEW pictures AS SELECT 1 AS path",
        "CREATE TABLE a (x); CREATE INDEX pictures ON a (x)",
        "PRAGMA user_version = -3",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 7",
    ],
)
def test_other_schemas_are_taken_over(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "details.sqlite"
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(schema)
    use(DetailsStore(path))
    assert DetailsStore(path).of([FILE]) == [KNOWN]
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_an_older_program_s_rows_answer_until_they_are_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "details.sqlite"
    edit(path, OLD)
    changed = changed_at(OTHER)
    for file, date, dated in ((FILE, MOMENT, 1), (OTHER, changed, 0)):
        row = (os.fsencode(file.path), file.size, file.mtime_ns, 40, 30, date.isoformat(), dated, "Nikon")
        edit(path, "INSERT INTO pictures VALUES (?,?,?,?,?,?,?,?)", row)
    store = DetailsStore(path)
    known = store.of([FILE, OTHER])
    assert known == [KNOWN, Details(40, 30, changed, camera="Nikon")]
    assert [told.source for told in known if told] == [DateSource.EXIF, DateSource.FILE]
    assert store.missing([FILE, OTHER]) == []
    assert store.missing([FILE, OTHER], renew=True) == [FILE, OTHER]
    store.follow([(OTHER.path, ImageFile("IMG-20190704-WA0001.jpg", 11, 2 * 10**18))], [])
    (moved,) = store.of([ImageFile("IMG-20190704-WA0001.jpg", 11, 2 * 10**18)])
    assert moved and moved.date == changed_at(ImageFile("", 0, 2 * 10**18))
    store.add(FILE, TOLD)
    assert store.missing([FILE], renew=True) == []


def test_a_newer_program_s_details_are_left_alone(tmp_path: Path) -> None:
    store = filled(tmp_path / "details.sqlite")
    edit(store.path, f"PRAGMA user_version = {VERSION + 1}")
    before = store.path.read_bytes()
    use(DetailsStore(store.path))
    assert store.path.read_bytes() == before
    assert not take_spoiled()


@pytest.mark.parametrize("damage", [b"", b"x" * 3000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_damaged_files_are_kept_aside(tmp_path: Path, damage: bytes) -> None:
    store = filled(tmp_path / "details.sqlite")
    store.path.write_bytes(damage)
    use(store)
    assert [spoiled.file for spoiled in take_spoiled()] == ([store.path] if damage else [])


def test_a_damaged_page(tmp_path: Path) -> None:
    store = filled(tmp_path / "details.sqlite")
    data = store.path.read_bytes()
    for start in range(0, len(data), 512):
        store.path.write_bytes(data[:start] + b"\xa5" * 512 + data[start + 512 :])
        use(DetailsStore(store.path))
    take_spoiled()


def test_a_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_database, "_WAIT", 0.01)
    store = filled(tmp_path / "details.sqlite")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        use(store)
        other.execute("ROLLBACK")
    assert not take_spoiled()
    assert DetailsStore(store.path).of([FILE]) == [KNOWN]


# -- Where a date comes from ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "taken", "noted", "told"),
    [
        ("IMG-20190704-WA0007.jpg", MOMENT, "2011-08-22T10:08:19", (MOMENT, True, DateSource.XMP)),
        ("IMG-20190704-WA0007.jpg", None, "2011-08-22T10:08:19", (MOMENT.replace(2011), True, DateSource.SIDECAR)),
        ("IMG-20190704-WA0007.jpg", None, None, (datetime(2019, 7, 4), False, DateSource.NAME)),
        ("IMG-20190704-WA0007.jpg", datetime(1980, 1, 1), None, (datetime(2019, 7, 4), False, DateSource.NAME)),
        ("a.jpg", datetime(1980, 1, 1), "2011-08-22T10:08:19", (MOMENT.replace(2011), True, DateSource.SIDECAR)),
        ("a.jpg", datetime(1980, 1, 1), None, (datetime(1980, 1, 1), False, DateSource.XMP)),
        ("20190704/a.jpg", None, None, (changed_at(FILE), False, DateSource.FILE)),
    ],
)
def test_what_is_believed(
    tmp_path: Path, path: str, taken: Any, noted: Any, told: tuple[datetime, bool, DateSource]
) -> None:
    store, file = DetailsStore(tmp_path / "details.sqlite"), ImageFile(path, 1, FILE.mtime_ns)
    store.add(file, Description(4, 3, taken, source=DateSource.XMP if taken else None))
    store.note_sidecars({file: ("1 1 a.xmp", noted)})
    (details,) = store.of([file])
    assert details and (details.date, details.dated, details.source) == told
    # under another name, what lay beside it is not known any more
    moved = ImageFile("b.jpg", 1, FILE.mtime_ns)
    store.follow([(path, moved)], [])
    (details,) = store.of([moved])
    assert details and details.date == (taken or changed_at(FILE))


@given(st.integers(), st.integers(), st.builds(Description, st.integers(), st.integers(), st.datetimes(), st.text()))
def test_every_row_that_is_made_is_good(size: int, mtime_ns: int, told: Description) -> None:
    row = row_of(ImageFile("a.jpg", size, mtime_ns), told)
    assert checked(row) == row


def test_places_that_there_are_not() -> None:
    for place in ((float("nan"), 0.0), (91.0, 0.0), (0.0, float("inf"))):
        assert row_of(FILE, Description(4, 3, place=place)).place is None
    assert row_of(FILE, TOLD).place == (40.5, -3.7)


# -- Clocks --------------------------------------------------------------------------------------------


def test_times_of_files_stay_within_64_bits() -> None:
    times = [0, -1, 10**18, 2**40 * 10**9, -11_644_473_600 * 10**9, 910_692_730_085 * 10**9]
    told = [changed_ns(SimpleNamespace(st_mtime_ns=time)) for time in times]  # type: ignore[arg-type]
    assert told == [0, -1, 10**18, 2**63 - 1, -(2**63), 2**63 - 1]


def test_files_of_any_date_are_indexed_and_found(home, library, fake, pool) -> None:
    far = [2**40, -(2**40), 4_102_444_800, -315_619_200, 253_402_300_799 + 86_400 * 365, -11_644_473_600]
    for number, seconds in enumerate(far):
        path = paint(library / f"lejos{number}.png", (255, 0, number))
        try:
            os.utime(path, (seconds, seconds))
        except OSError:  # not on this file system
            continue
    opened = IndexedFolder(home, library, fake, pool)
    report = opened.update()
    assert (report.count, report.problems) == (12, ())
    assert opened.update().added == 0
    hits = together(opened).search(parse("rojo orden:recientes"), 12)
    assert len(hits) == 12 and all(hit.details for hit in hits)
    edit(opened.details.store.path, "UPDATE pictures SET width = 'x', date = 3, camera = x'ff'")
    hits = together(opened).search(parse("rojo lado:10 desde:0001"), 12)
    assert len(hits) == 12 and all(hit.details.width for hit in hits)
