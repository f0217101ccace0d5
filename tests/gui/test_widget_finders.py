"""How the tests find widgets: by label, role and row, of what is on the screen, with a list when there is none."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from tkinter import ttk

import pytest

from tests.support.widget_finders import captions, find, letter, roles, tab_order, the_one
from tests.support.window import INTERPRETERS


@pytest.fixture
def form() -> Iterator[tk.Tk]:
    """A group with an entry and a button; a row with two fields and a button of the same name; a packed row."""
    root = tk.Tk()
    INTERPRETERS.append(root.tk)
    group = ttk.LabelFrame(root, text="Folder")
    group.grid(row=0, column=0)
    ttk.Entry(group, name="folder").grid(row=0, column=0)
    ttk.Button(group, text="Browse", name="browse").grid(row=0, column=1)
    row = ttk.Frame(root, name="row")
    row.grid(row=1, column=0)
    for column, (name, kind) in enumerate((("From", ttk.Entry), ("To", ttk.Combobox))):
        ttk.Label(row, text=name, underline=0).grid(row=0, column=2 * column)
        kind(row, name=name.lower()).grid(row=0, column=2 * column + 1)
    ttk.Button(row, text="Browse", name="browse").grid(row=0, column=4)
    packed = ttk.Frame(root, name="packed")
    packed.grid(row=2, column=0)
    ttk.Label(packed, text="Count").pack(side="left")
    ttk.Spinbox(packed, name="count").pack(side="left")
    ttk.Checkbutton(packed, text="All", underline=1, name="all").pack(side="left")
    root.update()
    yield root
    root.destroy()


def test_fields_are_called_after_what_is_beside_or_around_them(form):
    assert [str(the_one(form, "entry", name)).rpartition(".")[2] for name in ("Folder", "From", "To", "Count")] == [
        *("folder", "from", "to", "count")
    ]
    assert the_one(form, "combobox", "To") is form.nametowidget("row.to")
    assert captions(form.nametowidget("row.browse")) == ["To", "From"]
    assert roles(form.nametowidget("packed")) == ()


def test_of_two_buttons_of_one_name_the_row_or_the_group_tells(form):
    assert the_one(form, "button", "Browse", near="To") is form.nametowidget("row.browse")
    assert str(the_one(form, "button", "Browse", near="Folder")).endswith("labelframe.browse")
    with pytest.raises(AssertionError, match=r"^2 × button «Browse»; in sight: "):
        the_one(form, "button", "Browse")


def test_what_is_not_found_is_told_with_what_is_there(form):
    with pytest.raises(AssertionError) as caught:
        the_one(form, "button", "Search", near="To")
    assert str(caught.value).splitlines()[0] == (
        "0 × button «Search» near «To»; in sight: entry «Folder»; button «Browse»; entry «From»; combobox «To»; "
        "button «Browse»; entry «Count»; check «All»"
    )


def test_what_is_hidden_is_not_found(form):
    assert len(find(form, "button", "Browse")) == 2
    form.nametowidget("row").grid_remove()
    assert len(find(form, "button", "Browse")) == 1
    assert find(form, "combobox") == []
    ttk.Button(tk.Toplevel(form), text="Browse").pack()  # another window
    assert len(find(form, "button", "Browse")) == 1


def test_letters_and_the_order_of_the_tab_key(form):
    assert [letter(the_one(form, role, name)) for role, name in (("entry", "From"), ("check", "All"))] == ["f", "l"]
    assert letter(the_one(form, "entry", "Folder")) == ""
    order = tab_order(the_one(form, "entry", "From"))
    assert [str(widget).rpartition(".")[2] for widget in order] == [
        *("from", "to", "browse", "count", "all", "folder", "browse")
    ]
