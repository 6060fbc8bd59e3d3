"""Whose account a statement speaks of: by its reference, by what it shares with another, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, count
from uuid import UUID

from sqlalchemy import Connection, text, update

from warehouse.errors import ActionableError
from warehouse.records import OF_A_FEED, StatementAccount
from warehouse.repositories.planning import planned_by_hashing
from warehouse.tables.app import accounts

#: A file without an account's number belongs to an account with which it shares so many lines, and so
#: large a part of what both cover.
LEAST_SHARED_LINES, LEAST_SHARED_PART = 3, 0.6
#: Digits at the end of a masked number that identify it.
SHOWN_DIGITS = 4

#: Begins the reference of an account that is only known by the names of its files.
OF_A_FILE = "file"

_KNOWN = """
select described.account_id, described.account_ref
from raw.statement_accounts as described
where described.user_id = :user_id and described.currency = :currency
union
select account.account_id, account.account_ref
from app.accounts as account
where account.user_id = :user_id and account.currency = :currency
"""

_FILES = """
select described.account_id, batch.file_name
from raw.statement_accounts as described
inner join raw.import_batches as batch using (user_id, batch_id)
where described.user_id = :user_id and described.currency = :currency
"""

# Day and amount say enough where several lines agree; texts differ between a bank's formats.
_SHARED = """
with mine as (
    select booked_date, amount_minor, row_number() over (partition by booked_date, amount_minor) as occurrence
    from raw.statement_lines
    where user_id = :user_id and batch_id = :batch_id and account_ref = :ref and currency = :currency
),
edges as (select min(booked_date) as first_date, max(booked_date) as last_date from mine),
known as (
    select transaction_id, account_id, booked_date, amount_minor
    from app.transactions
    where user_id = :user_id and currency = :currency
    union
    select entry_id, account_id, booked_date, amount_minor
    from app.entry_lines
    where user_id = :user_id and currency = :currency and batch_id = any(:unsettled)
),
theirs as (
    select
        account_id, booked_date, amount_minor,
        row_number() over (partition by account_id, booked_date, amount_minor) as occurrence
    from known, edges
    where booked_date between edges.first_date and edges.last_date
),
spans as (
    select account_id, min(booked_date) as first_date, max(booked_date) as last_date, count(*) as lines
    from theirs group by account_id
)
select spans.account_id, spans.lines, (
    select count(*) from mine where mine.booked_date between spans.first_date and spans.last_date
) as covered, (
    select count(*)
    from mine
    inner join theirs using (booked_date, amount_minor, occurrence)
    where theirs.account_id = spans.account_id
) as shared
from spans
"""

# An account that was taken back with its only file comes again under the same id, and so do the entries that
# the user spoke of.
_CREATE = """
insert into app.accounts (user_id, account_id, account_ref, currency, kind, institution, name)
select
    :user_id, md5(concat_ws('|', cast(:user_id as text), cast(:currency as text), cast(:ref as text)))::uuid,
    :ref, :currency, :kind, :institution, :name
on conflict (user_id, account_ref, currency) do update set account_ref = excluded.account_ref
returning account_id
"""

# What the files say, the earliest import that says it; an account that no file and no purchase
# speaks of is none.
_RENEW = """
update app.accounts as account
set kind = said.kind, institution = said.institution, name = said.name
from (
    select
        account_id,
        coalesce((array_agg(kind order by batch_id) filter (where kind <> 'unknown'))[1], 'unknown') as kind,
        coalesce((array_agg(institution order by batch_id) filter (where institution <> ''))[1], '')
            as institution,
        coalesce((array_agg(name order by batch_id) filter (where name <> ''))[1], '') as name
    from raw.statement_accounts
    where user_id = :user_id and account_id = any(:accounts)
    group by account_id
) as said
where account.user_id = :user_id and account.account_id = said.account_id
    and (account.kind, account.institution, account.name)
        is distinct from (said.kind, said.institution, said.name)
