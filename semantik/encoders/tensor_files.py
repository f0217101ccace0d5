"""Published weights: named tensors in a safetensors file, which holds data only and is mapped, not read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.storage.atomic_files import replace_file

if TYPE_CHECKING:
    import torch

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class TensorFile:
    """The tensors of a file, by name. Opening reads the header only.

    Raises OSError when the file cannot be read, ValueError when it is cut, damaged or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            file: Any = safe_open(os.fspath(path), framework="pt")
        except SafetensorError as error:
            raise ValueError(f"{path.name}: {error}") from error
        self._file = file
        self.names: frozenset[str] = frozenset(file.keys())
        self.metadata: dict[str, str] = file.metadata() or {}

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor as float32, a copy of its own. Raises KeyError."""
        import torch

        return self._get(name).to(torch.float32, copy=True)

    def mapped(self, name: str) -> torch.Tensor:
        """One tensor as the file holds it. Its pages are read when they are touched, so a large table costs no memory.

        The file must then stay as it is: it cannot be deleted on Windows meanwhile. Raises KeyError.
        """
        return self._get(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Raises KeyError."""
        if name not in self.names:
            raise KeyError(name)
        return tuple(self._file.get_slice(name).get_shape())

    def under(self, prefix: str) -> Iterator[str]:
        """The names that begin with ``prefix``, sorted."""
        return (name for name in sorted(self.names) if name.startswith(prefix))

    def _get(self, name: str) -> torch.Tensor:
        if name not in self.names:
            raise KeyError(name)
        tensor: torch.Tensor = self._file.get_tensor(name)
        return tensor


# -- A model's weights in a form that opens at once: a safetensors file, memory-mapped, read side by side

log = logging.getLogger(__name__)

SOURCE = "source_sha256"


class StoredWeights:
    """Named tensors in a safetensors file. Only the tensors that are asked for are read from the disk.

    Raises OSError, or ValueError for a file that is damaged or was made from another source.
    """

    def __init__(self, path: Path, source_sha256: str) -> None:
        self._file = TensorFile(path)
        if self._file.metadata.get(SOURCE) != source_sha256:
            raise ValueError(f"{path.name}: made from another file")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor, none of which is read."""
        return {name: self._file.shape(name) for name in self._file.names}

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor, backed by the mapped file. Raises KeyError."""
        return self._file.mapped(name)


class LoadedWeights:
    """The same face over tensors that are in memory: what a published archive holds."""

    def __init__(self, state: Mapping[str, torch.Tensor]) -> None:
        self._state = state

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(tensor.shape) for name, tensor in self._state.items()}

    def tensor(self, name: str) -> torch.Tensor:
        return self._state[name]


Weights = StoredWeights | LoadedWeights


def cache_path(folder: Path, stem: str, source_sha256: str) -> Path:
    """Where the weights of a published or own file of that SHA-256 are kept."""
    return folder / f"{stem}-{source_sha256[:12]}.safetensors"


def open_cache(path: Path, source_sha256: str) -> StoredWeights | None:
    """The weights that ``write_cache`` kept; None when there are none or they are damaged."""
    if not path.is_file():
        return None
    try:
        return StoredWeights(path, source_sha256)
    except (OSError, ValueError) as error:
        log.warning("the kept weights are not used: %s", error)
        return None


def write_cache(path: Path, state: Mapping[str, torch.Tensor], source_sha256: str) -> None:
    """Keep weights for the next start. A full or read-only disk costs only the speed of that start."""
    from safetensors.torch import save

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {name: tensor.detach().contiguous() for name, tensor in state.items()}
        replace_file(path, save(whole, metadata={SOURCE: source_sha256}))
    except OSError as error:
        log.warning("the weights are not kept in %s: %s", path, error)
    else:
        log.info("weights kept in %s", path)
