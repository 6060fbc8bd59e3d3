"""Where a statement's table stands in a text file, and what its columns hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile, islice, pairwise
from statistics import mode
from typing import NoReturn

from flows.sources.contents import Readable, refuse
from flows.sources.delimited.encoding import Encoding
from flows.sources.delimited.headerless import DATE_SHAPE, ENOUGH, content_roles, kind_of, roles_by_cells
from flows.sources.delimited.records import split_record, text_blocks
from flows.sources.delimited.vocabulary import (
    CURRENCY_NAMES,
    Role,
    account_labels,
    column_words,
    currency_labels,
    currency_of,
    fold,
)
from warehouse.records import StatementLayout

DELIMITERS = (",", ";", "\t", "|")
#: Lines in which a header is looked for: the longest preamble seen in bank exports is about 30.
_PREAMBLE_LINES = 100
_SAMPLE_LINES = 400
_PHRASE_WORDS = 5
#: Roles that only a part of a name tells rank from here on.
PART_RANK = 1000

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
#: "Description1", "Beschreibung 2"
_NUMBER_BEHIND = re.compile(r"(?<=[^\W\d]) ?\d$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ACCOUNT_NUMBER = re.compile(r"[\dXx*•](?:[\dXx*•_\-/ ]{2,32})[\dXx*•]")
_ONE_EACH = (
    Role.BOOKED, Role.VALUE, Role.AMOUNT, Role.BILLED_AMOUNT, Role.DEBIT, Role.CREDIT, Role.INDICATOR,
    Role.FEE, Role.BALANCE, Role.CURRENCY, Role.BILLED_CURRENCY, Role.COUNTERPARTY, Role.REFERENCE, Role.MCC,
    Role.STATUS, Role.ACCOUNT, Role.MAYBE_ACCOUNT, Role.CARD,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """A table: its delimiter, its header, its columns by name and by role, and what stands above it."""

    delimiter: str
    header_line: int  # the last line of the header; 0 where there is none
    columns: tuple[str, ...]  # names as received, made unique
    roles: dict[Role, tuple[int, ...]]
    preamble: tuple[str, ...] = ()
    currencies: dict[int, str] = field(default_factory=dict)  # of columns that name one in their header
    account_ref: str = ""  # from the preamble
    currency: str = ""  # from the preamble
    kinds: tuple[str, ...] = ()  # of a table without a header: what each column holds
    skipped: int = 0  # lines above a table without a header
    confirmed: StatementLayout | None = None  # what the user has said of it

    def column(self, role: Role) -> int | None:
        """The index of the (first) column of a role."""
        return next(iter(self.roles.get(role, ())), None)

    def name(self, role: Role) -> str:
        """The name of the column of a role, for messages."""
        index = self.column(role)
        return "" if index is None else self.columns[index]


def find_layout(path: Readable, encoding: Encoding, delimiters: Sequence[str] = DELIMITERS) -> Layout:
    """The layout of the table in a file; raises StatementRefusedError naming what is missing."""
    lines = sample_lines(path, encoding)
    candidates = list(header_candidates(lines, delimiters))
    complete = [layout for layout in candidates if not missing(layout)]
    if complete:
        return max(complete, key=quality)
    for delimiter in delimiters:
        if headerless := without_header(lines, delimiter):
            return headerless
    return refuse_incomplete(path, candidates, lines)


def header_candidates(lines: Sequence[str], delimiters: Sequence[str]) -> Iterator[Layout]:
    """Layouts by every record near the top that could be a header."""
    for delimiter in delimiters:
        yield from _headers(lines, delimiter)


def records_near_top(lines: Sequence[str], delimiters: Sequence[str]) -> Iterator[Layout]:
    """Layouts by every record near the top, whatever it says: for a user who knows which is the header."""
    for delimiter in delimiters:
        for end, fields in islice(records_of(lines, delimiter), _PREAMBLE_LINES):
            if len([text for text in fields if text.strip()]) > 1 and not _has_date(fields):
                yield _layout(lines, delimiter, end, fields, column_roles(fields))


def sample_lines(path: Readable, encoding: Encoding) -> list[str]:
    """The first lines of a file."""
    lines = (
        line
        for text in text_blocks(path, encoding)
        for line in text.decode(errors="replace").removesuffix("\n").split("\n")
    )
    return list(islice(lines, _SAMPLE_LINES))


def records_of(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of the first records, each with the number of its last line."""
    position = 0
    while position < len(lines):
        end = position + 1
        while end < len(lines) and end - position < 10 and _is_open(lines[position:end], delimiter):  # noqa: PLR2004 - a header of ten lines
            end += 1
        if _is_open(lines[position:end], delimiter):
            end = position + 1
        yield end, split_record("\n".join(lines[position:end]), delimiter)
        position = end


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a quoted field that begins in these lines runs on after them."""
    text = "\n".join(lines)
    return text.count('"') % 2 == 1 and bool(re.search(rf'(?:^|{re.escape(delimiter)})\s*"', text))


def _headers(lines: Sequence[str], delimiter: str) -> Iterator[Layout]:
    """Layouts by every record near the top that could be a header."""
    for end, fields in islice(records_of(lines, delimiter), _PREAMBLE_LINES):
        if len([text for text in fields if text.strip()]) < 2:  # noqa: PLR2004 - a table has two columns at least
            continue
        roles = column_roles(fields)
        if roles and not _has_date(fields):
            yield _layout(lines, delimiter, end, fields, roles)


def _has_date(fields: Sequence[str]) -> bool:
    """Whether a record is rather a line of the table than its header."""
    return any(DATE_SHAPE.match(text) for text in fields)


def _layout(
    lines: Sequence[str], delimiter: str, end: int, fields: Sequence[str], roles: dict[Role, tuple[int, ...]]
) -> Layout:
    preamble = tuple(line for line in lines[: end - 1] if line.strip())
    if roles.keys() & ENOUGH:
        roles = roles_by_cells(roles, _columns(lines[end:], delimiter, len(fields)))
    return Layout(
        delimiter=delimiter,
        header_line=end,
        columns=unique_names(fields),
        roles=roles,
        preamble=preamble,
        currencies={index: code for index, text in enumerate(fields) if (code := currency_in_name(text))},
        account_ref=account_in(preamble),
        currency=currency_in(preamble, delimiter),
    )


def _columns(lines: Sequence[str], delimiter: str, width: int) -> list[list[str]]:
    """The cells of each column, by the records that have all of them."""
    rows = [fields for _, fields in records_of(lines, delimiter) if len(fields) == width]
    return [[fields[index].strip() for fields in rows] for index in range(width)]


def column_roles(names: Sequence[str]) -> dict[Role, tuple[int, ...]]:
    """The columns of each role, the most telling first; one alone where there can be only one."""
    found: dict[Role, list[tuple[int, int]]] = {}
    for index, name in enumerate(names):
        if known := role_of(name):
            found.setdefault(known[0], []).append((known[1], index))
    ranked = {role: [index for _, index in sorted(columns)] for role, columns in found.items()}
    if {Role.DEBIT, Role.CREDIT} <= ranked.keys() and not _is_whole(found.get(Role.AMOUNT, ())):
        ranked.pop(Role.AMOUNT, None)  # "Betrag Detail" beside "Belastung" and "Gutschrift"
    if len(ranked.get(Role.BOOKED, [])) > 1:
        ranked[Role.VALUE] = ranked[Role.BOOKED][1:]
    if len(ranked.get(Role.COUNTERPARTY, [])) > 1:
        ranked[Role.DESCRIPTION] = [*ranked[Role.COUNTERPARTY][1:], *ranked.get(Role.DESCRIPTION, [])]
    return {
        role: tuple(indexes[:1] if role in _ONE_EACH else sorted(indexes)) for role, indexes in ranked.items()
    }


def _is_whole(columns: Iterable[tuple[int, int]]) -> bool:
    """Whether any of some columns, given as rank and index, has its role by its whole name."""
    return any(rank < PART_RANK for rank, _ in columns)


def role_of(name: str) -> tuple[Role, int] | None:
    """A column's role by its name and how telling the name is (lower is better); None for an unknown name.

    A whole name that is known says more than a known phrase inside it, a longer phrase more than a shorter
    one.
    """
    text = fold(_without_currency(name))
    exact = column_words().get(text) or column_words().get(_NUMBER_BEHIND.sub("", text))
    if exact:
        return exact
    if split := _CAMEL.sub(" ", name.strip()):
        text = fold(_without_currency(split))  # "dateOp"
    tokens = text.split()
    if both := _both_sides(tokens):
        return both
    for length in range(min(len(tokens) - 1, _PHRASE_WORDS), 0, -1):
        phrases = (" ".join(tokens[start : start + length]) for start in range(len(tokens) - length + 1))
        known = [column_words()[phrase] for phrase in phrases if phrase in column_words() and len(phrase) > 2]  # noqa: PLR2004 - "af" or "in" inside a name says nothing
        if known:
            role, rank = known[0]
            return role, PART_RANK * (_PHRASE_WORDS - length + 1) + rank
    # "CAD$" beside "USD$": amounts in the one and the other
    return (Role.AMOUNT, PART_RANK * (_PHRASE_WORDS + 1)) if _currency_of_dollars(name) else None


def _currency_of_dollars(name: str) -> str:
    """The currency that is a column's whole name, as in "CAD$"; "" for none."""
    bare = name.strip()
    return (currency_of(bare.removesuffix("$")) or "") if bare.endswith("$") else ""


