"""Texts as the tokens of SigLIP's and BERT's families, by the ``tokenizers`` library and a ``tokenizer.json``."""

from __future__ import annotations

import html
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXT_LIMIT = 2500  # characters: more than 128 tokens of a sensible text, and few enough for any tokenizer
_NO_PIECES = ("<unk>", "[UNK]", "▁")  # what is not in the vocabulary, and the start of a word
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def canonical(text: str) -> str:
    """A text as SigLIP's authors prepare it: lower case, no ASCII punctuation, single spaces.

    The same as ``open_clip``'s cleaning "canonicalize", from ``big_vision``'s ``prompt_engineering.py``.
    """
    import ftfy

    mended = html.unescape(html.unescape(ftfy.fix_text(encodable(text)))).strip()
    return " ".join(mended.replace("_", " ").translate(_NO_PUNCTUATION).lower().split())


def encodable(text: str) -> str:
    """The text without what UTF-8 cannot hold (lone surrogates) and without what no model would read."""
    return text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")


class TextTokens:
    """A ``tokenizer.json`` with the framing that the model was trained with, whatever the file itself says of it.

    ``start`` and ``end`` are special tokens around each text, kept when the text is cut at ``length`` tokens.
    ``pad`` fills up to ``length``, or up to the longest text of the call when not ``padded``.

    Raises OSError, or ValueError when the file is no tokenizer or lacks these tokens.
    """

    def __init__(self, path: Path, *, length: int, start: str, end: str, pad: str, padded: bool) -> None:
        from tokenizers import Tokenizer
        from tokenizers.processors import TemplateProcessing

        tokenizer: Any = Tokenizer.from_buffer(path.read_bytes())
        numbers = {token: tokenizer.token_to_id(token) for token in (start, end, pad) if token}
        if missing := [token for token, number in numbers.items() if number is None]:
            raise ValueError(f"{path.name}: no token {', '.join(missing)}")
        tokenizer.post_processor = TemplateProcessing(
            single=" ".join(part for part in (start, "$A", end) if part),
            special_tokens=[(token, numbers[token]) for token in (start, end) if token],
        )
        tokenizer.enable_truncation(length)
        tokenizer.enable_padding(pad_id=numbers[pad], pad_token=pad, length=length if padded else None)
        self._tokenizer = tokenizer

    @property
    def highest(self) -> int:
        """The highest number of a token."""
        number: int = max(self._tokenizer.get_vocab(with_added_tokens=True).values())
        return number

    def knows(self, word: str) -> bool:
        """Whether any part of a word is in the vocabulary."""
        found = self._tokenizer.encode(word, add_special_tokens=False)
        pieces = [token for token, is_word in zip(found.tokens, found.attention_mask, strict=True) if is_word]
        return any(piece not in _NO_PIECES for piece in pieces)

    def __call__(self, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Tokens of n texts and which of them are no padding: int64 and bool, both (n, length)."""
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([each.ids for each in encoded], dtype=np.int64)
        return ids, np.array([each.attention_mask for each in encoded], dtype=np.bool_)
