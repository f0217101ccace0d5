"""Underlined letters: Alt and a letter press a button or go to a field, in any language, each letter once a window."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Collection, Iterator, Sequence
from tkinter import ttk

_BUTTONS = (ttk.Button, ttk.Checkbutton, ttk.Radiobutton)


class AccessKeys:
    """The letters of one window. None on macOS, where Option and a letter type a sign.

    Letters are not written down for each text, which would clash in one of the languages sooner or later; they are
    matched, so that as many controls as can be have one, and the first ones get the best.
    """

    def __init__(self, window: tk.Tk | tk.Toplevel) -> None:
        self._window = window
        self._fields: dict[str, tk.Misc] = {}  # by their label's path
        self._texts: dict[str, tuple[str, ...]] = {}
        self._letters: dict[str, str] = {}
        self._keys: dict[str, tk.Misc] = {}
        self._last: set[str] = set()
        self._on = window.tk.call("tk", "windowingsystem") != "aqua"
        if self._on:
            window.bind("<Alt-KeyPress>", self._press)  # instead of an earlier view's

    def name(self, label: ttk.Label | ttk.LabelFrame, field: tk.Misc) -> None:
        """``label`` says what ``field`` is: its letter leads there."""
        self._fields[str(label)] = field

    def alternate(self, button: ttk.Button, texts: Sequence[str]) -> None:
        """``button`` says now one, now another of ``texts``: its letter is in all of them."""
        self._texts[str(button)] = tuple(texts)

    def put_last(self, control: tk.Misc) -> None:
        """Where letters do not suffice for all, it is ``control`` that goes without."""
        self._last.add(str(control))

    def assign(self) -> None:
        """Give letters to all controls that are shown; call it again when that or a text changed.

        A letter that was given stays: people learn them.
        """
        if not self._on:
            return
        shown = {str(widget): widget for widget in self._shown(self._window)}
        self._letters = {
            path: letter
            for path, letter in self._letters.items()
            if path not in shown or letter in str(shown[path].cget("text")).lower()
        }
        new = sorted((path for path in shown if path not in self._letters), key=self._last.__contains__)
        texts = [self._texts.get(path, (str(shown[path].cget("text")),)) for path in new]
        found = matched(texts, set(self._letters.values()))
        self._letters |= {path: letter for path, letter in zip(new, found, strict=True) if letter}
        for path, widget in shown.items():
            text = str(widget.cget("text"))
            place = next((p for p in _places(text) if text[p].lower() == self._letters.get(path)), -1)
            widget.configure(underline=place)  # type: ignore[call-arg]  # all of these have it
        self._keys = {
            self._letters[path]: self._fields.get(path, w) for path, w in shown.items() if path in self._letters
        }

    @property
    def keys(self) -> dict[str, tk.Misc]:
        """What each letter presses or leads to."""
        return dict(self._keys)

    def _shown(self, parent: tk.Misc) -> Iterator[ttk.Widget]:
        for child in parent.winfo_children():
            if isinstance(child, tk.Toplevel) or not child.winfo_manager():
                continue
            if isinstance(child, ttk.Widget) and (isinstance(child, _BUTTONS) or str(child) in self._fields):
                yield child
            yield from self._shown(child)

    def _press(self, event: tk.Event[tk.Misc]) -> str | None:
        target = self._keys.get(event.keysym.lower())
        if target is None or target.winfo_toplevel() is not self._window:
            return None
        if isinstance(target, _BUTTONS):
            if not target.instate(["disabled"]):
                target.focus_set()
                target.invoke()
        else:
            target.focus_set()
        return "break"


def _places(text: str) -> list[int]:
    """Places in ``text`` that could be underlined, the best first: beginnings of words, then the rest."""
    plain = [place for place, sign in enumerate(text) if sign.isascii() and sign.isalpha()]
    return sorted(plain, key=lambda place: (place > 0 and text[place - 1].isalnum(), place)) if len(text) > 1 else []


def _wishes(texts: Sequence[str]) -> list[str]:
    """Letters that are in all ``texts``, the best for the first one first."""
    first, *others = texts
    letters = dict.fromkeys(first[place].lower() for place in _places(first))
    return [letter for letter in letters if all(letter in other.lower() for other in others)]


def matched(controls: Sequence[Sequence[str]], taken: Collection[str] = ()) -> list[str | None]:
    """For each control, which says any of some texts, its letter, none twice; None where there are not enough.

    Kuhn's algorithm for matchings in bipartite graphs (Naval Research Logistics Quarterly 2, 1955): a control takes
    its best free letter, or one whose owner can change to another; letters in ``taken`` stay with theirs.
    """
    owner: dict[str, int] = {}
    chosen: list[str | None] = [None] * len(controls)

    def settle(number: int, tried: set[str], *, move: bool) -> bool:
        for letter in _wishes(controls[number]):
            if letter in tried or letter in taken:
                continue
            if letter in owner:
                if not move:
                    continue
                tried.add(letter)
                if not settle(owner[letter], tried, move=True):
                    continue
            owner[letter], chosen[number] = number, letter
            return True
        return False

    for number in range(len(controls)):
        if not settle(number, set(), move=False):
            settle(number, set(), move=True)
    return chosen
