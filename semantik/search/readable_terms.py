"""What is left of a query when the words are taken out that the model's text side cannot read."""

from __future__ import annotations

from dataclasses import replace

from semantik.encoders.base import Encoder
from semantik.encoders.unread_text import has_words
from semantik.errors import TextUnread
from semantik.queries import Query, Term


def unread_of(query: Query, encoder: Encoder) -> tuple[str, ...]:
    """The words and signs of the query's texts that the encoder, whose text side is loaded, cannot read."""
    return tuple(dict.fromkeys(word for text in query.texts for word in encoder.unread(text)))


def readable(query: Query, encoder: Encoder) -> Query:
    """The query without the terms of which nothing can be read; what is unreadable within the others does no harm."""
    if not any(encoder.unread(text) for text in query.texts):
        return query
    return replace(query, terms=tuple(term for term in query.terms if _is_readable(term, encoder)))


def nothing_readable(query: Query, encoder: Encoder) -> TextUnread:
    """The error for a query of which no wanted term can be read."""
    wanted = Query(tuple(term for term in query.terms if term.weight > 0))
    return TextUnread(words=" ".join(unread_of(wanted, encoder)), model=encoder.name)


def _is_readable(term: Term, encoder: Encoder) -> bool:
    if term.image is not None:
        return True
    rest = term.text
    # The longest first, so that no part of one is left.
    for word in sorted(encoder.unread(term.text), key=len, reverse=True):
        rest = rest.replace(word, " ")
    return has_words(rest)
