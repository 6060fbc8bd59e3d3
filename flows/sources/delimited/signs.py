"""Which way the money goes: by sign, by two columns, or by an indicator; and what the balance proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from flows.sources.delimited.layout import Layout
from flows.sources.delimited.vocabulary import Direction, Role, direction_words, fold

Method = Literal["sign", "columns", "indicator"]
#: Half of the lines must agree with the balance, as banks put the lines of one day in any order; hardly one
#: may say the opposite.
_AGREEING = 0.5
_OPPOSING = 0.05
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class SignRule:
    """How a line's signed amount follows from its columns."""

    method: Method
    directions: dict[str, Direction] = field(default_factory=dict)  # values of the indicator column
    is_signed: bool = False  # amounts beside an indicator carry their sign themselves
    is_side: bool = False  # amounts beside an indicator are negative for credits, as on card statements
    debit_is_negative: bool = False  # amounts in the debit column carry a minus
    credit_is_negative: bool = False  # amounts in the credit column carry one, and those of debits none
    unmarked: Direction = 1  # of an amount without a sign; -1 where only credits are marked ("100.00 CR")
    has_plus: bool = False  # both signs are written out, which leaves no doubt of them
    is_inverted: bool = False  # the balance proves that the signs are the other way round
    has_fee: bool = False  # the balance proves that the fee comes on top
    from_balance: bool = False  # amounts have no sign: each line's step of the running balance gives it
    is_ascending: bool = True  # oldest line first, for from_balance


@dataclass(frozen=True, slots=True)
class Proof:
    """How many amounts explain the step of the running balance, in each way of reading them."""

    compared: int = 0
    as_read: int = 0
    inverted: int = 0
    is_ascending: bool = True

    @property
    def holds(self) -> bool:
        """Whether the balance proves the signs as they were read."""
        return _is_clear(self.compared, self.as_read, self.inverted)

    @property
    def contradicts(self) -> bool:
        """Whether the balance proves that all signs are the other way round."""
        return _is_clear(self.compared, self.inverted, self.as_read)


def directed(lines: pl.DataFrame, *, is_ascending: bool) -> pl.Series:
    """Each amount with the sign of the step that the running balance takes; null where they differ.

    ``lines`` has account_ref, currency, amount_minor and balance_minor, in the file's order.
    """
    balance, amount = pl.col("balance_minor"), pl.col("amount_minor")
    beside = balance.shift(1 if is_ascending else -1).over(["account_ref", "currency"])
    step = balance - beside
    return lines.select(pl.when(step.abs() == amount.abs()).then(step).alias("amount_minor"))["amount_minor"]


def _is_clear(compared: int, agreeing: int, opposing: int) -> bool:
    return compared >= _FEWEST and agreeing >= _AGREEING * compared and opposing <= _OPPOSING * agreeing


def directions_in(values: pl.Series) -> dict[str, Direction] | None:
    """What each value of a column says of the direction; None when one of them says nothing."""
    found: dict[str, Direction] = {}
    for value in values.drop_nulls().unique():
        if not value.strip():
            continue
        direction = direction_words().get(value.strip()) or direction_words().get(fold(value))
        if direction is None:
            return None
        found[value] = direction
    return found or None


def method_of(layout: Layout) -> Method:
    """How a layout's columns give the direction, an indicator apart."""
    has_amount = {Role.AMOUNT, Role.BILLED_AMOUNT} & layout.roles.keys()
    return "sign" if has_amount else "columns"


def prove(lines: pl.DataFrame) -> Proof:
    """Compare amounts with the steps of the running balance, oldest first and newest first, per account.

    ``lines`` has account_ref, currency, amount_minor and balance_minor, in the file's order.
    """
    keys = ["account_ref", "currency"]
    balance, amount = pl.col("balance_minor"), pl.col("amount_minor")
    steps = lines.filter(balance.is_not_null() & amount.is_not_null()).select(
        amount,
        up=(balance - balance.shift(1)).over(keys),
        down=(balance - balance.shift(-1)).over(keys),
    )
    moved = steps.filter(amount != 0)
    counts = moved.select(
        compared=pl.col("up").is_not_null().sum(),
        up=(pl.col("up") == amount).sum(),
        up_inverted=(pl.col("up") == -amount).sum(),
        down=(pl.col("down") == amount).sum(),
        down_inverted=(pl.col("down") == -amount).sum(),
    ).row(0, named=True)
    up = Proof(counts["compared"], counts["up"], counts["up_inverted"], is_ascending=True)
    down = Proof(counts["compared"], counts["down"], counts["down_inverted"], is_ascending=False)
    return max(up, down, key=lambda proof: max(proof.as_read, proof.inverted))
