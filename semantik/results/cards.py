"""What the results page tells of one picture: its card, and what the viewer says of it."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from semantik.decoding.decoded import Thumbnail
from semantik.folder_urls import is_remote, shown_path
from semantik.records import DateSource, Details, Hit, TextLine, split_path
from semantik.storage.regular_files import file_address
from semantik.words.phrases import relevance_level, relevance_word
from semantik.words.shown_names import folder_within, split_name
from semantik.words.text import clock, day, moment, number, say, short_day

if TYPE_CHECKING:
    from semantik.places.naming import NamedPlace

_NARROWEST, _WIDEST = 0.66, 2.2  # aspect ratios of a card; a picture beyond them is shown whole on a mat
_UNKNOWN_ASPECT = 4 / 3
_MOST_LINES, _MOST_OUTLINED = 3, 50  # of text that a card tells, and that the viewer outlines
Degrees: TypeAlias = tuple[float, float]

_NUMBER = re.compile(r"-?\d")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the template needs it. ``src`` is empty for a blank card, sizes 0 while unknown."""

    name: str
    href: str
    src: str
    width: int
    height: int
    safe: bool = field(kw_only=True)  # whether a link may lead to the file itself


@dataclass(frozen=True, slots=True)
class Card(Picture):
    """A hit on the page. Its ``copies`` are cards too, out of sight until they are asked for."""

    place: int  # from 0 among all cards, each hit followed by its copies: what the running program knows it by
    rank: int  # of a copy that of its hit
    mark: str  # the relevance, or the score where nothing is told of it
    hint: str
    share: float  # the relevance, or that of the best score, in percent
    stem: str
    tail: str
    folder: str
    path: str
    ratio: int  # aspect of the frame, in hundredths
    shape: str  # its CSS classes
    day: str  # when it was taken, briefly; "" while unknown, as the next three
    date: str
    pixels: str
    camera: str
    taken_at: str  # "Cádiz, España"
    taken_at_whole: str  # with the region
    degrees: tuple[float, float] | None  # latitude and longitude
    named: str  # words of the query that its path has
    written: str  # lines of text in it that have words of the query
    regions: (
        str  # where these are: left, top, width and height in percent, "," between them and a blank after each four
    )
    people: str  # who is in it
    moment: str = ""  # where in the video it is; "" for a picture
    away: bool = False  # the file is not there now
    remote: bool = False  # nor will it be: an object store has it
    new: bool = False  # since the search was looked at last
    copies: tuple[Card, ...] = ()

    @property
    def label(self) -> str:
        """What goes before the number in ``mark``, where there is one: a narrow card tells the number alone."""
        number_in = _NUMBER.search(self.mark)
        return self.mark[: number_in.start()] if number_in else ""


def picture_of(path: Path, thumbnail: Thumbnail | None) -> Picture:
    """A picture of the query, or a frame of a video; without a link when its path is relative."""
    file, moment_in = split_path(path)
    name = file.name if moment_in is None else f"{file.name} ({clock(moment_in)})"
    href = _link(file, moment_in) if path.is_absolute() else ""
    return Picture(name, href, *_source(thumbnail), safe=is_safe_to_open(file))


SHOWN_AS_PICTURES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".bmp", ".ico"}
)
"""Endings whose files a browser shows as pictures or films whatever is in them."""

SHOWN_AS_FILMS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".3gp", ".ogv"})


def is_safe_to_open(file: Path) -> bool:
    """Whether a link may lead to the file itself: in an SVG, or under an ending that is not known, a script may run."""
    return file.suffix.lower() in SHOWN_AS_PICTURES | SHOWN_AS_FILMS


def cards_of(
    hits: Sequence[Hit],
    thumbnails: Mapping[Path, Thumbnail],
    folders: Sequence[Path],
    most_embedded: int,
    away: Collection[Path] = (),
    *,
    new: Collection[Path] = (),
) -> list[Card]:
    """The cards of the hits, in their order; those after ``most_embedded`` show the original files.

    ``away``: files that are not there now; ``new``: hits to mark as such, by ``Hit.picture``.
    """
    places = _places(hits)
    best = max((hit.score for hit in hits if hit.score is not None), default=0.0)
    cards: list[Card] = []
    place = 0
    for position, hit in enumerate(hits):
        embedded = position < most_embedded
        make = functools.partial(
            _card,
            thumbnails=thumbnails,
            folders=folders,
            best=best,
            places=places,
            embedded=embedded,
            away=away,
            new=new,
        )
        copies = tuple(make(copy, place + step) for step, copy in enumerate(hit.copies, start=1))
        cards.append(make(hit, place, copies))
        place += 1 + len(copies)
    return cards


def _places(hits: Sequence[Hit]) -> dict[Degrees, NamedPlace | None]:
    """What the coordinates of the hits and their copies are called."""
    from semantik.places.naming import named_places  # with numpy, which the page server's start does without

    flat = [each for hit in hits for each in (hit, *hit.copies)]
    degrees = list(dict.fromkeys(each.details.place for each in flat if each.details and each.details.place))
    return dict(zip(degrees, named_places(degrees), strict=True)) if degrees else {}


def ratios_of(cards: Sequence[Card]) -> list[int]:
    """The different aspects of the frames, those of copies included, in hundredths."""
    return sorted({each.ratio for card in cards for each in (card, *card.copies)})


