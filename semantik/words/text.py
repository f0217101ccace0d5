"""Every string a user reads, in the language that ``set_language`` chose; Spanish is the default.

``say(key, **params)`` gives a text of the catalogues (``catalogue.py``), whose gaps are ``str.format`` fields. Dates
and numbers are written as the Unicode CLDR says, through Babel, which is imported when the first text is asked for.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from semantik.errors import SemantikError
from semantik.folder_urls import shown_path
from semantik.records import Reason
from semantik.words.catalogue import LANGUAGES, SOURCE, Catalogue, read

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

_language = SOURCE
_is_terminal = False

_SYSTEM = {
    os.strerror(getattr(errno, code)): f"error.system_{key}"
    for code, key in (
        ("ENOSPC", "full"),
        ("EDQUOT", "full"),
        ("EACCES", "denied"),
        ("EPERM", "denied"),
        ("EROFS", "read_only"),
        ("EIO", "broken"),
        ("ENAMETOOLONG", "long_name"),
        ("ENOENT", "missing"),
    )
    if hasattr(errno, code)
}


def set_language(language: str) -> None:
    """Choose the language of all later texts, one of ``LANGUAGES``. Raises ValueError for any other."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(f"unknown language: {language}")
    _language = language


def language() -> str:
    """The language of all texts now, an ISO 639 code such as "es"."""
    return _language


@contextmanager
def for_terminal() -> Iterator[None]:
    """Let texts name commands instead of buttons: of those that have a twin, ``<key>.terminal``, that is said."""
    global _is_terminal
    before, _is_terminal = _is_terminal, True
    try:
        yield
    finally:
        _is_terminal = before


def catalogue(language: str) -> Mapping[str, tuple[str, ...]]:
    """The plural forms of each text of a language by its key; those that count nothing have one."""
    return read(language).texts


def say(key: str, **params: object) -> str:
    """The text called ``key`` in the chosen language. Raises KeyError for an unknown key or a missing gap."""
    key = _as_shown(key)
    return _that_has(key).texts[key][0].format(**params)


def counted(key: str, count: int, **params: object) -> str:
    """The form of the text that its language has for ``count`` things, the gap {count} in the language's format."""
    key = _as_shown(key)
    words = _that_has(key)
    return words.texts[key][words.form_of(count)].format(count=number(count), **params)


def plural_forms(key: str) -> dict[str, str]:
    """The forms of a counted text, "#" in place of the count, by CLDR's plural categories ("one", "few", "other" …).

    For scripts of pages, which tell a count's category by ``Intl.PluralRules``.
    """
    words, category = _that_has(key), _locale(_language).plural_form
    return {category(n): words.texts[key][words.form_of(n)].format(count="#") for n in range(100, 0, -1)}


def is_text(key: str) -> bool:
    """Whether there is a text called ``key``."""
    return key in _that_has(key).texts


def in_all_languages(key: str) -> tuple[str, ...]:
    """The text called ``key`` in every language, the gaps unfilled: what users write is understood in all of them."""
    return tuple(forms[0] for code in LANGUAGES if (forms := read(code).texts.get(key)))


def _as_shown(key: str) -> str:
    return f"{key}.terminal" if _is_terminal and is_text(f"{key}.terminal") else key


def _that_has(key: str) -> Catalogue:
    """The catalogue in use, or the source language's where that lacks the text: half a translation can be used."""
    own = read(_language)
    return own if key in own.texts else read(SOURCE)


def explain(error: SemantikError) -> str:
    """An engine error in the user's words."""
    params = {
        name: say(f"reason.{value.value}")
        if isinstance(value, Reason)
        else explain(value)
        if isinstance(value, SemantikError)
        else value
        for name, value in error.params.items()
    }
    if is_text(f"model.{params.get('model')}"):
        params["model"] = say(f"model.{params['model']}")
    if isinstance(params.get("folder"), str):
        params["folder"] = shown_path(PurePath(str(params["folder"])))
    if "why" in params:
        params["why"] = say(f"damage.{params['why']}")
    if isinstance(params.get("detail"), str):
        params["detail"] = system(str(params["detail"]))
    return say(error.key, **params)


