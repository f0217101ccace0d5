"""The guide of the first start: the folders it suggests, its three steps in a real window, and how it is left."""

from __future__ import annotations

import gc
import os
import threading
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog, font, ttk

import platformdirs
import pytest

from semantik.engine.model_advice import Choice
from semantik.folders import suggested_folders as picture_folders
from semantik.folders.suggested_folders import PictureCount, count_pictures, suggested_folders
from semantik.gui.dialogs import guide as guide_module
from semantik.gui.dialogs.guide import Guide, GuideChoice
from semantik.gui.dialogs.guide_folders import shortened, told
from semantik.gui.widgets.background_tasks import Tasks
from semantik.gui.widgets.theme import Look
from semantik.words import text
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import say
from tests.support.cut_off_texts import cut_off
from tests.support.screens import LAPTOP, SIZE, photograph, press
from tests.support.systems import links
from tests.support.task_controls import CancelledWhen
from tests.support.waiting import PATIENCE
from tests.support.widget_finders import tab_order
from tests.support.window import INTERPRETERS, pump

MEGA = 2**20
BEST = Choice("siglip2-b-32-256", "best", 1470 * MEGA, 1470 * MEGA)
FAST = Choice("clip-vit-b-32", "fast", 855 * MEGA, 855 * MEGA)
EMBEDDED = Choice("builtin", "embedded", 0, 0)


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("a.jpg",):
        (folder / name).touch()
    return folder


@pytest.fixture
def user(tmp_path, monkeypatch) -> Path:
    """The home of a user who has nothing yet; the system names ~/Pictures and ~/Desktop."""
    folder = tmp_path / "ana"
    folder.mkdir()
    for variable in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial", "PUBLIC"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: folder)
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(folder / "Pictures"))
    monkeypatch.setattr(platformdirs, "user_desktop_dir", lambda: str(folder / "Desktop"))
    return folder


# -- Which folders -------------------------------------------------------------------------------------


def test_nothing_is_suggested_that_does_not_exist_or_holds_no_picture(user):
    assert suggested_folders() == []
    fill(user / "Fotos", "notas.txt", ".oculta.jpg")
    (user / "DCIM").mkdir()
    assert suggested_folders() == []
    (user / "Pictures").mkdir()  # the system's own, where new ones will be
    assert suggested_folders() == [user / "Pictures"]


def test_the_most_probable_come_first(user, monkeypatch):
    wanted = [
        fill(user / "Pictures"),
        fill(user / "Imágenes"),
        fill(user / "Fotos" / "2019" / "mayo").parents[1],
        fill(user / "iCloudPhotos" / "Photos").parent,
        fill(user / "Nube" / "Imágenes"),
        fill(user / "Dropbox (Personal)" / "Camera Uploads"),
        fill(user / "Library" / "CloudStorage" / "GoogleDrive-a@b.c" / "My Drive" / "Photos"),
        fill(user / "DCIM" / "100CANON").parent,
        fill(user.parent / "Public" / "Pictures"),
        fill(user / "Desktop"),
    ]
    monkeypatch.setenv("OneDrive", str(user / "Nube"))
    monkeypatch.setenv("PUBLIC", str(user.parent / "Public"))
    assert suggested_folders(20) == wanted
    assert suggested_folders() == wanted[:5]


@links
def test_each_real_folder_comes_once_and_none_within_another(user, monkeypatch):
    fill(user / "Pictures")
    (user / "Imágenes").symlink_to(user / "Pictures")
    fill(user / "Pictures" / "Nube" / "Fotos")
    (user / "OneDrive").symlink_to(user / "Pictures" / "Nube")
    assert suggested_folders() == [user / "Pictures"]
    inner = fill(user / "Desktop" / "fotos")
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(inner))
    assert suggested_folders() == [inner, user / "Imágenes"]


def test_the_whole_home_is_never_suggested(user, monkeypatch):
    fill(user, "a.jpg")
    monkeypatch.setattr(platformdirs, "user_pictures_dir", lambda: str(user))
    monkeypatch.setattr(platformdirs, "user_desktop_dir", lambda: str(user.parent))
    assert suggested_folders() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows names its folders in another way")
