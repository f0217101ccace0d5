"""The desktop's own dialog for files, by its portal: the one way that GNOME, KDE and others have in common.

https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.FileChooser.html
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

log = logging.getLogger(__name__)

_PORTAL, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_CHOOSER, _REQUEST = "org.freedesktop.portal.FileChooser", "org.freedesktop.portal.Request"
_SECONDS = 2.0  # a portal that has not answered by then has nobody behind it: it would wait for 25 seconds
_AT_ONCE = 0.3  # seconds in which nobody closes a dialog
_CHOSEN, _CANCELLED = 0, 1
_FOLDERS_SINCE = 3  # the interface's version; older ones would show files


def choose(
    title: str, window: int, begin: str, *, kinds: Sequence[tuple[str, str]] = (), folders: bool = False
) -> list[str] | None:
    """What the user chose: files, or one folder. Empty when it was nothing, None where no portal shows a dialog.

    Returns when the user has answered. ``window`` is the id of the X window that the dialog belongs to, ``begin`` the
    folder that it starts with, ``kinds`` are names, each with its patterns, parted by spaces.
    """
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "bus")
    if not address and runtime.exists():
        address = f"unix:path={runtime}"
    if not address:
        return None
    try:
        from jeepney import DBusErrorResponse
        from jeepney.io.blocking import open_dbus_connection
    except ImportError as error:
        log.info("no portal: %s", error)
        return None
    try:
        with open_dbus_connection(address, auth_timeout=_SECONDS) as bus:
            return _ask(bus, title, window, _options(begin, kinds, folders))
    except (DBusErrorResponse, OSError, ValueError, RuntimeError) as error:  # the last two: an address of no use
        log.info("no dialog from a portal: %s", error)
        return None


def _options(begin: str, kinds: Sequence[tuple[str, str]], folders: bool) -> dict[str, tuple[str, Any]]:
    options: dict[str, tuple[str, Any]] = {
        "handle_token": ("s", f"semantik_{secrets.token_hex(8)}"),
        "modal": ("b", True),
        "multiple": ("b", not folders),
        "directory": ("b", folders),
        "current_folder": ("ay", os.fsencode(begin) + b"\0"),
    }
    if kinds:
        globs = [(name, [(0, pattern) for pattern in patterns.split()]) for name, patterns in kinds]
        options["filters"] = ("a(sa(us))", globs)
    return options


def _ask(bus: Any, title: str, window: int, options: dict[str, tuple[str, Any]]) -> list[str] | None:
    from jeepney import DBusAddress, HeaderFields, MatchRule, Properties, message_bus, new_method_call
    from jeepney.io.blocking import Proxy
    from jeepney.wrappers import unwrap_msg

    portal = DBusAddress(_PATH, _PORTAL, _CHOOSER)
    ((_, version),) = unwrap_msg(bus.send_and_get_reply(Properties(portal).get("version"), timeout=_SECONDS))
    if options["directory"][1] and version < _FOLDERS_SINCE:
        log.info("the portal's dialog shows no folders")
        return None
    told: deque[Any] = deque()
    answered = MatchRule(type="signal", interface=_REQUEST, member="Response")
    ended = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    ended.add_arg_condition(0, _PORTAL)
    with bus.filter(answered, queue=told), bus.filter(ended, queue=told):
        for rule in (answered, ended):
            Proxy(message_bus, bus, timeout=_SECONDS).AddMatch(rule)
        asked = time.monotonic()
        # It is there and answers, so that nothing would be shown twice: it may take its time.
        reply = bus.send_and_get_reply(
            new_method_call(portal, "OpenFile", "ssa{sv}", (f"x11:{window:x}", title, options))
        )
        (request,) = unwrap_msg(reply)
        owner = reply.header.fields[HeaderFields.sender]
        while True:
            signal = bus.recv_until_filtered(told)
            fields = signal.header.fields
            if fields[HeaderFields.interface] != _REQUEST:
                log.info("the portal ended")
                return None
            if fields.get(HeaderFields.sender) == owner and fields[HeaderFields.path] == request:
                break
    status, results = signal.body
    if status == _CHOSEN:
        addresses = [urlsplit(uri) for uri in results["uris"][1]]
        return [os.fsdecode(unquote_to_bytes(address.path)) for address in addresses if address.scheme == "file"]
    if status != _CANCELLED and time.monotonic() - asked < _AT_ONCE:
        # What says that a dialog could not be shown says as well that it was closed by its frame.
        log.info("the portal shows no dialog: %d", status)
        return None
    return []
