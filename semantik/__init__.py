"""The engine of SemantikSearch: finds pictures by what is in them, on the user's own machine."""

__version__ = "1.0.0"
