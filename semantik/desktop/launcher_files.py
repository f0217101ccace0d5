"""What is in the files that open the program by a double click, for each system. Pure functions of the paths."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import PurePath
from typing import NamedTuple

from semantik.words.catalogue import LANGUAGES
from semantik.words.text import catalogue

NAME = "SemantikSearch"

WINDOW_CLASS = "Semantiksearch"
"""What Tk makes of the class name that the window is given: all but the first letter in lower case."""


class Program(NamedTuple):
    """What is to be started, by a Python that has its packages, in which folder, and its icon."""

    python: PurePath
    arguments: tuple[str, ...]
    folder: PurePath
    icon: PurePath


# -- Linux: Desktop Entry Specification 1.4 ------------------------------------------------------------

_STRING_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
_QUOTED_ESCAPES = str.maketrans({sign: f"\\{sign}" for sign in '"`$\\'})


def desktop_entry(program: Program) -> str:
    """The content of a ``.desktop`` file (freedesktop.org, Desktop Entry Specification 1.4).

    Its window class is the one that the window names itself by, so that the panel groups both.
    """
    lines = {
        "Type": "Application",
        "Version": "1.4",
        "Name": NAME,
        **_in_all_languages("Comment", "launcher.comment"),
        **_in_all_languages("Keywords", "launcher.keywords"),
        "Exec": exec_line([str(program.python), *program.arguments]) + " %F",  # what is dropped onto it
        "Path": _string(str(program.folder)),
        "Icon": _string(str(program.icon)),
        "Terminal": "false",
        "Categories": "Graphics;Viewer;",
        "StartupWMClass": WINDOW_CLASS,
    }
    return "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def _in_all_languages(key: str, text: str) -> dict[str, str]:
    """A localestring: English without a language, then each language under its code."""
    words = {code: forms[0] for code in LANGUAGES if (forms := catalogue(code).get(text))}
    return {key: words["en"]} | {f"{key}[{code}]": words[code] for code in words if code != "en"}


def exec_line(command: list[str]) -> str:
    """The value of ``Exec`` for a command: quoted as its section of the specification says, then escaped as a string.

    The specification allows no "=" in the program's name, and GLib looks for the program before it turns "%%" into
    "%"; such a program is started by the shell, which gets it as an argument.
    """
    if any(sign in command[0] for sign in "=%"):
        command = ["/bin/sh", "-c", 'exec "$0" "$@"', *command]
    return " ".join(map(_argument, command))


def _argument(argument: str) -> str:
    quoted = argument if _is_plain(argument) else f'"{argument.translate(_QUOTED_ESCAPES)}"'
    return _string(quoted.replace("%", "%%"))


def _is_plain(argument: str) -> bool:
    return bool(argument) and all(sign.isalnum() or sign in "/._-+:,@%" for sign in argument)


def _string(value: str) -> str:
    escaped = value.translate(_STRING_ESCAPES)
    return "\\s" + escaped[1:] if escaped.startswith(" ") else escaped  # blanks after the "=" do not count


def close_first() -> dict[str, str]:
    """What an installer asks of whoever has the program open, by the language's code: see tools/build_app.py."""
    return {code: catalogue(code)["launcher.close_program"][0] for code in LANGUAGES}


# -- macOS ---------------------------------------------------------------------------------------------


def mac_command(program: Program) -> str:
    """The content of a ``.command`` file, which Searcher opens in a terminal."""
    command = shlex.join([str(program.python), *program.arguments])
    return f'#!/bin/sh\ncd -- {shlex.quote(str(program.folder))} && exec {command} "$@"\n'


# -- Windows -------------------------------------------------------------------------------------------

WINDOWS_SCRIPT = r"""$ErrorActionPreference = 'Stop'
$shell = New-Object -ComObject WScript.Shell
$link = $shell.CreateShortcut($env:SEMANTIK_LINK)
$all = $env:SEMANTIK_PYTHON + $env:SEMANTIK_ARGUMENTS + $env:SEMANTIK_ICON + $env:SEMANTIK_FOLDER
$plain = $all -notmatch '[^\x00-\x7F]'
if ($plain) {
    $link.TargetPath = $env:SEMANTIK_PYTHON
    $link.Arguments = $env:SEMANTIK_ARGUMENTS
    $link.WorkingDirectory = $env:SEMANTIK_FOLDER
    $link.IconLocation = $env:SEMANTIK_ICON + ',0'
}
$link.Description = $env:SEMANTIK_COMMENT
$link.Save()
# WScript.Shell refuses letters beyond the system's code page; the shell itself takes them all.
if (-not $plain) {
    $place = (New-Object -ComObject Shell.Application).NameSpace([IO.Path]::GetDirectoryName($env:SEMANTIK_LINK))
    $link = $place.ParseName([IO.Path]::GetFileName($env:SEMANTIK_LINK)).GetLink
    $link.Path = $env:SEMANTIK_PYTHON
    $link.Arguments = $env:SEMANTIK_ARGUMENTS
    $link.WorkingDirectory = $env:SEMANTIK_FOLDER
    $link.SetIconLocation($env:SEMANTIK_ICON, 0)
    $link.Save()
}
"""
"""Makes one shortcut. It is the same for everybody: paths come by the environment, so nothing in them is ever code."""

POWERSHELL = (
    *("powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"),
    *("-Command", WINDOWS_SCRIPT),
)
"""Runs the script as a whole. From standard input it would be read line by line, as if typed: a block would wait for an
empty line, and a failed line would not stop the next."""


def windows_environment(program: Program, link: PurePath, comment: str) -> dict[str, str]:
    """What ``WINDOWS_SCRIPT`` finds in its environment."""
    return {
        "SEMANTIK_LINK": str(link),
        "SEMANTIK_PYTHON": str(program.python),
        "SEMANTIK_ARGUMENTS": subprocess.list2cmdline(program.arguments),
        "SEMANTIK_FOLDER": str(program.folder),
        "SEMANTIK_ICON": str(program.icon),
        "SEMANTIK_COMMENT": comment,
    }
