"""A shop's name as it is written, where the engine lost spaces or misread a letter of a known word."""

from __future__ import annotations

import re
from functools import cache

from rapidfuzz.distance import Hamming, Levenshtein

from models_ml.receipts.words import kinds_in, phrases, plain

#: Legal forms that engines misread, as they are written; shorter ones are too like other words.
_FORMS = ("SDN BHD", "PTE LTD", "PTY LTD", "GMBH", "LIMITED")
#: Words of trades whose compounds are written as one in English and Malay no more than by mistake.
_JOINED_LEAST = 12
_WORD_LEAST = 4
#: Words so long may have one letter wrong.
_MISREAD_LEAST = 7
_LABEL = re.compile(r"^([^:]{3,24}):\s*(?=\S.{3,})")
_DIGIT_INSIDE = re.compile(r"(?<=[^\W\d_])([015])(?=[^\W\d_])")
_LETTER_OF = {"0": "o", "1": "i", "5": "s"}
_TAIL = re.compile(r"(?:\s*[(\[][^)\]]{0,4}$|[\s\d,.:#/\-]+$)")


def mended(name: str) -> str:
    """The name with spaces, legal form and known words put right; what is not known stays as it was read."""
    words = _without_label(name).replace("_", " ").split()
    words = [part for word in words for part in _parted(_with_letters(word))]
    return _with_form(" ".join(_known(word) for word in words))


def _without_label(name: str) -> str:
    """Without "Owned by:" before it."""
    match = _LABEL.match(name)
    says_more = match and kinds_in(match.group(1)) & {"owner", "document", "registration"}
    return name[match.end() :] if match and says_more else name


def _with_letters(word: str) -> str:
    """A digit between letters is the letter that it looks like."""
    letters = sum(letter.isalpha() for letter in word)
    if letters < _WORD_LEAST or letters < len(word) - 1:
        return word
    return _DIGIT_INSIDE.sub(lambda match: _cased(_LETTER_OF[match.group()], word), word)


def _parted(word: str) -> list[str]:
    """The words of a long one that ends in two known words, or in a company's legal form."""
    if len(word) < _JOINED_LEAST or not word.isalpha():
        return [word]
    rest, found = word, 0
    parts: list[str] = []
    while ending := _ending(rest):
        parts.insert(0, rest[-len(ending) :])
        rest = rest[: -len(ending)]
        found += 2 if ending in _form_words() else 1
    if found < 2 or 0 < len(rest) < 3:  # noqa: PLR2004
        return [word]
    return [rest, *parts] if rest else parts


def _ending(word: str) -> str:
    bare = word.casefold()
    fitting = [known for known in _joinable() if bare.endswith(known) and len(known) < len(bare)]
    return max(fitting, key=len, default="")


def _known(word: str) -> str:
    """A long word with one letter wrong is the known one."""
    bare = word.casefold()
    if len(bare) < _MISREAD_LEAST or not (bare.isascii() and bare.isalpha()) or bare in _joinable():
        return word
    near = [known for known in _joinable() if len(known) == len(bare) and Hamming.distance(known, bare) == 1]
    return _cased(near[0], word) if len(near) == 1 else word


def _with_form(name: str) -> str:
    """The legal form as it is written, and nothing after it but a branch."""
    words = name.split()
    for end in range(len(words), 1, -1):
        tail = " ".join(words[end:])
        if tail and not _TAIL.fullmatch(f" {tail}"):
            break
        for count in (2, 1):
            form = _form(" ".join(words[max(end - count, 1) : end]))
            if form:
                return " ".join([*words[: max(end - count, 1)], form])
    return name


def _form(text: str) -> str:
    """The legal form that a text is, or is but for a letter; empty for another text."""
    bare = "".join(letter for letter in plain(text) if letter.isalnum())
    for form in _FORMS:
        known = form.replace(" ", "").casefold()
        allowed = 1 if len(known) > len("gmbh") else 0
        if len(bare) == len(known) and Levenshtein.distance(bare, known) <= allowed:
            return text if bare == known and " " in text and " " in form else _cased_form(form, text)
    return ""


def _cased_form(form: str, text: str) -> str:
    if form == "GMBH":
        return text
    return form if text.isupper() or not text.islower() else form.lower()


def _cased(known: str, like: str) -> str:
    if like.isupper():
        return known.upper()
    upper = sum(letter.isupper() for letter in like)
    if upper * 2 > len(like):
        return known.upper()
    return known.capitalize() if like[:1].isupper() and len(known) > 1 else known


@cache
def _form_words() -> frozenset[str]:
    return frozenset({"sdnbhd", "sdn", "bhd", "enterprise", "trading", "holdings", "limited", "gmbh"})


@cache
def _joinable() -> frozenset[str]:
    """Single English and Malay words of trades and legal forms; German writes its own as one."""
    trades = {phrase for phrase in phrases()["trade"] if phrase.isascii() and len(phrase) >= _WORD_LEAST}
    return frozenset({word for word in trades if word.isalpha()} - _GERMAN) | _form_words() | _MORE


_GERMAN = frozenset({"markt", "apotheke", "drogerie", "baumarkt", "gasthaus", "backerei"})
_MORE = frozenset(
    {"international", "industries", "resources", "malaysia", "services", "electrical", "minimarket"}
)
