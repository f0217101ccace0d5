"""Which of two text towers reads a query: OpenAI's, which knows English, or the multilingual one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.clip.query_language import ENGLISH, language_of
from semantik.encoders.unread_text import is_latin, unread_words
from semantik.records import Embeddings

QueryLanguage = Literal["auto", "multilingual", "english"]


class Tower(Protocol):
    """What is needed of ``multilingual.MultilingualTexts``."""

    files: ModelFiles

    @property
    def ready(self) -> bool: ...
    def load(self) -> None: ...
    def encode_texts(self, texts: list[str]) -> Embeddings: ...
    def unread(self, text: str) -> tuple[str, ...]: ...


class QueryReader:
    """Decides text by text. ``choice`` forces one tower; "auto" goes by the text's language.

    ``users`` is the language of the user's window, which decides on words of both languages.
    """

    def __init__(self, tower: Tower, choice: QueryLanguage = "auto", users: str = "es") -> None:
        self.tower = tower
        self.choice = choice
        self.users = users

    @property
    def is_expected(self) -> bool:
        """Whether the next text probably goes to the multilingual tower, and can."""
        foreign = self.choice == "multilingual" or (self.choice == "auto" and self.users != ENGLISH)
        return foreign and self.tower.ready

    def reads(self, text: str) -> bool:
        """Whether the multilingual tower reads this text."""
        return self.tower.ready and self._suits(text)

    def encode(self, texts: list[str], english: Callable[[list[str]], Embeddings]) -> Embeddings:
        """Embed each text by the tower that reads it; ``english`` is the other one. Raises what the towers raise."""
        foreign = np.array([self.reads(text) for text in texts], dtype=np.bool_)
        if not foreign.any():
            return english(texts)
        own = english([texts[row] for row in np.flatnonzero(~foreign)])
        rows = np.empty((len(texts), own.shape[1]), dtype=np.float32)
        rows[~foreign] = own
        rows[foreign] = self.tower.encode_texts([texts[row] for row in np.flatnonzero(foreign)])
        return rows

    def unread(self, text: str) -> tuple[str, ...]:
        """What the tower that reads this text cannot read of it; OpenAI's knows Latin letters, numbers and emoji."""
        return self.tower.unread(text) if self.reads(text) else unread_words(text, is_latin)

    def missing_for(self, text: str) -> ModelFiles | None:
        """The tower's files when it would read this text and is not on disk."""
        return self.tower.files if self._suits(text) and not self.tower.ready else None

    def _suits(self, text: str) -> bool:
        if self.choice == "auto":
            return language_of(text, self.users) != ENGLISH
        return self.choice == "multilingual"
