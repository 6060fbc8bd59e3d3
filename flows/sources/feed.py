"""What a bank's feed says through Plaid, in the shapes of statement lines: pure, like all parsers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows.sources.lines import StatementLine, iso_date, minor_units, one_text
from models_ml.identity.content import KEY_DIGITS
from warehouse.money import MoneyError
from warehouse.records import AccountKind, LineStatus, StatementAccount, feed_ref

NAME = "plaid"

#: Plaid's subtypes of accounts that hold money to spend or to keep; its types say the rest.
_SAVINGS = frozenset({"savings", "money market", "cd", "cash isa", "hsa"})
_OWED: frozenset[AccountKind] = frozenset({"card", "loan"})


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One thing that a feed said; ``line`` is None for what was removed."""

    line_number: int
    change: str
    bank_line_id: str
    pending_line_id: str | None
    content_key: str
    line: StatementLine | None
    raw: str


@dataclass(frozen=True, slots=True)
class KnownLines:
    """What a feed has shown before: keys of lines by id, and which posted line each pending one became."""

    keys: Mapping[str, str]
    heirs: Mapping[str, str]


def named_lines(changes: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[set[str], set[str]]:
    """The ids of the lines that changes speak of, and of the pending ones that they replace."""
    ids, pending = set(), set()
    for _, said in changes:
        ids.add(str(said["transaction_id"]))
        if said.get("pending_transaction_id"):
            pending.add(str(said["pending_transaction_id"]))
    return ids | pending, pending


def feed_lines(
    changes: Sequence[tuple[str, Mapping[str, Any]]],
    refs: Mapping[str, str],
    known: KnownLines,
    last_line: int,
) -> Iterator[FeedLine]:
    """The changes as lines, numbered on from ``last_line``; ``refs`` are the accounts' references by id.

    A line's key is its own id's, or that of the pending line that it replaces: both are one entry, which
    therefore keeps what the user said of it. A second line that claims the same pending one has its own.
    """
    keys, heirs = dict(known.keys), dict(known.heirs)
    for number, (change, said) in enumerate(changes, start=last_line + 1):
        id_, pending = str(said["transaction_id"]), said.get("pending_transaction_id") or None
        replaced = str(pending) if pending and change != "removed" else None
        if replaced is not None and heirs.setdefault(replaced, id_) != id_:
            replaced = None
        if id_ not in keys:
            keys[id_] = _key(id_) if replaced is None else keys.get(replaced, _key(replaced))
        line = None if change == "removed" else statement_line(said, refs, number)
        yield FeedLine(number, change, id_, replaced, keys[id_], line, as_text(said))


def statement_line(said: Mapping[str, Any], refs: Mapping[str, str], number: int) -> StatementLine:
    """A transaction of the feed as a line; what cannot be read is None, and ``problem`` says why."""
    currency = str(said.get("iso_currency_code") or said.get("unofficial_currency_code") or "")
    amount, problem = _amount(said.get("amount"), currency)
    booked = _day(said, "date")
    account = str(said.get("account_id") or "")
    status: LineStatus = "pending" if said.get("pending") else "posted"
    return StatementLine(
        account_ref=refs.get(account, feed_ref(account, "")),
        line_number=number,
        booked_date=booked,
        value_date=_day(said, "authorized_date"),
        amount_minor=amount,
        currency=currency or None,
        status=status,
        description=one_text(said.get("original_description") or said.get("name"), said.get("check_number")),
        counterparty=_counterparty(said),
        bank_reference=None,  # the feed's ids are its own; no file of the bank repeats them
        bank_kind=_bank_kind(said),
        mcc=None,
        balance_minor=None,
        problem=problem or (None if booked else "the feed gives no date"),
        raw=as_text(said),
    )


def statement_account(account: Mapping[str, Any], institution: str) -> StatementAccount | None:
    """An account of the feed; None for one that is no account of money (investments) or has no currency.

    What is owed on a card or a loan is negative.
    """
    balances = account.get("balances") or {}
    currency = str(balances.get("iso_currency_code") or balances.get("unofficial_currency_code") or "")
    kind = account_kind(str(account.get("type") or ""), str(account.get("subtype") or ""))
    if not currency or kind is None:
        return None
    owed = -1 if kind in _OWED else 1
    balance, _ = _minor(balances.get("current"), currency)
    return StatementAccount(
        ref=account_ref(account),
        currency=currency,
        kind=kind,
        institution=institution,
        name=str(account.get("official_name") or account.get("name") or ""),
        closing_balance_minor=None if balance is None else owed * balance,
    )


def account_ref(account: Mapping[str, Any]) -> str:
    """The reference of an account of the feed."""
    return feed_ref(str(account["account_id"]), str(account.get("mask") or ""))


def account_kind(type_: str, subtype: str) -> AccountKind | None:
    """The kind of an account by Plaid's type and subtype; None for investments."""
    if type_ in {"investment", "brokerage"}:
        return None
    if type_ == "depository":
        return "savings" if subtype in _SAVINGS else "checking"
    kinds: dict[str, AccountKind] = {"credit": "card", "loan": "loan"}
    return kinds.get(type_, "unknown")


def as_text(said: Mapping[str, Any]) -> str:
    """A transaction of the feed as JSON text, as it was received."""
    return json.dumps(said, ensure_ascii=False, default=float, sort_keys=True)


def _amount(given: object, currency: str) -> tuple[int | None, str | None]:
    """Money that leaves is positive in a feed and negative here."""
    minor, problem = _minor(given, currency)
    return (None if minor is None else -minor), problem


def _minor(given: object, currency: str) -> tuple[int | None, str | None]:
    if given is None or isinstance(given, bool):
        return None, "the feed gives no amount"
    try:
        return minor_units(f"{given:f}" if not isinstance(given, str) else given, currency), None
    except (MoneyError, ValueError) as error:
        return None, str(error)


def _day(said: Mapping[str, Any], name: str) -> date | None:
    return iso_date(str(said.get(name) or ""))


def _counterparty(said: Mapping[str, Any]) -> str | None:
    """Whom the money went to or came from, as cleaned by Plaid."""
    named = said.get("merchant_name") or next(
        (other.get("name") for other in said.get("counterparties") or () if isinstance(other, dict)), None
    )
    return str(named) if named else None


def _bank_kind(said: Mapping[str, Any]) -> str | None:
    kind = said.get("transaction_code") or said.get("payment_channel")
    return str(kind) if kind else None


def _key(id_: str) -> str:
    return hashlib.sha256(f"{NAME}:{id_}".encode()).hexdigest()[:KEY_DIGITS]
