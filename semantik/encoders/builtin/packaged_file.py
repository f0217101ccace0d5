"""Model files that packages bring along: found, read once, and used only when they are the known ones."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from semantik.errors import EncoderFailed, WrongHash


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file inside an installed package. ``path`` is relative to the package's folder, ``sha256`` in hex."""

    package: str
    path: str
    sha256: str

    def folder(self) -> Path:
        """The package's folder, found without importing it. Raises EncoderFailed when it is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            raise EncoderFailed(name=self.package, detail=f"{self.package} is not installed")
        return Path(spec.origin).parent

    def read(self, folder: Path | None = None) -> bytes:
        """The file's content, from ``folder`` instead of the package's own when given.

        The caller works on the very bytes that were checked, so nothing can change in between.
        Raises EncoderFailed when the file cannot be read, WrongHash when it is another one.
        """
        path = (self.folder() if folder is None else folder) / self.path
        try:
            content = path.read_bytes()
        except OSError as error:
            raise EncoderFailed(name=self.package, detail=f"{path}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise WrongHash(name=self.package)
        return content