def test_the_desktops_own_names_are_known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_PICTURES_DIR", "XDG_DESKTOP_DIR"):
        monkeypatch.delenv(variable, raising=False)
    fill(tmp_path / ".config", "user-dirs.dirs")
    (tmp_path / ".config" / "user-dirs.dirs").write_text('XDG_PICTURES_DIR="$HOME/Mis cosas/Álbum"\n')
    album = fill(tmp_path / "Mis cosas" / "Álbum")
    assert suggested_folders() == [album]


@links
def test_what_is_counted_is_what_would_be_found(tmp_path):
    fill(tmp_path, "a.jpg", "B.PNG", "c.heic", "notas.txt", "film.mp4", ".oculta.jpg", "._a.jpg")
    fill(tmp_path / "raw", "x.cr2", "x.JPG", "y.cr2")  # two shots
    fill(tmp_path / "@eaDir", "mini.jpg")
    fill(tmp_path / ".thumbnails", "mini.jpg")
    (tmp_path / "raw" / "otra_vez").symlink_to(tmp_path)
    elsewhere = fill(tmp_path.parent / f"{tmp_path.name}_disco", "z.jpg")
    (tmp_path / "disco").symlink_to(elsewhere)
    assert count_pictures(tmp_path) == PictureCount(6, complete=True)


def test_counting_ends_soon(tmp_path, monkeypatch):
    fill(tmp_path, *(f"{number}.jpg" for number in range(20)))
    assert count_pictures(tmp_path, 20) == PictureCount(20, complete=True)
    assert count_pictures(tmp_path, 19) == PictureCount(19, complete=False)
    asked: list[int] = []
    assert count_pictures(
        tmp_path, control=CancelledWhen(lambda: bool(asked.append(1) or len(asked) == 4))
    ) == PictureCount(3, complete=False)
    clock = iter(range(100))
    monkeypatch.setattr(picture_folders.time, "monotonic", lambda: float(next(clock)))
    assert count_pictures(tmp_path, seconds=7.5) == PictureCount(7, complete=False)


def test_what_cannot_be_looked_at_is_not_counted(tmp_path, monkeypatch):
    assert count_pictures(tmp_path / "nada") == PictureCount(0, complete=False)
    fill(tmp_path, "a.jpg")
    secret = fill(tmp_path / "secreto", "b.jpg", "c.jpg")
    scandir = os.scandir

    def refuse(path):  # on Windows in the form for long paths, and pytest clears away by numbers
        if not isinstance(path, int) and Path(path).name == secret.name:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(picture_folders.os, "scandir", refuse)
    assert count_pictures(tmp_path) == PictureCount(1, complete=False)


@pytest.mark.parametrize(
    ("count", "complete", "words", "in_english"),
    [
        (0, True, "sin fotos", "no photos"),
        (1, True, "1 foto", "1 photo"),
        (2345, True, "2.345 fotos", "2,345 photos"),
        (0, False, "sin contar", "not counted"),
        (1, False, "más de 1 foto", "more than 1 photo"),
        (87, False, "más de 87 fotos", "more than 87 photos"),
        (3456, False, "más de 3.400 fotos", "more than 3,400 photos"),
        (10_000, False, "más de 10.000 fotos", "more than 10,000 photos"),
    ],
)
def test_counts_in_words(count, complete, words, in_english):
    found = PictureCount(count, complete)
    assert told(found) == words
    text.set_language("en")
    assert told(found) == in_english


# -- The guide in its window ---------------------------------------------------------------------------


