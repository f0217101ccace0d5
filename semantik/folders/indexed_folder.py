"""One image folder opened with one encoder: its index, its state, and what brings it up to date."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import (
    AllExcluded,
    AllInCloud,
    FolderEmptied,
    FolderNotFound,
    FolderUnreadable,
    IndexDamaged,
    IndexingStopped,
    IndexLocked,
    IndexNotSaved,
    IndexTooNew,
    NoImages,
    NoIndex,
    NoneReadable,
    NotAFolder,
    SemantikError,
    StoreForbids,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
    system_detail,
)
from semantik.folder_urls import is_remote, shown_path
from semantik.folders.exclusions import Exclusions
from semantik.folders.face_store import FaceStore
from semantik.folders.file_embedder import Embedder
from semantik.folders.indexer import scan_changes, update_index
from semantik.folders.known_content import Read, reader
from semantik.folders.known_pictures import KnownPictures
from semantik.folders.moved_folder import may_be_elsewhere, take_over
from semantik.folders.other_indexes import adopt
from semantik.folders.people_book import PeopleBook
from semantik.folders.picture_details import DetailsStore, FolderDetails
from semantik.folders.scan import find_images
from semantik.folders.shared_kinds import SharedDetails, SharedFaces, SharedTexts
from semantik.folders.shared_knowledge import SharedKnowledge
from semantik.folders.shared_people import SharedPeople
from semantik.folders.text_store import TextStore
from semantik.index import QUANTIZED_FROM, FileStore, ImageIndex, IndexStore, Restore, Verify
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Changes, ImageFile, IndexReport, Problem, Reason
from semantik.storage.home import details_file, faces_file, folder_of_indexes, picture_folders, shared_file, texts_file
from semantik.storage.regular_files import is_file, may_be_there
from semantik.words.plain import plain

log = logging.getLogger(__name__)

_READ_AT_ONCE = 2000  # files between two looks at whether to stop

SHARE = 0.01
"""By how much of itself an index grows during an update until it is shown again as it is: each time its metadata is
copied, and so each row's a hundred times in all, a microsecond, however large the folder is.
"""


class State(Enum):
    """What opening a folder found."""

    READY = "ready"  # the index matches the folder
    CHANGED = "changed"  # pictures were added, changed or removed
    NEW = "new"  # never indexed with this encoder
    DAMAGED = "damaged"  # the stored index contradicts itself
    OTHER_SPACE = "other_space"  # the stored vectors are of another version of the encoder
    TOO_NEW = "too_new"  # written by a newer program
    UNREACHABLE = "unreachable"  # the folder's pictures cannot be seen now; its index can be searched
    EMPTY = "empty"  # there is no picture in the folder, nor was one


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of opening or re-checking a folder; ``changes`` with CHANGED, ``error`` with bad states."""

    state: State
    changes: Changes | None = None
    error: SemantikError | None = None
    problems: tuple[Problem, ...] = ()


