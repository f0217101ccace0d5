"""Telling the user something while another program is in front."""

from __future__ import annotations

import html
import json
import sys
import threading
from collections.abc import Sequence

from semantik.desktop.helper_programs import ask

_SCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_SECONDS = 10.0


def notify(title: str, message: str) -> None:
    """Show a notification of the desktop, in the background; where there is none, nothing happens.

    Linux by org.freedesktop.Notifications (https://specifications.freedesktop.org/notification-spec/latest/), macOS
    by its script language. No shell is involved. Windows has none for programs that are not installed: there the
    window's button in the task bar flashes instead (see ``gui.attention``).
    """
    commands = _commands(title, message)
    if commands:
        threading.Thread(target=_try_each, args=(commands,), name="notification", daemon=True).start()


def _commands(title: str, message: str) -> list[list[str]]:
    """Programs that show it, the best first."""
    if sys.platform == "win32":
        return []
    if sys.platform == "darwin":
        lines = [word for line in _SCRIPT for word in ("-e", line)]
        return [["/usr/bin/osascript", *lines, title, message]]
    body = html.escape(message, quote=False)  # the body is markup
    words = [json.dumps(part, ensure_ascii=False) for part in ("SemantikSearch", title, body)]  # GVariant's own format
    return [
        ["notify-send", "--app-name=SemantikSearch", "--", title, body],
        [
            *("gdbus", "call", "--session", "--dest=org.freedesktop.Notifications"),
            "--object-path=/org/freedesktop/Notifications",
            "--method=org.freedesktop.Notifications.Notify",
            *("--", words[0], "0", '""', words[1], words[2], "[]", "{}", "-1"),
        ],
    ]


def _try_each(commands: Sequence[Sequence[str]]) -> None:
    any(ask(command, _SECONDS).succeeded for command in commands)
