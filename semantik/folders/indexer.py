"""Bringing an index up to date with its folder: embed what is new or changed, drop what is gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import (
    AllExcluded,
    FolderEmptied,
    FolderNotFound,
    IndexNotSaved,
    NoImages,
    SemantikError,
)
from semantik.folder_urls import is_remote
from semantik.folders.doubtful_files import DoubtfulFiles
from semantik.folders.embedding_run import EmbeddingRun
from semantik.folders.exclusions import Exclusions
from semantik.folders.fetched_files import RemoteEmbedder, remote_reader
from semantik.folders.file_embedder import Embedder, LocalEmbedder
from semantik.folders.known_content import Pairs, Read, Recognised, reader, recognise
from semantik.folders.missing_pictures import check_removal, missed
from semantik.folders.newest_first import newest_first
from semantik.folders.scan import find_images
from semantik.folders.walk import identify
from semantik.index import ImageIndex
from semantik.long_tasks import UNATTENDED, TaskControl, making_many_objects
from semantik.records import Changes, ImageFile, IndexReport, Problem, Reason

log = logging.getLogger(__name__)


OnKnown = Callable[[Pairs, Pairs], None]
Adopt = Callable[[ImageIndex, Sequence[ImageFile], Read], list[ImageFile]]


def scan_changes(
    index: ImageIndex,
    *,
    retry: bool = False,
    exclude: Collection[Path] = (),
    unwanted: Exclusions | None = None,
    fetch_cloud: bool = False,
) -> tuple[Changes, list[Problem]]:
    """Compare the folder of ``index`` with what is indexed; no file is opened but new ones under strange names.

    Returns the changes and the folders that could not be read, with the files that are only in a cloud and would be
    news; these are no change unless ``fetch_cloud`` is set, and what is indexed of them stays.

    Raises FolderNotFound, FolderUnreadable, NoImages for a folder without pictures, FolderEmptied when it had some: an
    unmounted disk looks like that, and must not cost the index; and AllExcluded when ``unwanted`` leaves none.
    """
    fetched = None if fetch_cloud else ()
    changes, problems, _, _ = _scan(index, retry=retry, exclude=exclude, unwanted=unwanted, fetched=fetched)
    return changes, problems


def _scan(
    index: ImageIndex,
    *,
    retry: bool,
    exclude: Collection[Path],
    unwanted: Exclusions | None,
    fetched: Collection[str] | None,
) -> tuple[Changes, list[Problem], dict[str, ImageFile], DoubtfulFiles]:
    problems: list[Problem] = []
    doubtful = DoubtfulFiles()
    # What only a look into files tells is not found out of those that would have to be fetched.
    on_doubtful = None if is_remote(index.folder) else doubtful.add
    scanned = find_images(index.folder, problems.append, exclude, unwanted, on_doubtful)
    with making_many_objects():
        found = {file.path: file for file in scanned}
    doubtful.enter(index, found)
    if not found and not problems:
        if unwanted and next(find_images(index.folder, exclude=exclude), None):
            raise AllExcluded(folder=str(index.folder))
        if index.count:
            raise FolderEmptied(folder=str(index.folder), count=index.count)
        raise NoImages(folder=str(index.folder))
    unreadable = [problem.path for problem in problems]
    changes = index.compare(found.values(), unreadable=unreadable, retry=retry)
    if fetched is not None:  # else all may be downloaded
        away = {file.path for file in (*changes.added, *changes.changed) if file.only_in_cloud} - set(fetched)
        problems += (Problem(path, Reason.ONLY_IN_CLOUD) for path in sorted(away))
        changes = changes.without(away)
    doubtful.wait_for(index, changes)
    return changes, problems, found, doubtful


def update_index(
    folder: Path,
    encoder: Encoder,
    index: ImageIndex,
    control: TaskControl = UNATTENDED,
    *,
    pool: DecodePool | None = None,
    allow_mass_removal: bool = False,
    exclude: Collection[Path] = (),
    unwanted: Exclusions | None = None,
    on_picture: Callable[[ImageFile, Decoded | DecodedVideo], None] = lambda file, decoded: None,
    on_known: OnKnown = lambda moved, copied: None,
    lacking_views: Callable[[ImageIndex], list[ImageFile]] = lambda index: [],
    adopt: Adopt = lambda index, files, read: [],
    again: Collection[str] = (),
    fetch_cloud: bool = False,
    check: bool = False,
    on_batch: Callable[[int], None] = lambda left: None,
    embedder: Embedder | None = None,
) -> IndexReport:
    """Make ``index`` match ``folder`` and save it; what is unchanged is not opened, unless ``check`` is set.

    What only moved, or is there once more, is known by its content: it keeps its vectors, and is not decoded.
    ``on_known`` is told what was moved and what was copied: path as it was indexed, and file. With ``check`` all
    files are read, and those that have other content although their size and time are the same are embedded, too.

    ``adopt`` adds what another folder's index knows by its content, and returns these files.
    ``lacking_views`` tells which pictures of an older program's index are to have several views and have not: these
    are embedded again, and keep what they have should that fail.

    Saves at least every 2,000 pictures or 60 seconds, so a kill costs at most that. ``control`` is looked at once
    per batch: of a run that is cancelled, what was done until then is kept and saved; one that is paused saves,
    tells so by a Progress, and decodes nothing until it may go on. A bad file becomes a Problem. ``again``: paths of
    known bad files to try once more, whatever was wrong with them; of files that are only in a cloud, these alone are
    downloaded, or all with ``fetch_cloud``. The newest are embedded first (see ``newest_first``).

    ``on_batch`` is told, on this thread and while nothing changes ``index``, how many files are left of which nothing
    is indexed: before the first batch and after each.

    Pictures that ``unwanted`` names, and RAW files and videos of the same shot as a picture beside them, are dropped
    without a question.

    ``embedder`` makes the vectors in place of ``encoder`` and ``pool``, which then only tell the space and read heads.

    Raises FolderNotFound, FolderUnreadable, NoImages, AllExcluded, FolderEmptied, MassRemoval (see ``check_removal``),
    IndexLocked, IndexNotSaved, IndexDamaged or IndexTooNew when what is stored is not to be replaced, and
    EncoderFailed or DecoderNotStarted when no picture at all can be done. What was done until then is
    saved if it can be, and stays in ``index`` in any case.
    """
    if (index.folder, index.space) != (folder, encoder.space):
        raise ValueError(f"index of {index.folder} in {index.space}, not of {folder} in {encoder.space}")
    started = time.monotonic()
    with index.locked():
        if index.is_stale():
            index.reload()
        index.try_again(again)
        fetched = None if fetch_cloud else again
        if check:
            index.forget_notes()
        changes, problems, found, doubtful = _scan(
            index, retry=True, exclude=exclude, unwanted=unwanted, fetched=fetched
        )
        with nullcontext(pool) if pool else DecodePool() as decoders:
            root = identify(folder)
            read = _reader(index, decoders, control, check=check)
            embedder = embedder or _embedder(folder, encoder, decoders, control)
            if check:
                embedder.forget()
                changes = _read_whole(index, changes, found, read)
            with making_many_objects():
                known = recognise(index, doubtful.hold_back(index, changes), read, again)
            doubtful.hold_back_rest(known)
            if identify(folder) != root:  # what could not be read is not to be dropped
                raise FolderNotFound(folder=str(folder))
            if control.cancelled and changes:
                # What was not read yet may be where it is missed.
                return _report(index, encoder, started, problems, cancelled=True)
            if not allow_mass_removal:
                gone = missed(known.removed, found, unwanted)
                check_removal(index, gone, wished=len(known.removed) - len(gone))
            before = index.count
            adopted, copied = _take_known(index, known, read, on_known, adopt)
            unseen = tuple(problem.path for problem in problems)
            unseen_bad = {bad.path for bad in index.problems() if bad.path.startswith(unseen)}
            index.forget_skipped(found.keys() | doubtful.paths() | unseen_bad)
            wide = _wide(index, lacking_views(index), known, found) if index.views_behind else []
            behind = [file for file in wide if fetch_cloud or not file.only_in_cloud]
            run = EmbeddingRun(
                embedder,
                index,
                control,
                on_picture=on_picture,
                on_copies=lambda copies: on_known((), copies),
                awaited=_unknown(index, known),
                on_batch=on_batch,
                total=len(known.todo) + len(known.twins) + len(behind) + len(doubtful.waiting),
                kept=frozenset(file.path for file in behind),
            )
            run.embedded |= adopted
            try:
                copied += _embed(run, known, behind, doubtful, decoders)
            except IndexNotSaved:
                raise  # a checkpoint: another try would fail as well
            except SemantikError:
                _save_rest(index)
                raise
        if not (run.cancelled or control.cancelled or len(behind) < len(wide)):
            index.views_done()
        run.save(complete=not (run.cancelled or control.cancelled))
    added = run.added + copied
    return replace(
        _report(index, encoder, started, problems, cancelled=run.cancelled),
        added=added,
        reused=index.count - added,
        removed=before + added - index.count,
    )


def _reader(index: ImageIndex, decoders: DecodePool, control: TaskControl, *, check: bool) -> Read:
    if is_remote(index.folder):
        return remote_reader(index, decoders, control, whole=check)
    return reader(index.folder, decoders, control)


def _embedder(folder: Path, encoder: Encoder, decoders: DecodePool, control: TaskControl) -> Embedder:
    local = LocalEmbedder(encoder, decoders, control)
    return RemoteEmbedder(folder, local, control) if is_remote(folder) else local


def _take_known(
    index: ImageIndex, known: Recognised, read: Read, on_known: OnKnown, adopt: Adopt
) -> tuple[set[str], int]:
    """Bring the index to what needs no embedding; what another index knows is taken from ``known.todo``.

    Returns the paths of that, and how many pictures are copies, these among them.
    """
    index.move(known.moved)
    index.copy(known.copies)
    index.learn(known.learnt)
    on_known(known.moved, known.copies)
    index.remove(known.removed)
    for file, reason, fingerprint in known.bad:
        index.skip(file, reason, fingerprint)
    adopted = {file.path for file in adopt(index, known.todo, read)}
    known.todo = [file for file in known.todo if file.path not in adopted]
    return adopted, index.count_of({*adopted, *(file.path for _, file in known.copies)})


def _embed(
    run: EmbeddingRun, known: Recognised, behind: list[ImageFile], doubtful: DoubtfulFiles, decoders: DecodePool
) -> int:
    """Embed what is left, then the halves for which no picture stands. Returns how many rows are copies."""
    run.embed(newest_first(known.todo))
    copied = run.repeat(known.twins)
    run.embed(behind)
    run.once_more()
    if doubtful.waiting and not run.cancelled:
        halves = doubtful.settle(run.index, decoders, run.control)
        run.done += len(doubtful.waiting) - len(halves)
        run.embed(halves)
        run.once_more()
    return copied


def _unknown(index: ImageIndex, known: Recognised) -> set[str]:
    """The paths of what is to be embedded, and has no rows of a former version."""
    new = (*known.todo, *(file for _, file in known.twins))
    return {file.path for file in new if not index.rows_of(file.path)}


def _wide(
    index: ImageIndex, lacking: Sequence[ImageFile], known: Recognised, found: Mapping[str, ImageFile]
) -> list[ImageFile]:
    """Those of ``lacking`` that are as they were indexed, and are not embedded anyway."""
    todo = {file.path for file in (*known.todo, *(file for _, file in known.twins))}
    return [found[file.path] for file in lacking if found.get(file.path) == file and file.path not in todo]


def _report(
    index: ImageIndex, encoder: Encoder, started: float, problems: Sequence[Problem], *, cancelled: bool
) -> IndexReport:
    """What a run did that embedded nothing."""
    return IndexReport(
        added=0,
        reused=index.count,
        removed=0,
        count=index.count,
        seconds=time.monotonic() - started,
        encoder=encoder.name,
        problems=(*problems, *index.problems()),
        cancelled=cancelled,
    )


def _read_whole(index: ImageIndex, changes: Changes, found: Mapping[str, ImageFile], read: Read) -> Changes:
    """The changes, with the files among them that have other content although size and time are as before."""
    news = {file.path for file in (*changes.added, *changes.changed)}
    same = [found[file.path] for file in index.files() if file.path in found and file.path not in news]
    bad = {
        file.path: digest
        for file, digest, _ in index.bad_contents({file.size for file in found.values()})
        if found.get(file.path) == file
    }
    digests = read([*same, *(found[path] for path in bad)])
    indexed = {file.path: index.fingerprint_of(index.rows_of(file.path)[0]) for file in same}
    index.learn({path: digest for path, digest in digests.items() if not indexed.get(path, path)})
    other = [
        file for file in same if indexed[file.path] and digests.get(file.path, indexed[file.path]) != indexed[file.path]
    ]
    mended = [found[path] for path, digest in bad.items() if digests.get(path, digest) != digest]
    return replace(
        changes,
        added=[*changes.added, *mended],
        changed=[*changes.changed, *other],
        unchanged=changes.unchanged - len(other),
    )


def _save_rest(index: ImageIndex) -> None:
    """Save what a run that failed has done; its own error is the one to tell."""
    try:
        index.save()
    except SemantikError as error:
        log.warning("not saved after a failed run: %s", error)
