"""Finds the widgets of a window by what a person sees: what kind of control it is, and what is written on it.

Works on Tk's own tree, in any language, and knows nothing of how the program keeps its widgets. Of what is not on the
screen now nothing is found.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator

_ROLES = {
    "TButton": ("button",),
    "TCheckbutton": ("check",),
    "TRadiobutton": ("radio",),
    "Toolbutton": ("picture",),  # a button that shows a picture and no words
    "TEntry": ("entry",),
    "TSpinbox": ("entry",),
    "TCombobox": ("combobox", "entry"),  # what is not read only can be typed into
    "Text": ("entry",),
    "Treeview": ("table",),
    "TProgressbar": ("progress",),
}
"""By the widget's style where it has one, which decides how it looks, else by its class."""


def roles(widget: tk.Misc) -> tuple[str, ...]:
    """What kind of control a person takes ``widget`` for; none for labels and frames."""
    kind = widget.winfo_class()
    style = str(widget.cget("style")) if kind in _ROLES and kind != "Text" else ""
    return _ROLES.get((style or kind).rpartition(".")[2], ())


def in_sight(top: tk.Misc) -> Iterator[tk.Misc]:
    """All widgets of a window, or below a widget, that have a place on the screen; windows of their own left out."""
    started = top.winfo_toplevel().winfo_ismapped()
    for child in top.winfo_children():
        if isinstance(child, tk.Toplevel) or not child.winfo_manager() or (started and not child.winfo_ismapped()):
            continue
        yield child
        if not roles(child):  # the parts of a control are no controls
            yield from in_sight(child)


def written(widget: tk.Misc) -> str:
    """What is written on a widget; "" for what has only something typed into it."""
    return str(widget.cget("text")) if "text" in (widget.keys() or ()) else ""


def captions(widget: tk.Misc) -> list[str]:
    """What is written beside a widget and around it, the nearest first: labels on its left, and groups' titles."""
    found: list[str] = []
    inner = widget
    while not isinstance(inner, tk.Tk | tk.Toplevel):
        found += _labels_left_of(inner)
        if inner.winfo_class() == "TLabelframe" and inner is not widget:
            found.append(written(inner))
        inner = inner.master
    return found


def _labels_left_of(widget: tk.Misc) -> list[str]:
    if widget.winfo_manager() == "pack":
        row = widget.master.pack_slaves()
        before = row[: row.index(widget)] if widget.pack_info().get("side") == "left" else []  # type: ignore[attr-defined]
    elif widget.winfo_manager() == "grid":
        here = widget.grid_info()  # type: ignore[attr-defined]
        row = here["in"].grid_slaves(row=here["row"])
        placed = {int(other.grid_info()["column"]): other for other in row}
        before = [placed[column] for column in sorted(placed) if column < int(here["column"])]
    else:
        before = []
    return [text for other in reversed(before) if other.winfo_class() == "TLabel" and (text := written(other))]


def find(top: tk.Misc, role: str, label: str = "", near: str = "") -> list[tk.Misc]:
    """All controls of a kind in sight, in the order of the tree.

    ``label``: what is written on a button, or beside or around a control that has no words of its own. ``near``: what
    else is written in its row or around it.
    """
    top.update_idletasks()
    found = []
    for widget in in_sight(top):
        if role not in roles(widget):
            continue
        around = captions(widget)
        own = [written(widget)] if _speaks(widget) else around[:1]
        if (not label or label in own) and (not near or near in around):
            found.append(widget)
    return found


def _speaks(widget: tk.Misc) -> bool:
    return bool({"button", "check", "radio"}.intersection(roles(widget)))


def the_one(top: tk.Misc, role: str, label: str = "", near: str = "") -> tk.Misc:
    """The only control that ``find`` finds. AssertionError, which lists what is there, if it is none or several."""
    found = find(top, role, label, near)
    place = f" near «{near}»" if near else ""
    assert len(found) == 1, f"{len(found)} × {role} «{label}»{place}; in sight: " + "; ".join(seen(top))
    return found[0]


def seen(top: tk.Misc) -> list[str]:
    """What a person sees in a window, one line for each control."""
    return [
        f"{roles(widget)[0]} «{written(widget) if _speaks(widget) else next(iter(captions(widget)), '')}»"
        for widget in in_sight(top)
        if roles(widget)
    ]


def letter(widget: tk.Misc) -> str:
    """The underlined letter of a button, or of the label or group's title that names a field; "" without one."""
    if _speaks(widget):
        return _underlined(widget)
    name = next(iter(captions(widget)), "")
    for other in in_sight(widget.winfo_toplevel()):
        if other.winfo_class() in ("TLabel", "TLabelframe") and name and written(other) == name:
            return _underlined(other)
    return ""


def _underlined(widget: tk.Misc) -> str:
    place = int(widget.cget("underline"))
    return written(widget)[place].lower() if place >= 0 else ""


def tab_order(first: tk.Misc) -> list[tk.Misc]:
    """Where the Tab key leads from ``first`` on, until it comes round. AssertionError when it does not come back."""
    order: list[tk.Misc] = []
    widget: tk.Misc | None = first
    while widget is not None and widget not in order:
        order.append(widget)
        widget = widget.tk_focusNext()
    assert widget is first, f"Tab leads from {order[-1]} to {widget}, not back to {first}"
    return order
