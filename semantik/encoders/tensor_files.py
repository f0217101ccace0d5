"""Weights as named tensors: in safetensors files, which hold data only and are mapped, not read, or in memory.

A published archive opens slowly; its weights are kept once in a safetensors file of our own (``write_cache``), of
which the next start reads only what it uses.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from semantik.storage.atomic_files import replace_file

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

SOURCE_KEY = "source_sha256"  # in a kept file's metadata: of the published or own file that it was made from


class NamedTensors(Protocol):
    """Tensors by name, in a file or in memory."""

    @property
    def names(self) -> frozenset[str]: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def tensor(self, name: str) -> torch.Tensor: ...


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

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it. Raises KeyError."""
        if name not in self.names:
            raise KeyError(name)
        return tuple(self._file.get_slice(name).get_shape())

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor as the file holds it. Its pages are read when they are touched, so a large table costs no memory.

        The file must then stay as it is: it cannot be deleted on Windows meanwhile. Raises KeyError.
        """
        if name not in self.names:
            raise KeyError(name)
        tensor: torch.Tensor = self._file.get_tensor(name)
        return tensor


class StoredWeights(TensorFile):
    """A file that ``write_cache`` kept. Raises ValueError as well when it was made from another source."""

    def __init__(self, path: Path, source_sha256: str) -> None:
        super().__init__(path)
        if self.metadata.get(SOURCE_KEY) != source_sha256:
            raise ValueError(f"{path.name}: made from another file")


class LoadedWeights:
    """Tensors that are in memory: what a published archive holds."""

    def __init__(self, state: Mapping[str, torch.Tensor]) -> None:
        self._state = state
        self.names = frozenset(state)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape. Raises KeyError."""
        return tuple(self._state[name].shape)

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor, not a copy. Raises KeyError."""
        return self._state[name]


Weights = StoredWeights | LoadedWeights


class NetworkTensors:
    """One network's share of named tensors: its own copies in float32, of the shapes it needs, on its device.

    ``prefix`` stands before each of its names. Methods raise KeyError for a name that is not there, ValueError for
    another shape.
    """

    def __init__(self, source: NamedTensors, prefix: str = "", device: str = "cpu") -> None:
        self._source, self._prefix, self._device = source, prefix, device
        self._used: set[str] = set()

    def under(self, prefix: str) -> Iterator[str]:
        """The network's names that begin with ``prefix``, sorted."""
        return names_under(self._source, self._prefix + prefix, self._prefix)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it."""
        return self._source.shape(self._prefix + name)

    def tensor(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """One tensor, which must have that shape."""
        full_name = self._prefix + name
        if (found := self._source.shape(full_name)) != shape:
            raise ValueError(f"{full_name} is {found}, not {shape}")
        self._used.add(full_name)
        return single(self._source, full_name).to(self._device)

    def pair(self, name: str, shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """``<name>weight`` of that shape, and ``<name>bias``, as long as the former's first side."""
        return self.tensor(f"{name}weight", shape), self.tensor(f"{name}bias", shape[:1])

    def table(self, name: str) -> torch.Tensor:
        """A two-dimensional tensor as its file holds it (see ``TensorFile.tensor``), for looking up rows."""
        full_name = self._prefix + name
        self._used.add(full_name)
        return self._source.tensor(full_name)

    def require_all_used(self, besides: tuple[str, ...] = ()) -> None:
        """Raises ValueError when the network left tensors under its prefix, except those that begin so, unused."""
        left = sorted(name for name in self._source.names - self._used if name.startswith(self._prefix))
        if unknown := [name for name in left if not name.startswith(besides)]:
            raise ValueError(f"not of this network: {', '.join(unknown[:3])}")


def single(source: NamedTensors, name: str) -> torch.Tensor:
    """A copy of one tensor in float32: a mapped file is read once and may go away afterwards. Raises KeyError."""
    import torch

    return source.tensor(name).to(torch.float32, copy=True)


def names_under(source: NamedTensors, prefix: str, without: str = "") -> Iterator[str]:
    """The names that begin with ``prefix``, sorted, with ``without`` taken off their beginning."""
    return (name.removeprefix(without) for name in sorted(source.names) if name.startswith(prefix))


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
        # Not the error itself: who keeps what is logged would keep the file open, and Windows replaces no open file.
        log.warning("the kept weights are not used: %s", str(error))
        return None


def write_cache(path: Path, state: Mapping[str, torch.Tensor], source_sha256: str) -> None:
    """Keep weights for the next start. A full or read-only disk costs only the speed of that start."""
    from safetensors.torch import save

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {name: tensor.detach().contiguous() for name, tensor in state.items()}
        replace_file(path, save(whole, metadata={SOURCE_KEY: source_sha256}), mode=0o644, ours=False)
    except OSError as error:
        log.warning("the weights are not kept in %s: %s", path, error)
    else:
        log.info("weights kept in %s", path)
