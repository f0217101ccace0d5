"""How names of files and folders are shown: nothing in them may steer the screen or hide what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

_TAIL = 4  # characters before the extension that stay visible when a name is cut: counters are there
_LONGEST = 48  # letters that are left of a name


def visible(text: str) -> str:
    """``text`` with every character that steers instead of showing replaced by one that shows.

    Line breaks become ↵ and tabs ⇥; other controls, among them the bidirectional ones (with which
    ``gpj.exe`` reads ``exe.jpg``), zero-width fillers and bytes that are not UTF-8 become U+FFFD.
    Joiners stay: emoji and several scripts need them. The length never changes.
    """
    return text.translate(_VISIBLE)


_VISIBLE = {
    **dict.fromkeys(
        (
            *(*range(0x20), *range(0x7F, 0xA0)),  # C0 and C1 controls
            *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x2070)),  # bidirectional
            *(0x180E, 0x200B, *range(0x2060, 0x2066), 0xFEFF, *range(0xFFF9, 0xFFFC)),  # without width
            *range(0xD800, 0xE000),  # bytes that are not UTF-8, as Python reads them; half pairs on Windows
        ),
        0xFFFD,
    ),
    **dict.fromkeys((0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), 0x21B5),
    0x09: 0x21E5,
}


def brief(name: str) -> str:
    """A person's name for a sentence or a button: as ``visible``, of a very long one the middle is left out."""
    shown = visible(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2].rstrip()}…{shown[-_LONGEST // 3 :].lstrip()}"


def split_name(name: str) -> tuple[str, str]:
    """A name in two: the part that may be cut, and the end that tells files of a series apart.

    Only ASCII stems are split before their extension: elsewhere a cut could part a letter from its
    accent, or turn the order of right-to-left text.
    """
    suffix = PurePath(name).suffix
    stem = name.removesuffix(suffix) if suffix else name
    kept = _TAIL if stem.isascii() and len(stem) > _TAIL + 2 else 0
    cut = len(stem) - kept
    return name[:cut], name[cut:]


def short_names(folders: Sequence[Path]) -> list[str]:
    """What to call each of ``folders``: its last part, with as many before it as tell those of the same name apart."""
    names = [folder.name or str(folder) for folder in folders]
    for length in range(2, 1 + max((len(folder.parts) for folder in folders), default=0)):
        counts = Counter(names)
        if len(counts) == len(names):
            break
        for place, folder in enumerate(folders):
            if counts[names[place]] > 1 and len(folder.parts) >= length:
                names[place] = str(type(folder)(*folder.parts[-length:]))
    return names


def folder_within(folder: Path, indexed_folders: Sequence[Path]) -> str:
    """The folder as seen from that of ``libraries`` it is in; of several, also which one that is.

    For pictures right in it, it is the library's own name; for those in none of them, the whole path.
    """
    for indexed_folder, name in zip(indexed_folders, short_names(indexed_folders), strict=True):
        if folder.is_relative_to(indexed_folder):
            inner = folder.relative_to(indexed_folder)
            if not inner.parts:
                return name
            return str(type(indexed_folder)(name, inner)) if len(indexed_folders) > 1 else str(inner)
    return str(folder)
