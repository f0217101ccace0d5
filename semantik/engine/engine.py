"""Everything behind the window and the command line: the models, the decoder processes, libraries and pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.decoded import Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.pool import DecodePool, reading_pool
from semantik.desktop.system_language import is_southern
from semantik.encoders.base import Encoder
from semantik.engine.answers import Answer
from semantik.engine.library import Library
from semantik.engine.models import Models
from semantik.engine.new_hits import NewHits
from semantik.engine.people import People
from semantik.engine.remote_thumbnails import remote_thumbnails
from semantik.errors import FolderUrlBad
from semantik.folder_urls import anchored, has_secret, is_remote
from semantik.folders.content_reading import ContentReader, FaceReader, TextReader
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index import IndexStore
from semantik.queries import Query
from semantik.records import split_path
from semantik.results.page import PageLink, check_place, render, results_path, thumbnail_side, write_page
from semantik.results.thumbnails import ThumbnailCache
from semantik.search.dates.spoken import set_hemisphere
from semantik.search.filter_syntax import limits_of
from semantik.search.query_embedding import embed_query, query_vector
from semantik.search.relevance import Relevance
from semantik.search.searcher import Searcher
from semantik.storage.home import background_folder, thumbnails_folder
from semantik.storage.regular_files import is_file
from semantik.storage.settings import Config
from semantik.words.phrases import model_title
from semantik.words.text import counted

if TYPE_CHECKING:
    from semantik.engine.index_server import IndexServer, Served


class Engine:
    """Owns the models and the decoder processes, and opens libraries. Knows no window and prints nothing.

    Its methods may be called from any thread, one at a time.
    """

    def __init__(self, home: Path, config: Config) -> None:
        self.home = home
        self.config = config
        self.models = Models(home, config, self._follow)
        self.pool = DecodePool(time_limit=config.decode_seconds, fetch_cloud=config.fetch_cloud_files)
        self.thumbnails = ThumbnailCache(thumbnails_folder(home), content_of=self._content_of)
        set_hemisphere(southern=is_southern(config.hemisphere))
        self.new_hits = NewHits(home)
        self.kept_by: Callable[[Path, str], IndexStore] | None = None
        """What keeps the index of a folder for an encoder (``Encoder.store``) where that is not the home."""
        self._servers: dict[tuple[str, str], IndexServer] = {}  # by address and password
        self._open: tuple[Library, ...] = ()  # the last that was opened: it hears of what changes here
        self.people = People(home, config, lambda: [each for library in self._open for each in library.active])

    # -- Libraries -------------------------------------------------------------------------------------

    def open(self, *folders: Path, inactive: Collection[Path] = ()) -> Library:
        """These folders as the library, with the model in use. Nothing is read yet: see ``Library.open``.

        ``inactive``: those of them that are not searched.
        """
        encoder, resting = self.models.encoder, {plainly(folder) for folder in inactive}
        indexed_folders = [self.indexed_folder(folder, encoder) for folder in dict.fromkeys(map(plainly, folders))]
        searcher = Searcher(self.pool, Relevance(background_folder(self.home)))
        library = Library(
            indexed_folders, encoder, searcher, self.config, resting, people=self.people, settle=self.models.settle
        )
        self._open = (library,)
        return library

    def indexed_folder(self, folder: Path, encoder: Encoder) -> IndexedFolder:
        """A folder of its own, with any encoder. Nothing is read yet: see ``IndexedFolder.open``."""
        opened = IndexedFolder(
            self.home,
            folder,
            encoder,
            self.pool,
            unwanted=Exclusions(self.config.exclude),
            fetch_cloud=self.config.fetch_cloud_files,
            kept=self.kept_by(folder, encoder.store) if self.kept_by else None,
            book=self.people.book,
        )
        opened.shares_faces = lambda: self.people.wanted
        return opened

    def look_at_server(
        self, address: str, password: str, wanted: Sequence[Path], *, same_model: bool = False
    ) -> tuple[IndexServer, Served]:
        """What a server of indexes has to open, see ``IndexServer.look``; it is connected to if need be.

        Raises as that, StoreAddressBad and StorePackagesMissing.
        """
        from semantik.engine.index_server import IndexServer

        server = self._servers.get((address, password)) or IndexServer(address, password)
        self._servers[address, password] = server
        return server, server.look(self.models.encoder.name, [*map(plainly, wanted)], same_model=same_model)

    def keep_on(self, server: IndexServer, served: Served) -> None:
        """Keep indexes on that server from now on, by the model that they are of there."""
        server.serve(served)
        self.models.use_shared(served.model, served.stored)
        self.kept_by = server.kept_by

    def keep_here(self) -> None:
        """Keep indexes in the home again."""
        if self.kept_by:
            self.kept_by = None
            name = self.models.encoder.name
            self.models.use(name, self.models.formats.decision(name).number_format)

    def choose_hemisphere(self, setting: str) -> None:
        """Read the seasons in queries by this half of the world from now on: a value of the setting."""
        self.config = replace(self.config, hemisphere=setting)
        set_hemisphere(southern=is_southern(setting))

    def exclude(self, patterns: Sequence[str]) -> None:
        """Leave out what these patterns name (see ``Exclusions``), from the next check or update on."""
        self.config = replace(self.config, exclude=tuple(patterns))
        for library in self._open:
            library.exclude(patterns)

    def choose_reading(self, *, texts: bool, people: bool | None = None) -> None:
        """Whether texts and people in pictures are read from now on; what was read is kept. None: as it is."""
        self.config = replace(self.config, read_texts=texts)
        if people is not None:
            self.people.wanted = people

    def readers_of(self, indexed_folder: IndexedFolder) -> list[ContentReader]:
        """What is to be read in the pictures of a folder, as far as the settings want it."""
        return [
            TextReader(indexed_folder.texts, lambda: self.config.read_texts),
            FaceReader(indexed_folder.faces, self.people.models_in_use, self.people.group),
        ]

    def reading_pool(self) -> DecodePool:
        """A process that reads what is in pictures, for whoever closes it."""
        return reading_pool(self.config.decode_seconds, fetch_cloud=self.config.fetch_cloud_files)

    def _follow(self, encoder: Encoder) -> None:
        """The encoder in use was made anew; a library that was opened with another model keeps its own."""
        for library in self._open:
            if library.encoder.name == encoder.name:
                library.encoder = encoder

    # -- Models and pictures ---------------------------------------------------------------------------

    def embed(self, query: Query) -> NDArray[np.float32]:
        """A text or a picture as a unit vector of the model in use, float32 (dim,). Raises as ``embed_query``.

        A query of several terms is put together by the library that it is asked of.
        """
        encoder = self.models.encoder
        terms = embed_query(query, encoder, self.pool)
        return query_vector(query, terms, np.empty((0, encoder.dim), np.float32))

    # -- Pages -----------------------------------------------------------------------------------------

    def write_page(
        self,
        answer: Answer,
        path: Path | None = None,
        link: PageLink | None = None,
        *,
        theme: str | None = None,
        top_k: int = 0,
    ) -> Path:
        """Write the results page of an answer to ``path``, or to a fresh file in the home.

        Raises PageNotSaved, and as ``check_place``.

        ``link``: where the program listens to the page, if it does. ``theme``: that of the settings if none is given.
        ``top_k``: how many hits were asked for, 0 where the page need not tell.
        """
        thumbnails = self._thumbnails(answer.pictures)
        files = dict.fromkeys(split_path(picture)[0] for picture in answer.pictures)
        away = frozenset(file for file in files if not is_file(file)) - {*answer.query.images}
        page = answer.page(thumbnails, model_title(answer.model), link)
        unplugged = sum(not is_remote(file) for file in away)
        page = replace(
            page,
            notices=[*page.notices, *([counted("page.some_away", unplugged)] if unplugged else [])],
            theme=theme or self.config.theme,
            limits=limits_of(answer.query.filters, answer.query.order),
            top_k=top_k,
            away=away,
        )
        html = render(page)
        target = path or results_path(self.home)
        if path:
            self.check_place(path)
        write_page(html, target, ours=path is None)
        return target

    def _thumbnails(self, pictures: Sequence[Path]) -> dict[Path, Thumbnail]:
        side = thumbnail_side(len(pictures))
        thumbnails = self.thumbnails.get_many(pictures, self.pool, side)
        for folder in (each for library in self._open for each in library.active if is_remote(each.folder)):
            if missing := [each for each in pictures if each not in thumbnails and each.is_relative_to(folder.folder)]:
                thumbnails |= remote_thumbnails(folder, missing, self.thumbnails, self.pool, side)
        return thumbnails

    def check_place(self, path: Path) -> None:
        """See that a page may be written to ``path``. Raises PlaceTaken, PlaceAmongPictures, PageNotSaved."""
        open_ones = [folder for library in self._open for folder in library.folders]
        # A home that lies among the pictures is the program's own place all the same.
        among = [] if path.absolute().is_relative_to(self.home) else [*open_ones, *map(Path, self.config.opened)]
        check_place(path.absolute(), among)

    def _content_of(self, picture: Path) -> Fingerprint | None:
        """What the open folders' indexes know of the content of a picture or a moment of a video."""
        told = (each.content_of(picture) for library in self._open for each in library.indexed_folders)
        return next(filter(None, told), None)

    def close(self) -> None:
        """End the decoder processes, and the connections to servers."""
        self.pool.close()
        for server in self._servers.values():
            server.close()


def plainly(folder: Path) -> Path:
    """A folder as the engine names it: absolute, with the user's home spelt out; a remote one as it is.

    Raises FolderUrlBad for a URL with a password.
    """
    if has_secret(folder):
        raise FolderUrlBad
    return anchored(folder.expanduser())
