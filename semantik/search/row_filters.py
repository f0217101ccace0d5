"""Which rows of indexes may be hits: filters as a mask, so that a search looks at nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from semantik.errors import ContradictoryDates, NoneMatchesFilters, NoSuchFolder, NoSuchPerson, PeopleNotWanted
from semantik.folders.folder_people import FolderPeople
from semantik.folders.picture_details import FolderDetails
from semantik.folders.text_store import TextStore
from semantik.folders.text_words import AskedWord, asked_words
from semantik.index import ImageIndex
from semantik.queries import Filters
from semantik.records import split_key
from semantik.search.filter_syntax import filter_words
from semantik.words.plain import plain
from semantik.words.text import say


@dataclass(frozen=True, slots=True)
class Part:
    """One of the folders that are searched together. ``name`` is what it is called among them; "" for one alone.

    ``texts``: what is known of the texts that stand in its pictures.
    """

    index: ImageIndex
    details: FolderDetails
    name: str = ""
    texts: TextStore | None = None
    people: FolderPeople | None = None  # None: the user does not want to know who is in pictures


def passing(parts: Sequence[Part], filters: Filters) -> NDArray[np.bool_] | None:
    """The rows of all parts that pass the filters, bool (rows,); None when there is no filter.

    The details of the parts must know their pictures if the filters need details. Raises ContradictoryDates,
    NoneMatchesFilters when no picture is left, and NoSuchFolder when that is for want of such a folder.
    """
    if filters == Filters():
        return None
    if filters.since and filters.until and filters.since > filters.until:
        raise ContradictoryDates(since=filters.since.isoformat(), until=filters.until.isoformat())
    for one in filters.excluded:  # a misspelt name would exclude nothing, and nobody would know
        _check_folder(parts, one.folder, "-")
    _check_people(parts, filters)
    masks = [part.index.mask(_chosen(part, filters)) for part in parts]
    if not any(mask.any() for mask in masks):
        _check_folder(parts, filters.folder)
        words = (f"{key}:{value}" for key, value in filter_words(filters))
        raise NoneMatchesFilters(filters=" ".join(words))
    return np.concatenate(masks)


def _check_folder(parts: Sequence[Part], folder: str, sign: str = "") -> None:
    if folder and not any(_below(part, f"{plain(folder)}/") for part in parts):
        raise NoSuchFolder(filters=f"{sign}{say('syntax.folder')}:{folder}")


def _check_people(parts: Sequence[Part], filters: Filters) -> None:
    """Raises PeopleNotWanted, and NoSuchPerson for a name that nobody has."""
    for one, sign in ((filters, ""), *((each, "-") for each in filters.excluded)):
        words = [f"{sign}{key}:{value}" for key, value in filter_words(Filters(people=one.people))]
        if one.people_count:
            words += [f"{sign}{key}:{value}" for key, value in filter_words(Filters(people_count=one.people_count))]
        if words and any(part.people is None for part in parts):
            raise PeopleNotWanted(filters=" ".join(words))
        for name, word in zip(one.people, words, strict=False):
            if not any(part.people and part.people.knows(name) for part in parts):
                raise NoSuchPerson(filters=word)


def _chosen(part: Part, filters: Filters) -> set[int]:
    index = part.index
    rows = index.rows()
    chosen = set(rows.values())
    if filters.folder:
        chosen &= _below(part, f"{plain(filters.folder)}/")
    if filters.extensions:
        ends = filters.extensions
        chosen &= {row for key, row in rows.items() if PurePosixPath(split_key(key)[0]).suffix.lower() in ends}
    if replace(filters, excluded=()).need_details:
        found = ((file, row) for file in part.details.store.matching(filters) for row in index.rows_of(file.path))
        chosen &= {row for file, row in found if index.file_of(row) == file}
    if filters.texts:
        chosen &= _written(part, filters.texts)
    if part.people and (filters.people or filters.people_count):
        files = part.people.pictures(filters.people, filters.people_count)
        chosen &= {row for file in files for row in index.rows_of(file.path) if index.file_of(row) == file}
    return chosen.difference(*(_chosen(part, one) for one in filters.excluded))


def filtered_words(texts: Iterable[str]) -> tuple[AskedWord, ...]:
    """The words that filters for texts ask for, each once."""
    return tuple({asked.word: asked for text in texts for asked in asked_words(text)}.values())


def _written(part: Part, texts: Iterable[str]) -> set[int]:
    """The rows of pictures in which all words of all ``texts`` stand, however nearly."""
    asked = filtered_words(texts)
    if not part.texts:
        return set()
    found = part.texts.find(asked)
    return set(part.texts.rows(part.index, found.only(np.flatnonzero(found.how.all(axis=1))))[0].tolist())


def _below(part: Part, wanted: str) -> set[int]:
    """The rows below a folder, ``wanted`` plain and with "/", as it is called within the part or from outside."""
    rows = part.index.rows()
    own = f"{plain(part.name)}/" if part.name else ""
    inner = wanted.removeprefix(own)  # "" for the whole part
    return {row for path, row in rows.items() if plain(path).startswith((wanted, inner))}