"""
_DROP_ORPHANS = """
delete from app.accounts as account
where account.user_id = :user_id and account.account_id = any(:accounts)
    and not exists (
        select from raw.statement_accounts as d
        where d.user_id = account.user_id and d.account_id = account.account_id
    )
    and not exists (
        select from app.purchases as p where p.user_id = account.user_id and p.account_id = account.account_id
    )
    and not exists (
        select from app.accounts as part
        where part.user_id = account.user_id and part.merged_into = account.account_id
    )
"""

_LISTED = """
select
    account.account_id, coalesce(account.given_name, account.name) as name, account.account_ref,
    account.institution, account.kind, account.currency, account.merged_into,
    coalesce(held.transactions, 0) as transactions, held.first_date, held.last_date
from app.accounts as account
left join (
    select
        account_id, count(*) as transactions, min(booked_date) as first_date, max(booked_date) as last_date
    from app.transactions
    where user_id = :user_id and deleted_at is null
    group by account_id
) as held using (account_id)
where account.user_id = :user_id
order by coalesce(account.merged_into, account.account_id), account.merged_into is not null, account_id
"""


class AccountError(ActionableError, ValueError):
    """An account that is not there, or that cannot be what the user says."""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account as its user sees it; one that was merged has its transactions where it was merged into."""

    account_id: UUID
    name: str
    account_ref: str
    institution: str
    kind: str
    currency: str
    merged_into: UUID | None
    transactions: int
    first_date: date | None
    last_date: date | None


@dataclass(frozen=True, slots=True)
class Shared:
    """How much a file has in common with an account."""

    account_id: UUID
    lines: int  # of the account, on the days of the file
    covered: int  # of the file, on the days of the account
    shared: int

    @property
    def is_same(self) -> bool:
        """Whether it is that account's file."""
        least = max(LEAST_SHARED_LINES, LEAST_SHARED_PART * min(self.lines, self.covered))
        return self.shared >= least

    @property
    def is_other(self) -> bool:
        """Whether it cannot be that account's file: both cover the same days and say different things."""
        return min(self.lines, self.covered) >= LEAST_SHARED_LINES and not self.is_same


def find_account(  # noqa: PLR0913 - one more than five, by name
    connection: Connection,
    user_id: UUID,
    batch_id: UUID,
    account: StatementAccount,
    file_name: str,
    *,
    unsettled: Sequence[UUID] = (),
) -> UUID:
    """The account that a batch's lines under one reference belong to; made where there is none yet.

    ``unsettled`` batches have accounts, but no transactions yet.
    """
    key = {"user_id": user_id, "currency": account.currency}
    known = [(UUID(str(id_)), ref) for id_, ref in connection.execute(text(_KNOWN), key)]
    numbered = {id_ for id_, ref in known if has_number(ref)}
    found = _only(id_ for id_, ref in known if account.ref and ref == account.ref)
    found = found or _only(id_ for id_, ref in known if account.ref and same_number(account.ref, ref))
    if found or (account.ref and numbered >= {id_ for id_, _ in known}) or not known:
        return found or _create(connection, user_id, account, account.ref or ref_of_file(file_name))
    shared = [
        other
        for other in _shared(connection, user_id, batch_id, account, unsettled)
        if not (account.ref and other.account_id in numbered)
    ]
    like = [other for other in shared if other.is_same]
    if like:
        return max(like, key=lambda other: (other.shared, str(other.account_id))).account_id
    others = {other.account_id for other in shared if other.is_other} | (numbered if account.ref else set())
    named = _named_alike(connection, key, file_name) - others
    if named:
        return min(named)
    ref = account.ref or _free_ref(ref_of_file(file_name), known, others)
    return _create(connection, user_id, account, ref)


