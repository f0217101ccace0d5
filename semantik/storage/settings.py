"""The user's settings."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from semantik.storage.atomic_files import replace_file
from semantik.storage.home import CONFIG_NAME, SHIPPED, settings_file
from semantik.storage.json_files import is_plain, read_object, set_aside
from semantik.words.catalogue import LANGUAGES

log = logging.getLogger(__name__)

QUERY_LANGUAGES = ("auto", "multilingual", "english")
HEMISPHERES = ("system", "north", "south")
THEMES = ("system", "light", "dark")
LONGEST_DECODING = 86_400.0
"""Seconds; more than a day is no limit, and beyond what the system's clocks take."""

RENAMED = {"resting_folders": "inactive_folders"}
"""Settings that older versions wrote under another name."""


@dataclass(frozen=True)
class Config:
    """The settings, with their defaults. docs/settings.md explains each."""

    image_folder: str = ""  # the last library, or the first of its folders
    folders: tuple[str, ...] = ()  # the library's folders where it has several
    inactive_folders: tuple[str, ...] = ()  # those of them that are not searched
    index_server: str = ""  # address of the server that keeps their indexes, without a password; empty: this computer
    watch: bool = False  # include new pictures while the program is open, without a question
    guide: bool = True  # show the first steps at the next start, if no folder was chosen yet
    encoder: str = ""  # a name from ``python -m semantik models``; empty: not chosen yet
    next_encoder: str = ""  # another one that is on its way, or waits for the user to switch to it
    next_encoder_paused: bool = False  # the user holds it
    top_k: int = 20  # pictures per search
    only_relevant: bool = False  # leave out results that are probably not meant
    fold_similar: bool = True  # show nearly equal pictures, as those of a burst, as one
    names_count: bool = False  # words in the names of files and folders count too
    more_options: bool = False  # the window shows the controls behind "Más opciones"
    window_place: str = ""  # where the window was, as Tk writes it: "+40+30", "1000x700+40+30" or "zoomed"
    language: str = "system"  # of the window: "system" or one of ``LANGUAGES``
    theme: str = "system"  # of the window: "system", "light" or "dark"
    query_language: str = "auto"  # who reads CLIP's queries: "auto" (by language), "multilingual" or "english"
    hemisphere: str = "system"  # whose seasons "verano de 2019" means: "system" (by its country), "north" or "south"
    ask_multilingual: bool = True  # offer the multilingual text model when a query needs it
    weights_folder: str = ""  # where downloaded models are kept; empty: ~/.cache/clip
    clip_checkpoint: str = ""  # an own CLIP checkpoint that the user trusts; it runs code when loaded
    decode_seconds: float = 20.0  # time limit for opening one picture
    read_texts: bool = True  # read what stands in pictures, so that its words find them
    find_people: bool = False  # find faces in the pictures, and group them; see docs/privacy.md
    exclude: tuple[str, ...] = ()  # folders and files to leave out: see ``exclusions.py``
    fetch_cloud_files: bool = False  # download pictures that are only in OneDrive, iCloud or the like
    exact_numbers: bool = False  # models look at pictures in single precision, even where less is quicker and as good

    @property
    def opened(self) -> tuple[str, ...]:
        """The folders that the window opens at its start."""
        return self.folders or tuple(filter(None, [self.image_folder]))


def load_config(home: Path) -> Config:
    """Read the settings: the shipped defaults, overlaid by the user's file in ``home``.

    Unknown keys are ignored, and a value that cannot be used costs only itself: its default is taken. The file that
    had it, or that is not JSON, is kept aside as ``*.damaged``, and what could be used is written again.
    """
    path = settings_file(home)
    was_there = os.path.lexists(path)
    config, wrong = _usable(_read(SHIPPED / CONFIG_NAME) | _read(path))
    if wrong and path.exists():
        set_aside(path, f"cannot be used: {', '.join(wrong)}")
    if was_there and not os.path.lexists(path):
        with contextlib.suppress(OSError):  # it is read again at the next start, and told again
            save_config(config, home)
    return config


def _usable(values: dict[str, object]) -> tuple[Config, list[str]]:
    """The settings in ``values``, and the names of those that cannot be used."""
    wrong = []
    defaults = asdict(Config())
    kept = {}
    for field in fields(Config):
        value = values.get(field.name, defaults[field.name])
        if isinstance(defaults[field.name], float) and type(value) is int:
            value = float(value)
        if isinstance(defaults[field.name], tuple) and isinstance(value, list):
            value = _lines(field.name, value)
        if type(value) is not type(defaults[field.name]) or (isinstance(value, str) and not is_plain(value)):
            log.warning("setting %s cannot be used, its default is: %.200r", field.name, value)
            value = defaults[field.name]
            wrong.append(field.name)
        kept[field.name] = value
    config = Config(**kept)  # type: ignore[arg-type]  # each value was checked against its default above
    bounded = _within_bounds(config)
    wrong += [name for name, value in asdict(config).items() if value != getattr(bounded, name)]
    return bounded, wrong


def _lines(name: str, values: list[object]) -> tuple[str, ...]:
    """The texts of a list, each once and none of them blank; what is no text is left out."""
    texts = [value.strip() for value in values if isinstance(value, str) and is_plain(value)]
    if len(texts) < len(values):
        log.warning("setting %s holds what is no text, which is left out: %r", name, values)
    return tuple(dict.fromkeys(filter(None, texts)))


def _within_bounds(config: Config) -> Config:
    values = asdict(config)
    if config.top_k < 1:
        values["top_k"] = Config.top_k
    if config.language not in ("system", *LANGUAGES):
        values["language"] = Config.language
    if config.hemisphere not in HEMISPHERES:
        values["hemisphere"] = Config.hemisphere
    if config.theme not in THEMES:
        values["theme"] = Config.theme
    if config.query_language not in QUERY_LANGUAGES:
        values["query_language"] = Config.query_language
    if not 0 < config.decode_seconds <= LONGEST_DECODING:
        values["decode_seconds"] = Config.decode_seconds
    return Config(**values)


def _read(path: Path) -> dict[str, object]:
    values: dict[str, object] = read_object(path, [*(field.name for field in fields(Config)), *RENAMED])
    for old, new in RENAMED.items():
        if old in values:
            values.setdefault(new, values.pop(old))
    return values


def save_config(config: Config, home: Path) -> None:
    """Write the settings into ``home``, atomically. Raises OSError."""
    text = json.dumps(asdict(config), ensure_ascii=True, indent=2) + "\n"
    replace_file(settings_file(home), text.encode("ascii"))