class Person:
    """Somebody before the guide, above a main window that would search on Return."""

    def __init__(self, display: str, theme: str = "light") -> None:
        self.display = display
        self.failures: list[BaseException] = []
        self.searches = 0
        self.closed = False
        self.root = tk.Tk(className="SemantikSearch")
        INTERPRETERS.append(self.root.tk)
        self.root.report_callback_exception = lambda kind, error, trace: self.failures.append(error)
        self.tasks = Tasks(self.root, self.failures.append)
        self.look = Look(self.root, self.tasks.post)
        ttk.Entry(self.root).pack()
        self.root.bind("<Return>", lambda event: self._search())
        self.root.geometry("700x600+20+20")
        self.root.update()
        self.look.wear(theme)
        self.root.update()
        self.done: list[GuideChoice | None] = []
        self.guide: Guide

    def _search(self) -> None:
        self.searches += 1

    def open(self, *choices: Choice, **options: object) -> Guide:
        """The guide with these models to choose from, or those of somebody who has none."""

        def done(choice: GuideChoice | None) -> None:
            assert not self.guide.winfo_exists()
            assert self.root.grab_current() is None
            self.done.append(choice)

        shown = [*(choices or (BEST, FAST)), EMBEDDED]
        self.guide = Guide(self.root, self.tasks.post, self.tasks.ahead, shown, done, **options)
        self.root.update()
        return self.guide

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        pump(self.root, condition, lambda: f"{what}, {self.failures}; focus on {self.focus()}", 20.0)

    def counted(self) -> dict[str, str]:
        """The names and counts of all folders, as soon as they are there."""
        shown = self.guide.folder_step.list
        self.wait(lambda: shown.boxes and all(str(b.count.cget("text")) != "contando…" for b in shown.boxes))
        self.root.update()  # until they are on the screen, Tab would pass them over
        return {str(b.box.cget("text")): str(b.count.cget("text")) for b in shown.boxes}

    def press(self, *keys: str, until: Callable[[], object]) -> None:
        """Press keys one by one as a keyboard would, and wait for what they do."""
        press(self.display, *keys)
        self.wait(until, " ".join(keys))

    def focus(self) -> tk.Misc | None:
        path = str(self.root.tk.call("focus"))
        return self.root.nametowidget(path) if path else None

    def close(self) -> None:
        """End the program, once."""
        if not self.closed:
            self.closed = True
            self.tasks.close()
            self.look.close()
            self.root.destroy()
            self.tasks.finish()


@pytest.fixture
def sit(user, monkeypatch, displays) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def sit_down(percent: int = 100, theme: str = "light") -> Person:
        monkeypatch.setenv("DISPLAY", displays[percent])
        people.append(Person(displays[percent], theme))
        return people[-1]

    yield sit_down
    for person in people:
        person.close()
        assert person.failures == []
    people.clear()
    gc.collect()  # here, not in a thread of the next test


@pytest.fixture
def person(sit) -> Person:
    return sit()


@pytest.fixture
def pictures(user) -> Path:
    return fill(user / "Pictures", "a.jpg", "b.jpg", "c.jpg")


def texts(widget: tk.Misc) -> list[str]:
    """Every text that is shown in ``widget`` and below."""
    found = []
    for child in widget.winfo_children():
        if child.winfo_ismapped():
            if words := "text" in (child.keys() or ()) and str(child.cget("text")):
                found.append(words)
            found += texts(child)
    return found


def test_the_folders_of_the_system_are_suggested_and_counted(person, user, pictures):
    fill(user / "Fotos", "a.jpg")
    guide = person.open()
    assert person.counted() == {"Pictures": "3 fotos", "Fotos": "1 foto"}
    assert guide.folder_step.list.chosen() == (pictures,)  # the most probable, ticked beforehand
    assert any(words.startswith("/") and words.endswith("ana/Fotos") for words in texts(guide))  # maybe shortened
    assert "Paso 1 de 3" in texts(guide)


def test_a_first_folder_without_pictures_is_not_ticked(person, user):
    (user / "Pictures").mkdir()
    photos = fill(user / "Fotos", "a.jpg")
    guide = person.open()
    assert person.counted() == {"Pictures": "sin fotos", "Fotos": "1 foto"}
    assert guide.folder_step.list.chosen() == (photos,)


def test_what_was_chosen_is_kept_back_and_forth_and_told_in_the_end(person, user, pictures):
    photos = fill(user / "Fotos", "a.jpg")
    guide = person.open()
    person.counted()
    guide.folder_step.list.boxes[1].box.invoke()
    guide.main.invoke()
    assert guide.step == 1
    guide.model_step.embedded.invoke()
    guide.main.invoke()
    first, second, third = guide.search_step.examples
    first.invoke()
    third.invoke()
    assert guide.search_step.query.get() == "montañas con nieve"
    third.invoke()
    assert guide.search_step.query.get() == ""
    second.invoke()
    guide.search_step.watch_box.invoke()
    guide.back.invoke()
    guide.back.invoke()
    assert guide.step == 0
    assert guide.back.instate(["disabled"])
    assert guide.folder_step.list.chosen() == (pictures, photos)
    guide.folder_step.list.boxes[0].box.invoke()
    guide.main.invoke()
    assert guide.model_step.model.get() == "builtin"
    guide.main.invoke()
    assert guide.main.cget("text") == "Empezar a buscar"
    assert person.done == []
    guide.main.invoke()
    assert person.done == [GuideChoice((photos,), model="builtin", watch=True, query="tarta de cumpleaños")]


