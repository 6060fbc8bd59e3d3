"""What the columns of a table hold, told by their cells: where it has no header, or one that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

import polars as pl

from flows.sources.delimited.dates import DateEvidence
from flows.sources.delimited.vocabulary import Role, currency_of, fold, state_words

_PACKED_DATE = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
DATE_SHAPE = re.compile(
    rf"\s*(?:{_PACKED_DATE}|\d{{4}}[-./]\d{{1,2}}[-./]\d{{1,2}}"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d)"
)
_NUMBER_SHAPE = re.compile(
    r"\s*[-+(]?\s*(?:[A-Z]{3}|[$€£])?\s*[-+]?\d[\d.,'\s]*\)?-?\s*(?:[A-Z]{3}|[$€£])?\s*"
)
_DECIMALS = re.compile(r"[.,]\d{2}\D*$")
_ACCOUNT_NUMBER = re.compile(r"(?:[A-Z]{2}\d{2})?[A-Z]{0,4}[\d /-]{6,}")
_SIGNED = re.compile(r"[-(]")
#: Cells of a kind among all that make it the column's kind: a total below the table is none of them.
_NEARLY_ALL = 0.95
#: Steps of a balance that an amount must explain before its column is taken for the amount.
_EXPLAINED = 0.8
_FEWEST_STEPS = 3

_AMOUNTS = frozenset({Role.AMOUNT, Role.BILLED_AMOUNT, Role.DEBIT, Role.CREDIT})
#: Roles by whose names a record may be a header.
ENOUGH = _AMOUNTS | {Role.BOOKED}
_TEXTS = frozenset({Role.DESCRIPTION, Role.COUNTERPARTY, Role.PAYER, Role.PAYEE})

Roles = dict[Role, tuple[int, ...]]


def kind_of(column: Sequence[str]) -> str:
    """What a column's cells are: date, amount, some amounts (others blank), text or other."""
    filled = [cell for cell in column if cell]
    if column and _share(DATE_SHAPE.match(cell) for cell in column) >= _NEARLY_ALL:
        return "date"
    if filled and _are_amounts(filled):
        return "amount" if len(filled) >= _NEARLY_ALL * len(column) else "some amounts"
    return "text" if any(re.search(r"[^\W\d_]{2}", cell) for cell in filled) else "other"


def content_roles(kinds: Sequence[str], columns: list[list[str]]) -> Roles | None:
    """Roles by content, or None when there is more than one way to see it."""
    dates, numbers, sparse, texts = (
        [index for index, kind in enumerate(kinds) if kind == wanted]
        for wanted in ("date", "amount", "some amounts", "text")
    )
    if not dates or not texts:
        return None
    currencies = [index for index in texts if all(currency_of(cell) for cell in columns[index])][:1]
    texts = [index for index in texts if index not in currencies]
    if not texts:
        return None
    roles: Roles = {Role.BOOKED: (dates[0],), Role.VALUE: tuple(dates[1:2]), Role.DESCRIPTION: tuple(texts)}
    if currencies:
        roles[Role.CURRENCY] = tuple(currencies)
    for found in _amount_roles(numbers, sparse, columns):
        return {**roles, **found}
    return None


def roles_by_cells(roles: Roles, columns: list[list[str]]) -> Roles:
    """The roles that a header's names tell, with those that only the cells of the other columns tell.

    The other side's number gives way to its name; a date, an amount, a text and what is booked are looked for
    where no name says them.
    """
    roles = _with_date(roles, columns)
    other = next(iter(roles.get(Role.COUNTERPARTY, ())), None)
    if other is not None and Role.DESCRIPTION in roles and _are_account_numbers(columns[other]):
        roles = {**roles, Role.COUNTERPARTY: ()}
    roles = _with_state(roles, columns)
    free = [index for index in range(len(columns)) if not any(index in taken for taken in roles.values())]
    if Role.BALANCE in roles and not _AMOUNTS & roles.keys():
        roles = {**roles, **_beside_balance(roles[Role.BALANCE][0], free, columns)}
    if not any(roles.get(role) for role in _TEXTS):
        texts = [index for index in free if kind_of(columns[index]) == "text"]
        if texts:
            longest = max(texts, key=lambda index: sum(map(len, columns[index])))
            roles = {**roles, Role.DESCRIPTION: (longest,)}
    return {role: indexes for role, indexes in roles.items() if indexes}


def _with_date(roles: Roles, columns: list[list[str]]) -> Roles:
    """The roles with a column that holds dates as the booking date, where the one so named holds none."""
    named = [index for role in (Role.BOOKED, Role.VALUE) for index in roles.get(role, ())[:1]]
    dated = [index for index in named if _holds_dates(columns[index])]
    if not named:
        dated = [index for index, column in enumerate(columns) if kind_of(column) == "date"][:2]
    if not dated or dated[0] in roles.get(Role.BOOKED, ()):
        return roles
    others = {role: tuple(index for index in taken if index not in dated) for role, taken in roles.items()}
    return {**others, Role.BOOKED: (dated[0],), Role.VALUE: tuple(dated[1:])}


def _beside_balance(balance: int, free: list[int], columns: list[list[str]]) -> Roles:
    """The amounts that explain the steps of a balance; nothing where no column or pair of columns does."""
    known = [*free, balance]
    numbers, sparse = (
        [index for index in known if kind_of(columns[index]) == kind] for kind in ("amount", "some amounts")
    )
    ways = _amount_roles(numbers, sparse, columns) if len(numbers) + len(sparse) > 1 else iter(())
    return next((found for found in ways if found.get(Role.BALANCE) == (balance,)), {})


