"""Makes CLIP checkpoints with random weights, in the format of the files that OpenAI publishes.

Such a file is a TorchScript archive of the traced model with half-precision weights; its state dict
also holds the buffers ``input_resolution``, ``context_length`` and ``vocab_size``. With random weights
it means nothing, but it takes every step of loading and encoding that the published file takes.
"""

from __future__ import annotations

import warnings
from pathlib import Path

# The shapes of clip.model.CLIP: embedding; image side (resolution, layers, width, patch); text side
# (context, vocabulary, width, heads, layers). build_model takes the number of heads to be width // 64.
FULL_SIZE = (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)  # ViT-B/32
TINY = (32, 64, 2, 64, 16, 77, 49408, 64, 1, 2)
TINY_RESNET = (32, 64, (1, 1, 1, 1), 64, None, 77, 49408, 64, 1, 1)


Shape = tuple[int | tuple[int, ...] | None, ...]


def write_checkpoint(path: Path, *, full_size: bool = False, seed: int = 0, shape: Shape | None = None) -> None:
    """Write a checkpoint with random weights: ViT-B/32 (about 350 MB), a tiny one (about 13 MB) or of any shape."""
    import torch
    from clip.model import CLIP, convert_weights

    shape = shape or (FULL_SIZE if full_size else TINY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIP(*shape)
        model.initialize_parameters()
    model.eval()
    sizes = {"input_resolution": shape[1], "context_length": shape[5], "vocab_size": shape[6]}
    for name, value in sizes.items():
        model.__dict__.pop(name, None)
        model.register_buffer(name, torch.tensor(value))
    image = torch.zeros(1, 3, shape[1], shape[1])
    text = torch.zeros(1, shape[5], dtype=torch.int)
    calls = {"encode_image": (image,), "encode_text": (text,), "forward": (image, text)}
    if full_size:
        # Half precision is slow on most processors: the functions are traced before the weights are
        # halved, and "forward", which only joins the other two, is left out. The state dict is the same.
        del calls["forward"]
    else:
        convert_weights(model)
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of being superseded; the published format is what it is
        traced = torch.jit.trace_module(model, calls, check_trace=False)
        convert_weights(model)  # the traced module shares the model's tensors
        traced.save(str(path))
