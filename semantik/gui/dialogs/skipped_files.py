"""The list of files that were skipped, and what can be done about them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from tkinter import ttk

from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.table_columns import fit_column
from semantik.gui.widgets.theme import Hint
from semantik.records import Problem, Reason
from semantik.words.plain import plain
from semantik.words.shown_names import visible
from semantik.words.text import counted, reason, say

COLUMNS = {"path": "skipped.path", "reason": "skipped.reason"}
"""Names of the columns, with what is above them."""

_MARKS = (" ▴", " ▾")


class ProblemsDialog(Dialog):
    """The files that were skipped or read only in part, each with its reason; sorted by either."""

    def __init__(
        self,
        parent: tk.Misc,
        problems: Sequence[Problem],
        reveal: Callable[[Problem], None] = lambda problem: None,
        retry: Callable[[Sequence[Problem]], None] | None = None,
    ) -> None:
        """``retry`` gets the selected problems, or all when none is selected; None while it cannot be done.

        What is only in a cloud is never among "all": it is downloaded when the user selects it.
        """
        super().__init__(parent, say("skipped.title"))
        self._problems = list(problems)
        self._reveal, self._retry = reveal, retry
        self._at_hand = [problem for problem in problems if problem.reason is not Reason.ONLY_IN_CLOUD]
        self._by, self._backwards = "", False
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(1, weight=1)
        self._build_top()
        self._build_table()
        self._build_buttons()
        if len(self._at_hand) < len(self._problems):
            hint = Hint(self.body, text=say("skipped.cloud_hint"), justify="left", wraplength=px(self, 520))
            hint.grid(row=3, column=0, sticky="ew", pady=(px(self, 10), 0))
        for number, problem in enumerate(problems):
            path = f"{problem.folder.name}/{problem.path}" if problem.folder else problem.path
            cells = (visible(path), reason(problem.reason))
            self.table.insert("", "end", iid=str(number), values=cells)
        fit_column(self.table, "reason")
        # On a small screen the names give way: the reasons are the program's own words.
        room = self.winfo_screenwidth() * 9 // 10 - self.table.column("reason", "width")
        self.table.column("path", width=max(px(self, 200), min(px(self, 360), room)))
        self.sort("path")
        self._selected()
        self.update_idletasks()
        self.minsize(self.winfo_reqwidth(), px(self, 320))
        self.show(self.table)

    def _build_top(self) -> None:
        top = ttk.Frame(self.body)
        top.grid(row=0, column=0, sticky="ew", pady=(0, px(self, 10)))
        top.columnconfigure(0, weight=1)
        ttk.Label(top, text=counted("skipped.count", len(self._problems))).grid(row=0, column=0, sticky="w")
        order = ttk.Label(top, text=say("skipped.order"))
        order.grid(row=0, column=1, padx=px(self, 10))
        titles = [say(key) for key in COLUMNS.values()]
        self.order_box = ttk.Combobox(top, state="readonly", values=titles, width=max(map(len, titles)) + 2)
        self.order_box.grid(row=0, column=2)
        self.order_box.bind("<<ComboboxSelected>>", lambda event: self._order_chosen())
        self.letters.name(order, self.order_box)

    def _build_table(self) -> None:
        frame = ttk.Frame(self.body)
        frame.grid(row=1, column=0, sticky="nsew")
        self.table = ttk.Treeview(frame, columns=tuple(COLUMNS), show="headings", height=14)
        for column, key in COLUMNS.items():
            self.table.heading(
                column,
                text=say(key),
                anchor="w",
                command=partial(self.sort, column),
            )
        bar = ttk.Scrollbar(frame, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        self.table.pack(side="left", fill="both", expand=True)
        bar.pack(side="right", fill="y")
        self.table.bind("<<TreeviewSelect>>", lambda event: self._selected())
        self.table.bind("<Double-1>", lambda event: self._double(event.y))
        self.table.bind("<Return>", lambda event: self.reveal())
        self.table.bind("<Control-a>", lambda event: self._select_all())

    def _build_buttons(self) -> None:
        buttons = ttk.Frame(self.body)
        buttons.grid(row=2, column=0, sticky="ew", pady=(px(self, 12), 0))
        buttons.columnconfigure(3, weight=1)
        gap = (0, px(self, 8))
        self.retry_button = ttk.Button(buttons, command=self.retry)
        self.retry_button.grid(row=0, column=0, padx=gap)
        self.reveal_button = ttk.Button(buttons, text=say("skipped.reveal"), command=self.reveal)
        self.reveal_button.grid(row=0, column=1, padx=gap)
        self.copy_button = ttk.Button(buttons, text=say("skipped.copy"), command=self._copy)
        self.copy_button.grid(row=0, column=2, padx=gap)
        self.default = ttk.Button(buttons, text=say("skipped.close"), command=self.destroy)
        self.default.grid(row=0, column=4)

    @property
    def chosen(self) -> list[Problem]:
        """The selected problems, in the order of the table."""
        selected = set(self.table.selection())
        return [self._problems[int(row)] for row in self.table.get_children() if row in selected]

    def sort(self, column: str) -> None:
        """Sort by "path" or "reason"; once more by the same one turns the order round."""
        self._backwards = column == self._by and not self._backwards
        self._by = column
        place = list(COLUMNS).index(column)

        def key(row: str) -> tuple[str, str]:
            cells = self.table.item(row, "values")
            return plain(str(cells[place])), plain(str(cells[0]))

        self.table.set_children("", *sorted(self.table.get_children(), key=key, reverse=self._backwards))
        for name, title in COLUMNS.items():
            mark = _MARKS[self._backwards] if name == column else ""
            self.table.heading(name, text=say(title) + mark)
        self.order_box.current(place)

    def _order_chosen(self) -> None:
        self.sort(list(COLUMNS)[self.order_box.current()])

    def _selected(self) -> None:
        chosen = self.table.selection()
        self.retry_button.configure(text=say("skipped.retry_chosen" if chosen else "skipped.retry_all"))
        self.retry_button.state(["!disabled" if self._retry and (chosen or self._at_hand) else "disabled"])
        self.reveal_button.state(["!disabled" if chosen else "disabled"])

    def _double(self, y: int) -> None:
        if self.table.identify_row(y):
            self.reveal()

    def _select_all(self) -> str:
        self.table.selection_set(self.table.get_children())
        return "break"

    def reveal(self) -> str:
        """Show the first selected file in the system's file manager."""
        if chosen := self.chosen:
            self._reveal(chosen[0])
        return "break"

    def retry(self) -> None:
        """Try the selected files again, or all of them."""
        if self._retry:
            chosen = self.chosen or self._at_hand
            self.destroy()
            self._retry(chosen)

    def _copy(self) -> None:
        rows = (self.table.item(row, "values") for row in self.table.get_children())
        self.clipboard_clear()
        self.clipboard_append("\n".join("\t".join(map(str, row)) for row in rows))