def find_feed_account(
    connection: Connection, user_id: UUID, batch_id: UUID, account: StatementAccount, siblings: Sequence[str]
) -> UUID:
    """The account that a feed's lines under one reference (feed_ref) belong to; made where there is none yet.

    ``siblings`` are the references of the same connection: accounts of one connection are never the same.
    """
    key = {"user_id": user_id, "currency": account.currency}
    known = [(UUID(str(id_)), ref) for id_, ref in connection.execute(text(_KNOWN), key)]
    mine = _only(id_ for id_, ref in known if _feed_id(ref) == _feed_id(account.ref))
    if mine:
        return mine
    others = {_feed_id(ref) for ref in siblings}
    taken = {id_ for id_, ref in known if _feed_id(ref) in others}
    shared = {other.account_id: other for other in _shared(connection, user_id, batch_id, account)}
    taken |= {id_ for id_, other in shared.items() if other.is_other}
    numbered = {id_ for id_, ref in known if same_number(account.ref, ref)} - taken
    if len(numbered) == 1:
        return numbered.pop()
    taken |= {id_ for id_, ref in known if has_number(ref) and not same_number(account.ref, ref)}
    like = [other for id_, other in shared.items() if other.is_same and id_ not in taken]
    if like:
        return max(like, key=lambda other: (other.shared, str(other.account_id))).account_id
    return _create(connection, user_id, account, account.ref)


def _feed_id(ref: str) -> str | None:
    """What a feed calls its account; None for what is no reference of a feed."""
    return ref.rpartition(" ")[0] if ref.startswith(f"{OF_A_FEED} ") else None


def has_number(ref: str) -> bool:
    """Whether a reference is the bank's own number of an account."""
    return bool(ref) and not ref.startswith((OF_A_FILE, f"{OF_A_FEED} "))


def _named_alike(connection: Connection, key: Mapping[str, object], file_name: str) -> set[UUID]:
    """The accounts that have a file of this name, days and counters aside."""
    files = connection.execute(text(_FILES), key)
    return {UUID(str(id_)) for id_, name in files if ref_of_file(name) == ref_of_file(file_name)}


def _free_ref(ref: str, known: Sequence[tuple[UUID, str]], others: set[UUID]) -> str:
    """The reference, or that with a number, that does not lead to an account known to be another one."""
    taken = {name for id_, name in known if id_ in others}
    numbered = (f"{ref} {number}" for number in count(2))
    return next(name for name in chain([ref], numbered) if name not in taken)


def ref_of_file(file_name: str) -> str:
    """What a file's name says of its account without days and counters: "main_2026-03.csv" is "main"."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", file_name.rpartition("/")[2])
    words = re.sub(r"[^\w]+|_|\d+", " ", stem).split()
    return " ".join([OF_A_FILE, *(word.lower() for word in words)])


def same_number(one: str, other: str) -> bool:
    """Whether two references may be one account's, one of them masked or cut: XXXX1234 and BG80...1234."""
    one, other = (ref.rpartition(" ")[2] if _feed_id(ref) else ref for ref in (one, other))
    shorter, longer = sorted((_bare_number(one), _bare_number(other)), key=len)
    masked = any(re.match(r"[\s-]*[Xx*\N{BULLET}.]", ref) for ref in (one, other))
    return len(shorter) >= SHOWN_DIGITS and longer.endswith(shorter) and (masked or _holds(longer, shorter))


def _bare_number(ref: str) -> str:
    """An account's number without what separates or masks it, as IBANs have it: 37040044/532013000 padded."""
    if german := re.fullmatch(r"(\d{8})/(\d{1,10})", ref):
        return german[1] + german[2].zfill(10)
    return re.sub(r"[\s./-]", "", ref).lstrip("Xx*\N{BULLET}.")


def _holds(longer: str, shorter: str) -> bool:
    """An IBAN ends with the number of the account that it names."""
    return (
        re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", longer) is not None
        and len(shorter) > 2 * SHOWN_DIGITS - 1
    )


