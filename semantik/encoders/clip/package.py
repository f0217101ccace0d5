"""Two modules of the ``clip`` package, without importing the package itself.

``import clip`` imports torchvision for its preprocessing, which takes longer than torch does; the model
and the tokeniser need neither torchvision nor the rest of the package.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from semantik.encoders.text_tokens import encodable

if TYPE_CHECKING:
    import torch

CONTEXT_LENGTH = 77
_lock = threading.Lock()


def model_module() -> ModuleType:
    """``clip.model``. Raises ImportError."""
    return _module("model")


def tokenize(texts: list[str]) -> torch.Tensor:
    """Tokens as ``clip.tokenize(texts, truncate=True)`` makes them: n strings -> int32 (n, 77). Raises ImportError.

    Of long texts only the beginning is looked at, since clip's tokeniser is quadratic: 75 tokens of at most 32
    characters cannot reach further than ``text_tokens.TEXT_LIMIT``.
    """
    import torch

    tokenizer = _tokenizer()
    start, end = tokenizer.encoder["<|startoftext|>"], tokenizer.encoder["<|endoftext|>"]
    tokens = torch.zeros(len(texts), CONTEXT_LENGTH, dtype=torch.int)
    for row, text in zip(tokens, texts, strict=True):
        # White space is what the tokeniser would drop anyway; here it must not use up the limit.
        encoded = [start, *tokenizer.encode(encodable(" ".join(text.split())))[: CONTEXT_LENGTH - 2], end]
        row[: len(encoded)] = torch.tensor(encoded)
    return tokens


@cache
def _tokenizer() -> Any:
    return _module("simple_tokenizer").SimpleTokenizer()


def _module(name: str) -> ModuleType:
    full_name = f"clip.{name}"
    with _lock:
        if full_name in sys.modules:
            return sys.modules[full_name]
        package = importlib.util.find_spec("clip")  # finds a package without running it
        if package is None or not package.submodule_search_locations:
            raise ImportError("the package clip is not installed")
        file = Path(package.submodule_search_locations[0]) / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"_semantik_clip_{name}", file)
        if spec is None or spec.loader is None or not file.is_file():
            raise ImportError(f"the package clip has no {name}: another package of that name is installed")
        if spec.name in sys.modules:
            return sys.modules[spec.name]
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[spec.name] = module
        return module
