"""Filters among the words of a query: taken, refused with the reason, or left as text with a remark; never dropped.

``carpeta:viajes``, ``carpeta: viajes``, ``desde : 2019`` and ``fecha=2019`` are filters. With a blank the words may
be a text ("to: mamá"), so there a value that cannot be read leaves them one. After a minus or a "sin" they exclude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from semantik.errors import BadFilter, FilterRefused, UnknownFilter
from semantik.queries import Filters, Order, Remark
from semantik.search.filter_syntax import added, chosen, excluding, is_key, key_of, nearest_word, read_filter
from semantik.search.query_tokens import MINUS, Token, tokens_of
from semantik.words.text import say

_COLONS = (":", "：")
_APOSTROPHES = (("'", "'"), ("‘", "’"))


EXCLUDED = "excluded"
"""Of controls, the one that says what is left out: ``tipo:video carpeta:viajes``."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The filters and the order after so many tokens were read, none of them if there was no filter."""

    filters: Filters
    order: Order
    taken: int = 0
    remarks: tuple[Remark, ...] = ()


def take_filter(tokens: Sequence[Token], at: int, filters: Filters, order: Order, *, refused: bool) -> Taken:
    """What the filter at ``at`` adds, if there is one; ``refused``: a sign or a "sin" stands right before it.

    Raises BadFilter, UnknownFilter for a misspelt key, FilterRefused for an order that is refused and for a filter that
    is refused twice or weighs something, and FilterTwice as ``added``.
    """
    token, unchanged = tokens[at], Taken(filters, order)
    minus = bool(token.sign) and token.sign in MINUS
    if token.key and is_key(token.key):
        written = _Written(token.key, *_value(token.key, tokens, at))
        if token.weight or (minus and refused):
            if not written.loose or written.reads():
                raise FilterRefused(filter=written.words)
            return unchanged
        return _take(written, unchanged, excludes=minus or refused)
    spread = _spread(tokens, at)
    if spread and spread.reads():
        return _take(spread, unchanged, excludes=minus or refused)
    if token.key and token.value and token.value[0] not in "/\\" and len(token.key) > 1:
        _complain(tokens, at)
        remark = Remark.of("unknown_filter", words=token.words, name=token.key)
        # It is text, which another reader takes: only the remark is ours.
        return unchanged if token.quoted else replace(unchanged, remarks=(remark,))
    if token.key and not token.value:
        _complain(tokens, at)
    return unchanged


def limited(key: str, value: str, filters: Filters, order: Order) -> tuple[Filters, Order]:
    """As ``chosen``, also for ``EXCLUDED``. Raises as ``chosen`` and ``read_excluded``."""
    if key != EXCLUDED:
        return chosen(key, value, filters, order)
    return replace(filters, excluded=read_excluded(value)), order


def read_excluded(value: str) -> tuple[Filters, ...]:
    """What filters exclude that stand alone, with or without a minus each. Raises BadFilter, and as ``take_filter``."""
    tokens, excluded, at = list(tokens_of(value.strip())), Filters(), 0
    while at < len(tokens):
        minus = bool(tokens[at].sign) and tokens[at].sign in MINUS
        found = take_filter(tokens, at, excluded, Order.RELEVANCE, refused=not minus)
        if not found.taken:
            raise BadFilter(name=say("syntax.excluded"), value=value[:60], example=say("syntax.example_excluded"))
        excluded, at = found.filters, at + found.taken
    return excluded.excluded


@dataclass(frozen=True, slots=True)
class _Written:
    """A filter as it was written, over so many tokens; ``loose`` with a blank, where it may be a text."""

    key: str
    value: str
    taken: int
    loose: bool

    @property
    def words(self) -> str:
        return f"{self.key}:{self.value}"

    def reads(self) -> bool:
        """Whether the value can be read."""
        try:
            read_filter(self.key, self.value, Filters(), Order.RELEVANCE)
        except BadFilter:
            return False
        return True


def _take(written: _Written, before: Taken, *, excludes: bool) -> Taken:
    if written.loose and not written.reads() and excludes:
        return before  # a text that is refused
    if written.loose and not written.reads():
        words = f"{written.key}: {written.value}"
        return replace(before, remarks=(Remark.of("filter_as_text", words=words, name=written.key),))
    if excludes:
        excluded = excluding(written.key, written.value, before.filters)
        return replace(before, filters=excluded, taken=written.taken)
    filters, order = added(written.key, written.value, before.filters, before.order)
    return replace(before, filters=filters, order=order, taken=written.taken)


def _value(key: str, tokens: Sequence[Token], at: int) -> tuple[str, int, bool]:
    """The value after the key at ``at``, how many tokens both take, and whether a blank is between them."""
    token = tokens[at]
    if token.quoted:
        return token.value, 1, False
    if not token.value:
        if at + 1 < len(tokens) and tokens[at + 1].is_plain:
            value, taken = _joined(key, tokens, at + 1)
            return value, taken + 1, True
        return "", 1, False
    value, taken = _joined(key, tokens, at)
    return value, taken, False


def _joined(key: str, tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The value that begins with the token at ``at``: to the closing apostrophe, or past the commas of a list."""
    value, taken = tokens[at].value, 1
    if tokens[at].quoted:
        return value, taken
    for opening, closing in _APOSTROPHES:
        if value.startswith(opening):
            for end in range(at, len(tokens)):
                if tokens[end].words.endswith(closing) and (end > at or len(value) > 1):
                    whole = " ".join(token.words for token in tokens[at + 1 : end + 1])
                    return f"{value} {whole}".strip()[1:-1].strip(), end + 1 - at
    listed = key_of(key) in ("type", "person")
    while listed and value.endswith(",") and at + taken < len(tokens) and tokens[at + taken].is_plain:
        longer = _Written(key, value + tokens[at + taken].value, 0, loose=False)
        if not longer.reads():
            break
        value, taken = longer.value, taken + 1
    return value.rstrip(",;"), taken


def _spread(tokens: Sequence[Token], at: int) -> _Written | None:
    """``desde : 2019``, ``desde :2019`` or ``fecha=2019``."""
    token = tokens[at]
    if token.weight or token.key or token.quoted or (token.sign and token.sign not in MINUS):
        return None
    name, equals, value = token.value.partition("=")
    if equals and value and is_key(name):
        return _Written(name, value.rstrip(",;"), 1, loose=True)
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if not following or following.quoted or not following.is_plain or not is_key(token.value):
        return None
    if following.value in _COLONS and at + 2 < len(tokens) and tokens[at + 2].is_plain:
        value, taken = _joined(token.value, tokens, at + 2)
        return _Written(token.value, value, taken + 2, loose=True)
    if following.value.startswith(_COLONS):
        return _Written(token.value, following.value[1:].rstrip(",;"), 2, loose=True)
    return None


def _complain(tokens: Sequence[Token], at: int) -> None:
    """Raises UnknownFilter when what stands before the colon is surely a misspelt key: what follows is its value."""
    token = tokens[at]
    meant = nearest_word(token.key)
    if not meant:
        return
    written = _Written(meant, *_value(meant, tokens, at))
    # Whatever follows may be a folder's name, and much follows a number.
    if not written.reads() or (written.loose and key_of(meant) in ("folder", "side", "person", "people")):
        return
    raise UnknownFilter(name=token.key, meant=written.words)
