"""The catalogues of texts: one gettext file for each language, such as ``catalogues/pt.po``. A language is that file.

A msgid is the name of a text, a plural has the forms of its language, and the header's ``Language`` is the CLDR locale
that dates and numbers follow. Texts of Python's argparse have the context "argparse" and their English as the msgid.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CATALOGUES = Path(__file__).parent / "catalogues"

SOURCE = "es"
"""The language that the others are translated from. It stands in for what they lack."""

LANGUAGES = tuple(sorted((path.stem for path in CATALOGUES.glob("*.po")), key=lambda code: (code != SOURCE, code)))
"""ISO 639 codes of the languages there are, the source language first."""


@dataclass(frozen=True)
class Catalogue:
    """What one file says. Each text has as many forms as its language has plurals, or one if it counts nothing."""

    texts: Mapping[str, tuple[str, ...]]
    argparse: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]  # the place of the form for a count
    formats: str


@cache
def read(language: str) -> Catalogue:
    """The catalogue of one of ``LANGUAGES``, read once. What is not translated, or marked as fuzzy, is left out."""
    from babel.messages.pofile import read_po

    with (CATALOGUES / f"{language}.po").open("rb") as file:
        found = read_po(file, ignore_obsolete=True)
    texts: dict[str | None, dict[str, tuple[str, ...]]] = {None: {}, "argparse": {}}
    for message in found:
        name = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if name and forms and all(forms) and not message.fuzzy:
            texts[message.context][name] = forms
    return Catalogue(
        texts=texts[None],
        argparse=texts["argparse"],
        form_of=gettext.c2py(found.plural_expr),
        formats=found.locale_identifier or language,
    )


def read_without_babel(language: str, beginning: str) -> dict[str, str]:
    """The texts whose names begin so and that have one form: for a Python that may lack every package."""
    lines = (CATALOGUES / f"{language}.po").read_text(encoding="utf-8")
    entries = re.findall(rf'^msgid "({re.escape(beginning)}.*)"\nmsgstr ((?:".*"(?:\n|\Z))+)', lines, re.MULTILINE)
    # The escapes of these files are among those of JSON.
    return {name: "".join(map(json.loads, quoted.splitlines())) for name, quoted in entries}
