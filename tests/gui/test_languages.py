"""The window in every language: which one is chosen, that nothing is missing, and that nothing is cut off."""

from __future__ import annotations

import json
import subprocess
import tkinter as tk
from pathlib import Path

import pytest

from semantik.desktop import system_language
from semantik.encoders.registry import encoder_names
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.gui.main_window.main_view import MainView
from semantik.gui.main_window.status_rows import StatusRows
from semantik.records import Problem, Reason
from semantik.storage.settings import CONFIG_NAME
from semantik.words import text
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import counted, say
from SemantikSearch import ICON
from tests.support.cut_off_texts import cut_off
from tests.support.window import Window

# -- Which language ------------------------------------------------------------------------------------


@pytest.fixture
def silent(monkeypatch):
    """A system that does not tell its language."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(system_language.locale, "getlocale", lambda: (None, None))
    monkeypatch.setattr(system_language, "_windows", lambda: "")
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
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "pt_PT"}, "pt"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "es_ES.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "es:en"}, "es"),
    ],
)
def test_the_systems_language_decides(silent, variables, language):
    for name, value in variables.items():
        silent.setenv(name, value)
    assert system_language.resolve("system") == language
    for chosen in LANGUAGES:
        assert system_language.resolve(chosen) == chosen


def test_windows_and_macos_are_asked_in_their_own_way(silent):
    silent.setattr(system_language.sys, "platform", "win32")
    silent.setattr(system_language, "_windows", lambda: "fr")
    assert system_language.resolve("system") == "en"
    silent.setattr(system_language.sys, "platform", "darwin")
    answers = {
        '(\n    "es-MX",\n    "en-US"\n)\n': "es",
        '(\n    "pt-BR"\n)\n': "pt",
        '(\n    "fr-FR"\n)\n': "en",
        "(\n)\n": "es",
    }
    for shown, language in answers.items():
        silent.setattr(
            subprocess,
            "run",
            lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout=shown),  # noqa: B023
        )
        assert system_language.resolve("system") == language

    def fail(*arguments, **options):
        raise FileNotFoundError

    silent.setattr(subprocess, "run", fail)
    assert system_language.resolve("system") == "es"


# -- The windows ---------------------------------------------------------------------------------------


@pytest.fixture
def start(start):
    return lambda language: start(language=language)


def settle(window: Window, top: tk.Toplevel | tk.Tk, size: tuple[int, int]) -> None:
    """Give a window a size as its user would, and wait until it has it."""
    top.geometry(f"{size[0]}x{size[1]}")
    window.wait(lambda: (top.winfo_width(), top.winfo_height()) == size, f"size {size}")
    window.root.update()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off(start, language):
    window = start(language)
    look_at_the_settings(window)
    look_at_the_dialogs(window)
    look_at_the_main_window(window)


def look_at_the_main_window(window: Window) -> None:
    window.more_options()
    window.combobox(say("window.model")).configure(values=[say(f"model.{name}") for name in encoder_names()])
    window.part(StatusRows).show_skipped(12_345)
    longest = counted("status.found", 1000, seconds="10,25", model=say("model.siglip2-b-16"))
    window.status_line.configure(text=say("status.read_as_english", found=longest))
    window.root.update()
    assert cut_off(window.root) == []
    settle(window, window.root, window.root.minsize())
    assert cut_off(window.root) == []


def look_at_the_settings(window: Window) -> None:
    window.press(window.button(say("window.settings")))
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


def look_at_the_dialogs(window: Window) -> None:
    problems = [Problem(f"/fotos/{reason.value}.jpg", reason) for reason in Reason]
    for dialog in (
        AboutDialog(
            window.root,
            ICON,
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
    window.type_words("un perro")
    window.press(window.button("Ajustes…"))
    dialog = window.dialog()
    assert dialog.window_language.get() == "Español"
    dialog.window_language.set("English")
    dialog.window_language.event_generate("<<ComboboxSelected>>")
    window.root.update()
    again = window.dialog()
    assert again.title() == "Settings"
    assert not dialog.winfo_exists()
    texts = window.texts(window.part(MainView))
    assert {"Image Folder", "Browse", "Update index", "Search by Text", "Search", "Settings…"} <= set(texts)
    assert "Buscar" not in texts
    assert window.status == "Ready: 6 pictures. Model: Embedded (no download)."
    assert window.entry("Image Folder").get() == str(library)
    assert window.entry("Text to Search").get() == "un perro"
    assert window.entry("Results to Show (K)").get() == "6"
    window.press(window.button("More options"))
    assert window.combobox("Model").get() == "Embedded (no download)"
    assert json.loads((home / CONFIG_NAME).read_text())["language"] == "en"
    assert text.language() == "en"
    again.destroy()
    window.search("rojo")  # the index is still open
    assert window.status.startswith("6 results in the browser (")


def test_the_window_starts_in_the_systems_language(start, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en_US")
    window = start("system")
    assert window.status == "Choose the folder of your photos to begin."
    window.press(window.button("Settings…"))
    assert window.dialog().window_language.get() == "The system’s"
    window.dialog().destroy()


def test_who_reads_queries_is_chosen_and_remembered(start, home, monkeypatch):
    window = start("es")
    models = window.app.engine.models
    made: list[tuple[str, str]] = []
    create = models._create

    def noted(name, *number_format):
        made.append((name, models.query_language))
        return create(name, *number_format)

    monkeypatch.setattr(models, "_create", noted)
    window.press(window.button("Ajustes…"))
    dialog = window.dialog()
    assert list(dialog.query_language["values"]) == ["Automático", "Español y otros", "Inglés"]
    dialog.query_language.set("Español y otros")
    dialog.query_language.event_generate("<<ComboboxSelected>>")
    window.root.update()
    assert made[-1] == ("builtin", "multilingual")
    assert json.loads((home / CONFIG_NAME).read_text())["query_language"] == "multilingual"
    dialog.destroy()
