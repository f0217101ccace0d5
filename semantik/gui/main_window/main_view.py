"""The main window's widgets: where everything is and what it is called. What is done about it, actions know."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tkinter import font, ttk

from semantik.gui.main_window.commands import Commands
from semantik.gui.main_window.folder_row import FolderRow
from semantik.gui.main_window.history_box import SavedLine
from semantik.gui.main_window.option_rows import OptionRows
from semantik.gui.main_window.query_rows import QueryLists, QueryRows
from semantik.gui.main_window.result_strip import ResultStrip
from semantik.gui.main_window.status_rows import StatusRows
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.entries import replace_text
from semantik.gui.widgets.file_drops import accept_drops
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.gui.widgets.scrolled_frame import ScrolledFrame
from semantik.gui.widgets.window_place import stay_on_screen
from semantik.gui.window_services import WindowServices
from semantik.storage.search_history import SearchHistory
from semantik.words.text import language, say

log = logging.getLogger(__name__)

ROOMY = 760
"""Pixels of the window's inside at 100 %, at least."""


class MainView(ttk.Frame):
    """All widgets of the main window, built into ``root``; their order is that of the Tab key."""

    def __init__(self, root: tk.Tk, services: WindowServices, history: SearchHistory) -> None:
        super().__init__(root, padding=(px(root, 14), px(root, 12), px(root, 14), px(root, 12)))
        self._window, self._services = root, services
        self._together = False
        self.history = history
        self.commands = Commands()
        self.subfolders: Callable[[], Sequence[str]] = lambda: ()
        """What the filter for folders may name."""
        self.saved: Callable[[], Sequence[SavedLine]] = lambda: ()
        """The starred searches, for the list of the entry."""
        self.pack(fill="both", expand=True)
        # With few controls in sight there is room for as many pictures as with all of them.
        self.columnconfigure(0, weight=1, minsize=min(px(root, ROOMY), root.winfo_screenwidth() - px(root, 60)))
        self.rowconfigure(1, weight=1)
        self._build()
        accept_drops(self, self.commands.take_files)
        self._bind_keys(root, self.commands)
        services.happened.told.connect(lambda message: self.status.configure(text=message))
        services.happened.share.connect(self._show_share)
        services.happened.busy.connect(self._set_busy)
        services.happened.cancelling.connect(lambda: self.show_paused(False))

    def _build(self) -> None:
        root, do = self._window, self.commands
        self.letters = AccessKeys(root)
        self.top = ScrolledFrame(self)
        self.top.inside.columnconfigure(0, weight=1)
        folder = FolderRow(self.top.inside, do, self._services, self.letters)
        lists = QueryLists(self._list_subfolders, self._list_saved)
        query = QueryRows(self.top.inside, do, self.history, self.letters, lists)
        options = OptionRows(self.top.inside, do, self._services, self.letters, self._want_more)
        for row, part in enumerate((folder, query, options)):
            part.grid(row=row, column=0, sticky="ew", pady=(0 if row == 0 else px(self, 8), 0))
        self.strip = ResultStrip(self, do)
        self.bottom = StatusRows(self, do, self.letters)
        self.top.grid(row=0, column=0, sticky="new")
        self.strip.grid(row=1, column=0, sticky="nsew", pady=(px(self, 8), 0))
        self.bottom.grid(row=2, column=0, sticky="new", pady=(px(self, 8), 0))
        self.letters.alternate(self.bottom.pause_button, (say("window.pause"), say("window.resume")))
        self._name_parts(folder, query, options)
        self.strip.say(say("strip.choose_folder"))
        self._parts = (folder, query, options)
        self._name_all()
        for event in ("<<Refit>>", "<<Relabel>>"):
            root.bind(event, lambda event: self._refresh())
        self.show_more()
        self.text_entry.focus_set()
        # Tk's own message boxes, where the system has none, speak the program's language.
        root.tk.eval(f"::msgcat::mclocale {language()}; ::msgcat::mcload [file join $::tk_library msgs]")

    def speak(self) -> None:
        """Make all widgets anew, in another language; what the user typed and chose stays. Not during a task."""
        mode, filters = self.mode.get(), self.filters.values()
        folder, words, image, top_k = (
            entry.get() for entry in (self.folder_entry, self.text_entry, self.image_entry, self.top_k)
        )
        for event in ("<<Refit>>", "<<Relabel>>"):
            self._window.unbind(event)  # what is half made needs no fitting
        for part in self.winfo_children():
            part.destroy()
        self._build()
        self.filters.restore(filters)
        self.show_filters()
        self.mode.set(mode)
        for entry, value in ((self.folder_entry, folder), (self.text_entry, words), (self.image_entry, image)):
            replace_text(entry, value)
        self.top_k.set(top_k)
        self._set_busy(False, False)

    def _name_parts(self, folder: FolderRow, query: QueryRows, options: OptionRows) -> None:
        """What actions use, wherever it stands."""
        self.folder_entry, self.folder_button = folder.entry, folder.browse_button
        self.update_button, self.add_button, self.remove_button = (
            folder.update_button,
            folder.add_button,
            folder.remove_button,
        )
        self.show_folders, self.watch = folder.show, folder.watch
        self.mode, self.filters, self.show_filters = query.mode, query.filters, query.show_filters
        self.chips, self.star = query.chips, query.star
        self.text_entry, self.image_entry, self.preview = query.text_entry, query.image_entry, query.preview
        self.top_k, self.model_box, self.status = options.top_k, options.model_box, self.bottom.status
        self.show_waiting, self.show_share = self.bottom.show_waiting, self.bottom.show_share
        self.show_skipped, self.show_paused = self.bottom.show_skipped, self.bottom.show_paused
        self.arrival = self.bottom.arrival

    def _name_all(self) -> None:
        """Give letters to all controls at once, also to those that are hidden at first: none changes later."""
        folder, query, options = self._parts
        folder.show_more(True)
        query.show_more(True)
        options.show_more(True, 0)
        self.bottom.show_running(True, True)
        self.letters.assign()
        self.bottom.show_running(False, False)

    def show_more(self) -> None:
        """Show the controls that the settings want to be seen, and no more."""
        folder, query, options = self._parts
        more = self._services.config.more_options
        with self._fitted_once():
            folder.show_more(more)
            query.show_more(more)
            options.show_more(more, self.filters.count())

    def _want_more(self, more: bool) -> None:
        self._services.save(more_options=more)
        self.show_more()

    def _bind_keys(self, root: tk.Tk, do: Commands) -> None:
        # What people expect of Ctrl+A; Tk on X11 would go to the start of the line.
        for kind in ("TEntry", "TCombobox", "TSpinbox"):
            root.bind_class(kind, "<Control-a>", "%W selection range 0 end; %W icursor end; break")
        root.bind("<<Paste>>", lambda event: do.paste(False))
        root.bind("<Return>", lambda event: do.search())
        root.bind("<KP_Enter>", lambda event: do.search())
        root.bind("<F1>", lambda event: do.show_about())

    @contextmanager
    def _fitted_once(self) -> Iterator[None]:
        """Fit the window after several changes instead of after each: to lay it out takes longer than they do."""
        self._together = True
        try:
            yield
        finally:
            self._together = False
        self._refresh()

    def _refresh(self) -> None:
        if not self._together and self.winfo_exists():
            self.letters.assign()
            self.fit()

    def fit(self) -> None:
        """Let the window be no smaller than what it shows."""
        root = self.winfo_toplevel()
        # The status may take two lines, for which a window that its user made small does not grow.
        line = font.nametofont("TkDefaultFont", root).metrics("linespace")
        room = root.winfo_screenheight() - px(root, AROUND)
        root.update_idletasks()
        others = self.bottom.winfo_reqheight() + line + 2 * px(self, 12) + px(self, 8)
        strip = self.strip.winfo_reqheight() + px(self, 8)
        self._parts[0].give_room(room - others - strip - self.top.inside.winfo_reqheight())
        root.update_idletasks()
        if self.top.inside.winfo_reqheight() + strip + others > room:
            self.strip.grid_remove()  # the page has the pictures, too; nothing else could be missed
        else:
            self.strip.grid()
        self.top.limit(room - others)
        root.update_idletasks()
        root.minsize(root.winfo_reqwidth(), root.winfo_reqheight() + line)
        stay_on_screen(root, root.winfo_reqheight() + line)

    def _list_subfolders(self) -> Sequence[str]:
        return self.subfolders()

    def _list_saved(self) -> Sequence[SavedLine]:
        return self.saved()

    def _show_share(self, share: float) -> None:
        self.show_share(share)

    def _set_busy(self, busy: bool, pausable: bool) -> None:
        """Lock what must not change during a task. "Buscar" stays: it explains why it has to wait."""
        state = ["disabled" if busy else "!disabled"]
        buttons = (self.folder_button, self.add_button, self.remove_button, self.update_button)
        for widget in (self.folder_entry, *buttons, self.model_box):
            widget.state(state)
        self.bottom.show_running(busy, pausable)
        self.show_paused(False)
        if busy:
            self.show_waiting()
        else:
            self.model_box.state(["readonly"])
            self.show_share(0)


def load_icon(root: tk.Tk, path: Path) -> tk.PhotoImage | None:
    """Give the window its icon; None when it is missing or broken, and the program goes on without."""
    try:
        icon = tk.PhotoImage(master=root, file=str(path))
        root.iconphoto(True, icon)
    except tk.TclError as error:
        log.warning("no icon: %s", error)
        return None
    return icon
