"""What all dialogs have in common: who takes input when one closes, Return and Escape, words, scrolling."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from tkinter import ttk
from types import SimpleNamespace

import pytest

from semantik.engine.model_advice import Choice
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.doctor import DoctorDialog
from semantik.gui.dialogs.guide import Guide
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.dialogs.people import PeopleActions, PeopleDialog
from semantik.gui.dialogs.people_offer import PeopleOffer
from semantik.gui.dialogs.person_faces import PersonDialog
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.message_box import MessageBox
from semantik.records import Problem, Reason
from tests.support.fake_people import FakePeople, group
from tests.support.widget_finders import in_sight, roles
from tests.support.window import Window


class Box(MessageBox):
    """One that does not wait."""

    def __init__(self, root: tk.Tk, buttons: tuple[str, ...]) -> None:
        super().__init__(root, "Título", "¿Seguir?", "question", buttons)
        self.show(self.first)


def kinds(window: Window, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Dialog]]:
    """What opens each dialog of the program."""
    root, nothing = window.root, lambda *values: None
    monkeypatch.setattr(DoctorDialog, "report", lambda self: "Todo está bien.")
    problems = [Problem("rota.jpg", Reason.DAMAGED)]
    services, engine, ana = window.app.services, window.app.engine, group(1, [], "Ana")
    people = FakePeople([ana])
    return {
        "about": lambda: AboutDialog(root, None, "", root, on_doctor=nothing, on_guide=nothing),
        "doctor": lambda: DoctorDialog(root, SimpleNamespace()),
        "guide": lambda: Guide(root, nothing, nothing, [Choice("builtin", "embedded", 0, 0)], nothing),
        "choice": lambda: ModelChoice(root, "CLIP", 338, nothing),
        "settings": lambda: SettingsDialog(window.app.services, window.app.engine),
        "skipped": lambda: ProblemsDialog(root, problems),
        "offer": lambda: PeopleOffer(root, 39, nothing),
        "people": lambda: PeopleDialog(services, engine, people, PeopleActions(nothing, nothing)),
        "person": lambda: PersonDialog(services, engine, people, ana, nothing),
        "told": lambda: Box(root, ("ok",)),
        "asked": lambda: Box(root, ("yes", "no")),
    }


STAYS_OPEN = {"guide"}
"""What Return does not close: it goes to the next step."""


def test_what_a_dialog_lay_on_takes_input_again(window, monkeypatch):
    window.leave_boxes = True
    root, words = window.root, window.entry("Texto a Buscar")
    dialogs = kinds(window, monkeypatch)
    settings = dialogs["settings"]()
    for name, open_it in dialogs.items():
        above = open_it()
        assert root.grab_current() is above
        assert not {"OK", "Ok", "Cancel", "Yes"}.intersection(window.texts(above)), name
        box = dialogs["told"]()
        assert "Aceptar" in window.texts(box)
        box.destroy()
        assert root.grab_current() is above, name
        above.destroy()
        assert root.grab_current() is settings, name
    # They may close in any order.
    middle, above = dialogs["about"](), dialogs["asked"]()
    middle.destroy()
    assert root.grab_current() is above
    above.destroy()
    assert root.grab_current() is settings
    settings.destroy()
    assert root.grab_current() is None
    assert words.focus_lastfor() is words


def test_return_presses_a_button_and_escape_closes(window, monkeypatch):
    window.leave_boxes = True
    for name, open_it in kinds(window, monkeypatch).items():
        dialog = open_it()
        texts = [w for w in all_below(dialog) if isinstance(w, tk.Text) and str(w.cget("state")) == "normal"]
        for field in texts:  # where it begins a line
            field.focus_force()
            window.root.update()
            field.event_generate("<Return>")
            assert field.get("1.0", "end-1c") == "\n"
            field.delete("1.0", "end")
        dialog.focus_force()
        dialog.event_generate("<Return>")
        assert bool(dialog.winfo_exists()) == (name in STAYS_OPEN), name
        if not dialog.winfo_exists():
            dialog = open_it()
        for button in (w for w in in_sight(dialog) if isinstance(w, ttk.Button) and w.instate(["!disabled"])):
            pressed: list[tk.Misc] = []
            button.configure(command=lambda button=button, pressed=pressed: pressed.append(button))
            button.focus_force()
            button.event_generate("<Return>")
            assert pressed == [button], (name, button.cget("text"))
        dialog.focus_force()
        dialog.event_generate("<Escape>")
        assert not dialog.winfo_exists(), name


def all_below(widget: tk.Misc) -> Iterator[tk.Misc]:
    for child in widget.winfo_children():
        yield child
        yield from all_below(child)


def test_what_can_be_typed_into_and_what_scrolls(window, monkeypatch):
    window.more_options()
    window.press(window.button("Filtros"))
    entries = [w for w in in_sight(window.root) if "entry" in roles(w) and w.instate(["!readonly", "!disabled"])]
    assert len(entries) == 10
    for entry in entries:
        entry.focus_force()
        entry.delete(0, "end")
        entry.insert(0, "12")
        entry.selection_clear()
        entry.event_generate("<Control-a>")
        assert (entry.index("sel.first"), entry.index("sel.last")) == (0, 2), entry
        entry.delete(0, "end")
    # The help is seen from its beginning, however little of it fits.
    with monkeypatch.context() as small:
        small.setattr(tk.Misc, "winfo_vrootheight", lambda self: 400)
        dialog = kinds(window, small)["about"]()
    canvas = dialog._all._canvas
    window.wait(lambda: str(window.root.tk.call("focus")) == str(dialog.default))
    window.root.update()
    assert dialog._all.scrolls
    assert canvas.canvasy(0) == 0
    examples = [w for w in in_sight(dialog) if isinstance(w, ttk.Button)]
    examples[0].focus_force()
    window.root.update()
    dialog.default.focus_force()
    window.wait(lambda: canvas.canvasy(0) > 0, "the button comes into view")
    dialog.destroy()
    # A window is bound once, whatever is made in it anew.
    events = ("<FocusIn>", "<Button-4>", "<Button-5>", "<MouseWheel>")
    before = [window.root.bind(event) for event in events]
    window.app.save_config(language="pt")
    window.app.speak()
    assert [window.root.bind(event) for event in events] == before