class IndexedFolder:
    """An image folder, its index for one encoder, and the work that can be done with both.

    Not thread-safe: the window calls it from one worker at a time. But what ``index`` is may be searched in another
    thread while ``update`` runs: an update works on an index of its own, and now and then puts what is done until then
    in the place of the searched one, which never changes. ``quantized_from``: see ``ImageIndex``.
    ``fetch_cloud``: whether files that are only in a cloud are downloaded. ``unwanted``: what the user excluded; it
    may be changed at any time, and counts from the next check or update. ``kept``: what keeps the index, if that is not
    the home; what is known of the pictures beside it is in the home all the same. ``book``: who the persons are in all
    folders.
    """

    def __init__(
        self,
        home: Path,
        folder: Path,
        encoder: Encoder,
        pool: DecodePool,
        *,
        quantized_from: int = QUANTIZED_FROM,
        unwanted: Exclusions | None = None,
        fetch_cloud: bool = False,
        kept: IndexStore | None = None,
        book: PeopleBook | None = None,
    ) -> None:
        self.home = home
        self.folder = folder
        self.encoder = encoder
        self.pool = pool
        self.unwanted = unwanted or Exclusions()
        self._indexes = folder_of_indexes(home, folder)
        self._kept = kept
        self.index: ImageIndex | None = None
        self.embed_by: Callable[[TaskControl], Embedder] | None = None
        """Who makes vectors in place of the encoder and the pool; these must be for the same space."""
        self.only_in_cloud = 0
        """Files that the last check or update found to be only in a cloud, and left there."""
        self._failure: SemantikError | None = None  # of the last look at the folder
        self._stopped = False  # the last update was
        self._bad = 0  # files that it could not read
        self.details = FolderDetails(folder, pool, DetailsStore(details_file(self._indexes)))
        self._quantized_from = quantized_from
        self.texts = TextStore(texts_file(self._indexes))
        self.faces = FaceStore(faces_file(self._indexes))
        self._book = book or PeopleBook(home)
        self.knowledge = self.knowledge_for(encoder.store)
        self.shares_faces: Callable[[], bool] = lambda: False
        """Whether the user wants faces to be known here."""
        self._fetch_cloud = fetch_cloud
        # The program's own pictures must not turn up as the user's when the home lies inside the folder.
        self._exclude = picture_folders(home)

    @property
    def store(self) -> Path:
        """Where the index is kept in the home, by the encoder."""
        return self._indexes / self.encoder.store

    @property
    def kept(self) -> Path | IndexStore:
        """What keeps the index: those files, or what was given instead."""
        return self._kept or self.store

    @property
    def read_only(self) -> bool:
        """Whether the index is one of others, in which this user may only search."""
        return self._kept is not None and self._kept.read_only

    @property
    def is_shared(self) -> bool:
        """Whether what is known of the pictures is where others see it, too."""
        return self._kept is not None and self._kept.shared is not None

    @property
    def _known(self) -> KnownPictures:
        return KnownPictures(self.details.store, self.texts, self.faces)

    @property
    def name(self) -> str:
        """What the folder is called among others."""
        return self.folder.name or shown_path(self.folder)

    @property
    def count(self) -> int:
        """Pictures that can be found now."""
        return self.index.count if self.index else 0

    @property
    def awaited(self) -> int:
        """Files that an update had still to look at when what can be found now was known; 0 when that is all."""
        return self.index.awaited if self.index else 0

    def photos(self) -> list[ImageFile]:
        """The indexed pictures, videos left out."""
        index = self.index
        return [file for file in index.files() if file.path in index.rows()] if index else []

    def folders(self) -> list[str]:
        """The folders with pictures below this one, relative, with "/", by name."""
        rows = index.rows() if (index := self.index) else ()
        found = {parent for path in rows for parent in _parents(path)}
        return sorted(found, key=plain)

    def problems(self) -> tuple[Problem, ...]:
        """Files that the index knows as bad."""
        return tuple(self.index.problems()) if self.index else ()

    def why_nothing(self) -> SemantikError:
        """Why none of the folder's pictures can be found: what the last look at it told, or what became of its files.

        The error of that look; else IndexingStopped, NoneReadable, AllInCloud, or NoIndex for one never indexed.
        """
        folder, away = str(self.folder), self.only_in_cloud
        bad = max(self._bad, len(self.problems()))
        if self._failure:
            return self._failure
        if self._stopped:
            return IndexingStopped(folder=folder)
        if bad:
            return NoneReadable(folder=folder, count=bad + away)
        return AllInCloud(folder=folder, count=away) if away else NoIndex(folder=folder)

    def content_of(self, picture: Path) -> Fingerprint | None:
        """What tells the content of an indexed picture, or of the video that a moment is of. Any thread may ask."""
        index = self.index
        if index is None or not picture.is_relative_to(self.folder):
            return None
        found = index.content_of(picture.relative_to(self.folder).as_posix())
        return Fingerprint(found[1], found[0].size, found[0].mtime_ns) if found else None

    def open(self, control: TaskControl = UNATTENDED) -> Check:
        """Load the stored index and compare it with the folder. Raises as ``load``."""
        loaded = self.load(control)
        return self.check() if loaded.state is State.READY else loaded

    def load(self, control: TaskControl = UNATTENDED) -> Check:
        """Load the stored index and check it whole; the folder is not looked at.

        From a server that may take its time: ``control`` is told of rows then. Only Cancelled is raised, and unknown
        errors; where it is cancelled once the index is there, what is known beside it is taken the next time.
        """
        return self._seen(self._load(control))

    def _seen(self, check: Check) -> Check:
        self._failure = _alone(check.error) if check.error else None
        return check

    def _load(self, control: TaskControl) -> Check:
        self.index = None
        try:
            index = ImageIndex.load(
                self.kept,
                self.folder,
                quantized_from=self._quantized_from,
                verify=Verify.MEANWHILE,
                control=control,
            )
        except NoIndex:
            if not may_be_there(self.folder):
                missing = NotAFolder if is_file(self.folder) else FolderNotFound
                return Check(State.UNREACHABLE, error=missing(folder=str(self.folder)))
            return self._load(control) if isinstance(self.kept, Path) and self._find_moved() else Check(State.NEW)
        except (IndexTooNew, StoreUnreachable, StoreForbids, StoreRefused) as error:
            return Check(State.TOO_NEW if isinstance(error, IndexTooNew) else State.UNREACHABLE, error=error)
        except IndexDamaged as error:
            log.warning("stored index refused: %s", error)
            return Check(State.DAMAGED, error=error)
        if index.space != self.encoder.space or index.dim != self.encoder.dim:
            return Check(State.OTHER_SPACE, error=IndexDamaged(why="space", detail=index.space))
        self.index = index
        self.share(control)
        return Check(State.READY)

    def _find_moved(self) -> bool:
        """Whether the folder's pictures were indexed elsewhere, and the index is this folder's now."""
        if is_remote(self.folder) or not may_be_elsewhere(self.home, self.folder, self.encoder.store):
            return False
        try:
            found = list(find_images(self.folder, exclude=self._exclude, unwanted=self.unwanted))
            read = reader(self.folder, self.pool)
            return take_over(self.home, self.folder, self.encoder.store, found, read)
        except (OSError, SemantikError) as error:
            log.info("no index of %s is looked for elsewhere: %s", self.folder, error)
            return False

    def renew_details(self, control: TaskControl = UNATTENDED) -> None:
        """Read what an older program knew of pictures, and what lies beside them, where that changed; no picture is
        decoded. A later call goes on where this one stops."""
        if self.index:
            self.details.catch_up(self.index, control, renew=True)
            self.share()

    def learn_fingerprints(self, control: TaskControl = UNATTENDED) -> None:
        """Read what an older program indexed for its fingerprints; a later call goes on where this one stops."""
        if self.index:
            self._learn_fingerprints(self.index, control)

    def knowledge_for(self, encoder: str) -> SharedKnowledge:
        """What passes on what is known of the pictures, beside the index for an encoder (``Encoder.store``)."""
        faces = SharedFaces(self.faces, self._book.merged)
        people = SharedPeople(self.faces, self._book, faces)
        # Who persons are comes before their faces, which it may keep where they are.
        kinds = SharedDetails(self.details.store), SharedTexts(self.texts), people, faces
        return SharedKnowledge(shared_file(self._indexes / encoder), kinds)

    def share(self, control: TaskControl = UNATTENDED) -> None:
        """Where the index is kept for several computers, take what others have learnt of the pictures beside it, and
        pass on what is known here. A failure is logged: the next time will do."""
        if self.index:
            self._share(self.index, control)

    def _share(self, index: ImageIndex, control: TaskControl) -> None:
        shared = self._kept.shared if self._kept else None
        if shared is None:
            return
        try:
            self.knowledge.exchange(shared, index, control, kinds=self.shared_kinds, read_only=self.read_only)
        except SemantikError as error:
            log.warning("what is known of %s is not shared now: %r", self.folder, error)

    @property
    def shared_kinds(self) -> frozenset[str]:
        """What may go to other computers, and come from there."""
        return frozenset(("details", "text", *(("faces", "people") if self.shares_faces() else ())))

    def quantize(self, control: TaskControl = UNATTENDED) -> None:
        """Make what lets a large index be searched quicker, if it is not there; see ``ImageIndex.quantize``."""
        if self.index:
            self.index.quantize(control)

    def _learn_fingerprints(self, index: ImageIndex, control: TaskControl) -> None:
        unknown = index.without_fingerprint()
        if not unknown or is_remote(self.folder):
            return
        read = reader(self.folder, self.pool, control)
        for first in range(0, len(unknown), _READ_AT_ONCE):
            if control.cancelled:
                return
            index.learn(read(unknown[first : first + _READ_AT_ONCE]))
        self._keep_notes(index)

    def _keep_notes(self, index: ImageIndex) -> None:
        """Save what was learnt of files that are as they were."""
        try:
            with index.locked():
                if not index.is_stale():
                    index.save()
        except SemantikError as error:  # the next time will do
            log.info("what was learnt of %s is not kept: %s", self.folder, error)

    def fork(self) -> IndexedFolder:
        """The same folder once more, to be brought up to date while this one is searched."""
        other = copy(self)
        other.index = self.index.fork() if self.index else None
        return other

    def is_updated_elsewhere(self) -> bool:
        """Whether another program brings this folder up to date now: what was loaded is what it had saved."""
        if self.index is None:
            return False
        try:
            with self.index.locked():
                return False
        except IndexLocked:
            return True
        except SemantikError:  # a home that cannot be written
            return False

    def check(self) -> Check:
        """Compare the loaded index with the folder as it is now; no picture that is known is opened."""
        return self._seen(self._check())

    def _check(self) -> Check:
        if self.index is None:
            return Check(State.NEW)
        if is_remote(self.folder):  # to list it takes minutes, and may cost money: an update does
            return Check(State.READY)
        try:
            changes, problems = scan_changes(
                self.index, exclude=self._exclude, unwanted=self.unwanted, fetch_cloud=self._fetch_cloud
            )
        except (FolderNotFound, FolderUnreadable, FolderEmptied, AllExcluded) as error:
            return Check(State.UNREACHABLE, error=error)
        except NoImages as error:
            return Check(State.EMPTY, error=error)
        self._count_away(problems)
        self.index.awaited = min(self.index.awaited, len(changes.added))
        if self.index.unsaved:
            self._keep_notes(self.index)
        return Check(State.CHANGED if changes else State.READY, changes or None, problems=tuple(problems))

    def update(
        self,
        control: TaskControl = UNATTENDED,
        *,
        rebuild: bool = False,
        allow_mass_removal: bool = False,
        again: Collection[str] = (),
        check: bool = False,
    ) -> IndexReport:
        """Bring the index up to date, making it when there is none. Raises as ``update_index``, and StoreReadOnly.

        Searches go on meanwhile, in what was there and in what is done; ``awaited`` says how much is not. After an
        update that was cancelled or failed, what is left still counts as awaited.

        ``rebuild`` starts anew; what was stored is kept aside, and put back when the rebuild fails before
        its first save. ``control``, ``again`` and ``check`` are as in ``update_index``.
        """
        if self.read_only:
            raise StoreReadOnly(address=str(self.kept))
        self._failure, self._stopped = None, False
        self.share(control.silent())  # what others have learnt needs not be read
        if rebuild:
            return self._rebuild(control)
        index = self.index.fork(self.awaited) if self.index else self._new_index()
        try:
            return self._update(index, control, allow_mass_removal=allow_mass_removal, again=again, check=check)
        except SemantikError as error:
            self._failure = _alone(error)
            raise
        finally:
            if index.count or self.index is not None:
                self.index = index

    def _rebuild(self, control: TaskControl) -> IndexReport:
        index = self._new_index()
        # What can be told to fail does so before the old index is touched.
        scan_changes(self.index or index, exclude=self._exclude, unwanted=self.unwanted)
        if self.embed_by:
            embedder = self.embed_by(control)
            embedder.load()
            embedder.forget()
        else:
            self.encoder.load(texts=False)
        try:
            with index.locked():
                self.index = None  # Windows moves no file that is mapped
                restore = self._keeper.set_aside()
        except OSError as error:
            self.load()
            raise IndexNotSaved(folder=str(self.kept), detail=system_detail(error)) from error
        try:
            return self._update(index, control)
        finally:
            if index.generation or (index.count and not restore):
                self.index = index
            elif restore:
                self._put_back(restore)

    def _put_back(self, restore: Restore) -> None:
        try:
            with self._new_index().locked():
                restore()
        except (OSError, SemantikError) as error:
            log.warning("the old index stays aside: %s", error)
        self.load()

    @property
    def _keeper(self) -> IndexStore:
        return FileStore(self.kept) if isinstance(self.kept, Path) else self.kept

    def _new_index(self) -> ImageIndex:
        return ImageIndex(
            self.kept,
            self.folder,
            self.encoder.space,
            self.encoder.dim,
            quantized_from=self._quantized_from,
        )

    def _update(
        self,
        index: ImageIndex,
        control: TaskControl,
        *,
        allow_mass_removal: bool = False,
        again: Collection[str] = (),
        check: bool = False,
    ) -> IndexReport:
        shown_rows, shown_generation = 0, index.generation

        def show(left: int) -> None:
            """Let what is done by now be searched, if it is much more than before."""
            nonlocal shown_rows, shown_generation
            index.awaited = left
            grown = index.total_rows - shown_rows >= SHARE * shown_rows
            if index.count and (grown or index.generation != shown_generation):
                self.index = index.fork(left)
                shown_rows, shown_generation = index.total_rows, index.generation

        report = update_index(
            self.folder,
            self.encoder,
            index,
            control,
            pool=self.pool,
            allow_mass_removal=allow_mass_removal,
            exclude=self._exclude,
            unwanted=self.unwanted,
            on_picture=self.details.note,
            on_known=self._known.follow,
            adopt=self._adopt,
            lacking_views=lambda index: self.details.lacking_views(index, control),
            again=again,
            fetch_cloud=self._fetch_cloud,
            check=check,
            on_batch=show,
            embedder=self.embed_by and self.embed_by(control),
        )
        if not report.cancelled:
            index.awaited = 0
        self._count_away(report.problems)
        self._stopped = report.cancelled
        self._bad = len(report.problems) - self.only_in_cloud
        if not report.cancelled:
            self.details.catch_up(index, control, renew=True)
            self._known.forget_gone(index)
            self._share(index, control.silent())
            self._learn_fingerprints(index, control)
            index.quantize(control)
        return report

    def _adopt(self, index: ImageIndex, files: Sequence[ImageFile], read: Read) -> list[ImageFile]:
        # Remote files are fetched once, for all that is to be known of them.
        return [] if is_remote(self.folder) else adopt(self.home, self.encoder.store, index, files, read)

    def _count_away(self, problems: Collection[Problem]) -> None:
        self.only_in_cloud = sum(problem.reason is Reason.ONLY_IN_CLOUD for problem in problems)


def _alone(error: SemantikError) -> SemantikError:
    """The error without the calls that led to it, which hold the index's files."""
    return type(error)(**error.params)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