def test_the_defaults_take_three_clicks(person, pictures):
    guide = person.open(folders=[], watch=True)
    person.counted()
    for _ in range(3):
        guide.main.invoke()
    assert person.done == [GuideChoice((pictures,), model=BEST.name, watch=True, query="")]


def test_folders_in_use_come_first_and_nothing_else_is_ticked(person, tmp_path, user, pictures):
    used = fill(tmp_path / "disco", "1.png", "2.png")
    fill(user / "Fotos")
    guide = person.open(folders=[used, pictures])
    assert guide.folder_step.list.chosen() == (used, pictures)
    person.wait(lambda: len(guide.folder_step.list.boxes) == 3)
    assert person.counted() == {"disco": "2 fotos", "Pictures": "3 fotos", "Fotos": "1 foto"}
    assert guide.folder_step.list.chosen() == (used, pictures)


def test_without_a_folder_it_does_not_go_on_and_says_why(person, pictures):
    guide = person.open()
    person.counted()
    box = guide.folder_step.list.boxes[0].box
    box.invoke()
    guide.main.invoke()
    person.root.update()
    assert guide.step == 0
    assert "Marque al menos una carpeta para seguir." in texts(guide)
    box.invoke()
    person.root.update()
    assert "Marque al menos una carpeta para seguir." not in texts(guide)
    guide.main.invoke()
    assert guide.step == 1


def test_where_nothing_is_found_the_user_is_led_on(person):
    guide = person.open()
    words = "No hay fotos en los sitios habituales. Elija su carpeta con «Otra carpeta…»."
    person.wait(lambda: words in texts(guide))
    guide.main.invoke()
    assert guide.step == 0


def test_another_folder_is_added_once(person, tmp_path, pictures, monkeypatch):
    disk = fill(tmp_path / "disco", *(f"{number}.jpg" for number in range(7)))
    answers = iter([str(disk), "", str(disk), str(pictures)])
    asked = []

    def askdirectory(**options):
        asked.append(options)
        return next(answers)

    monkeypatch.setattr(filedialog, "askdirectory", askdirectory)
    guide = person.open()
    person.counted()
    guide.folder_step.list.boxes[0].box.invoke()
    guide.main.invoke()  # complains
    guide.folder_step.other.invoke()
    assert guide.folder_step.message.cget("text") == ""
    assert asked[0]["parent"] is guide
    assert asked[0]["title"] == "Elija la carpeta de sus fotos"
    assert person.counted() == {"Pictures": "3 fotos", "disco": "7 fotos"}
    assert guide.folder_step.list.chosen() == (disk,)
    assert guide.focus_lastfor() is guide.main
    guide.folder_step.other.invoke()  # cancelled
    assert guide.focus_lastfor() is guide.folder_step.other
    guide.folder_step.other.invoke()
    assert len(guide.folder_step.list.boxes) == 2
    guide.folder_step.other.invoke()
    assert guide.folder_step.list.chosen() == (pictures, disk)


def test_many_folders_are_scrolled_to(person, tmp_path, monkeypatch):
    folders = [fill(tmp_path / f"disco{number}") for number in range(9)]
    guide = person.open(folders=folders)
    shown = guide.folder_step.list
    person.counted()
    assert shown._bar.winfo_ismapped()
    last = shown.boxes[-1].box
    last.focus_force()
    bottom = shown._canvas.winfo_rooty() + shown._canvas.winfo_height()
    person.wait(lambda: last.winfo_rooty() + last.winfo_height() <= bottom)
    shown.boxes[0].box.focus_force()
    person.wait(lambda: shown.boxes[0].box.winfo_rooty() >= shown._canvas.winfo_rooty())
    guide.event_generate("<Button-5>")
    person.root.update()
    assert shown._canvas.canvasy(0) > 0
    new = fill(tmp_path / "nuevo")
    monkeypatch.setattr(filedialog, "askdirectory", lambda **options: str(new))
    guide.folder_step.other.invoke()
    person.root.update()
    added = shown.boxes[-1].box
    assert added.winfo_rooty() + added.winfo_height() <= bottom