def system(message: str) -> str:
    """What the operating system says is wrong (``OSError.strerror``), in the user's words if it is common."""
    key = _SYSTEM.get(message)
    return say(key) if key else message


def reason(value: Reason) -> str:
    """Why a file was skipped, in the user's words."""
    return say(f"reason.{value.value}")


# -- Languages, dates and numbers ----------------------------------------------------------------------


def native_name(language: str) -> str:
    """What a language is called in itself: Español, English, Português."""
    from babel import Locale

    name = Locale(language).get_display_name(language) or language
    return name[0].upper() + name[1:]


def day(value: date) -> str:
    """A day in words: 3 de mayo de 2019, 3 May 2019."""
    from babel.dates import format_date

    return format_date(value, "long", _locale(_language))


def short_day(value: date) -> str:
    """A day in few letters: 3 may 2019, 3 May 2019."""
    from babel.dates import format_date

    return format_date(value, "medium", _locale(_language))


def month(value: date) -> str:
    """The month of a day in words: mayo de 2019, May 2019."""
    from babel.dates import format_skeleton

    return format_skeleton("yMMMM", value, locale=_locale(_language))


def moment(value: datetime) -> str:
    """A time in words, to the minute: 3 de mayo de 2019, 14:05."""
    return say("page.moment", day=day(value), time=f"{value.hour}:{value.minute:02}")


def territory(code: str) -> str:
    """What a country is called, by its ISO 3166 code."""
    return str(_locale(_language).territories.get(code, code))


def month_names(language: str) -> dict[int, str]:
    """The names of the months, 1 to 12, in any of ``LANGUAGES``."""
    from babel.dates import get_month_names

    return dict(get_month_names("wide", locale=_locale(language)))


def weekday_names(language: str) -> dict[int, str]:
    """The names of the days of the week, 0 for Monday to 6, in any of ``LANGUAGES``."""
    from babel.dates import get_day_names

    return dict(get_day_names("wide", locale=_locale(language)))


def clock(seconds: float) -> str:
    """A time in a video: 0:07, 12:34, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float, decimals: int = 0) -> str:
    """A number as the chosen language writes it: 12.408 and 0,283 in Spanish, 12,408 and 0.283 in English."""
    # Rounded before: Babel would round what Python shows of the number, not the number.
    from decimal import Decimal

    return str(_pattern(decimals).apply(Decimal(f"{value:.{decimals}f}"), _locale(_language)))


def enumeration(parts: Sequence[str]) -> str:
    """Several things one after the other: "a, b y c", "a, b, and c"."""
    from babel.lists import format_list

    return format_list(parts, locale=_locale(_language))


def decimal_mark() -> str:
    """What parts the whole from the rest: "," in Spanish, "." in English."""
    from babel.numbers import get_decimal_symbol

    return get_decimal_symbol(_locale(_language))


@cache
def _locale(language: str) -> Locale:
    from babel import Locale

    return Locale.parse(read(language).formats)


@cache
def _pattern(decimals: int) -> NumberPattern:
    # Not CLDR's own, which leaves four digits together in Spanish: columns of numbers would look uneven.
    from babel.numbers import parse_pattern

    return parse_pattern("#,##0" + ("." + "0" * decimals if decimals else ""))


# -- argparse ------------------------------------------------------------------------------------------


def translate_argparse() -> None:
    """Let Python's argparse speak the chosen language from now on, by the translators that its module looks up.

    What a new version of Python says beyond the catalogues stays English; a test tells of it.
    """
    import argparse

    def one(message: str) -> str:
        return read(_language).argparse.get(message, (message,))[0]

    def several(one: str, many: str, count: int) -> str:
        catalogue = read(_language)
        forms = catalogue.argparse.get(one)
        return forms[catalogue.form_of(count)] if forms else one if count == 1 else many

    vars(argparse).update(_=one, ngettext=several)
