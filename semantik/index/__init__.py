"""The index of an image folder: the only room that knows faiss, and the only one that reads or writes indexes."""

from semantik.index.image_index import TRANSIENT, Changes, ImageIndex
from semantik.index.store import set_aside

__all__ = ["TRANSIENT", "Changes", "ImageIndex", "set_aside"]
