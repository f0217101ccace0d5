"""The window's own rooms. Nothing else in the engine imports them, and importing this package needs no tkinter."""
