"""The persons in the pictures of the open folders: groups of faces, and what the user says of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semantik.downloads.face_models import FaceModels
from semantik.engine.face_groups import grouped, new_group
from semantik.errors import WeightsMissing, WrongHash
from semantik.folders.face_rows import Stored
from semantik.folders.face_store import FaceStore, StoredFaces
from semantik.folders.folder_people import FolderPeople
from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.people_book import PeopleBook, Person, Renamed, faces_of, telling
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings, Region
from semantik.storage.home import faces_file, indexes_folder
from semantik.storage.settings import Config

log = logging.getLogger(__name__)

SHOWN = 6
"""Faces that a group is shown by."""

_EQUAL = 0.999  # cosine of a face to itself, as it is kept


@dataclass(frozen=True, slots=True)
class ShownFace:
    """A face to be shown: the part ``region`` of ``picture``, which is absolute."""

    id: str
    picture: Path
    region: Region


@dataclass(frozen=True, slots=True)
class PersonGroup:
    """Faces that are probably one person's. ``name``: "" for none; ``faces``: a few of ``count``, the surest first."""

    id: str
    name: str
    count: int
    faces: list[ShownFace]
    hidden: bool


class People:
    """The groups of faces in the open folders. May be called from any thread.

    What the user said of a face is never undone by grouping: who has a name, was merged, split or hidden stays so.
    Its methods read the disk: meant for a worker thread. Those that change something raise OSError.
    """

    def __init__(self, home: Path, config: Config, folders: Callable[[], Sequence[IndexedFolder]]) -> None:
        """``folders``: those that are open now."""
        self._home = home
        self.wanted = config.find_people
        """Whether the user wants people to be found. While it is False, nothing of them is read, shown or searched; it
        is kept, see ``delete_all``."""
        self.models = FaceModels(config)
        self._folders = folders
        self._lock = threading.RLock()
        self._grouped: object = None  # the state of the stores that was grouped last
        self.book = PeopleBook(home)

    def enable(self, control: TaskControl = UNATTENDED) -> None:
        """Find people from now on: the user said yes. Fetches the models where they are not here.

        Blocks; progress counts bytes. Raises as ``model_file_set.download``. The setting is for the caller to keep.
        """
        self.models.download(control)
        self.wanted = True

    def models_in_use(self) -> tuple[Path, Path] | None:
        """The files of the detector and the recogniser; None while nobody is to be found, or they are not here."""
        if not self.wanted:
            return None
        try:
            return self.models.paths()
        except (WeightsMissing, WrongHash, OSError) as error:
            log.warning("nobody is found: %r", error)
            return None

    # -- What there is

    def in_folder(self, folder: IndexedFolder) -> FolderPeople | None:
        """Who is in a folder's pictures; None while the user does not want that to be known."""
        return FolderPeople(folder.faces, self.book) if self.wanted else None

    @property
    def unread(self) -> int:
        """Pictures of the open folders that were not looked at yet."""
        return sum(len(each.faces.missing(each.photos())) for each in self._folders())

    def groups(self) -> list[PersonGroup]:
        """The groups, the largest first, hidden ones included; new faces are put into them now."""
        with self._lock:
            self.group()
            persons, sizes = self.book.persons(), self._sizes()
            shown: dict[str, list[ShownFace]] = {group: [] for group in sizes}
            for folder, face in self._faces_in(sizes):
                if len(shown[face.group]) < SHOWN:
                    shown[face.group].append(_shown(folder, face))
            found = [self._told(group, sizes[group], shown[group], persons.get(group)) for group in sizes]
            return sorted(found, key=lambda group: (-group.count, not group.name, group.name, group.id))

    def faces_of(self, group: str) -> list[ShownFace]:
        """All faces of a group, the surest first."""
        return [_shown(folder, face) for folder, face in self._faces_in([group])]

    # -- What the user says

    def name(self, group: str, name: str) -> None:
        """Say who a group is; "" takes the name away."""
        with self._lock:
            person = self.book.persons().get(group, Person(group))
            self._keep(replace(person, name=name))

    def merge(self, groups: Sequence[str]) -> None:
        """Say that groups are one person. It has the name of the first that has one, and is hidden if all are."""
        with self._lock:
            persons, sizes = self.book.persons(), self._sizes()
            several = list(dict.fromkeys(groups))
            if len(several) < 2:
                return
            named = [group for group in several if group in persons and persons[group].name]
            kept = named[0] if named else max(several, key=lambda group: sizes.get(group, 0))
            for store in self._stores():
                store.assign({face.id: kept for face in store.faces_in(several)}, sure=True)
            hidden = all(group in persons and persons[group].hidden for group in several)
            self._keep(replace(persons.get(kept, Person(kept)), hidden=hidden))
            self.book.merge(several, kept)

    def split(self, group: str, faces: Sequence[str]) -> None:
        """Say that these faces, by their ids, are not who the group is: they are a group of their own."""
        with self._lock:
            wanted, other = {*faces}, new_group()
            for folder in self._folders():
                inside = list(folder.faces.faces_in([group]))
                gone = [face.id for face in inside if _face_id(folder, face) in wanted]
                folder.faces.assign(dict.fromkeys(gone, other), sure=True)
                if gone:  # of those that stay the user has seen that they belong there
                    folder.faces.assign({face.id: group for face in inside if face.id not in gone}, sure=True)
            if group in self.book.persons():
                self._keep(self.book.persons()[group])

    def hide(self, group: str, hidden: bool) -> None:
        """Say that nobody wants to see a group, or that somebody does."""
        with self._lock:
            self._keep(replace(self.book.persons().get(group, Person(group)), hidden=hidden))

    def delete_all(self) -> None:
        """Forget all faces, groups and names, of folders that are not open as well: their files are gone.

        Nobody is found from then on. The models stay: see ``FaceModels.remove``.
        """
        self.wanted = False
        with self._lock:
            for store in self._stores():
                store.delete_all()
            for indexes in indexes_folder(self._home).glob("*/"):
                FaceStore(faces_file(indexes)).delete_all()
            self.book.delete_all()
            self._grouped = None
        for folder in self._folders():  # where others have what came from here, it goes, too
            folder.share()

    # -- What others say

    def share(self) -> bool:
        """Where indexes are kept for several computers, pass on what the user said and take what others did; whether
        anything is known otherwise by now."""
        before = self._state()
        for folder in self._folders():
            folder.share()
        return self._state() != before or bool(self.book.renamed)

    def take_renamed(self) -> list[Renamed]:
        """Who was called otherwise by others since this was asked last: for the user, who would search in vain."""
        taken, self.book.renamed = self.book.renamed, []
        return taken

    # -- Grouping

    def group(self, control: TaskControl = UNATTENDED, *, anew: bool = False) -> None:
        """Put faces that have no group into one. ``anew``: also those of whose group the user has said nothing."""
        with self._lock:
            state = self._state()
            if state == self._grouped and not anew:
                return
            stores, merged = self._stores(), self.book.merged()
            for store in stores:
                store.follow_merges(merged)
            loaded = [store.load() for store in stores]
            persons = self.book.persons()
            before = [_kept(faces, persons, anew=anew) for faces in loaded]
            known = [pair for person in persons.values() for pair in _elsewhere(person, loaded)]
            vectors = np.concatenate([*(faces.vectors for faces in loaded), _rows([vector for _, vector in known])])
            groups = [*(group for each in before for group in each), *(group for group, _ in known)]
            after = grouped(vectors, groups, control)
            if anew:
                was = [group for faces in loaded for group in faces.groups]
                after = _called_as_before(was, after[: len(was)], {*groups} | {*persons})
            start = 0
            for store, faces in zip(stores, loaded, strict=True):
                now = after[start : start + len(faces.ids)]
                start += len(faces.ids)
                changed = zip(faces.ids.tolist(), faces.groups, now, strict=True)
                store.assign({face: group for face, old, group in changed if group != old})
            if not control.cancelled:
                self._grouped = self._state()

    def _state(self) -> object:
        for store in self._stores():
            store.flush()
        stores = tuple((str(store.path), store.changes) for store in self._stores())
        return stores, self.book.persons(), self.book.merged()

    def _stores(self) -> list[FaceStore]:
        return [folder.faces for folder in self._folders()]

    def _sizes(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for store in self._stores():
            for group, count in store.sizes().items():
                sizes[group] = sizes.get(group, 0) + count
        return sizes

    def _faces_in(self, groups: Iterable[str]) -> list[tuple[IndexedFolder, Stored]]:
        wanted = [*groups]
        found = [(folder, face) for folder in self._folders() for face in folder.faces.faces_in(wanted)]
        return sorted(found, key=lambda pair: -pair[1].confidence)

    def _told(self, group: str, count: int, faces: list[ShownFace], person: Person | None) -> PersonGroup:
        return PersonGroup(group, person.name if person else "", count, faces, bool(person and person.hidden))

    def _keep(self, person: Person) -> None:
        """What the user says of a group holds for all who are in it now, and they tell who else belongs there."""
        faces = [(store, face) for store in self._stores() for face in store.faces_in([person.group])]
        for store in self._stores():
            store.assign({face.id: person.group for owner, face in faces if owner is store}, sure=True)
        known = telling(_rows([face.vector for _, face in faces]))
        self.book.put(replace(person, faces=known or person.faces))


def _elsewhere(person: Person, loaded: Sequence[StoredFaces]) -> list[tuple[str, Embeddings]]:
    """The faces by which a person is known that are in no open folder: each face is to count once."""
    here = [faces.vectors[np.array(faces.groups, object) == person.group] for faces in loaded]
    rows = np.concatenate([_rows([]), *here])
    return [(person.group, face) for face in faces_of(person) if not (rows @ face > _EQUAL).any()]


def _kept(faces: StoredFaces, persons: dict[str, Person], *, anew: bool) -> list[str]:
    if not anew:
        return faces.groups
    return [group if sure else "" for group, sure in zip(faces.groups, faces.sure.tolist(), strict=True)]


def _called_as_before(was: Sequence[str], now: Sequence[str], fixed: set[str]) -> list[str]:
    """The groups ``now`` of faces, those that are new called as most of their faces ``was``, each name once."""
    shared: dict[tuple[str, str], int] = {}
    for old, new in zip(was, now, strict=True):
        if old and new and old not in fixed and new not in fixed:
            shared[old, new] = shared.get((old, new), 0) + 1
    names: dict[str, str] = {}
    for old, new in sorted(shared, key=lambda pair: -shared[pair]):
        if new not in names and old not in names.values():
            names[new] = old
    return [names.get(group, group) for group in now]


def _rows(vectors: Sequence[Embeddings]) -> Embeddings:
    return np.array(vectors, np.float32).reshape(-1, 128)


def _shown(folder: IndexedFolder, face: Stored) -> ShownFace:
    return ShownFace(_face_id(folder, face), folder.folder / face.path, face.region)


def _face_id(folder: IndexedFolder, face: Stored) -> str:
    return f"{folder.faces.path.parent.name}:{face.id}"