def _link(file: Path, moment_in: float | None) -> str:
    """Address of a file, "" of a remote one; a video begins at the moment there (Media Fragments URI, W3C)."""
    if is_remote(file):
        return ""
    address = file_address(file)
    return address if moment_in is None else f"{address}#t={moment_in:g}"


def _source(thumbnail: Thumbnail | None) -> tuple[str, int, int]:
    if thumbnail is None:
        return "", 0, 0
    data = base64.b64encode(thumbnail.jpeg).decode("ascii")
    return f"data:image/jpeg;base64,{data}", thumbnail.width, thumbnail.height


def _card(
    hit: Hit,
    place: int,
    copies: tuple[Card, ...] = (),
    *,
    thumbnails: Mapping[Path, Thumbnail],
    folders: Sequence[Path],
    best: float,
    places: Mapping[Degrees, NamedPlace | None],
    embedded: bool,
    away: Collection[Path],
    new: Collection[Path],
) -> Card:
    href = _link(hit.path, hit.moment)
    embedded = embedded or hit.moment is not None  # no browser shows a frame of a video as a picture
    src, width, height = _source(thumbnails.get(hit.picture)) if embedded else (href, 0, 0)
    aspect = width / height if width and height else _UNKNOWN_ASPECT
    ratio = round(100 * min(max(aspect, _NARROWEST), _WIDEST))
    on_mat = not _NARROWEST <= aspect <= _WIDEST or not embedded
    stem, tail = split_name(hit.path.name)
    mark, hint, share = _worth(hit, best)
    date, pixels, camera = _facts(hit.details)
    degrees = hit.details.place if hit.details else None
    taken_at = places[degrees] if degrees else None
    return Card(
        name=hit.path.name,
        href=href,
        safe=is_safe_to_open(hit.path) and not is_remote(hit.path),
        src=src,
        width=width,
        height=height,
        place=place,
        rank=hit.rank,
        mark=mark,
        hint=hint,
        share=share,
        stem=stem,
        tail=tail,
        folder=folder_within(hit.path.parent, folders),
        path=shown_path(hit.path),
        ratio=ratio,
        shape=f"r{ratio} mat" if on_mat else f"r{ratio}",
        day=_day(hit.details) if hit.details else "",
        date=date,
        pixels=pixels,
        camera=camera,
        taken_at=taken_at.brief if taken_at else "",
        taken_at_whole=taken_at.whole if taken_at else "",
        degrees=degrees,
        named=", ".join(hit.named),
        written=_quoted(hit.texts),
        regions=" ".join(",".join(f"{part:g}" for part in line.region) for line in hit.texts[:_MOST_OUTLINED]),
        people=", ".join(hit.people),
        moment="" if hit.moment is None else clock(hit.moment),
        away=hit.path in away,
        remote=is_remote(hit.path),
        new=hit.picture in new,
        copies=copies,
    )


def _quoted(lines: Sequence[TextLine]) -> str:
    """The first of the lines, each in quotes."""
    told = [f"«{line.text}»" for line in lines[:_MOST_LINES]]
    return " ".join([*told, "…"] if len(lines) > _MOST_LINES else told)


_SHARES = {"very_likely": 90.0, "likely": 65.0, "perhaps": 35.0, "unlikely": 10.0}
"""How far the bar goes for a word: in the middle of what the word stands for."""


def _worth(hit: Hit, best: float) -> tuple[str, str, float]:
    """How good a hit is: in words, what they mean, and as the percentage that the bar shows."""
    if hit.score is None:  # of a list: nothing is better than the rest
        return "", "", 0.0
    similarity = f"{say('page.similarity')} {number(hit.score, 3)}"
    if hit.relevance is None:
        share = 100 * max(hit.score, 0.0) / best if best > 0 else 0.0
        return similarity, say("page.similarity_hint"), round(share, 1)
    if hit.rough:
        word = relevance_word(hit.relevance)
        hint = say("page.relevance_rough_hint", similarity=similarity)
        return word[:1].upper() + word[1:], hint, _SHARES[relevance_level(hit.relevance)]
    percent = 100 * hit.relevance
    mark = say("page.relevance", percent=number(round(percent)))
    return mark, say("page.relevance_hint", similarity=similarity), round(percent, 1)


def _facts(details: Details | None) -> tuple[str, str, str]:
    """Date, size in pixels and camera as the viewer tells them; "" for what is not known."""
    if details is None:
        return "", "", ""
    known = details.width and details.height
    pixels = f"{number(details.width)} × {number(details.height)} px" if known else ""
    return _date(details), pixels, details.camera


def _day(details: Details) -> str:
    """The day as a card has room for it, a guess as such."""
    told = short_day(details.date)
    return told if details.dated else say("page.about_day", day=told)


_GUESSES = {DateSource.FILE: "page.file_date", DateSource.NAME: "page.name_date"}


def _date(details: Details) -> str:
    """The date in words; with where it is from when that is a guess."""
    # Where a day alone is known, midnight stands for it.
    told = moment(details.date) if details.date.time() != time.min else day(details.date)
    return told if details.dated else say(_GUESSES.get(details.source, "page.doubtful_date"), moment=told)
