"""Folders of pictures of known colours, and what searches them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image


def paint(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> Path:
    """Write a picture of one colour; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def together(*libraries):
    """What searches these folders, as they are now."""
    from semantik.engine.library import Library
    from semantik.search.relevance import Relevance
    from semantik.search.searcher import Searcher
    from semantik.storage.settings import Config

    first = libraries[0]
    searcher = Searcher(first.pool, Relevance(first.home / "background"))
    return Library(libraries, first.encoder, searcher, Config())
