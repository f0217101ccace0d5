"""The catalogues: all languages are whole and themselves, a language is one file, and the command line speaks it."""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from semantik.cli import main
from semantik.storage.settings import CONFIG_NAME
from semantik.words import text
from semantik.words.catalogue import LANGUAGES, read, read_without_babel
from semantik.words.text import catalogue
from tests.support.places import REPO

OTHERS_WORDS = {
    "es": r"[“”ãõç]| (of|the|that|with|for|an|and|os|com|um|uma|não|em) ",
    "en": r"[«»¿¡ñáéíóúÑãõç]| (de|el|la|los|que|con|para|una?|os|com|uma?|não|em) ",
    "pt": r"[«»¿¡ñ]|ción|dad\b| (el|la|los|las|del|con|una?|y|en|más|sus?|of|the|that|with|an|and) ",
}
"""What betrays that a text is in another language."""

QUERIES = {
    *("syntax.nor", "syntax.and", "syntax.until", "syntax.wanted_again", "syntax.empty_words"),
    *("syntax.articles", "syntax.but"),
}


def test_all_languages_are_told_apart():
    assert set(OTHERS_WORDS) >= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_itself(language):
    betraying = re.compile(OTHERS_WORDS[language], re.IGNORECASE)
    quoted = re.compile(r"“[^”]*”" if language == "en" else "“tcl/tk and IDLE”|«tcl/tk and IDLE»")
    for key, forms in catalogue(language).items():
        for form in forms:
            found = betraying.search(quoted.sub("", form))
            assert not found or key in QUERIES or key.startswith("dates."), f"{key}: {found}"


NEIGHBOURS = {frozenset({"es", "pt"})}
"""Languages with many words in common: "Cancelar", "Ordenar por"."""


@pytest.mark.parametrize("pair", list(itertools.combinations(LANGUAGES, 2)), ids="-".join)
def test_every_text_is_translated(pair):
    one, other = map(catalogue, pair)
    same = {key for key in one if one[key] == other[key]}
    for form in (form for key in same for form in one[key]):
        # Names, signs, units and gaps alone are the same in both.
        bare = re.sub(r"\{[^}]*\}", "", form).strip()
        words = (
            r"Semantic Image Search|\?|—|CLIP .*|CLIP|MB|s|min|h|T|N|Error|Download|Tk|OK|No|python -m pip install .*"
        )
        bare_is_known = re.fullmatch(rf"({words}|[\W\d]*)", bare)
        assert bare_is_known or (set(pair) in NEIGHBOURS and len(re.findall(r"\w+", bare)) <= 4), form


ALWAYS_SEVERAL = {
    *("error.mass_removal", "error.mass_removal.terminal", "error.too_few_pictures"),
    "dates.when.past",  # how people write it
    *("remark.several_named", "status.opening_several", "ask.changed_several"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_has_a_form_for_one(language):
    many = re.compile(r"\{(count|hits|n|gone|folders|found|needed)\} [^\W\d]+s\b(?<!más)(?<!mais)")
    fixed = {key for key, forms in catalogue(language).items() if len(forms) == 1 and many.search(forms[0])}
    assert fixed <= ALWAYS_SEVERAL


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_python_without_babel_reads_the_same(language):
    ours = read_without_babel(language, "")
    for key, forms in catalogue(language).items():
        assert len(forms) > 1 or ours[key] == forms[0]
    assert set(read_without_babel(language, "launch.")) == {key for key in ours if key.startswith("launch.")}


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("es", ["3 de mayo de 2019", "septiembre de 2019", "3 de mayo de 2019, 9:05", "1.234", "-0,50", "1 resultado"]),
        ("en", ["3 May 2019", "September 2019", "3 May 2019, 9:05", "1,234", "-0.50", "1 result"]),
        ("pt", ["3 de maio de 2019", "setembro de 2019", "3 de maio de 2019, 9:05", "1.234", "-0,50", "1 resultado"]),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_does(language, told):
    text.set_language(language)
    assert told == [
        text.day(date(2019, 5, 3)),
        text.month(date(2019, 9, 3)),
        text.moment(datetime(2019, 5, 3, 9, 5)),
        text.number(1234),
        text.number(-0.5, 2),
        text.counted("page.hits", 1),
    ]
    # What is a tie in decimal is none in binary: 2.675 is a little less.
    assert text.number(2.675, 2)[-2:] == f"{2.675:.2f}"[-2:] == "67"


def test_only_the_language_in_use_is_read():
    """The window is on screen sooner: neither Babel nor a catalogue is read until there is something to say."""
    code = """
import sys
import SemantikSearch, semantik.__main__, semantik.search.query_syntax
from semantik.words import text
from semantik.words.catalogue import read
print("babel" in sys.modules, read.cache_info().currsize)
text.set_language("pt")
print(text.say("window.search"), read.cache_info().currsize)
"""
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True).stdout
    assert shown == "False 0\nPesquisar 1\n"


def test_languages_are_named_in_themselves():
    assert {code: text.native_name(code) for code in LANGUAGES} == {"es": "Español", "en": "English", "pt": "Português"}


POLISH = r"""
msgid ""
msgstr ""
"Language: pl\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n"

msgid "window.search"
msgstr "Szukaj"

#, fuzzy
msgid "window.browse"
msgstr "Examinarz"

msgid "page.chosen_count"
msgid_plural "page.chosen_count"
msgstr[0] "1 wybrane"
msgstr[1] "{count} wybrane"
msgstr[2] "{count} wybranych"

msgid "syntax.folder"
msgstr "katalog"

msgid "launch.old_python"
msgstr "Za stary: {found}"

#~ msgid "window.paste"
#~ msgstr "Wklej"
"""


def test_a_language_is_one_file(tmp_path):
    """Nothing but its catalogue is added; what it lacks, what is doubtful and what is obsolete is said in Spanish."""
    shutil.copytree(REPO / "semantik", tmp_path / "semantik", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / CONFIG_NAME, tmp_path)
    (catalogues,) = tmp_path.rglob("catalogues")
    (catalogues / "pl.po").write_text(POLISH, encoding="utf-8")
    code = """
import json
from pathlib import Path
from semantik.words import text
from semantik.storage.home import find_home
from semantik.storage.settings import Config, load_config, save_config
from semantik.search.filter_syntax import is_key
from semantik.gui import launch
from semantik.gui.dialogs.settings import WINDOW_LANGUAGES
from semantik.desktop.launcher_files import Program, desktop_entry
from semantik.desktop.system_language import resolve

save_config(Config(language="pl"), find_home())
text.set_language(resolve("system"))
print(json.dumps([
    load_config(find_home()).language, resolve("system"), list(WINDOW_LANGUAGES), text.native_name("pl"),
    text.say("window.search"), text.say("window.browse"), text.say("window.paste"),
    text.number(12408.5, 1), text.counted("page.chosen_count", 22), text.counted("page.chosen_count", 5),
    text.counted("page.hits", 5), text.plural_forms("page.chosen_count"), is_key("katalog"),
    launch.explain_missing([], Path(), old=True)[:8], launch.explain_missing(["torch"], Path())[:6],
    "Comment[pt]" in desktop_entry(Program(Path(), (), Path(), Path())),
]))
"""
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"LANGUAGE": "pl_PL", "SEMANTIK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(shown) == [
        *("pl", "pl", ["system", "es", "en", "pl", "pt"], "Polski"),
        *("Szukaj", "Examinar", "Pegar"),
        *("12\u00a0408,5", "22 wybrane", "5 wybranych"),
        *("5 resultados", {"one": "1 wybrane", "few": "# wybrane", "many": "# wybranych"}, True),
        *("Za stary", "Faltan"),
        True,
    ]


