"""Every string a user reads, Spanish and English side by side.

``say(key, **params)`` gives the text in the language that ``set_language`` chose; Spanish is the
default. A catalogue entry is ``key: (Spanish, English)``; gaps are ``str.format`` fields.
"""

from __future__ import annotations

from semantik.errors import SemantikError
from semantik.records import Reason

LANGUAGES = ("es", "en")

_language = "es"

CATALOGUE: dict[str, tuple[str, str]] = {}


def set_language(language: str) -> None:
    """Choose the language of all later texts: "es" or "en". Raises ValueError for any other."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(f"unknown language: {language}")
    _language = language


def say(key: str, **params: object) -> str:
    """The text called ``key`` in the chosen language. Raises KeyError for an unknown key or a missing gap."""
    return CATALOGUE[key][LANGUAGES.index(_language)].format(**params)


def explain(error: SemantikError) -> str:
    """An engine error in the user's words."""
    params = {
        name: say(f"reason.{value.value}") if isinstance(value, Reason) else value
        for name, value in error.params.items()
    }
    return say(error.key, **params)


def reason(value: Reason) -> str:
    """Why a file was skipped, in the user's words."""
    return say(f"reason.{value.value}")


# -- Errors: what happened, then what to do next ------------------------------------------------------
CATALOGUE |= {
    "error.internal": (
        "Algo ha fallado. Los detalles están en el registro: {log}",
        "Something went wrong. The details are in the log: {log}",
    ),
    "error.folder_not_found": (
        "No se encuentra la carpeta «{folder}». Compruebe el nombre o elija otra con «Examinar».",
        "The folder “{folder}” was not found. Check its name or choose another with “Browse”.",
    ),
    "error.folder_unreadable": (
        "No hay permiso para leer la carpeta «{folder}». Elija otra o cambie sus permisos.",
        "The folder “{folder}” may not be read. Choose another or change its permissions.",
    ),
    "error.folder_emptied": (
        "La carpeta «{folder}» parece vacía, pero su índice tiene {count} imágenes. "
        "¿Está desconectado el disco? No se ha borrado nada; conéctelo y pulse «Actualizar índice».",
        "The folder “{folder}” looks empty, but its index holds {count} images. "
        "Is the disk disconnected? Nothing was deleted; connect it and press “Update index”.",
    ),
    "error.no_images": (
        "No hay imágenes en la carpeta «{folder}». Elija otra carpeta.",
        "There are no images in the folder “{folder}”. Choose another folder.",
    ),
    "error.no_index": (
        "La carpeta «{folder}» aún no está indexada. Pulse «Actualizar índice».",
        "The folder “{folder}” is not indexed yet. Press “Update index”.",
    ),
    "error.index_damaged": (
        "El índice guardado no se puede usar: {detail}",
        "The stored index cannot be used: {detail}",
    ),
    "error.index_too_new": (
        "Una versión más reciente del programa creó este índice (formato {version}). Actualice el programa.",
        "A newer version of the program made this index (format {version}). Update the program.",
    ),
    "error.index_locked": (
        "Otra ventana de SemantikSearch está actualizando la carpeta «{folder}». "
        "Espere a que termine e inténtelo de nuevo; mientras tanto puede buscar.",
        "Another SemantikSearch window is updating the folder “{folder}”. "
        "Wait until it has finished and try again; you can search meanwhile.",
    ),
    "error.index_not_saved": (
        "No se pudo guardar el índice ({detail}). El anterior sigue intacto. Libere espacio e inténtelo de nuevo.",
        "The index could not be saved ({detail}). The previous one is intact. Free some space and try again.",
    ),
    "error.empty_query": (
        "Escriba qué quiere buscar, por ejemplo «perro en la playa».",
        "Type what you are looking for, for example “dog on the beach”.",
    ),
    "error.query_image_missing": (
        "No se encuentra la imagen «{path}». Elija otra con «Examinar».",
        "The image “{path}” was not found. Choose another with “Browse”.",
    ),
    "error.query_image_unreadable": (
        "No se puede leer la imagen «{path}»: {reason}. Elija otra.",
        "The image “{path}” cannot be read: {reason}. Choose another.",
    ),
    "error.bad_top_k": (
        "K debe ser un número entero de 1 a {most}. «{value}» no lo es.",
        "K must be a whole number from 1 to {most}. “{value}” is not.",
    ),
    "error.unknown_encoder": (
        "No hay ningún modelo llamado «{name}». Modelos: {known}.",
        "There is no model called “{name}”. Models: {known}.",
    ),
    "error.encoder_failed": (
        "No se pudo cargar el modelo {name}: {detail}",
        "The model {name} could not be loaded: {detail}",
    ),
    "error.download_failed": (
        "No se pudo descargar {name}: {detail}",
        "{name} could not be downloaded: {detail}",
    ),
    "error.no_network": (
        "No hay conexión con {host}, así que {name} no se pudo descargar. Compruebe la red e inténtelo de nuevo.",
        "{host} cannot be reached, so {name} was not downloaded. Check the network and try again.",
    ),
    "error.wrong_hash": (
        "El archivo de {name} no es el original (su suma SHA-256 no coincide) y no se usará. Descárguelo de nuevo.",
        "The file of {name} is not the original (its SHA-256 differs) and will not be used. Download it again.",
    ),
    "error.disk_full": (
        "No hay espacio para {name} en «{folder}»: hacen falta {needed_mb} MB. Libere espacio e inténtelo de nuevo.",
        "There is no room for {name} in “{folder}”: {needed_mb} MB are needed. Free some space and try again.",
    ),
    "error.cancelled": ("Cancelado.", "Cancelled."),
    "error.decode_failed": ("No se puede leer «{path}»: {reason}.", "“{path}” cannot be read: {reason}."),
}

# -- Why a file was skipped ----------------------------------------------------------------------------
CATALOGUE |= {
    "reason.not_an_image": ("no es una imagen conocida", "not a known kind of image"),
    "reason.damaged": ("el archivo está dañado", "the file is damaged"),
    "reason.truncated": (
        "el archivo está incompleto; se indexó la parte visible",
        "the file is incomplete; its visible part was indexed",
    ),
    "reason.too_large": ("tiene demasiados píxeles para abrirla sin riesgo", "it has too many pixels to open safely"),
    "reason.timeout": ("tardaba demasiado en abrirse", "it took too long to open"),
    "reason.decoder_crashed": ("el lector de imágenes falló con este archivo", "the image reader crashed on this file"),
    "reason.out_of_memory": ("no hay memoria suficiente para abrirla", "there is not enough memory to open it"),
    "reason.permission": ("no hay permiso para leerlo", "it may not be read"),
    "reason.vanished": ("desapareció antes de leerlo", "it disappeared before it was read"),
    "reason.changed": ("cambió mientras se leía; se leerá la próxima vez", "it changed while being read; next time"),
    "reason.empty": ("el archivo está vacío", "the file is empty"),
    "reason.no_decoder": ("falta el lector opcional de este formato", "the optional reader for this format is missing"),
    "reason.unreadable": ("el disco no permite leerlo", "the disk does not let it be read"),
    "reason.encoder_failed": ("el modelo falló con esta imagen", "the model failed on this image"),
}
