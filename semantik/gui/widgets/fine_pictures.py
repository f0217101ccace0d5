"""Pictures in the window with all pixels that the screen has for them, also where Tk counts in others.

On X11 and Windows a pixel of Tk's is one of the screen's, and ``screen_scale.px`` makes lengths grow. On macOS it is a
point, which a Retina screen shows with 2 × 2 pixels, and a photo of Tk's has one colour per point. Tk 9 also has images
of macOS's own kind, ``nsimage``, which keep the pixels of their file whatever room they take
(https://www.tcl-lang.org/man/tcl9.0/TkCmd/nsimage.html). Tk 8.6 has nothing of the sort: there a picture stays coarse.

The theme's own pictures cannot be such images: ttk draws them in parts, and of a part an ``nsimage`` shows the whole.
"""

from __future__ import annotations

import io
import logging
import tkinter as tk
import uuid
from typing import TYPE_CHECKING, Any

from semantik.gui.widgets.screen_scale import px
from semantik.storage.atomic_files import write_new
from semantik.storage.private_files import temporary_folder

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

NATIVE = "nsimage"
"""What Tk calls images of macOS's own kind."""

_RETINA = 2  # pixels of a point in each direction; on another screen macOS makes the picture smaller, well


def fineness(widget: tk.Misc) -> int:
    """How many pixels of a picture go into one of Tk's, in each direction."""
    return _RETINA if NATIVE in widget.tk.splitlist(widget.tk.call("image", "types")) else 1


def pixels(widget: tk.Misc, length: float) -> int:
    """The pixels that a picture needs for a length in pixels of the design, to be as fine as the screen."""
    return px(widget, length) * fineness(widget)


def for_tk(widget: tk.Misc, picture: Image.Image) -> Any:
    """An image for Tk's widgets of a picture that was made for ``pixels``. Whoever shows it must keep it."""
    from PIL import ImageTk

    fine = fineness(widget)
    width, height = (max(1, round(side / fine)) for side in picture.size)
    if fine > 1:
        try:
            return _native(widget, picture, width, height)
        except (OSError, tk.TclError) as error:  # a coarse picture is better than none
            log.warning("no picture as fine as the screen: %s", error)
            picture = picture.resize((width, height))
    return ImageTk.PhotoImage(picture, master=widget)


def _native(widget: tk.Misc, picture: Image.Image, width: int, height: int) -> tk.Image:
    """An image of macOS's own kind, which takes nothing but files. Raises OSError, TclError."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    path = temporary_folder() / f"semantik-{uuid.uuid4().hex}.png"  # made anew, and read before it is gone again
    write_new(path, [data.getvalue()], 0o600)
    try:
        options = {"source": str(path), "as": "file", "width": width, "height": height}
        return tk.Image(NATIVE, cnf=options, master=widget)
    finally:
        path.unlink()