def test_a_long_path_keeps_its_ends(person, tmp_path):
    folder = fill(tmp_path.joinpath(*(f"una carpeta con un nombre largo {n}" for n in range(5))))
    guide = person.open(folders=[folder])
    person.root.update()
    box = guide.folder_step.list.boxes[0]
    (path,) = [words for words in texts(guide) if "…" in words and words.startswith("/")]
    assert path.startswith(str(folder)[:8])
    assert path.endswith("largo 4")
    assert box.box.cget("text") == folder.name
    assert cut_off(guide) == []
    assert shortened("abc", font.nametofont("TkDefaultFont", guide).measure, 1000) == "abc"


# -- How it is left ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("way", ["Escape", "alt+F4", "button"])
def test_it_can_be_skipped(person, pictures, way, step):
    guide = person.open()
    person.counted()
    for _ in range(step):
        guide.main.invoke()
    person.wait(lambda: person.focus() is guide.main)
    if way == "button":
        guide.skip_button.invoke()
    else:
        person.press(way, until=lambda: person.done)
    assert person.done == [None]
    person.root.update()
    assert person.done == [None]


def test_the_end_of_the_program_is_no_skipping(person, pictures):
    person.open()
    person.counted()
    person.close()
    assert person.done == []


def test_counting_stops_with_the_guide(person, pictures, monkeypatch):
    begun, left = threading.Event(), threading.Event()
    ended: list[bool] = []

    def count(folder, control):
        begun.set()
        left.wait(PATIENCE)
        ended.append(control.cancelled)
        return PictureCount(1, complete=False)

    monkeypatch.setattr(guide_module, "count_pictures", count)
    guide = person.open()
    person.wait(lambda: begun.is_set() and guide.folder_step.list.boxes)
    assert guide.folder_step.list.boxes[0].count.cget("text") == "contando…"
    guide.skip()
    left.set()
    person.tasks.finish()
    person.root.update()
    assert ended == [True]
    assert person.done == [None]


# -- Keyboard, languages, looks ------------------------------------------------------------------------


def test_it_is_walked_through_by_keyboard(person, user, pictures):
    photos = fill(user / "Fotos")
    guide = person.open()
    person.counted()
    boxes = [b.box for b in guide.folder_step.list.boxes]
    person.wait(lambda: person.focus() is guide.main)
    person.press("Tab", until=lambda: person.focus() is boxes[0])
    person.press("space", until=lambda: guide.folder_step.list.chosen() == ())
    person.press("Return", until=lambda: guide.folder_step.message.cget("text"))
    person.press("Tab", until=lambda: person.focus() is boxes[1])
    person.press("space", until=lambda: guide.folder_step.list.chosen() == (photos,))
    person.press("Return", until=lambda: guide.step == 1)
    person.press("Tab", until=lambda: person.focus() is guide.model_step.offered)
    person.press("Down", until=lambda: person.focus() is guide.model_step.buttons[FAST.name])
    person.press("Down", until=lambda: person.focus() is guide.model_step.embedded)
    person.press("space", until=lambda: guide.model_step.model.get() == "builtin")
    person.press("KP_Enter", until=lambda: guide.step == 2)
    person.press("Tab", until=lambda: person.focus() is guide.search_step.examples[0])
    person.press("space", until=guide.search_step.query.get)
    person.press("Shift+Tab", until=lambda: person.focus() is guide.main)
    person.press("Shift+Tab", until=lambda: person.focus() is guide.back)
    person.press("Return", until=lambda: guide.step == 1)  # the button that the keyboard is on
    person.press("Return", until=lambda: guide.step == 2)
    person.press("Return", until=lambda: person.done)
    assert person.done == [GuideChoice((photos,), model="builtin", watch=False, query="perro en la playa")]
    assert person.searches == 0


