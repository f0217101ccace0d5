"""The window of the people: groups of faces, to be named, put together, hidden and deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.dialogs.people_grid import HEIGHT, GridActions, PeopleGrid
from semantik.gui.dialogs.people_work import PeopleWork
from semantik.gui.dialogs.person_faces import PersonDialog
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.message_box import ask_in_box
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.gui.widgets.theme import Hint
from semantik.gui.widgets.tile_grid import TickBox
from semantik.gui.window_services import WindowServices
from semantik.words.phrases import renamed_told
from semantik.words.plain import plain
from semantik.words.shown_names import brief
from semantik.words.text import counted, enumeration, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.people import People, PersonGroup

LOOK_AGAIN_MS = 5000
"""How often it is asked how many pictures are left to look at."""

COLUMNS, ROWS = 5, 2.4
"""Tiles that the window has room for when it opens, where the screen does."""

OTHERS = 200
"""Pixels at 100 % that all takes that stands above and below the tiles."""


@dataclass(frozen=True, slots=True)
class PeopleActions:
    """What the window has others do; it is closed then."""

    view: Callable[[str], object]  # the pictures of the person of this name
    delete: Callable[[], object]  # all that is known of people, and look for none any more


class PeopleDialog(Dialog):
    """A grid of groups, the largest first."""

    def __init__(
        self, services: WindowServices, engine: Engine, people: People, do: PeopleActions, note: str = ""
    ) -> None:
        """``note``: who will see the names, where that is to be said."""
        super().__init__(services.root, say("persons.title"))
        self._services, self._engine, self._people, self._do = services, engine, people, do
        self._work = PeopleWork(services, people, self._take)
        self._groups: list[PersonGroup] = []
        self._unread = 0
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(1, weight=1)
        self._build(note)
        self._build_buttons()
        self.measure()
        self.minsize(self.winfo_reqwidth(), min(self.winfo_reqheight(), px(self, HEIGHT + OTHERS)))
        self.bind("<Escape>", lambda event: self.close())
        self.protocol("WM_DELETE_WINDOW", self.close)
        self._after = self.after(LOOK_AGAIN_MS, self.look_again)
        self._chosen()
        self.show(self.close_button)
        self._work.change()

    def _build(self, note: str) -> None:
        top = ttk.Frame(self.body)
        top.grid(row=0, column=0, sticky="ew", pady=(0, px(self, 8)))
        top.columnconfigure(0, weight=1)
        self.count = ttk.Label(top)
        self.count.grid(row=0, column=0, sticky="w")
        self.hidden_too = TickBox(top, text=say("persons.show_hidden"), command=self._list)
        self.hidden_too.grid(row=0, column=1)
        do = GridActions(self.rename, self.open_group, self._all_named, self._chosen)
        self.grid_of_people = PeopleGrid(self.body, self._services, self._engine, do)
        self.grid_of_people.grid(row=1, column=0, sticky="nsew")
        room = (self.winfo_screenheight() - px(self, AROUND + OTHERS)) / px(self, HEIGHT)
        self.grid_of_people.ask_for(COLUMNS, min(ROWS, max(1.0, room)))
        self.empty = Hint(self.body, anchor="center", justify="center", wraplength=px(self, 520))
        self.message = Hint(self.body, text=say("persons.how"))
        self.message.grid(row=2, column=0, sticky="ew", pady=px(self, 8))
        if note:
            Hint(self.body, text=note).grid(row=3, column=0, sticky="ew", pady=(0, px(self, 8)))

    def _build_buttons(self) -> None:
        row = ttk.Frame(self.body)
        row.grid(row=4, column=0, sticky="ew")
        row.columnconfigure(3, weight=1)
        self.merge_button = ttk.Button(row, text=say("persons.merge"), command=self.merge)
        self.hide_button = ttk.Button(row, text=say("persons.hide"), command=self.hide)
        self.view_button = ttk.Button(row, text=say("persons.view"), command=self.view)
        self.delete_button = ttk.Button(row, text=say("persons.delete"), command=self.delete_all)
        self.close_button = self.default = ttk.Button(row, text=say("persons.close"), command=self.close)
        gap = (0, px(self, 8))
        for column, button in enumerate((self.view_button, self.merge_button, self.hide_button)):
            button.grid(row=0, column=column, padx=gap)
        self.delete_button.grid(row=0, column=4, padx=gap)
        self.close_button.grid(row=0, column=5)
        self.letters.alternate(self.hide_button, (say("persons.hide"), say("persons.show_again")))

    # -- What is known

    def look_again(self) -> None:
        """Pictures are being looked at meanwhile: show what was found, unless the user is about to do something."""
        self.after_cancel(self._after)
        self._after = self.after(LOOK_AGAIN_MS, self.look_again)
        if not (self.grid_of_people.chosen or self.grid_of_people.is_typed_in):
            self._work.look_again()

    def _take(self, groups: Sequence[PersonGroup], unread: int) -> None:
        if not self.winfo_exists():
            return
        first = not self._groups
        self._groups, self._unread = list(groups), unread
        self._list()
        if renamed := self._people.take_renamed():
            self.tell(renamed_told(renamed))
        if first and groups:
            self.grid_of_people.go_on()

    def _list(self) -> None:
        """Show the groups that are to be seen."""
        seen = [group for group in self._groups if self.hidden_too.ticked or not group.hidden]
        shown, left = counted("persons.groups", len(seen)), self._unread
        self.count.configure(text=f"{shown} {counted('persons.unread', left)}" if left else shown)
        nothing = counted("persons.empty_unread", left) if left else say("persons.empty")
        self.empty.configure(text=say("persons.all_hidden") if self._groups else nothing)
        if seen:
            self.empty.grid_remove()
            self.grid_of_people.grid()
        else:
            self.grid_of_people.grid_remove()
            self.empty.grid(row=1, column=0, sticky="nsew")
        self.grid_of_people.fill(seen)
        self._chosen()

    def _chosen(self) -> None:
        """Offer what can be done with the groups that are chosen now."""
        chosen = self.grid_of_people.chosen
        again = bool(chosen) and all(group.hidden for group in chosen)
        self.hide_button.configure(text=say("persons.show_again" if again else "persons.hide"))
        for button, possible in (
            (self.view_button, len(chosen) == 1),
            (self.merge_button, len(chosen) > 1),
            (self.hide_button, bool(chosen)),
        ):
            button.state(["!disabled" if possible else "disabled"])

    def _all_named(self) -> None:
        self.tell(say("persons.all_named"))
        self.close_button.focus_set()

    # -- What the user wants

    def tell(self, message: str) -> None:
        """Say something in the line above the buttons."""
        self.message.configure(text=message)

    def ask(self, question: str) -> bool:
        """Ask the user a question that yes or no answers."""
        return ask_in_box(self, say("persons.title"), question)

    def rename(self, group: PersonGroup, name: str) -> bool:
        """Save a group's name; one that another group has means that both are one person, if the user says so."""
        people = self._people
        same = [one for one in self._groups if one.id != group.id and name and plain(one.name) == plain(name)]
        if not same:
            self._put_name(group, name)
            self._work.change(lambda: people.name(group.id, name))
            self.tell(say("persons.saved", name=brief(name)) if name else say("persons.name_gone"))
        elif self.ask(say("persons.ask_same", name=brief(same[0].name), faces=counted("persons.faces", same[0].count))):
            self._put_name(group, same[0].name)
            self._work.change(lambda: people.merge([same[0].id, group.id]))
            self.tell(say("persons.merged", name=brief(same[0].name)))
        else:
            self.tell(say("persons.other_name"))
            return False
        return True

    def _put_name(self, group: PersonGroup, name: str) -> None:
        """Show at once what will be so in a moment."""
        named = replace(group, name=name)
        self._groups = [named if one.id == group.id else one for one in self._groups]
        self.grid_of_people.put_name(named)

    def merge(self) -> None:
        """The chosen groups are one person."""
        groups, people = self.grid_of_people.chosen, self._people
        names = [brief(name) for name in dict.fromkeys(group.name for group in groups if group.name)]
        if len(names) < 2 or self.ask(say("persons.ask_merge", names=enumeration(names), name=names[0])):
            self.grid_of_people.unchoose()
            self._work.change(lambda: people.merge([group.id for group in groups]))
            self.tell(say("persons.merged", name=names[0]) if names else say("persons.merged_unnamed"))

    def hide(self) -> None:
        """Show the chosen groups no longer, or again if all of them are hidden."""
        groups, people = self.grid_of_people.chosen, self._people
        hidden = not all(group.hidden for group in groups)

        def work() -> None:
            for group in groups:
                people.hide(group.id, hidden)

        self.grid_of_people.unchoose()
        self._work.change(work)
        self.tell(counted("persons.hidden" if hidden else "persons.shown_again", len(groups)))

    def open_group(self, group: PersonGroup) -> None:
        """Show all faces of a group; what is taken out of it there is seen here then."""
        PersonDialog(self._services, self._engine, self._people, group, self._work.change)

    def view(self) -> None:
        """Search for the pictures of the person that is chosen."""
        (group,) = self.grid_of_people.chosen
        if group.name:
            self.destroy()
            self._do.view(group.name)
        else:
            self.tell(say("persons.no_name_yet"))

    def delete_all(self) -> None:
        """Forget everybody, when the user agrees."""
        named = sum(bool(group.name) for group in self._groups)
        if self.ask(counted("persons.ask_delete", named)):
            self.destroy()
            self._do.delete()

    def close(self) -> None:
        """Save what is being typed, and close; not while a group may not be called so."""
        if self.grid_of_people.commit():
            self.destroy()

    def destroy(self) -> None:
        """Close it; nothing is read for it any more."""
        self.after_cancel(self._after)
        self.grid_of_people.close()
        super().destroy()
