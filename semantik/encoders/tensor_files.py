"""Published weights: named tensors in a safetensors file, which holds data only and is mapped, not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
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
