"""A few words beside the pointer or the focused widget."""

from __future__ import annotations

import contextlib
import tkinter as tk
from tkinter import ttk

from semantik.gui.widgets.screen_scale import px

DELAY_MS = 500


class Tooltip:
    """Shows ``text`` after a moment under the pointer, or at once for who comes by keyboard."""

    def __init__(self, widget: tk.Misc, text: str) -> None:
        self.text = text
        self.window: tk.Toplevel | None = None
        self._widget = widget
        self._after = ""
        if isinstance(widget, ttk.Label):
            widget.configure(takefocus=False)  # else Tab would stop there: Tk takes what hears keys for a control
        widget.bind("<Enter>", lambda event: self._soon(), add=True)
        widget.bind("<FocusIn>", lambda event: self._soon(), add=True)
        for event in ("<Leave>", "<FocusOut>", "<ButtonPress>", "<KeyPress>", "<Destroy>", "<Unmap>"):
            widget.bind(event, lambda event: self.hide(), add=True)

    def _soon(self) -> None:
        self.hide()
        if self.text:
            self._after = self._widget.after(DELAY_MS, self.show)

    def show(self) -> None:
        """Show it now."""
        self.hide()
        widget = self._widget
        window = self.window = tk.Toplevel(widget)
        window.withdraw()
        window.overrideredirect(True)
        with contextlib.suppress(tk.TclError):  # X11 only: no window to list, focus or animate
            window.attributes("-type", "tooltip")
        frame = ttk.Frame(window, style="Card.TFrame", padding=1)
        frame.pack()
        ttk.Label(frame, text=self.text, style="Tip.TLabel", wraplength=px(widget, 420)).pack()
        window.update_idletasks()
        left = min(widget.winfo_rootx(), widget.winfo_screenwidth() - window.winfo_reqwidth())
        below = widget.winfo_rooty() + widget.winfo_height() + px(widget, 4)
        if below + window.winfo_reqheight() > widget.winfo_screenheight():
            below = widget.winfo_rooty() - window.winfo_reqheight() - px(widget, 4)
        window.geometry(f"+{max(0, left)}+{max(0, below)}")
        window.deiconify()

    def hide(self) -> None:
        """Take it away."""
        if self._after:
            with contextlib.suppress(tk.TclError):
                self._widget.after_cancel(self._after)
            self._after = ""
        if self.window is not None:
            with contextlib.suppress(tk.TclError):
                self.window.destroy()
            self.window = None
