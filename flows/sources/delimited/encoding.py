"""Which characters a text file's bytes stand for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from charset_normalizer import from_bytes

from flows.sources.contents import Readable, is_utf16, refuse
from flows.sources.delimited.vocabulary import column_words, fold

_BLOCK = 1 << 20
#: Lines with characters beyond ASCII that are enough to tell an encoding.
_VOTES = 5_000
_SAMPLE_BYTES = 1 << 17

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Told by a mark at a file's beginning or by zero bytes, never by two odd bytes inside of it.
_MARKED = ["utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7"]
#: Characters that are usual in the texts of each code page, the more common page first.
_FOREIGN = {
    **dict.fromkeys(("cp1251", "koi8_r", "cp866", "iso8859_5"), "оаеинтсрвлкмдпугзбьъОАЕИНТСРВЛКМДПУГЗБ№–“„"),
    "cp1253": "αειηνοςστρκμλπΑΕΙΗΝΟΣΤΡΚΜΛΠ",
}
_WESTERN = "äöüÄÖÜßéèêëàâçîïôûùœæñáíóúãõåøÉÈÀÇÑÁÍÓÚÅØÆ£€§°´’–“”«»ªº"
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": "äöüÄÖÜßáčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽąćęłńśźżĄĆĘŁŃŚŹŻőűâăîşţôĺľŕçë€§°„“”–",
    "cp1254": "çöüşğıÇÖÜŞĞİâîûÂÎÛéäßÄ€“”’",
    "cp1257": "ąčęėįšųūžĄČĘĖĮŠŲŪŽāēģīķļņŗĀĒĢĪĶĻŅŖõäöüÕÄÖÜ€„“”",
    "cp850": _WESTERN,
    "mac_roman": _WESTERN,
}
#: Encodings of other scripts, told by the column names that the bytes spell in them.
_SCRIPTS = (*("cp932", "euc_jp", "gb18030", "big5hkscs", "cp949", "cp1256", "cp1255", "cp1253"),)
_CAPITAL_INSIDE = re.compile(r"[а-яα-ω][А-ЯΑ-Ω]")
_CENTRAL_EUROPE = frozenset({"PL", "CZ", "SK", "HU", "SI", "HR", "RO", "BA", "RS", "AL"})
#: A header is among the first lines; two of its names are no chance.
_HEADER_LINES, _FEWEST_NAMES = 100, 2
_PLAIN = re.compile("[A-Za-z\u0400-\u04ff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, the length of the byte-order mark before the text, and what the user should know of it."""

    codec: str
    mark: int = 0
    note: str = ""
    is_sound: bool = True  # all bytes fit


def detect(path: Readable, country: str) -> Encoding:
    """The encoding of a file, from all its bytes; raises StatementRefusedError for a binary file."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return _checked(path, Encoding(codec, len(mark)))
    if is_utf16(head):
        return _checked(path, Encoding("utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"))
    if b"\x00" in head:
        refuse(
            path.name,
            "it is a binary file, not text",
            "Download the statement from the bank as OFX, CAMT.053 or CSV and import that file.",
        )
    utf8 = _checked(path, Encoding("utf-8"))
    if utf8.is_sound or _is_mostly_utf8(path):
        return utf8
    return _legacy(path, country)


def _checked(path: Readable, encoding: Encoding) -> Encoding:
    """The encoding, with a note when some of the bytes do not fit it."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        note = "; ".join(filter(None, (encoding.note, f"some bytes are not {encoding.codec.upper()}")))
        return replace(encoding, note=note, is_sound=False)
    return encoding


def _is_mostly_utf8(path: Readable) -> bool:
    """Whether most of the lines beyond ASCII are UTF-8: then a few lines are damaged."""
    votes = [_decodes(line) for line in _lines_beyond_ascii(path)]
    return sum(votes) * 2 > len(votes)


def _legacy(path: Readable, country: str) -> Encoding:
    """The single-byte code page of a file that is not UTF-8.

    Words made only of high bytes are of another alphabet; high bytes among ASCII letters are accented Latin.
    Central European letters sit on the same bytes as Western ones, so that there the country has a say.
    """
    sample = b"".join(_lines_beyond_ascii(path))[:_SAMPLE_BYTES]
    if script := _script(sample):
        return _checked(path, Encoding(script, note=f"characters read as {script}"))
    found = [word for word in _WORD.findall(sample) if max(word) >= 0x80]  # noqa: PLR2004 - beyond ASCII
    foreign = sum(min(word) >= 0x80 for word in found)  # noqa: PLR2004 - beyond ASCII
    if foreign * 2 > len(found):
        codec = _best(sample, _FOREIGN)
    else:
        codec = "cp1250" if country in _CENTRAL_EUROPE else _best(sample, _LATIN)
    return _checked(path, Encoding(codec, note=f"characters read as {codec}"))


def _script(sample: bytes) -> str | None:
    """The encoding in which the bytes spell the most column names of scripts with one of their own."""
    counts = {codec: len(_column_names(sample, codec)) for codec in _SCRIPTS}
    best = max(counts, key=lambda codec: counts[codec])
    return best if counts[best] >= _FEWEST_NAMES else None


def _column_names(sample: bytes, codec: str) -> set[str]:
    """The known column names, none of them plain ASCII or Cyrillic, among the cells of the first lines."""
    cells = (
        fold(cell)
        for line in sample.decode(codec, "replace").splitlines()[:_HEADER_LINES]
        for cell in re.split(r"[,;\t|()（）]", line)
    )
    return {cell for cell in cells if cell in column_words() and not _PLAIN.search(cell)}


def _best(sample: bytes, usual: dict[str, str]) -> str:
    """The code page that gives the most usual characters and the fewest odd ones.

    charset-normalizer is asked only where none of them fits: on the few accented words of a short
    statement it was often wrong (a pound sign read as Ł, ä as ‰).
    """
    scores = {
        codec: _score(sample.decode(codec, "replace"), characters) for codec, characters in usual.items()
    }
    codec = max(scores, key=lambda name: scores[name])
    if scores[codec] > 0:
        return codec
    best = from_bytes(sample, cp_exclusion=_MARKED).best()
    return codec if best is None else best.encoding


def _score(text: str, usual: str) -> int:
    beyond = [char for char in text if char > "\x7f"]
    fitting = sum(char in usual for char in beyond)
    return fitting - (len(beyond) - fitting) - 2 * len(_CAPITAL_INSIDE.findall(text))


def _lines_beyond_ascii(path: Readable) -> Iterator[bytes]:
    found = 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                yield line
                found += 1
            if found >= _VOTES:
                return


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _blocks(path: Readable) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
