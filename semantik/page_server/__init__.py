"""The loopback server through which a results page, a file in the user's browser, talks to the running program."""

from semantik.page_server.actions import PageActions
from semantik.page_server.limits import Limits
from semantik.page_server.server import PageServer

__all__ = ["Limits", "PageActions", "PageServer"]