def _both_sides(tokens: Sequence[str]) -> tuple[Role, int] | None:
    """What a name that speaks of debit and of credit means: an amount of either, or which of them it is."""
    said = {column_words()[token][0] for token in tokens if token in column_words()}
    if not {Role.DEBIT, Role.CREDIT} <= said:
        return None
    return (Role.AMOUNT if Role.AMOUNT in said else Role.INDICATOR), PART_RANK


def currency_in_name(name: str) -> str:
    """The currency that a column's name carries, as in "Amount (EUR)" or "Betrag in EUR"; "" for none."""
    tokens = re.findall(r"[^\W\d_]{0,2}\$|[^\W\d_]+\.?|[€£¥₽₴₹₩₪₺₫฿₱₦]", name)
    if code := _currency_of_dollars(name):
        return code
    codes = [
        currency_of(token)
        for token in tokens
        if len(tokens) > 1 and (token.isupper() or not token.isascii() or token.lower() in CURRENCY_NAMES)
    ]
    return next(filter(None, codes), "")


def _without_currency(name: str) -> str:
    code = currency_in_name(name)
    kept = [
        token for token in re.split(r"([\s()\[\]/,（）]+)", name) if not (code and currency_of(token) == code)
    ]
    bare = "".join(kept).strip(" ()[]（）")
    return re.sub(r"\s(?:in|v|w|en|във?)\s*$", "", bare) if code else bare


