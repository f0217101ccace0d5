"""The index of an image folder: the only room that knows faiss, and the only one that reads or writes indexes."""

from semantik.index.copying import copy_index
from semantik.index.flat_scans import Found
from semantik.index.image_index import ImageIndex
from semantik.index.index_store import FileStore, IndexStore, Restore
from semantik.index.joined_indexes import JoinedIndexes, Searchable
from semantik.index.manifest import Manifest, Stamp, leads_out
from semantik.index.opened_file import let_go
from semantik.index.quantized_vectors import QUANTIZED_FROM
from semantik.index.shared_rows import SharedRow, SharedRows
from semantik.index.skipped_files import TRANSIENT
from semantik.index.store import put_back, recorded_folder, set_aside, stored_contents, write_recorded_folder
from semantik.index.stored_pictures import StoredFile, stored_file
from semantik.index.vector_files import Run, Verify

__all__ = [
    "QUANTIZED_FROM",
    "TRANSIENT",
    "FileStore",
    "Found",
    "ImageIndex",
    "IndexStore",
    "JoinedIndexes",
    "Manifest",
    "Restore",
    "Run",
    "Searchable",
    "SharedRow",
    "SharedRows",
    "Stamp",
    "StoredFile",
    "Verify",
    "copy_index",
    "leads_out",
    "let_go",
    "put_back",
    "recorded_folder",
    "set_aside",
    "stored_contents",
    "stored_file",
    "write_recorded_folder",
]
