"""The window in either language: which one is chosen, that nothing is missing, and that nothing is cut off."""

from __future__ import annotations

import json
import re
import subprocess
import tkinter as tk
from pathlib import Path
from tkinter import font, ttk

import pytest

from semantik.desktop import system_language
from semantik.encoders.registry import encoder_names
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.gui.widgets.table_columns import column_width
from semantik.records import Problem, Reason
from semantik.storage.settings import CONFIG_NAME
from semantik.words import text
from semantik.words.text import CATALOGUE, say
from tests.support.fake_encoder import replace_encoders
from tests.support.window import Window, windows

BOX_EXTRA = 44  # pixels of a combobox that are not text: its padding and its arrow


# -- Which language ------------------------------------------------------------------------------------


@pytest.fixture
def silent(monkeypatch):
    """A system that does not tell its language."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(system_language.locale, "getlocale", lambda: (None, None))
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "es"),
        ({"LANG": "es_ES.UTF-8"}, "es"),
        ({"LANG": "es_MX"}, "es"),
        ({"LANG": "ca_ES.UTF-8@valencia"}, "es"),
        ({"LANG": "C.UTF-8"}, "es"),
        ({"LC_ALL": "POSIX"}, "es"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "es_ES.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "es:en"}, "es"),
    ],
)
def test_the_systems_language_decides(silent, variables, language):
    for name, value in variables.items():
        silent.setenv(name, value)
    assert system_language.resolve("system") == language
    assert system_language.resolve("es") == "es"
    assert system_language.resolve("en") == "en"


def test_windows_and_macos_are_asked_in_their_own_way(silent):
    silent.setattr(system_language.sys, "platform", "win32")
    silent.setattr(system_language, "_windows", lambda: "fr")
    assert system_language.resolve("system") == "en"
    silent.setattr(system_language.sys, "platform", "darwin")
    answers = {'(\n    "es-MX",\n    "en-US"\n)\n': "es", '(\n    "pt-BR"\n)\n': "en", "(\n)\n": "es"}
    for shown, language in answers.items():
        silent.setattr(
            system_language.subprocess,
            "run",
            lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout=shown),  # noqa: B023
        )
        assert system_language.resolve("system") == language

    def fail(*arguments, **options):
        raise FileNotFoundError

    silent.setattr(system_language.subprocess, "run", fail)
    assert system_language.resolve("system") == "es"


# -- The catalogue -------------------------------------------------------------------------------------


def test_english_is_english():
    names = re.compile(r"[«»¿¡ñáéíóúÑ]| (de|el|la|los|que|con|para|una?) ", re.IGNORECASE)
    native = {"settings.window_es"}  # a language's name in that language
    queries = re.compile(r"“[^”]*”")
    for key, (_, english) in CATALOGUE.items():
        if key not in native:
            assert not names.search(queries.sub("", english)), key


def test_every_text_is_translated():
    same = {key for key, (spanish, english) in CATALOGUE.items() if spanish == english}
    for key in same:
        # Names, signs, units and gaps alone are the same in both.
        bare = re.sub(r"\{[^}]*\}", "", CATALOGUE[key][0])
        words = r"Semantic Image Search|\?|—|CLIP .*|CLIP|MB|s|min|h|English|Español|Error|Tk|python -m pip install .*"
        known = rf"({words}|[\W\d]*)"
        assert re.fullmatch(known, bare.strip()), key


# -- The windows ---------------------------------------------------------------------------------------


@pytest.fixture
def start(home, monkeypatch):
    replace_encoders(monkeypatch)
    with windows(home) as begin:

        def begin_in(language: str) -> Window:
            window = begin(language=language)
            window.wait_idle()
            return window

        yield begin_in


def cut_off(widget: tk.Misc) -> list[str]:
    """Every text in ``widget`` and below that has less room than it needs."""
    found = []
    for child in widget.winfo_children():
        if isinstance(child, tk.Toplevel) or not child.winfo_ismapped():
            continue
        found += cut_off(child)
        kind, needed = child.winfo_class(), child.winfo_reqwidth()
        if isinstance(child, ttk.Combobox):
            measure = font.Font(child, font=str(child.cget("font")) or "TkTextFont").measure
            needed = max(map(measure, child["values"]), default=0) + BOX_EXTRA
        elif isinstance(child, ttk.Treeview):
            for place, column in enumerate(child["columns"]):
                cells = [str(child.item(row, "values")[place]) for row in child.get_children()]
                if column != "path" and child.column(column, "width") < column_width(
                    child, [child.heading(column)["text"]], cells
                ):
                    found.append(f"{kind} {column}")
        elif kind in ("TEntry", "TSpinbox", "TFrame"):  # no text of the program's
            continue
        right = child.winfo_rootx() + child.winfo_width()
        if child.winfo_width() < needed or child.winfo_height() < child.winfo_reqheight():
            words = child.cget("text") if "text" in (child.keys() or ()) else ""
            found.append(f"{kind} {words}: {child.winfo_width()} < {needed}")
        top = child.winfo_toplevel()
        if right > top.winfo_rootx() + top.winfo_width():
            found.append(f"{kind} reaches out of its window")
    return found


def settle(window: Window, top: tk.Toplevel | tk.Tk, size: tuple[int, int]) -> None:
    """Give a window a size as its user would, and wait until it has it."""
    top.geometry(f"{size[0]}x{size[1]}")
    window.wait(lambda: (top.winfo_width(), top.winfo_height()) == size, f"size {size}")
    window.root.update()


@pytest.mark.parametrize("language", ["es", "en"])
def test_nothing_is_cut_off_in_the_main_window(start, language):
    window = start(language)
    view = window.app.view
    view.model_box.configure(values=[say(f"model.{name}") for name in encoder_names()])
    view.show_skipped(12_345)
    longest = say("status.found", hits="1.000", seconds="10,25", model=say("model.siglip2-b-16"))
    window.app.services.tell(say("status.read_as_english", found=longest))
    window.root.update()
    assert cut_off(window.root) == []
    settle(window, window.root, window.root.minsize())
    assert cut_off(window.root) == []


@pytest.mark.parametrize("language", ["es", "en"])
def test_nothing_is_cut_off_in_the_settings(start, language):
    window = start(language)
    window.press(window.app.view.settings_button)
    dialog = window.dialog()
    assert isinstance(dialog, SettingsDialog)
    for minimal in (False, True):
        if minimal:
            settle(window, dialog, dialog.minsize())
        for name in dialog.models.table.rows.get_children():
            dialog.models.table.select(name)
            for key in ("settings.hint", "settings.measured", "settings.stopped"):
                dialog.models.say(say(key))
                window.root.update()
                assert cut_off(dialog) == [], name
    dialog.destroy()


@pytest.mark.parametrize("language", ["es", "en"])
def test_nothing_is_cut_off_in_the_dialogs(start, language):
    window = start(language)
    problems = [Problem(f"/fotos/{reason.value}.jpg", reason) for reason in Reason]
    for dialog in (
        AboutDialog(
            window.root,
            window.app.icon,
            say("model.siglip2-b-16"),
            Path("/home/someone/semantiksearch.log"),
            on_doctor=lambda: None,
            on_guide=lambda: None,
        ),
        ProblemsDialog(window.root, problems),
        ModelChoice(window.root, say("model.siglip2-b-16"), 1464, lambda yes: None),
    ):
        window.root.update()
        assert cut_off(dialog) == []
        dialog.destroy()


def test_the_language_changes_at_once(start, home, library):
    window = start("es")
    window.choose_folder(library)
    window.type_into(window.app.view.text_entry, "un perro")
    window.press(window.app.view.settings_button)
    dialog = window.dialog()
    assert dialog.window_language.get() == "Español"
    dialog.window_language.set("English")
    dialog.window_language.event_generate("<<ComboboxSelected>>")
    window.root.update()
    again = window.dialog()
    assert again.title() == "Settings"
    assert not dialog.winfo_exists()
    texts = window.texts(window.app.view)
    assert {"Image Folder", "Browse", "Update index", "Search by Text", "Search", "Settings…"} <= set(texts)
    assert "Buscar" not in texts
    assert window.status == "Ready: 6 images. Model: Embedded (no download)."
    assert window.app.view.folder_entry.get() == str(library)
    assert window.app.view.text_entry.get() == "un perro"
    assert window.app.view.top_k.get() == "6"
    assert window.app.view.model_box.get() == "Embedded (no download)"
    assert json.loads((home / CONFIG_NAME).read_text())["language"] == "en"
    assert text.language() == "en"
    again.destroy()
    window.search("rojo")  # the index is still open
    assert window.status.startswith("6 results in the browser (")


def test_the_window_starts_in_the_systems_language(start, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en_US")
    window = start("system")
    assert window.status == "Choose the folder of your photos to begin."
    window.press(window.app.view.settings_button)
    assert window.dialog().window_language.get() == "The system’s"
    window.dialog().destroy()


def test_who_reads_queries_is_chosen_and_remembered(start, home, monkeypatch):
    window = start("es")
    models = window.app.engine.models
    made: list[tuple[str, str]] = []
    create = models._create
    monkeypatch.setattr(models, "_create", lambda name: (made.append((name, models.query_language)), create(name))[1])
    window.press(window.app.view.settings_button)
    dialog = window.dialog()
    assert list(dialog.query_language["values"]) == ["Automático", "Español y otros", "Inglés"]
    dialog.query_language.set("Español y otros")
    dialog.query_language.event_generate("<<ComboboxSelected>>")
    window.root.update()
    assert made[-1] == ("builtin", "multilingual")
    assert json.loads((home / CONFIG_NAME).read_text())["query_language"] == "multilingual"
    dialog.destroy()
