"""Words of a query that occur in the names of files and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from semantik.records import split_key
from semantik.words.plain import plain
from semantik.words.text import in_all_languages

SHORTEST = 3
"""Letters of a word that is looked for in names: shorter ones occur everywhere."""

_WORD = re.compile(r"[^\W\d_]+|\d+")


def query_words(texts: Iterable[str]) -> tuple[str, ...]:
    """The words of a query's texts that are worth looking for in names, plain and each once."""
    words = (word for text in texts for word in _WORD.findall(plain(text)))
    return tuple(dict.fromkeys(word for word in words if len(word) >= SHORTEST and word not in empty_words()))


@cache
def empty_words() -> frozenset[str]:
    """Words that say nothing of a picture, in all languages."""
    return frozenset(word for words in in_all_languages("syntax.empty_words") for word in plain(words).split())


class PathWords:
    """The words in the paths of a library. Made once for a state of the index: a second's work for a million."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        """``rows``: relative paths with "/", and their rows."""
        folders: dict[str, str] = {}
        self._texts: dict[int, str] = {}
        self._paths = {row: path for path, row in rows.items()}
        for path, row in rows.items():
            folder, _, name = split_key(path)[0].rpartition("/")
            if folder not in folders:
                folders[folder] = _spaced(folder)
            self._texts[row] = folders[folder] + _spaced(name.rpartition(".")[0] or name)

    def find(self, words: Iterable[str]) -> dict[int, tuple[str, ...]]:
        """The words, as ``query_words`` gives them, that each path has, by row; rows without any are left out.

        A word of the path counts when it begins with the query's: "perro" finds "Perros".
        """
        found: dict[int, tuple[str, ...]] = {}
        for word in words:
            beginning = f" {word}"
            for row, text in self._texts.items():
                if beginning in text:
                    found[row] = (*found.get(row, ()), word)
        return found

    def called(self, text: str) -> Iterator[int]:
        """The rows of pictures whose name, with or without its ending, is just this text, whatever parts its words."""
        wanted = _spaced(text)
        for row, words in self._texts.items() if wanted else ():
            # A name with its ending is longer than what is kept of it here.
            if "." in text[-6:] or words.endswith(wanted):
                name = split_key(self._paths[row])[0].rpartition("/")[2]
                if wanted in (_spaced(name), _spaced(name.rpartition(".")[0])):
                    yield row


def _spaced(text: str) -> str:
    return "".join(f" {word}" for word in _WORD.findall(plain(text)))
