"""The language of the user's system, as far as the choice of the window's language needs it."""

from __future__ import annotations

import locale
import os
import sys

from semantik.desktop.helper_programs import ask
from semantik.words.catalogue import LANGUAGES

SYSTEM = "system"
"""The value of the setting ``language`` that follows the system."""

READS_SPANISH = frozenset({"es", "ca", "gl", "eu", "ast"})
"""ISO 639 codes of the languages whose speakers are served better by Spanish than by English."""

SOUTHERN = frozenset(
    ["AR", "AU", "BO", "BR", "BW", "CL", "LS", "MG", "MZ", "NA", "NC", "NZ", "PE", "PY", "SZ", "UY", "ZA", "ZM", "ZW"]
)
"""ISO 3166 codes of the countries whose people have their summer from December on, all or most of them."""

_WINDOWS_COUNTRIES = {
    "argentina": "AR",
    "australia": "AU",
    "bolivia": "BO",
    "brazil": "BR",
    "chile": "CL",
    "mozambique": "MZ",
    "new zealand": "NZ",
    "paraguay": "PY",
    "peru": "PE",
    "south africa": "ZA",
    "uruguay": "UY",
}

OTHERWISE = "en"
"""The language for speakers of those that there is no catalogue for."""

ASK_SECONDS = 2.0  # macOS answers in milliseconds


def resolve(setting: str) -> str:
    """The language of the window, one of ``LANGUAGES``, for a value of the setting: one of them, or ``SYSTEM``."""
    if setting != SYSTEM:
        return setting
    code = system_code()
    if code in LANGUAGES:
        return code
    # Most users speak Spanish: a system that does not tell gets Spanish.
    return "es" if not code or code in READS_SPANISH else OTHERWISE


def system_code() -> str:
    """ISO 639 code of the system's language in lower case, such as "es"; empty when the system does not tell."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):  # gettext's order
        code = _code(os.environ.get(variable, "").split(":")[0])
        if code:
            return code
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _mac()
    return _code(locale.getlocale()[0] or "")


def is_southern(setting: str) -> bool:
    """Whether summer begins in December: as the setting says, or in the country of the system's language."""
    return setting == "south" or (setting == "system" and _country() in SOUTHERN)


def _country() -> str:
    """ISO 3166 code of the country in the name of the system's locale, such as "AR"; empty when none is told."""
    for variable in ("LC_ALL", "LC_TIME", "LANG", "LANGUAGE"):
        if name := os.environ.get(variable, "").split(":")[0]:
            return _territory(name)
    return _territory(locale.getlocale(locale.LC_TIME)[0] or locale.getlocale()[0] or "")


def _territory(name: str) -> str:
    """The country in a locale's name: "es_AR.UTF-8", "es-AR" or "Spanish_Argentina" -> "AR"."""
    _, _, country = name.replace("-", "_").split(".")[0].split("@")[0].partition("_")
    return _WINDOWS_COUNTRIES.get(country.casefold(), country.upper())


def _code(name: str) -> str:
    """The language in a locale's name: "es_MX.UTF-8" or "es-MX" -> "es"; "C" and "POSIX" name none."""
    code = name.replace("-", "_").split("_")[0].split(".")[0].split("@")[0].strip().lower()
    return "" if code in ("c", "posix") else code


def _windows() -> str:
    import ctypes

    # Of the display, not of the formats: https://learn.microsoft.com/windows/win32/api/winnls
    identifier = getattr(ctypes, "windll").kernel32.GetUserDefaultUILanguage()  # noqa: B009 - only there on Windows
    return _code(locale.windows_locale.get(identifier, ""))


def _mac() -> str:
    """A program that the Searcher starts gets no ``LANG``; the preferences list the languages, the first counts."""
    answer = ask(["/usr/bin/defaults", "read", "-g", "AppleLanguages"], ASK_SECONDS)
    if not answer.succeeded:
        return ""
    quoted = answer.output.replace('"', " ").replace("(", " ").replace(",", " ").split()
    return _code(quoted[0]) if quoted and quoted[0] != ")" else ""
