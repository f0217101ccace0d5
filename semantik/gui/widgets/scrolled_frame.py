"""A frame that scrolls where the screen has no room for all that is in it."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from weakref import WeakKeyDictionary

_OWN_WHEEL = ("Treeview", "Text", "Listbox", "TCombobox", "TSpinbox")
"""Classes of widgets that the wheel moves themselves."""


class ScrolledFrame(ttk.Frame):
    """As large as ``inside``, into which widgets go, or as high as ``limit`` says, with a bar then.

    The keyboard and the wheel scroll, too: what gets the focus is brought into view.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._most = 0
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._canvas = tk.Canvas(self, width=1, height=1, highlightthickness=0, borderwidth=0, takefocus=False)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self._bar = ttk.Scrollbar(self, command=self._canvas.yview, takefocus=False)
        self._canvas.configure(yscrollcommand=self._bar.set)
        # Its height is its own, so that it is told when what is inside wants more than it has.
        self._holder = ttk.Frame(self._canvas)
        self._holder.columnconfigure(0, weight=1)
        self._holder.rowconfigure(0, weight=1)
        self.inside = ttk.Frame(self._holder)
        self.inside.grid(sticky="nsew")
        self._window = self._canvas.create_window(0, 0, anchor="nw", window=self._holder)
        self.inside.bind("<Configure>", lambda event: self.fit())
        self._canvas.bind("<Configure>", lambda event: self._resized(event.width, event.height))
        self._unmoved: tk.Misc | None = None
        _listen(self.winfo_toplevel(), self)

    @property
    def scrolls(self) -> bool:
        """Whether there is more than is seen."""
        return bool(self._bar.winfo_manager())

    @property
    def bar_width(self) -> int:
        """Pixels that the bar takes when it is there."""
        return self._bar.winfo_reqwidth()

    def limit(self, height: int) -> None:
        """Be no higher than ``height`` pixels."""
        self._most = height
        self.fit()

    def fit(self) -> None:
        """Ask for as much room as ``inside`` needs now, within the limit."""
        needed = self.inside.winfo_reqheight()
        height = min(needed, self._most) if self._most else needed
        self._show_bar(height < needed or (self._canvas.winfo_ismapped() and self._canvas.winfo_height() < needed))
        self._canvas.configure(width=self.inside.winfo_reqwidth(), height=height)
        self._fill(self._canvas.winfo_width(), self._canvas.winfo_height())

    def _resized(self, width: int, height: int) -> None:
        self._fill(width, height)
        self._show_bar(height < self.inside.winfo_reqheight())

    def _show_bar(self, wanted: bool) -> None:
        if wanted:
            self._bar.grid(row=0, column=1, sticky="ns")
        else:
            self._bar.grid_remove()
            self._canvas.yview_moveto(0)

    def _fill(self, width: int, height: int) -> None:
        needed = max(height, self.inside.winfo_reqheight())
        self._canvas.itemconfigure(self._window, width=width)
        self._holder.rowconfigure(0, minsize=height)
        self._canvas.configure(scrollregion=(0, 0, width, needed))

    def _holds(self, widget: object) -> bool:
        return str(widget).startswith(f"{self.inside}.")

    def stay_for(self, widget: tk.Misc) -> None:
        """Do not scroll to ``widget`` until something else had the focus: nobody has seen what is above it yet."""
        self._unmoved = widget

    def focused(self, widget: tk.Misc) -> None:
        """Something in the window got the focus."""
        if str(widget) != str(self.tk.call("focus")):
            return  # X tells it to all that the widget is in
        if self._holds(widget) and widget is not self._unmoved:
            self._unmoved = None
            if self.scrolls:
                self.see(widget)

    def see(self, widget: tk.Misc) -> None:
        """Scroll as little as shows ``widget``, its upper end first."""
        total, top = max(1, self.inside.winfo_height()), self._canvas.canvasy(0)
        above = widget.winfo_rooty() - self.inside.winfo_rooty()
        if above < top:
            self._canvas.yview_moveto(above / total)
        elif (lacking := above + widget.winfo_height() - top - self._canvas.winfo_height()) > 0:
            self._canvas.yview_moveto(min(above, top + lacking) / total)

    def wheel(self, widget: tk.Misc, steps: int) -> None:
        """The wheel was turned above ``widget``."""
        if self.scrolls and self._holds(widget) and widget.winfo_class() not in _OWN_WHEEL:
            self._canvas.yview_scroll(steps, "units")


_FRAMES: WeakKeyDictionary[tk.Misc, list[ScrolledFrame]] = WeakKeyDictionary()


def _listen(top: tk.Misc, frame: ScrolledFrame) -> None:
    """Have ``frame`` hear of the keyboard and the wheel; a window is bound once, however often its frames are made."""
    frames = _FRAMES.setdefault(top, [])
    frames[:] = [*_there(frames), frame]
    if len(frames) > 1 or top.bind("<<Scrolled>>"):
        return
    top.bind("<<Scrolled>>", lambda event: None)  # the mark of it

    def focused(widget: tk.Misc) -> None:
        for one in _there(frames):
            one.focused(widget)

    def turned(widget: tk.Misc, steps: int) -> None:
        for one in _there(frames):
            one.wheel(widget, steps)

    top.bind("<FocusIn>", lambda event: focused(event.widget), add=True)
    top.bind("<Button-4>", lambda event: turned(event.widget, -1), add=True)
    top.bind("<Button-5>", lambda event: turned(event.widget, 1), add=True)
    top.bind("<MouseWheel>", lambda event: turned(event.widget, -1 if event.delta > 0 else 1), add=True)


def _there(frames: list[ScrolledFrame]) -> list[ScrolledFrame]:
    return [frame for frame in frames if frame.winfo_exists()]
