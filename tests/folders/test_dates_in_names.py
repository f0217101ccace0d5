"""What phones, messengers and screenshots call pictures after, and numbers that are no dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.folders.dates_in_names import moment_in_name

MOMENT = datetime(2019, 7, 4, 12, 34, 56)
DAY = datetime(2019, 7, 4)
LOCAL = MOMENT.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_20190704_123456.jpg", "VID_20190704_123456.mp4", "PXL_20190704_123456789.jpg", "20190704_123456(0).jpg"),
        *("PXL_20190704_123456789.RAW-01.COVER.jpg", "MVIMG_20190704_123456.jpg", "IMG_20190704_123456~2.jpg"),
        *("2019-07-04 12.34.56.jpg", "2019-07-04 12 34 56.jpg", "2019-07-04T12_34_56.jpg", "2019-07-04 12h34m56.jpg"),
        *("Screenshot_20190704-123456.png", "Screenshot_2019-07-04-12-34-56-123_com.whatsapp.jpg"),
        *("Screenshot from 2019-07-04 12-34-56.png", "Screen Shot 2019-07-04 at 12.34.56 PM.png"),
        *("Captura de pantalla 2019-07-04 a las 12.34.56.png", "Captura de pantalla 2019-07-04 123456.png"),
        *("WhatsApp Image 2019-07-04 at 12.34.56.jpeg", "WhatsApp Image 2019-07-04 at 12.34.56 PM (1).jpeg"),
        *("signal-2019-07-04-12-34-56-123.jpg", "signal-2019-07-04-123456_002.jpeg", "WIN_20190704_12_34_56_Pro.jpg"),
        *("photo_2019-07-04_12-34-56.jpg", "photo_5@04-07-2019_12-34-56.jpg", "PHOTO-2019-07-04-12-34-56.jpg"),
        *("20190704123456.jpg", "IMG20190704123456.jpg", "00100_BURST20190704123456789_COVER.jpg"),
        "viaje/x 20190704T123456Z.jpg",
    ],
)  # fmt: skip
def test_moments(name: str) -> None:
    assert moment_in_name(name) == MOMENT


def test_short_hours() -> None:
    assert moment_in_name("WhatsApp Image 2019-07-04 at 1.34.56 PM.jpeg") == MOMENT.replace(hour=13)
    assert moment_in_name("Captura de pantalla 2019-07-04 a las 9.34.56.png") == MOMENT.replace(hour=9)
    assert moment_in_name("Screen Shot 2019-07-04 at 12.34.56\u202fAM.png") == MOMENT.replace(hour=0)


@pytest.mark.parametrize(
    "name",
    [
        *("IMG-20190704-WA0007.jpg", "VID-20190704-WA0001.mp4", "2019-07-04.jpg", "20190704.jpg", "DSC_20190704-1.jpg"),
        "IMG_20190704_999999.jpg",
    ],
)
def test_days(name: str) -> None:
    assert moment_in_name(name) == DAY


@pytest.mark.parametrize("name", ["FB_IMG_1562243696000.jpg", "1562243696000.jpg", "image-1562243696000-0.png"])
def test_milliseconds(name: str) -> None:
    assert moment_in_name(name) == LOCAL


@pytest.mark.parametrize(
    "name",
    [
        *("612345678.jpg", "+34612345678.jpg", "+1562243696000.jpg", "5491123456789.jpg", "2125551234.jpg"),
        "612 345 678.jpg",
        *("IMG_20191345_123456.jpg", "IMG_20190230.jpg", "IMG_20991231_120000.jpg", "IMG_19000101_000000.jpg"),
        *("IMG_1234.jpg", "viaje 2019.jpg", "12345678.jpg", "99999999.jpg", "received_1562243696000123.jpeg"),
        "4032-3024-01.jpg",
        *("9562243696000.jpg", "04-07-19.jpg", "2019-7.jpg", "", ".jpg", "2019-07-04/foto.jpg", "٢٠١٩-٠٧-٠٤.jpg"),
    ],
)  # fmt: skip
def test_what_is_no_date(name: str) -> None:
    assert moment_in_name(name) is None


@given(st.text() | st.from_regex(r"[A-Z]{0,3}[_ -]?[0-9]{1,18}([-_. ][0-9]{1,9}){0,3}\.jpg", fullmatch=True))
def test_any_name(name: str) -> None:
    moment = moment_in_name(name)
    assert moment is None or 1900 <= moment.year <= datetime.now().year + 1
