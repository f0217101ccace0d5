"""Message boxes in the real window: what they say and where, one above the other, by keyboard, in each language."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from semantik.errors import FolderNotFound
from semantik.gui.widgets.message_box import MessageBox
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import explain, say, set_language
from tests.support.window import TIMEOUT, Window, windows

BUTTONS = {"es": ["Sí", "No"], "en": ["Yes", "No"], "pt": ["Sim", "Não"]}


class Reader:
    """Somebody who meets one box after the other; an open box has the window's loop, so this acts from within."""

    def __init__(self, window: Window) -> None:
        self.window = window
        window.leave_boxes = True
        self.seen: list[str] = []
        self._steps: list[tuple[str, Callable[[MessageBox], Any]]] = []
        self._deadline = time.monotonic() + TIMEOUT
        self._turn()

    def _turn(self) -> None:
        box = self.window.box
        if box and self._steps and box.message == self._steps[0][0] and box.focus_get() in box.buttons.values():
            self.seen.append(box.message)
            self._steps.pop(0)[1](box)
        elif box and time.monotonic() > self._deadline:
            box.destroy()  # the test fails then, instead of standing still for ever
        self._after = self.window.root.after(15, self._turn)

    def close(self) -> None:
        """Look no longer, and leave the boxes to the window again."""
        self.window.root.after_cancel(self._after)
        self.window.leave_boxes = False

    def will(self, message: str, act: Callable[[MessageBox], Any]) -> None:
        """When the box that says ``message`` is on top: ``act`` with it."""
        self._steps.append((message, act))

    def later(self, call: Callable[[], object]) -> list[object]:
        """Have ``call`` made by the message pump, as background work does; what it returned stands in the list."""
        returned: list[object] = []
        self.window.app.tasks.post(lambda: returned.append(call()))
        return returned


def press(name: str) -> Callable[[MessageBox], None]:
    return lambda box: box.buttons[name].invoke()


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with windows(tmp_path_factory.mktemp("home")) as begin:
        yield begin(guide=False)


@pytest.fixture
def reader(window):
    reader = Reader(window)
    yield reader
    reader.close()
    set_language("es")


def test_a_box_above_a_box_leaves_each_its_own_answer(window, reader):
    services = window.app.services
    asked: list[list[object]] = []
    reader.will("¿La primera?", lambda box: asked.append(reader.later(lambda: services.ask("¿La segunda?"))))
    reader.will("¿La segunda?", lambda box: asked.append(reader.later(lambda: services.warn("warn.busy"))))
    reader.will(say("warn.busy"), press("ok"))
    reader.will("¿La segunda?", press("no"))
    reader.will("¿La primera?", press("yes"))
    first = reader.later(lambda: services.ask("¿La primera?"))
    window.wait(lambda: first)
    assert (first, asked) == ([True], [[False], [None]])
    assert reader.seen == ["¿La primera?", "¿La segunda?", say("warn.busy"), "¿La segunda?", "¿La primera?"]
    assert window.root.grab_current() is None


def test_news_go_on_while_a_box_is_open(window, reader):
    told: list[str] = []

    def meanwhile(box: MessageBox) -> None:
        window.app.services.tell("Entretanto.")
        window.app.tasks.post(lambda: told.append(window.status))
        window.app.tasks.post(box.buttons["no"].invoke)

    reader.will("¿Seguimos?", meanwhile)
    asked = reader.later(lambda: window.app.services.ask("¿Seguimos?"))
    window.wait(lambda: asked)
    assert (asked, told) == ([False], ["Entretanto."])


@pytest.mark.parametrize(
    ("keys", "answer"),
    [(["<Return>"], True), (["<Escape>"], False), (["<Tab>", "<Return>"], False), (["<Tab>", "<space>"], False)],
)
def test_it_is_answered_from_the_keyboard(window, reader, keys, answer):
    def type_keys(box: MessageBox) -> None:
        assert box.focus_get() is box.buttons["yes"]
        # Tcl reads the script of the Tab key at its first use; in wine that can fail, and the key would lead nowhere.
        assert box.focus_get().tk_focusNext() is box.buttons["no"]
        for key in keys:
            box.focus_get().event_generate(key)

    reader.will("¿Borrar?", type_keys)
    asked = reader.later(lambda: window.app.services.ask("¿Borrar?"))
    window.wait(lambda: asked)
    assert asked == [answer]


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")
def test_the_keyboard_is_where_the_uppermost_box_is(window, reader):
    """Real keys go where the system says the keyboard is, which Tk must have heard of."""
    services = window.app.services
    inner: list[list[object]] = []
    pressed = []

    def press_key(key: str) -> None:
        pressed.append(subprocess.Popen(["xdotool", "key", key]))

    reader.will("¿La de abajo?", lambda box: inner.append(reader.later(lambda: services.ask("¿La de arriba?"))))
    reader.will("¿La de arriba?", lambda box: press_key("Return"))
    reader.will("¿La de abajo?", lambda box: press_key("Escape"))
    window.root.focus_force()
    outer = reader.later(lambda: services.ask("¿La de abajo?"))
    window.wait(lambda: outer)
    assert (inner, outer) == ([[True]], [False])
    assert [each.wait(TIMEOUT) for each in pressed] == [0, 0]


def test_its_words_can_be_copied(window, reader):
    error = FolderNotFound(folder="/fotos/ñandú")
    titles: list[str] = []

    def copy(box: MessageBox) -> None:
        titles.append(box.title())
        box.focus_get().event_generate("<Control-c>")
        box.buttons["ok"].invoke()

    reader.will(explain(error), copy)
    done = reader.later(lambda: window.app.services.show_failure(error))
    window.wait(lambda: done)
    assert titles == [say("window.title")]
    assert window.root.clipboard_get() == explain(error)


def test_a_box_that_is_closed_is_a_no(window, reader):
    reader.will("¿Seguimos?", lambda box: box.destroy())
    asked = reader.later(lambda: window.app.services.ask("¿Seguimos?"))
    window.wait(lambda: asked)
    assert asked == [False]


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_buttons_speak_the_programs_language(window, reader, language):
    set_language(language)
    shown: list[str] = []
    reader.will("?", lambda box: shown.extend(button.cget("text") for button in box.buttons.values()))
    reader.will("?", press("no"))
    asked = reader.later(lambda: window.app.services.ask("?"))
    window.wait(lambda: asked)
    assert shown == BUTTONS[language]