def list_accounts(connection: Connection, user_id: UUID) -> list[ListedAccount]:
    """A user's accounts, each followed by those that were merged into it."""
    return [ListedAccount(*row) for row in connection.execute(text(_LISTED), {"user_id": user_id})]


def merge_account(connection: Connection, user_id: UUID, account_id: UUID, into: UUID) -> None:
    """Keep that an account is the same as another, to be settled after. Raises AccountError."""
    known = {account.account_id: account for account in list_accounts(connection, user_id)}
    for given in (account_id, into):
        _must_know(given, known)
    one, other = known[account_id], known[into]
    if account_id == into:
        message = "an account cannot be merged into itself; name two accounts"
        raise AccountError(message)
    if one.currency != other.currency:
        message = (
            f"an account of {one.currency} cannot be merged into one of {other.currency}: "
            "accounts have one currency each"
        )
        raise AccountError(message)
    if other.merged_into or any(account.merged_into == account_id for account in known.values()):
        message = "one of the two is merged already; 'mita accounts unmerge' takes that back first"
        raise AccountError(message)
    _say(connection, user_id, account_id, "merged_into", into)


def unmerge_account(connection: Connection, user_id: UUID, account_id: UUID) -> UUID:
    """Take a merge back; gives the account that it was merged into. Raises AccountError."""
    known = {account.account_id: account for account in list_accounts(connection, user_id)}
    into = _must_know(account_id, known).merged_into
    if into is None:
        message = f"account {account_id} is not merged; 'mita accounts list' shows those that are"
        raise AccountError(message)
    _say(connection, user_id, account_id, "merged_into", None)
    return into


def rename_account(connection: Connection, user_id: UUID, account_id: UUID, name: str) -> None:
    """Keep what the user calls an account, "" for what its files call it. Raises AccountError."""
    _must_know(account_id, {account.account_id: account for account in list_accounts(connection, user_id)})
    _say(connection, user_id, account_id, "given_name", name.strip() or None)


def _must_know(account_id: UUID, known: Mapping[UUID, ListedAccount]) -> ListedAccount:
    if account_id not in known:
        message = f"there is no account {account_id}; 'mita accounts list' shows their ids"
        raise AccountError(message)
    return known[account_id]


def _say(connection: Connection, user_id: UUID, account_id: UUID, column: str, value: object) -> None:
    connection.execute(
        update(accounts)
        .where(accounts.c.user_id == user_id, accounts.c.account_id == account_id)
        .values({column: value})
    )


def renew_accounts(connection: Connection, user_id: UUID, accounts: Sequence[UUID]) -> None:
    """Let accounts be what their files say they are; one that nothing speaks of any more goes."""
    key = {"user_id": user_id, "accounts": list(accounts)}
    connection.execute(text(_RENEW), key)
    connection.execute(text(_DROP_ORPHANS), key)


def _shared(
    connection: Connection,
    user_id: UUID,
    batch_id: UUID,
    account: StatementAccount,
    unsettled: Sequence[UUID] = (),
) -> list[Shared]:
    key = {"user_id": user_id, "batch_id": batch_id, "ref": account.ref, "currency": account.currency}
    key |= {"unsettled": list(unsettled)}
    with planned_by_hashing(connection):
        return [Shared(UUID(str(row[0])), *row[1:]) for row in connection.execute(text(_SHARED), key)]


def _only(ids: Iterable[UUID]) -> UUID | None:
    distinct = set(ids)
    return distinct.pop() if len(distinct) == 1 else None


def _create(connection: Connection, user_id: UUID, account: StatementAccount, ref: str) -> UUID:
    row = connection.execute(
        text(_CREATE),
        {
            "user_id": user_id,
            "ref": ref,
            "currency": account.currency,
            "kind": account.kind,
            "institution": account.institution,
            "name": account.name,
        },
    )
    return UUID(str(row.scalar_one()))
