"""What every encoder is: pictures and texts in, unit vectors of one space out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat
from semantik.records import Embeddings, Pixels

if TYPE_CHECKING:
    from semantik.downloads.model_file_set import ModelFiles

EPSILON = 1e-8


def unit_rows(rows: NDArray[np.floating]) -> Embeddings:
    """Scale each row to length one: ``x / (|x| + 1e-8)``, float32, shape (n, dim)."""
    vectors = np.ascontiguousarray(rows, dtype=np.float32)
    units: Embeddings = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(EPSILON))
    return units


def store_of(name: str, number_format: NumberFormat) -> str:
    """``Encoder.store`` of a model in a number format."""
    return f"{name}-int8" if number_format == INT8 else name


class Encoder(ABC):
    """Turns pictures and texts into unit vectors that can be compared with a dot product.

    Constructing an encoder is cheap: models are loaded on first use, the text side and the image
    side apart where the model allows it, so that answering a query needs only what it uses.
    """

    name: str
    """The name on the command line and in the settings, such as ``clip-vit-b-32``."""

    space: str
    """Identity of the vector space. Indexes of different spaces are never mixed."""

    dim: int
    """Length of an embedding."""

    input_spec: InputSpec
    """How pictures are fitted before ``encode_images``."""

    is_calibrated: bool = False
    """Whether it was measured how well the relevances of its hits hold (``benchmarks/relevance.md``)."""

    batch_size: int = 16
    """Pictures per ``encode_images`` call that suit the device in use."""

    number_format: NumberFormat = EXACT
    """In which numbers pictures are encoded."""

    @property
    def store(self) -> str:
        """Name of the folder of its indexes: a model in 8-bit integers has one of its own."""
        return store_of(self.name, self.number_format)

    @property
    def input_size(self) -> int:
        """Shorter side, in pixels, of the input pictures."""
        return min(self.input_spec.width, self.input_spec.height)

    def preprocess(self, image: Image.Image) -> NDArray[np.float32]:
        """One upright RGB picture as the model's input: float32, shape (3, H, W), normalised."""
        planes: NDArray[np.float32] = self.normalise(fit_pixels(image, self.input_spec)[np.newaxis])[0]
        return planes

    def normalise(self, pixels: Pixels) -> NDArray[np.float32]:
        """Fitted pixels, uint8 (n, H, W, 3), as the model's input: float32 (n, 3, H, W).

        The same operations in the same order as torchvision's ``ToTensor`` and ``Normalize``, so that
        the values are bitwise equal to theirs.
        """
        planes = pixels.transpose(0, 3, 1, 2).astype(np.float32, order="C")
        mean = np.asarray(self.input_spec.mean, dtype=np.float32)
        std = np.asarray(self.input_spec.std, dtype=np.float32)
        # One plane at a time: it stays in the processor's cache for the three operations.
        for picture in planes:
            for channel in range(3):
                plane = picture[channel]
                plane /= np.float32(255)
                plane -= mean[channel]
                plane /= std[channel]
        return planes

    @abstractmethod
    def encode_images(self, batch: NDArray[np.float32]) -> Embeddings:
        """Embed a batch made by ``preprocess`` or ``normalise``: float32 (n, 3, H, W) -> (n, dim).

        Raises EncoderFailed when the model's files are missing or broken.
        """

    @abstractmethod
    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> (n, dim). Raises EncoderFailed as ``encode_images`` does."""

    def missing_for(self, text: str) -> ModelFiles | None:
        """What must be downloaded before the model understands this text as well as it can; mostly nothing."""
        return None

    def unread(self, text: str) -> tuple[str, ...]:
        """The words and signs of a text that the model, whose text side is loaded, cannot read at all."""
        return ()

    def load(self, *, images: bool = True, texts: bool = True) -> None:  # noqa: B027 - optional hook
        """Load the model's sides now instead of on first use. Raises EncoderFailed."""
