"""The diagnosis and the exclusions in the real window."""

from __future__ import annotations

import threading

from semantik import doctor
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.doctor import DoctorDialog
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.storage.home import index_folder
from tests.support.waiting import wait_until
from tests.support.window import TIMEOUT

# -- The diagnosis -------------------------------------------------------------------------------------


def diagnosis(window) -> DoctorDialog:
    """The report's window, opened by the button in the About box."""
    about = ask(window)
    dialog = window.dialog("Diagnóstico")
    assert isinstance(dialog, DoctorDialog)
    assert not about.winfo_exists()
    return dialog


def ask(window) -> AboutDialog:
    """Ask for the report by the button in the About box; gives that box."""
    window.press(window.button("?"))
    about = window.dialog()
    assert isinstance(about, AboutDialog)
    window.press(window.button("Diagnóstico", within=about))
    return about


def test_the_report_is_shown_and_copied(window, library, home):
    window.choose_folder(library)
    status = window.status
    dialog = diagnosis(window)
    assert dialog.title() == "Diagnóstico"
    assert window.status == status
    shown = dialog.text.get("1.0", "end-1c")
    assert shown.splitlines()[0].startswith("SemantikSearch 1.0.0: diagnóstico (")
    assert f"  Tk {window.root.tk.call('info', 'patchlevel')}" in shown.splitlines()
    assert "  Se pueden soltar imágenes en la ventana" in shown.splitlines()
    assert "«carpeta 1», builtin: correcto; imágenes: 6," in shown
    assert str(library) not in shown
    assert str(home) not in shown
    window.press(window.button("Copiar", within=dialog))
    assert window.root.clipboard_get() == shown
    window.press(window.check("Mostrar carpetas y rutas", within=dialog))
    assert f"{library}, builtin: correcto; imágenes: 6," in dialog.text.get("1.0", "end-1c")
    window.press(window.button("Copiar", within=dialog))
    assert str(library) in window.root.clipboard_get()
    assert str(dialog.text.cget("state")) == "disabled"
    window.press(window.button("Cerrar", within=dialog))
    assert not dialog.winfo_exists()


def test_a_damaged_index_is_told(window, library, home):
    window.choose_folder(library)
    (index_folder(home, library, "builtin") / "image_index.json").write_text("{")
    dialog = diagnosis(window)
    assert "Hay 1 problema:" in dialog.text.get("1.0", "end")


def test_it_does_not_run_beside_another_task(window):
    gate = threading.Event()
    window.app.services.start(lambda: gate.wait(TIMEOUT), lambda result: None, window.app.services.show_failure)
    ask(window)
    gate.set()
    window.wait_idle()
    assert window.messages == ["Espere a que termine la tarea en curso, o pulse «Cancelar»."]


def test_it_can_be_cancelled(window, monkeypatch):
    started = threading.Event()
    real = doctor.diagnose

    def slow(*arguments, control, **options):
        started.set()
        wait_until(lambda: control.cancelled, what="the cancelling")
        return real(*arguments, control=control, **options)

    monkeypatch.setattr(doctor, "diagnose", slow)
    status = window.status
    ask(window)
    window.wait(started.is_set, "the diagnosis")
    assert window.app.tasks.busy
    assert window.status == "Examinando la instalación y los índices…"
    window.press(window.button("Cancelar"))
    window.wait_idle()
    assert window.status == status
    assert window.dialogs() == []
    assert window.messages == []


# -- What is excluded ----------------------------------------------------------------------------------


def settings(window) -> SettingsDialog:
    window.press(window.button("Ajustes…"))
    dialog = window.dialog()
    assert isinstance(dialog, SettingsDialog)
    return dialog


def write(window, dialog, words: str) -> None:
    dialog.excluded.text.focus_force()
    dialog.excluded.text.delete("1.0", "end")
    dialog.excluded.text.insert("1.0", words)
    window.root.update()


def test_exclusions_are_saved_and_the_folder_is_looked_at_again(window, library, saved):
    window.choose_folder(library)
    dialog = settings(window)
    assert dialog.excluded.cget("text") == "Carpetas y archivos excluidos"
    assert dialog.excluded.patterns() == ()
    write(window, dialog, "  playa/ \n\nAZUL.*\nplaya/\n")
    window.messages.clear()
    window.answers = ["yes"]
    window.press(window.button("Cerrar", within=dialog))
    window.wait_idle()
    window.wait(lambda: window.app.loaded.opened.library.count == 4, "the update")
    assert saved()["exclude"] == ["playa/", "AZUL.*"]
    asked, told = window.messages
    assert asked.endswith("¿Actualizar el índice ahora?")
    assert told.endswith(": 4 ya estaban y 2 quitadas. En total, 4.")
    assert "azul.png" not in window.app.loaded.opened.library.indexed_folders[0].index.rows()
    dialog = settings(window)
    assert dialog.excluded.text.get("1.0", "end-1c") == "playa/\nAZUL.*"
    dialog.event_generate("<Escape>")  # nothing was changed: nothing is asked
    window.root.update()
    assert not dialog.winfo_exists()
    assert not window.app.tasks.busy
    assert len(window.messages) == 2


def test_excluding_everything_says_where_to_change_it(window, library):
    window.choose_folder(library)
    dialog = settings(window)
    write(window, dialog, "*")
    window.messages.clear()
    dialog.event_generate("<Escape>")
    window.wait(lambda: window.messages, "the message")
    window.wait_idle()
    assert window.messages == [
        f"Todas las imágenes de «{library}» están excluidas. Cambie «Carpetas y archivos excluidos» en «Ajustes…»."
    ]
    assert window.app.loaded.opened.library.count == 6


def test_a_change_of_language_keeps_what_was_typed(window, saved):
    dialog = settings(window)
    write(window, dialog, "borradores")
    dialog.window_language.current(2)
    dialog.choose_window_language()
    again = window.dialog()
    assert again.excluded.cget("text") == "Excluded folders and files"
    assert again.excluded.patterns() == ("borradores",)
    assert saved()["exclude"] == ["borradores"]
    window.press(window.button("Close", within=again))


def test_tab_leaves_the_editor(window):
    dialog = settings(window)
    dialog.excluded.text.focus_force()
    window.root.update()
    dialog.excluded.text.event_generate("<Tab>")
    window.root.update()
    assert window.root.focus_get() is not dialog.excluded.text
    assert dialog.excluded.patterns() == ()
    dialog.excluded.text.focus_force()
    dialog.excluded.text.event_generate("<Shift-Tab>")
    window.root.update()
    assert window.root.focus_get() is not dialog.excluded.text
    assert dialog.excluded.patterns() == ()
    window.press(window.button("Cerrar", within=dialog))
