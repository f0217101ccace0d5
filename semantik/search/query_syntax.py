"""The short syntax of queries, the same in the window, on the results page and on the command line.

``perro + playa - gente``, ``2:atardecer + foto.jpg``, ``playa sin gente ni coches``, ``perro -correa``, ``"sin" tal
cual``, ``carpeta:viajes/2019 desde:2019-05 forma:vertical orden:fecha``. Keys and values are understood in all
languages of the catalogue; ``format_query`` writes them in the user's.

Every word that was typed is in a term or a filter of the query, or a remark or an error tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from semantik.errors import AddressInQuery, BadWeight, SemantikError
from semantik.queries import Order, Query, Remark, Term
from semantik.records import split_path
from semantik.search.dates.spoken import LONGEST, describes_nothing, take_period
from semantik.search.filter_syntax import added, as_value, excluding, filter_words, is_key, key_of
from semantik.search.library_words import NOTHING_KNOWN, LibraryWords
from semantik.search.people_words import belongs_to_name, joins_names, named_person
from semantik.search.picture_names import FindPicture, named_picture
from semantik.search.query_draft import Draft, Group
from semantik.search.query_tokens import MINUS, Token, quoted, tokens_of
from semantik.search.refused_words import Step, grammar_of, is_name
from semantik.search.typed_filters import take_filter
from semantik.storage.regular_files import is_file
from semantik.words.plain import plain
from semantik.words.text import in_all_languages, say

MOST_CHARACTERS = 10_000
"""What is longer is no query; its end is left out, and a remark tells so."""

_ADDRESS = re.compile(r"https?://\S", re.IGNORECASE)


def parse(
    words: str, folders: Sequence[Path] = (), find: FindPicture | None = None, known: LibraryWords = NOTHING_KNOWN
) -> Query:
    """The query that ``words`` ask for; names of picture files are looked for in ``folders``, in their order.

    ``find`` knows the pictures of the library by their names, in whatever folder of it they are; ``known`` what words
    mean in it. What cannot be told
    to be syntax is text. Raises BadFilter for a filter's value, UnknownFilter for a misspelt one, FilterRefused,
    FilterTwice, BadWeight, and AddressInQuery for an address of the web.
    """
    draft = Draft(known)
    if len(words) > MOST_CHARACTERS:
        draft.remarks.append(Remark.of("cut", most=str(MOST_CHARACTERS)))
    tokens = list(tokens_of(words[:MOST_CHARACTERS].strip()))
    at = 0
    while at < len(tokens):
        # The first of the readers that knows what stands there takes it, a word being the last resort.
        at += next(taken for read in _READERS if (taken := read(draft, tokens, at)))
    groups = [group for group in draft.groups if any(group.words)]
    if draft.described and len(groups) == 1 and not groups[0].quoted and describes_nothing(groups[0].text):
        groups = []  # "fotos de 2019" are all of them
    terms = tuple(_term(group, folders, find, draft.remarks) for group in groups)
    return Query(terms, draft.filters, draft.order, tuple(dict.fromkeys(draft.remarks)))


def format_query(
    query: Query, folders: Sequence[Path] = (), find: FindPicture | None = None, known: LibraryWords = NOTHING_KNOWN
) -> str:
    """The words that ``parse`` reads as ``query``, in the user's language; pictures in ``folders`` go by name.

    With ``find``, as in ``parse``, a picture whose name no other has goes by that alone.
    """
    words: list[str] = []
    for place, term in enumerate(query.terms):
        sign = "- " if term.weight < 0 else "+ " if place else ""
        weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):.6g}:"
        if term.image is None:
            shown = _text(term.text, known)
        else:
            lead = f"{say('syntax.alike')} " if term.alike else ""
            shown = lead + _name(term.image, folders, find if term.alike else None)
        words.append(sign + weight + shown)
    for key, value in filter_words(query.filters, query.order):
        words.append(f"{key}:{as_value(value)}")
    return " ".join(words)


# -- Readers: each says how many tokens it took, none where what stands there is not its ---------------

_Reader = Callable[[Draft, Sequence[Token], int], int]


def _read_filter(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    excludes = draft.refuses_next
    found = take_filter(tokens, at, draft.filters, draft.order, refused=excludes)
    draft.filters, draft.order = found.filters, found.order
    draft.remarks += found.remarks
    return found.taken + (_after_excluded(draft, tokens, at + found.taken) if found.taken and excludes else 0)


def _after_excluded(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    """Go on after a filter to which a sign or a "sin" belonged; how many tokens only lead on."""
    step = draft.refusal.after_filter(tokens, at) if draft.refusal else Step.WANTED
    if step in (Step.BACK, Step.WANTED):
        draft.want()
    return int(step in (Step.NEXT, Step.BACK))


def _read_person(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    """A person of the library, by name alone or as the value of a filter that has no quotes."""
    token = tokens[at]
    named = bool(token.key) and is_key(token.key) and key_of(token.key) == "person"
    if token.weight or (token.key and not named) or (draft.refuses_next and token.sign):
        return 0
    lead = int(named and not token.value and at + 1 < len(tokens) and tokens[at + 1].is_plain)  # "persona: Ana María"
    found = named_person(tokens, at + lead, draft.known, sure=named)
    if not found:
        return 0
    name, taken = found[0], found[1] + lead
    minus = bool(token.sign) and token.sign in MINUS
    draft.described = True
    if minus or draft.refuses_next:
        draft.filters = excluding(say("syntax.person"), name, draft.filters)
        return taken if minus else taken + _after_excluded(draft, tokens, at + taken)
    if token.sign:
        draft.open(Group())
    elif not named:
        draft.drop_lead(belongs_to_name)
    draft.filters, _ = added(say("syntax.person"), name, draft.filters, Order.RELEVANCE)
    following = at + taken
    joined = following + 1 < len(tokens) and tokens[following].is_plain and joins_names(tokens[following].value)
    return taken + int(joined and not tokens[following].quoted and draft.refusal is None)


def _read_period(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    words = []
    for token in tokens[at : at + LONGEST]:
        if not token.is_plain or token.quoted:
            break
        words.append(token.value)
    found = take_period(words, before=tokens[at - 1].words if at else "")
    if not found:
        return 0
    period, taken = found
    draft.described = True
    if draft.refuses_next:
        draft.filters = excluding(say("syntax.date"), period.words, draft.filters)
        return taken + _after_excluded(draft, tokens, at + taken)
    draft.filters, _ = added(say("syntax.date"), period.words, draft.filters, Order.RELEVANCE)
    if draft.group.words and not draft.group.quoted:
        draft.group.words[-1] = draft.group.words[-1].rstrip(",;")
    return taken


def _read_sign(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    token = tokens[at]
    if token.sign and token.sign in MINUS and token.words:  # right before a word it refuses that one
        draft.groups.append(Group(-1, _weight(token.weight), [token.words], quoted=token.quoted and not token.key))
        return 1
    if not token.sign and not token.weight:
        return 0
    value, quoted = token.words, token.quoted and not token.key
    if token.sign:
        draft.open(Group(-1 if token.sign in MINUS else 1))
    if token.weight and not draft.group.words:
        draft.group.weight = _weight(token.weight)
    elif token.weight:
        value, quoted = f"{token.weight}:{value}", False
    if value or quoted:
        draft.put(value, quoted=quoted)
    return 1


def _read_refusal(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    if not tokens[at].is_plain or (draft.refusal is None and draft.group.sign < 0):
        return 0
    if is_name(tokens, at):
        draft.remarks.append(Remark.of("name", words=f"{tokens[at].value} {tokens[at + 1].value}"))
        draft.put(tokens[at].value)
        return 1
    if grammar := grammar_of(tokens, at):
        draft.refuse(grammar)
        return 1
    if draft.refusal is None:
        return 0
    value = tokens[at].value
    match draft.refusal.step(tokens, at, draft.group.words):
        case Step.NEXT:
            draft.refuse(draft.refusal)
        case Step.BACK:
            draft.want()
        case Step.WANTED:
            draft.want()
            draft.put(value)
        case Step.REFUSED:
            draft.put(value if tokens[at].quoted else value.rstrip(",;"), quoted=tokens[at].quoted)
        case Step.LISTED:
            draft.put(value.rstrip(",;"))
            draft.refuse(draft.refusal)
        case Step.LAST:
            draft.put(value.rstrip(",;.!?"))
            draft.want()
    return 1


def _read_word(draft: Draft, tokens: Sequence[Token], at: int) -> int:
    token = tokens[at]
    quoted = token.quoted and not token.key
    if at + 1 == len(tokens) and not any(group.words for group in draft.groups) and grammar_of([token, token], 0):
        return 1  # "sin" and nothing else asks for nothing
    if token.words or quoted:
        draft.put(token.words, quoted=quoted)
    return 1


_READERS: tuple[_Reader, ...] = (_read_person, _read_filter, _read_period, _read_sign, _read_refusal, _read_word)


def _weight(weight: str) -> float:
    value = float(weight.replace(",", ".")) if weight else 1.0
    if not 0 < value <= 1000:
        raise BadWeight(value=weight)
    return value


def _term(group: Group, folders: Sequence[Path], find: FindPicture | None, remarks: list[Remark]) -> Term:
    text = group.text
    weight = group.sign * group.weight
    if not group.quoted:
        for word in text.split():
            if _ADDRESS.match(word):
                raise AddressInQuery(address=word[:200])
    like = _after_alike(text)
    image = named_picture(like, folders, find, remarks, sure=False) if like and not group.quoted else None
    if image:
        return Term(image=image, weight=weight, alike=True)
    image = named_picture(text, folders, find, remarks, sure=group.quoted)
    return Term(image=image, weight=weight) if image else Term(text=text, weight=weight)


def _after_alike(text: str) -> str:
    """What follows "parecidas a" or its like; "" where the text begins otherwise."""
    several = [words for key in ("alike", "also_alike") for words in in_all_languages(f"syntax.{key}")]
    lead = "|".join(re.escape(plain(words.strip())) for each in several for words in each.split(","))
    # What is compared is as long as what was typed, letter by letter.
    found = re.match(rf"(?:{lead})\s+(?=\S)", "".join(plain(letter) or letter for letter in text))
    return text[found.end() :] if found else ""


def _text(text: str, known: LibraryWords) -> str:
    """The text as it is where it is read as itself, else in quotes."""
    try:
        # Whatever follows it, too: a last "sin" would refuse that.
        is_itself = all(parse(words, known=known) == Query.of_text(words) for words in (text, f"{text} a"))
    except SemantikError:
        is_itself = False
    return text if is_itself else quoted(text)


def _name(image: Path, folders: Sequence[Path], find: FindPicture | None) -> str:
    text = image.name if find and [*find(image.name)] == [image] else _path(image, folders)
    return quoted(text) if re.search(rf"[\s+:\"“«{MINUS}]", text) else text


def _path(image: Path, folders: Sequence[Path]) -> str:
    for place, folder in enumerate(folders):
        if image.is_relative_to(folder):
            inner = image.relative_to(folder)
            # Where an earlier folder has a file of that name, only the whole path tells which is meant.
            earlier = any(is_file(split_path(other / inner)[0]) for other in folders[:place])
            return str(image if earlier else inner)
    return str(image)
