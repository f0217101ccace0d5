"""What a person asks of the main window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from semantik.gui.window_services import Signal


class Commands:
    """The widgets call these; whoever can do it connects to it. What needs a model has nobody before one is loaded.

    Folders are named as the user named them.
    """

    def __init__(self) -> None:
        # Folders
        self.browse_folder: Signal[[]] = Signal()
        self.take_folder: Signal[[]] = Signal()  # the one that was typed
        self.update_index: Signal[[]] = Signal()
        self.add_folder: Signal[[]] = Signal()
        self.remove_folder: Signal[[str]] = Signal()
        self.toggle_folder: Signal[[str]] = Signal()
        self.only_folder: Signal[[str]] = Signal()
        self.all_folders: Signal[[]] = Signal()
        self.update_folder: Signal[[str]] = Signal()
        self.reveal_folder: Signal[[str]] = Signal()
        self.watch_folders: Signal[[bool]] = Signal()
        # Pictures to search with
        self.browse_image: Signal[[]] = Signal()
        self.take_image: Signal[[]] = Signal()  # the one that was typed
        self.take_files: Signal[[Sequence[Path]]] = Signal()  # dropped onto the window: pictures or folders
        self.take_folders: Signal[[Sequence[Path]]] = Signal()  # those among them
        self.paste: Signal[[bool]] = Signal()  # whether by the button, which answers in any case
        # Searches, and the pictures that were found
        self.search: Signal[[]] = Signal()
        self.search_for: Signal[[str]] = Signal()  # these words in place of those that stand in the entry
        self.star_search: Signal[[]] = Signal()  # what is typed is to be kept, or not any more
        self.open_saved: Signal[[str]] = Signal()  # a starred search, by its words
        self.open_picture: Signal[[Path]] = Signal()
        self.find_similar: Signal[[Path]] = Signal()
        self.reveal_picture: Signal[[Path]] = Signal()
        self.open_page: Signal[[]] = Signal()
        # The program
        self.choose_model: Signal[[]] = Signal()
        self.pause: Signal[[]] = Signal()
        self.cancel: Signal[[]] = Signal()
        self.show_problems: Signal[[]] = Signal()
        self.show_settings: Signal[[]] = Signal()
        self.show_people: Signal[[]] = Signal()
        self.show_about: Signal[[]] = Signal()
