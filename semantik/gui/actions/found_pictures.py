"""What the window shows of the pictures that go with a query: those found, and those to search with."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semantik import errors
from semantik.errors import SemantikError
from semantik.gui.main_window.main_view import MainView
from semantik.gui.main_window.result_strip import MOST, Found
from semantik.gui.widgets.entries import replace_text
from semantik.gui.window_services import WindowServices
from semantik.records import split_path
from semantik.storage.typed_paths import typed_path
from semantik.words.phrases import relevance_word
from semantik.words.shown_names import visible
from semantik.words.text import number, say

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.answers import Answer
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library
    from semantik.records import Hit

log = logging.getLogger(__name__)


class FoundPictures:
    """Fills the strip and the preview in the background, and does what their menus offer."""

    def __init__(self, services: WindowServices, view: MainView, engine: Engine) -> None:
        self._services = services
        self._view = view
        self._commands = view.commands
        self._engine = engine
        self._library: Library | None = None
        self._page: Path | None = None
        self._found: list[Found] = []
        self._among = ""  # how many pictures they were found among, if that was not all
        self._turn = 0  # an answer that comes after a newer question is dropped
        self._typed = ""
        self._commands.open_picture.connect(self.open)
        self._commands.reveal_picture.connect(self.reveal)
        self._commands.find_similar.connect(self.similar)
        self._commands.open_page.connect(self.open_page)
        happened = services.happened
        happened.answer_shown.connect(self.show)
        happened.folders_opening.connect(self._opening)
        happened.indexing_began.connect(lambda: self.idle(say("strip.indexing")))
        happened.index_changed.connect(self._suggest)
        happened.indexing_searchable.connect(self._suggest)
        happened.example_typed.connect(self.follow)
        happened.language_changed.connect(self._again)

    # -- The strip -------------------------------------------------------------------------------------

    def show(self, answer: Answer, page: Path) -> None:
        """Show the best pictures of an answer, as soon as they are read."""
        from semantik.results.thumbnails import SIDE

        hits = answer.first[:MOST]
        self._page, self._found, self._among = page, [], ""
        if answer.awaited:
            self._among = say("strip.so_far", known=number(answer.known), total=number(answer.of))
        if not hits:
            self._view.strip.say(say("strip.nothing"))
            return

        def show(pictures: list[object]) -> None:
            self._found = [
                Found(hit.picture, picture, told(hit), hit.picture in answer.new)  # type: ignore[arg-type]  # PIL pictures
                for hit, picture in zip(hits, pictures, strict=True)
            ]
            self._view.strip.show(self._found, self._among)

        self._load([hit.picture for hit in hits], SIDE, show)

    def idle(self, hint: str) -> None:
        """Nothing is found yet: say what comes next."""
        self._turn += 1
        self._found = []
        self._view.strip.say(hint)

    def _opening(self, library: Library, named: Sequence[str]) -> None:
        self._library = library
        self.idle("")

    def _suggest(self, library: Library) -> None:
        """Say what comes next unless there are pictures to see."""
        if not self._found:
            ready = "strip.searchable" if library.awaited else "strip.ready"
            self._view.strip.say(say(ready if library.count else "strip.no_index"))

    def _again(self) -> None:
        """Fill a view that was made anew."""
        self._typed = ""
        self.follow(self._view.image_entry.get().strip())
        if self._found:
            self._view.strip.show(self._found, self._among)

    def open(self, path: Path) -> None:
        """Open a picture, or the video that it is a moment of, in the system's viewer."""
        from semantik.desktop.file_manager import open_picture

        self._services.start_aside(lambda: open_picture(split_path(path)[0]))

    def reveal(self, path: Path) -> None:
        """Show its file in the system's file manager."""
        from semantik.desktop.file_manager import reveal

        self._services.start_aside(lambda: reveal(split_path(path)[0]))

    def similar(self, path: Path) -> None:
        """Search for pictures like this one."""
        from semantik.queries import Query
        from semantik.search.query_syntax import format_query

        folders, find = (self._library.folders, self._library.find) if self._library else ([], None)
        replace_text(self._view.text_entry, format_query(Query.like(path), folders, find))
        self._view.mode.set("text")
        self._commands.search()

    def open_page(self) -> None:
        """Open the last results page again."""
        from semantik.results.page import open_page

        if self._page and not open_page(self._page):
            self._services.show_failure(errors.PictureGone(path=str(self._page)))

    def _load(self, paths: list[Path], side: int, then: Callable[[list[object]], None]) -> None:
        self._turn += 1
        turn, engine = self._turn, self._engine

        def body() -> None:
            pictures = list(load(engine, paths, side))
            self._services.tasks.post(lambda: then(list[object](pictures)) if turn == self._turn else None)

        self._services.tasks.ahead(body)

    # -- The preview -----------------------------------------------------------------------------------

    def follow(self, typed: str) -> None:
        """Show what was typed as example picture, if it is one; an address is not asked for before a search."""
        from semantik.results.thumbnails import SIDE

        if typed == self._typed:
            return
        self._typed = typed
        engine, library = self._engine, self._library
        folders, find = (library.folders, library.find) if library else ([], None)

        def body() -> None:
            from semantik.search.example_pictures import is_address, read_pictures

            paths: tuple[Path, ...] = ()
            if typed and not is_address(typed):
                try:
                    terms = read_pictures(typed, typed_path(typed), folders, find)
                except errors.SemantikError as error:  # the search will tell
                    log.info("no preview: %r", error)
                else:
                    paths = tuple(term.image for term in terms if term.image)
            picture = load(engine, paths[:1], SIDE)[0] if paths else None
            self._services.tasks.post(lambda: self._view.preview.show(paths, picture) if typed == self._typed else None)

        self._services.tasks.ahead(body)


def told(hit: Hit) -> str:
    """A picture's name, and how relevant it is if that is known."""
    name = visible(hit.path.name)
    if hit.relevance is None:
        return name
    if hit.rough:
        return say("strip.told_word", name=name, word=relevance_word(hit.relevance))
    return say("strip.told", name=name, percent=number(100 * hit.relevance))


# -- Small pictures for the window, read away from its thread


def load(engine: Engine, paths: Sequence[Path], side: int) -> list[Image.Image | None]:
    """Thumbnails of ``paths`` from the cache or made by the decoder processes; None for what cannot be read.

    ``side``: their longer side in pixels, at most. For any thread but the window's; PIL pictures, which only that one
    can turn into Tk's.
    """
    from PIL import Image

    try:
        found = engine.thumbnails.get_many(paths, engine.pool, side)
    except SemantikError as error:  # the program ends, or no decoder can be started: the search tells
        log.info("no small pictures: %r", error)
        return [None] * len(paths)
    shown: list[Image.Image | None] = []
    for path in paths:
        shown.append(None)
        if path in found:
            with Image.open(io.BytesIO(found[path].jpeg), formats=["JPEG"]) as picture:
                picture.load()
                shown[-1] = picture.convert("RGB")
    return shown