def _with_state(roles: Roles, columns: list[list[str]]) -> Roles:
    """The roles with a column that says of each line whether it is booked, where no name says it."""
    described = roles.get(Role.DESCRIPTION, ())
    others = {index for role, taken in roles.items() if role is not Role.DESCRIPTION for index in taken}
    for index, column in enumerate(columns):
        said = {state_words().get(fold(cell)) for cell in column if cell}
        if Role.STATUS not in roles and index not in others and "posted" in said and None not in said:
            rest = tuple(kept for kept in described if kept != index)
            return {**roles, Role.DESCRIPTION: rest, Role.STATUS: (index,)}
    return roles


def _are_account_numbers(column: list[str]) -> bool:
    filled = [cell for cell in column if cell]
    return bool(filled) and all(_ACCOUNT_NUMBER.fullmatch(cell) for cell in filled)


def _holds_dates(column: list[str]) -> bool:
    return bool(DateEvidence().add(pl.Series(column, dtype=pl.String)).any())


def _amount_roles(numbers: list[int], sparse: list[int], columns: list[list[str]]) -> Iterator[Roles]:
    """Ways to read the columns of numbers that their cells allow or prove, the plainest first."""
    signed = [index for index in numbers if any(_SIGNED.search(cell) for cell in columns[index])]
    if not sparse and len(numbers) == 1 and signed:
        yield {Role.AMOUNT: (numbers[0],)}
    if not sparse:
        yield from _beside_balances(numbers, signed, columns)
    if len(sparse) == 2 and len(numbers) == 1 and _are_sides(*(columns[index] for index in sparse)):  # noqa: PLR2004
        for debit, credit in permutations(sparse):
            if _explains([columns[credit], columns[debit]], columns[numbers[0]]):
                yield {Role.DEBIT: (debit,), Role.CREDIT: (credit,), Role.BALANCE: (numbers[0],)}


def _beside_balances(numbers: list[int], signed: list[int], columns: list[list[str]]) -> Iterator[Roles]:
    """Ways to tell an amount from the balance after it, beside which there may be the one before it."""
    for before, after, amount in permutations(numbers, 3):
        if amount in signed and _leads(columns[before], columns[amount], columns[after]):
            yield {Role.AMOUNT: (amount,), Role.BALANCE: (after,)}
    for amount, balance in permutations(numbers, 2):
        # Among more than two columns unsigned amounts are not told apart from balances.
        is_told = amount in signed or len(numbers) == 2  # noqa: PLR2004 - an amount and a balance
        if is_told and _explains([columns[amount]], columns[balance]):
            yield {Role.AMOUNT: (amount,), Role.BALANCE: (balance,)}
        if amount in signed and _follows(columns[amount], columns[balance]):
            yield {Role.AMOUNT: (amount,)}
    if len(numbers) == 2 and numbers[0] in signed:  # noqa: PLR2004
        yield {Role.AMOUNT: (numbers[0],), Role.BALANCE: (numbers[1],)}


def _follows(amounts: list[str], before: list[str]) -> bool:
    """Whether each amount leads from the balance before it to that of the next row, in either order."""
    steps = [later - earlier for earlier, later in pairwise(map(_cents, before))]
    moved = list(map(_cents, amounts))
    return len(steps) > 1 and (steps == moved[:-1] or [-step for step in steps] == moved[1:])


def _leads(before: list[str], amounts: list[str], after: list[str]) -> bool:
    """Whether the amount of each row leads from one balance to the other."""
    rows = [tuple(map(_cents, cells)) for cells in zip(before, amounts, after, strict=True)]
    return len(rows) > 1 and all(start + amount == end for start, amount, end in rows)


def _are_sides(first: list[str], second: list[str]) -> bool:
    """Whether each row has an amount in one of two columns."""
    return all(bool(one) != bool(other) for one, other in zip(first, second, strict=True))


def _explains(sides: list[list[str]], balances: list[str]) -> bool:
    """Whether the amounts give the steps of the balance: one column by size, two with their direction."""
    amounts = [_cents(cells[0]) if len(cells) == 1 else _cents(cells[0]) - abs(_cents(cells[1]))
               for cells in zip(*sides, strict=True)]  # fmt: skip
    is_unsigned = len(sides) == 1 and min(amounts) >= 0
    steps = [later - earlier for earlier, later in pairwise(map(_cents, balances))]
    if len(steps) < _FEWEST_STEPS - 1:
        return False
    steps = [abs(step) for step in steps] if is_unsigned else steps
    up = sum(step == amount for step, amount in zip(steps, amounts[1:], strict=True))
    backwards = steps if is_unsigned else [-step for step in steps]
    down = sum(step == amount for step, amount in zip(backwards, amounts[:-1], strict=True))
    return max(up, down) >= _EXPLAINED * len(steps)


def _cents(cell: str) -> int:
    """A number as an integer, whatever its marks are; the cells of a column have the same decimals."""
    digits = re.sub(r"\D", "", cell)
    return int(digits or 0) * (-1 if _SIGNED.search(cell) else 1)


def _are_amounts(filled: list[str]) -> bool:
    """Whether nearly all cells are numbers, and some have decimals: a cheque number has none."""
    has_decimals = any(_DECIMALS.search(cell) for cell in filled)
    return has_decimals and _share(_NUMBER_SHAPE.fullmatch(cell) for cell in filled) >= _NEARLY_ALL


def _share(matches: Iterator[re.Match[str] | None]) -> float:
    found = [match is not None for match in matches]
    return sum(found) / len(found)
