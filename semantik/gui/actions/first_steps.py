"""The guide of the first start, and what becomes of the answers."""

from __future__ import annotations

from pathlib import Path

from semantik.gui.actions.model_picker import ModelPicker
from semantik.gui.actions.open_folders import OpenFolders
from semantik.gui.dialogs.guide import Guide, GuideChoice
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.window_services import WindowServices


class FirstSteps:
    """Shows the guide once by itself, and whenever it is asked for."""

    def __init__(self, services: WindowServices, view: MainView, models: ModelPicker, opened: OpenFolders) -> None:
        self._services = services
        self._view = view
        self._commands = view.commands
        self._models = models
        self._opened = opened
        self._query = ""  # chosen in the guide: searched for as soon as something can be found
        services.happened.can_search.connect(self._search)
        services.happened.search_began.connect(self._forget_query)

    def wanted(self) -> bool:
        """Whether this is the first start: nothing was chosen yet, and the guide was not seen."""
        config = self._services.config
        return config.guide and not (config.image_folder or config.index_server or config.encoder)

    def show(self) -> None:
        """Open the guide, with what is chosen already."""
        services = self._services
        self._models.relist()
        Guide(
            services.root,
            services.tasks.post,
            services.tasks.ahead,
            self._models.choices(),
            self._done,
            model=services.config.encoder,
            folders=[Path(name) for name in self._opened.named],
            watch=services.config.watch,
        )

    def _done(self, choice: GuideChoice | None) -> None:
        services, models = self._services, self._models
        services.save(guide=False)
        if choice is None:
            if not self._opened.named:
                models.skip()
            return
        from semantik.engine.library import outermost

        named = tuple(map(str, outermost(choice.folders)))
        if named != self._opened.named:
            self._opened.choose(named)
        self._view.watch.set(choice.watch)
        services.save(watch=choice.watch)
        self._query = choice.query
        models.accept(choice.model)

    def _forget_query(self, typed: bool) -> None:
        """The user asked for something else meanwhile."""
        self._query = ""

    def _search(self) -> None:
        """Something can be found now: make the search that was chosen in the guide."""
        query, self._query = self._query, ""
        if query:
            self._view.mode.set("text")
            replace_text(self._view.text_entry, query)
            self._commands.search()
