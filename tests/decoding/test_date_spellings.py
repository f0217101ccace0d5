"""Dates as files have them: every spelling that is read for sure, and nothing made of what is no date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semantik.decoding.date_spellings import from_epoch, from_utc, is_doubtful, parse_moment

MOMENT = datetime(2015, 8, 22, 10, 8, 19)
DAY = datetime(2015, 8, 22)
LOCAL = MOMENT.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015:08:22 24:08:19", MOMENT.replace(hour=0)),  # as Android's "kk" writes the first hour of that day
        ("2015:08:22 10:08:19+0200", MOMENT),
        ("2015:08:22 10:08:19.123456 -05:00", MOMENT),
        ("2015:08:22 10:08", MOMENT.replace(second=0)),
        ("2015:08:22", DAY),
        ("2015: 8:22 10: 8:19", MOMENT),
        ("2015:8:22 9:08:19", MOMENT.replace(hour=9)),
        ("2015:08:22 10:08:19 PM", MOMENT.replace(hour=22)),
        ("2015:08:22 12:08:19 a.m.", MOMENT.replace(hour=0)),
        ("2015:08:22 10:08:60", MOMENT.replace(second=59)),
        ("2015:08:22   :  :  ", DAY),
        ("2015:08:22 99:99:99", DAY),
        ("\ufeff 2015:08:22 10:08:19\0\0", MOMENT),
        ('"2015:08:22 10:08:19"', MOMENT),
        ("?2015:08:22 10:08:19", MOMENT),
        ("ï»¿2015:08:22 10:08:19", MOMENT),
        ("1440238099000 ", LOCAL),
        ("2015-08-22T10:08:19Z", MOMENT),
        ("20150822T100819", MOMENT),
        ("20150822 100819+0200", MOMENT),
        ("20150822100819", MOMENT),
        ("20150822", DAY),
        ("2015.08.22 10.08.19", MOMENT),
        ("Sat Aug 22 10:08:19 2015", MOMENT),
        ("Sat Aug 22 10:08:19 CEST 2015", MOMENT),
        ("Sat, 22 Aug 2015 10:08:19 GMT", MOMENT),
        ("22-AUG-2015", DAY),
        ("August 22, 2015 10:08", MOMENT.replace(second=0)),
        ("22/08/2015 10:08:19", MOMENT),
        ("08/22/2015 10:08:19 AM", MOMENT),
        ("03/08/2015 10:08:19", None),  # of March or of August
        ("03/03/2015", datetime(2015, 3, 3)),
        ("1440238099000", LOCAL),
        ("1440238099", LOCAL),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2015-08", None),
        ("2015", None),
        ("10", None),
        ("612345678", None),
        ("2015:13:22 10:08:19", None),
        ("2015:02:29 10:08:19", None),
        ("9999:12:31 23:59:59", None),
        ("0001:01:01 00:00:00", None),
        ("tomorrow", None),
    ],
)
def test_spellings(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment
    assert parse_moment(text.encode()) == moment


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(lambda moment: moment.replace(microsecond=0))
FORMS = (
    *("%Y:%m:%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H.%M.%S", "%Y%m%dT%H%M%S"),
    *("%Y%m%d%H%M%S", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S", "%B %d, %Y %I:%M:%S %p", "%Y:%m:%d %I:%M:%S%p"),
)


@given(MOMENTS, st.sampled_from(FORMS), st.sampled_from(("", " ", "Z", "+02:00", "-0300", "\0", ".5")))
def test_every_moment_comes_back_from_every_form(moment: datetime, form: str, end: str) -> None:
    ending = end if form[-1] == "S" else ""
    assert (
        parse_moment(f"{moment:%Y}".rjust(4, "0").join(moment.strftime(form).split(f"{moment:%Y}")) + ending) == moment
    )


@given(st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.none(), st.tuples(st.text())))
@example("9" * 400)
@example("\ud800")
@example("٢٠١٥:٠٨:٢٢ ١٠:٠٨:١٩")
@example("-1440238099000")
def test_anything_else_is_no_error(value: object) -> None:
    moment = parse_moment(value)
    assert moment is None or (1900 <= moment.year <= 2100 and moment.tzinfo is None)


@given(st.one_of(st.integers(), st.floats()))
def test_seconds_since_1970(seconds: float) -> None:
    moment = from_epoch(seconds)
    assert moment is None or 1900 <= moment.year <= 2100


@given(st.datetimes())
def test_any_moment_of_utc(moment: datetime) -> None:
    assert from_utc(moment) is None or abs(from_utc(moment) - moment) < timedelta(days=1)


def test_clocks_that_were_never_set() -> None:
    assert [is_doubtful(datetime(year, 1, 1)) for year in (1904, 1970, 1980, 2000, 2001)] == [True] * 4 + [False]
    assert not is_doubtful(datetime(1980, 1, 1, 0, 3, 12))
    assert is_doubtful(datetime.now() + timedelta(days=9))