def unique_names(fields: Sequence[str]) -> tuple[str, ...]:
    """Column names as received, blank ones by their position, repeated ones numbered."""
    names = [text.strip().lstrip("\ufeff") or f"column {index}" for index, text in enumerate(fields, start=1)]
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def account_in(lines: Iterable[str]) -> str:
    """The account that lines above a table name: an IBAN with right check digits, else a labelled number."""
    labelled = ""
    for line in lines:
        for match in _IBAN.finditer(line):
            if is_iban(match[0]):
                return match[0].replace(" ", "")
        labelled = labelled or _labelled_number(line)
    return labelled


def is_iban(text: str) -> bool:
    """Whether a text has the check digits of an IBAN (ISO 13616, modulo 97)."""
    bare = text.replace(" ", "")
    digits = "".join(str(int(char, 36)) for char in bare[4:] + bare[:4])
    return 15 <= len(bare) <= 34 and int(digits) % 97 == 1  # noqa: PLR2004 - ISO 13616


def _labelled_number(line: str) -> str:
    cells = _cells(r"[;,\t|:]", line)
    for label, value in pairwise(cells):
        if fold(label) in account_labels() and (number := _ACCOUNT_NUMBER.search(value)):
            return number[0].strip()
    return ""


def _cells(separators: str, line: str) -> list[str]:
    """The parts of a line above a table that hold anything."""
    cells = (cell.strip(' "=') for cell in re.split(separators, line))
    return [cell for cell in cells if cell]


def currency_in(lines: Iterable[str], delimiter: str) -> str:
    """The currency that lines above a table name after a label; "" for none."""
    for line in lines:
        cells = _cells(rf"[:{re.escape(delimiter)}]", line)
        for label, value in pairwise(cells):
            if fold(label) in currency_labels() and (code := currency_of(value)):
                return code
    return ""


