"""The portal's dialog for files, played by a service on a bus of the test's own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from semantik.desktop import file_chooser_portal
from semantik.desktop.file_chooser_portal import choose

if sys.platform != "linux" or not shutil.which("dbus-daemon"):
    pytest.skip("there is no dbus-daemon", allow_module_level=True)

from jeepney import DBusAddress, HeaderFields, Message, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

NAME, REQUEST = "org.freedesktop.portal.Desktop", "org.freedesktop.portal.Request"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


class Portal:
    """Answers the question for its version, None: it knows no dialogs for files; and OpenFile by ``answer``."""

    def __init__(self, address: str, version: int | None, answer: Callable[[Portal, str], None]) -> None:
        self.bus = open_dbus_connection(address)
        Proxy(message_bus, self.bus).RequestName(NAME)
        self.asked: list[tuple] = []
        self._version, self._answer = version, answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                call = self.bus.receive()
                member = call.header.fields.get(HeaderFields.member)
                if member == "Get":
                    self.bus.send(self._told(call))
                elif member == "OpenFile":
                    self.asked.append(call.body)
                    caller = call.header.fields[HeaderFields.sender][1:].replace(".", "_")
                    handle = f"/org/freedesktop/portal/desktop/request/{caller}/{call.body[2]['handle_token'][1]}"
                    self.bus.send(new_method_return(call, "o", (handle,)))
                    self._answer(self, handle)

    def _told(self, call: Message) -> Message:
        if self._version is None:
            return new_error(call, "org.freedesktop.DBus.Error.InvalidArgs", "s", ("No such interface",))
        return new_method_return(call, "v", (("u", self._version),))

    def respond(self, handle: str, status: int, *uris: str, by: DBusConnection | None = None) -> None:
        results = {"uris": ("as", list(uris))} if uris else {}
        emitter = DBusAddress(handle, interface=REQUEST)
        (by or self.bus).send(new_signal(emitter, "Response", "ua{sv}", (status, results)))

    def end(self) -> None:
        with contextlib.suppress(OSError):  # it ended already
            self.bus.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.bus.close()


@pytest.fixture
def portal(address, monkeypatch):
    """Puts a portal on the bus; the last one is asked."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    made: list[Portal] = []

    def put(answer: Callable[[Portal, str], None], version: int | None = 4) -> Portal:
        made.append(Portal(address, version, answer))
        return made[-1]

    yield put
    for one in made:
        one.end()


def test_a_folder_is_asked_for_and_comes_as_a_path(portal):
    asked = portal(lambda portal, handle: portal.respond(handle, 0, "file:///fotos/A%C3%B1o%202020/%FF")).asked
    assert choose("Elija", 0x2A0001, "/fotos/Año", folders=True) == ["/fotos/Año 2020/\udcff"]
    ((window, title, options),) = asked
    assert (window, title) == ("x11:2a0001", "Elija")
    del options["handle_token"]
    assert options == {
        "modal": ("b", True),
        "multiple": ("b", False),
        "directory": ("b", True),
        "current_folder": ("ay", "/fotos/Año\0".encode()),
    }


def test_several_files_of_some_kinds(portal):
    asked = portal(
        lambda portal, handle: portal.respond(handle, 0, "file:///a.jpg", "file:///b%23.png", "smb://c")
    ).asked
    kinds = [("Imágenes", "*.jpg *.png"), ("Todos", "*")]
    assert choose("Elija", 1, "/", kinds=kinds) == ["/a.jpg", "/b#.png"]
    ((_, _, options),) = asked
    assert options["filters"] == ("a(sa(us))", [("Imágenes", [(0, "*.jpg"), (0, "*.png")]), ("Todos", [(0, "*")])])
    assert (options["multiple"], options["directory"]) == (("b", True), ("b", False))


def test_a_dialog_that_is_cancelled_or_closed_chooses_nothing(portal, monkeypatch):
    monkeypatch.setattr(file_chooser_portal, "_AT_ONCE", 0)
    for status in (1, 2):
        put = portal(lambda portal, handle, status=status: portal.respond(handle, status))
        assert choose("Elija", 1, "/", folders=True) == []
        put.end()


def test_only_the_portal_answers(portal, address):
    def answer(portal: Portal, handle: str) -> None:
        with open_dbus_connection(address) as other:
            portal.respond(handle, 0, "file:///etc", by=other)
            Proxy(message_bus, other).GetId()  # what was sent before has been passed on
        portal.respond(f"{handle}0", 0, "file:///otra")
        portal.respond(handle, 0, "file:///mía")

    portal(answer)
    assert choose("Elija", 1, "/", folders=True) == ["/mía"]


def test_where_the_portal_shows_no_dialog_there_is_another_way(portal, monkeypatch):
    monkeypatch.setattr(file_chooser_portal, "_AT_ONCE", 60)

    def nothing(portal: Portal, handle: str) -> None:
        raise AssertionError("it was asked")

    unable = portal(lambda portal, handle: portal.respond(handle, 2))
    assert choose("Elija", 1, "/", folders=True) is None
    unable.end()
    without = portal(nothing, version=None)
    assert choose("Elija", 1, "/") is None
    without.end()
    old = portal(nothing, version=2)
    assert choose("Elija", 1, "/", folders=True) is None
    old.end()
    ends = portal(lambda portal, handle: portal.bus.sock.shutdown(socket.SHUT_RDWR))
    assert choose("Elija", 1, "/") is None
    ends.end()
    assert choose("Elija", 1, "/") is None  # nobody has the name


def test_a_portal_that_says_nothing_is_not_waited_for(portal, monkeypatch):
    monkeypatch.setattr(file_chooser_portal, "_SECONDS", 0.2)
    monkeypatch.setattr(Portal, "_told", lambda portal, call: new_signal(DBusAddress("/a", interface="a.b"), "Nothing"))
    assert portal(lambda portal, handle: None).asked == []
    assert choose("Elija", 1, "/", folders=True) is None


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "tcp:host=localhost,port=1", "nonsense", "unix:path", ""])
def test_without_a_bus_there_is_no_portal(address, monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert choose("Elija", 1, "/", folders=True) is None