# -- The command line ----------------------------------------------------------------------------------


def argparse_messages() -> set[tuple[str, ...]]:
    """Every message that the argparse of this Python looks up: one form, or two that count."""
    called = [
        node
        for node in ast.walk(ast.parse(Path(argparse.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext")
    ]
    given = [[part.value for part in node.args if isinstance(part, ast.Constant)] for node in called]
    return {tuple(map(str, parts)) for parts in given if parts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_argparse_says_is_translated(language):
    """Where this fails with a new Python: add its new messages to the catalogues, with the context "argparse"."""
    messages = argparse_messages()
    assert len(messages) > 30
    translated = read(language).argparse
    assert {message[0] for message in messages} - set(translated) == set()
    for english, *plural in messages:
        forms = translated[english]
        assert bool(plural) == (len(forms) > 1), english
        for form in forms:
            gaps = r"%(?:\(\w+\))?[rs]"
            assert sorted(re.findall(gaps, form)) == sorted(re.findall(gaps, english))
        if language != "en":
            assert forms != (english, *plural) or english in ("%(heading)s:", "%(prog)s: error: %(message)s\n")


WRONG = {
    (): {
        "es": "faltan estos argumentos: ",
        "en": "the following arguments are required: ",
        "pt": "faltam estes argumentos: ",
    },
    ("search",): {
        "es": "error: faltan estos argumentos: CARPETA",
        "en": "error: the following arguments are required: FOLDER",
        "pt": "erro: faltam estes argumentos: PASTA",
    },
    ("fast", ".", "--off"): {
        "es": "no se admite junto con el argumento ",
        "en": ": not allowed with argument ",
        "pt": "não é permitido junto com o argumento ",
    },
    ("sarch",): {
        "es": "'sarch' no es una de las opciones: ",
        "en": "invalid choice: 'sarch'",
        "pt": "'sarch' não é uma",
    },
    ("index", ".", "--encoder"): {"es": "falta su valor", "en": "expected one argument", "pt": "falta o seu valor"},
    ("models", "--paths"): {
        "es": "argumentos desconocidos: --paths",
        "en": "unrecognized arguments: --paths",
        "pt": "argumentos desconhecidos: --paths",
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_line_speaks_the_users_language_throughout(home, monkeypatch, capsys, language):
    monkeypatch.setenv("LANGUAGE", language)
    for arguments, told in WRONG.items():
        with pytest.raises(SystemExit, match="2"):
            main.main(arguments)
        shown = capsys.readouterr().err
        assert told[language] in shown
        assert shown.startswith("usage: " if language == "en" else "uso: ")
    for command in ([], ["index"], ["search"], ["models"], ["fast"], ["doctor"], ["launcher"]):
        with pytest.raises(SystemExit, match="0"):
            main.main([*command, "--help"])
        shown = capsys.readouterr().out
        headings = HEADINGS[language][1:] if command in (["models"], ["doctor"], ["launcher"]) else HEADINGS[language]
        assert re.findall(r"^\w.*:$", shown, re.MULTILINE) == headings
        assert ("show this help message" in shown) == (language == "en")


HEADINGS = {
    "es": ["argumentos:", "opciones:"],
    "en": ["positional arguments:", "options:"],
    "pt": ["argumentos:", "opções:"],
}
