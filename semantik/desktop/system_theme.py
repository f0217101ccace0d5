"""Whether the system's windows are dark."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from semantik.desktop.helper_programs import ask

log = logging.getLogger(__name__)

_SECONDS = 2.0  # a desktop that has not answered by then does not know


def prefers_dark() -> bool:
    """Whether the user of this system wants dark windows; False where nothing tells. May take some milliseconds.

    On Linux the desktop's portal is asked first, which GNOME, KDE and others answer alike
    (https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html).
    """
    if sys.platform == "linux" and (answer := _ask_portal()) is not None:
        return answer
    try:
        # Only its question is used: on Linux its listener hears of the old setting alone, and leaves a process behind.
        import darkdetect
    except ImportError:
        return False
    try:
        return bool(darkdetect.isDark())
    except (OSError, ValueError, KeyError) as error:
        log.info("the system does not tell its theme: %s", error)
        return False


def _ask_portal() -> bool | None:
    """The portal's color-scheme: 1 is dark, 2 light, 0 no preference. None when there is no portal."""
    bus = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "bus")
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ and not bus.exists():
        return None  # gdbus would start a bus of its own
    command = [
        *("gdbus", "call", "--session", "--dest=org.freedesktop.portal.Desktop"),
        "--object-path=/org/freedesktop/portal/desktop",
        "--method=org.freedesktop.portal.Settings.Read",
        *("org.freedesktop.appearance", "color-scheme"),
    ]
    answer = ask(command, _SECONDS)
    for value, dark in (("uint32 1", True), ("uint32 2", False)):
        if answer.succeeded and value in answer.output:
            return dark
    return None