def missing(layout: Layout) -> list[str]:
    """What a statement needs and the layout's columns do not have."""
    roles = layout.roles
    missing = [] if Role.BOOKED in roles else ["a date (such as Date, Buchungstag, Дата)"]
    if not {Role.AMOUNT, Role.BILLED_AMOUNT, Role.DEBIT, Role.CREDIT} & roles.keys():
        missing.append("an amount (such as Amount, Betrag, Сума) or debit and credit columns")
    elif (
        not {Role.AMOUNT, Role.BILLED_AMOUNT} & roles.keys() and not {Role.DEBIT, Role.CREDIT} <= roles.keys()
    ):
        missing.append("the other one of debit and credit")
    return missing


def quality(layout: Layout) -> tuple[int, int, int]:
    """How much of a layout is understood, for choosing among several."""
    known = {index for role, indexes in layout.roles.items() if role is not Role.OTHER for index in indexes}
    return len(known), len(layout.columns), -layout.header_line


def without_header(lines: Sequence[str], delimiter: str) -> Layout | None:
    """A table without a header whose columns can be told by content: dates, amounts, text."""
    found = bare_table(lines, delimiter)
    if found is None:
        return None
    layout, columns = found
    roles = content_roles(layout.kinds, columns)
    return None if roles is None else replace(layout, roles=roles)


def bare_table(lines: Sequence[str], delimiter: str) -> tuple[Layout, list[list[str]]] | None:
    """A table without a header and the sampled cells of its columns, with what kind of cells they are.

    Lines above the first one that has its dates where most have theirs are no part of it.
    """
    filled = [record for record in records_of(lines, delimiter) if any(text.strip() for text in record[1])]
    width = mode(len(fields) for _, fields in filled) if filled else 0
    usual = _usual_dates(fields for _, fields in filled if len(fields) == width)
    table = list(
        dropwhile(lambda record: len(record[1]) != width or not _has_its_dates(record[1], usual), filled)
    )
    if width < 3 or any(len(fields) != width for _, fields in table[:-1]):  # noqa: PLR2004 - date, amount, text
        return None
    dated = [fields for _, fields in table if len(fields) == width and _dates_of(fields)]
    if not dated or len(dated) * 2 < len(table):
        return None
    columns = [[fields[index].strip() for fields in dated] for index in range(width)]
    names = tuple(f"column {index + 1}" for index in range(width))
    skipped = next((end for end, fields in reversed(filled[: -len(table)])), 0)
    above = tuple(line for line in lines[:skipped] if line.strip())
    layout = Layout(
        delimiter, 0, names, {}, above, kinds=tuple(map(kind_of, columns)), skipped=skipped,
        account_ref=account_in(above), currency=currency_in(above, delimiter),
    )  # fmt: skip
    return layout, columns


def _usual_dates(rows: Iterable[Sequence[str]]) -> dict[int, bool]:
    """Where most records have their dates; see _dates_of."""
    found = Counter(tuple(dates.items()) for fields in rows if (dates := _dates_of(fields)))
    return dict(next((dates for dates, _ in found.most_common(1)), ()))


def _has_its_dates(fields: Sequence[str], usual: dict[int, bool]) -> bool:
    """Whether a record has one of the usual dates, and none of them in another form."""
    shared = [(form, usual[index]) for index, form in _dates_of(fields).items() if index in usual]
    return bool(shared) and all(form == other for form, other in shared)


def _dates_of(fields: Sequence[str]) -> dict[int, bool]:
    """The places of a record's dates, and whether the year comes first."""
    return {index: text.strip()[:4].isdigit() for index, text in enumerate(fields) if DATE_SHAPE.match(text)}


def refuse_incomplete(path: Readable, candidates: list[Layout], lines: Sequence[str]) -> NoReturn:
    """Say which columns were found and which are missing."""
    if not candidates:
        first = next((line for line in lines if line.strip()), "")[:80]
        refuse(
            path.name,
            f"no table with a header was found in it; its first line is {first!r}",
            "Export the account's transactions as CSV with column names, or as OFX or CAMT.053, or say which"
            " column is which with 'mita statements confirm'.",
        )
    best = max(candidates, key=quality)
    named = ", ".join(repr(name[:40]) for name in best.columns[:30])
    refuse(
        path.name,
        f"its table (line {best.header_line}) has the columns {named}"
        f" but lacks {' and '.join(missing(best))}",
        "Export the account's transactions with these columns, or as OFX or CAMT.053, or say which column is"
        " which with 'mita statements confirm'.",
    )
