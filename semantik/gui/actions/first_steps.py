"""The guide of the first start, and what becomes of the answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from semantik.gui.dialogs.guide import Guide, GuideChoice
from semantik.gui.widgets.entries import replace_text

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from SemantikSearch import SemantikSearchApp


class FirstSteps:
    """Shows the guide once by itself, and whenever it is asked for."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self._query = ""  # chosen in the guide: searched for as soon as something can be found

    def wanted(self) -> bool:
        """Whether this is the first start: nothing was chosen yet, and the guide was not seen."""
        config = self._app.config
        return config.guide and not (config.image_folder or config.encoder)

    def show(self, engine: Engine) -> None:
        """Open the guide, with what is chosen already."""
        app = self._app
        app.models.take_over(engine)
        Guide(
            app.root,
            app.tasks.post,
            app.tasks.ahead,
            app.models.offer(),
            self._done,
            folders=[Path(name) for name in app.opened.named],
            watch=app.config.watch,
        )

    def _done(self, choice: GuideChoice | None) -> None:
        app = self._app
        app.save_config(guide=False)
        if choice is None:
            if not app.opened.named:  # the first start: begin with what needs no download
                app.models.accept(recommended=app.models.offer()[1] == 0)
            return
        from semantik.engine.library import outermost

        named = tuple(map(str, outermost(choice.folders)))
        if named != app.opened.named:
            app.opened.choose(named)
        app.view.watch.set(choice.watch)
        app.save_config(watch=choice.watch)
        self._query = choice.query
        app.models.accept(recommended=choice.download)

    def search(self) -> None:
        """Something can be found now: make the search that was chosen in the guide."""
        query, self._query = self._query, ""
        if query:
            self._app.view.mode.set("text")
            replace_text(self._app.view.text_entry, query)
            self._app.search()