def test_tab_stops_at_no_path_that_was_shortened(person, tmp_path):
    guide = person.open(folders=[fill(tmp_path / ("vacaciones " * 9))])
    person.counted()
    (box,) = guide.folder_step.list.boxes
    assert any("…" in words for words in texts(box.box.master))
    assert tab_order(guide.main) == [guide.main, box.box, guide.folder_step.other, guide.skip_button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_lead_through_all_steps(person, pictures, language):
    text.set_language(language)
    guide = person.open()
    person.wait(guide.folder_step.list.chosen)

    def letter(widget: tk.Misc) -> str:
        (found,) = [key for key, target in guide.letters.keys.items() if target is widget]
        return f"alt+{found}"

    go_on = letter(guide.main)
    person.press(letter(guide.folder_step.list.boxes[0].box), until=lambda: not guide.folder_step.list.chosen())
    person.press(letter(guide.folder_step.list.boxes[0].box), until=guide.folder_step.list.chosen)
    person.press(go_on, until=lambda: guide.step == 1)
    person.press(letter(guide.model_step.embedded), until=lambda: guide.model_step.model.get() == "builtin")
    person.press(letter(guide.model_step.offered), until=lambda: guide.model_step.model.get() == BEST.name)
    person.press(letter(guide.back), until=lambda: guide.step == 0)
    person.press(go_on, until=lambda: guide.step == 1)
    person.press(go_on, until=lambda: guide.step == 2)
    assert letter(guide.main) == go_on
    person.press(letter(guide.search_step.examples[1]), until=guide.search_step.query.get)
    person.press(letter(guide.search_step.watch_box), until=guide.search_step.watch.get)
    person.press(letter(guide.skip_button), until=lambda: person.done)
    assert person.done == [None]


def test_english(person, pictures):
    text.set_language("en")
    guide = person.open()
    person.wait(lambda: "3 photos" in texts(guide))
    shown = texts(guide)
    assert guide.title() == "First steps with SemantikSearch"
    assert {"Step 1 of 3", "Where are your photos?", "Another folder…", "Skip the guide", "Back", "Next"} <= set(shown)
    guide.go_on()
    person.root.update()
    assert {
        "How to understand them?",
        "The best in English (recommended)",
        "Understands any description, in English and 100 other languages.\n"
        "Download: 1,470 MB, once (some 10 min at 20 Mbit/s).",
        "Fast",
        "Smaller, and somewhat faster with your photos; right less often.\n"
        "Download: 855 MB, once (some 6 min at 20 Mbit/s).",
        "Embedded (no download)",
    } <= set(texts(guide))
    guide.go_on()
    person.root.update()
    assert {"How to search", "dog on the beach", "Include new photos without asking", "Start searching"} <= set(
        texts(guide)
    )


def test_what_must_be_downloaded_is_said(person, pictures):
    """Also what is here already, in part or whole, and what does not fit; what cannot be used cannot be chosen."""
    guide = person.open(
        replace(BEST, left=0),
        replace(FAST, left=517 * MEGA),
        replace(BEST, name="siglip2-b-16", obstacle="memory"),
        replace(FAST, name="clip-rn50", obstacle="space", lacking=300 * MEGA),
        replace(FAST, name="clip-rn101", role="own", obstacle="package"),
    )
    assert any("nada sale de este equipo" in said for said in texts(guide))
    person.counted()
    guide.go_on()
    person.root.update()
    best = "Entiende cualquier descripción, en español y en otros 100 idiomas."
    fast = "Más ligera y algo más rápida con sus fotos; acierta menos."
    assert [said for said in texts(guide.model_step) if said not in (say("guide.how"), say("guide.how_hint"))] == [
        "Paso 2 de 3",
        "La mejor en español (recomendada)",
        f"{best}\nYa está en este equipo: no hay que descargar nada.",
        "Rápida",
        f"{fast}\nDescarga: faltan 517 de 855 MB (unos 4 min a 20 Mb/s).",
        "La mejor en español",
        f"{best}\nDescarga: 1.470 MB, una sola vez (unos 10 min a 20 Mb/s).\n"
        "Este equipo tiene poca memoria para ella: irá despacio.",
        "Rápida",
        f"{fast}\nNo cabe: son 855 MB. Libere 300 MB en el disco.",
        "CLIP RN101",
        "El modelo que eligió.\nFalta un paquete del programa; «Diagnóstico», en «?», dice cuál.",
        "Integrado (sin descarga)",
        "Empieza ahora mismo y nunca necesita internet, pero acierta menos.",
    ]
    usable = [name for name, button in guide.model_step.buttons.items() if not button.instate(["disabled"])]
    assert usable == ["siglip2-b-32-256", "clip-vit-b-32", "siglip2-b-16", "builtin"]


def test_what_was_chosen_before_is_chosen_again(person, pictures):
    assert person.open(model="clip-vit-b-32").model_step.model.get() == "clip-vit-b-32"
    person.guide.skip()
    unusable = replace(FAST, obstacle="package")
    assert person.open(unusable, BEST, model="clip-vit-b-32").model_step.model.get() == "siglip2-b-32-256"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("percent", [100, 200])
def test_every_step_fits_with_nothing_cut_off_and_no_jump(sit, user, percent, theme, language):
    for name in ("Pictures", "Imágenes", "Fotos", "OneDrive/Imágenes", "Desktop"):
        fill(user / name)
    person = sit(percent, theme)
    text.set_language(language)
    guide = person.open(BEST, replace(FAST, obstacle="memory"))
    boxes = guide.folder_step.list.boxes
    person.wait(lambda: len(boxes) == 5 and all(b.count.cget("text") != say("guide.counting") for b in boxes))
    person.root.update()
    place = guide.geometry()
    assert not guide.folder_step.list._bar.winfo_ismapped()
    guide.folder_step.complain()
    for step in range(3):
        if step:
            guide.main.invoke()
        person.root.update()
        assert guide.step == step
        assert cut_off(guide) == []
        assert guide.geometry() == place
        shown = guide.steps[step]
        assert shown.winfo_reqwidth() <= shown.winfo_width()
        assert shown.winfo_reqheight() <= shown.winfo_height()
    width, height = guide.winfo_width(), guide.winfo_height()
    assert width <= (LAPTOP[0] if percent == 100 else SIZE[0] * 0.99)
    assert height <= (LAPTOP[1] if percent == 100 else SIZE[1] * 0.96)
    ground = {"light": (250, 250, 250), "dark": (28, 28, 28)}[theme]
    for widget in (guide.body, guide.folder_step.list._canvas):
        if widget is not guide.body:
            guide.back.invoke()
            guide.back.invoke()
            person.root.update()
        spot = (widget.winfo_rootx() + widget.winfo_width() - 3, widget.winfo_rooty() + 3)
        person.wait(lambda spot=spot: photograph(person.display).getpixel(spot) == ground, str(widget))


def test_a_new_theme_is_worn_at_once(person, pictures):
    guide = person.open()
    person.counted()
    canvas = guide.folder_step.list._canvas
    for theme, ground in (("dark", "#1c1c1c"), ("light", "#fafafa")):
        person.look.wear(theme)
        person.wait(lambda ground=ground: str(canvas.cget("background")) == ground)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_can_be_seen(sit, pictures, theme):
    person = sit(100, theme)
    guide = person.open()
    person.counted()
    stops = {
        0: [guide.folder_step.list.boxes[0].box, guide.folder_step.other, guide.skip_button, guide.main],
        1: [guide.model_step.offered, guide.model_step.embedded, guide.back],
        2: [guide.search_step.examples[0], guide.search_step.watch_box],
    }
    for step, widgets in stops.items():
        if step:
            guide.main.invoke()
        assert guide.step == step
        for widget in widgets:
            other = guide.skip_button if widget is not guide.skip_button else guide.main
            other.focus_force()
            person.root.update()
            x, y = widget.winfo_rootx(), widget.winfo_rooty()
            box = (x, y, x + widget.winfo_width(), y + widget.winfo_height())

            def look(box=box):
                person.root.update_idletasks()  # on a busy machine each photograph outlasts the tasks' next event
                return photograph(person.display).crop(box).tobytes()

            before = look()
            widget.focus_force()
            person.wait(lambda before=before, look=look: look() != before, str(widget))
