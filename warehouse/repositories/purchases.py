"""Purchases that users enter, correct and delete: the one place where the API writes transactions.

What the user states is kept in ``app.purchases`` and ``app.deleted_entries``, from which the pipeline makes
the same transactions anew.

It speaks psycopg rather than SQLAlchemy, because the API does without the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import psycopg

_CATEGORY = """coalesce(
    (select leaf.code from seeds.categories as leaf where leaf.code = %(category)s::text),
    (
        select named.category_code from seeds.client_categories as named
        where named.client_code = %(category)s::text limit 1
    )
)"""
#: When the user said it: what was said offline may arrive hours later.
_SAID_AT = "coalesce(%(said_at)s::timestamptz, now())"
# One statement, so one round trip: the checks of foreign keys come after all of its parts.
_ADD = f"""
with given as materialized (
    select
        coalesce(%(transaction_id)s::uuid, uuidv7()) as id,
        (%(spent_at)s at time zone users.timezone)::date as day,
        {_CATEGORY} as category_code
    from app.users as users where users.user_id = %(user_id)s
),
cash as (
    select coalesce(merged_into, account_id) as account_id from app.accounts
    where user_id = %(user_id)s and account_ref = 'cash' and currency = %(currency)s
),
opened as (
    insert into app.accounts (user_id, account_ref, currency, kind, name)
    select %(user_id)s, 'cash', %(currency)s, 'cash', 'Cash'
    where %(account_id)s::uuid is null and not exists (select from cash)
    on conflict (user_id, account_ref, currency) do update set kind = accounts.kind
    returning account_id
),
account as (
    select coalesce(
        %(account_id)s::uuid, (select account_id from cash), (select account_id from opened)
    ) as account_id
),
added as (
    insert into app.transactions (
        user_id, transaction_id, account_id, booked_date, spent_date, amount_minor, currency, status,
        description, counterparty
    )
    select
        %(user_id)s, given.id, account.account_id, given.day, given.day, %(amount_minor)s, %(currency)s,
        'posted', %(description)s, %(merchant)s
    from given cross join account
    on conflict (user_id, transaction_id) do nothing
    returning transaction_id
),
stated as (
    insert into app.purchases (
        user_id, purchase_id, account_id, spent_date, amount_minor, currency, description, merchant,
        updated_at
    )
    select
        %(user_id)s, added.transaction_id, account.account_id, given.day, %(amount_minor)s, %(currency)s,
        %(description)s, %(merchant)s, {_SAID_AT}
    from added cross join given cross join account
),
described as (
    insert into app.transaction_details (
        user_id, transaction_id, spent_at, merchant, location, tags, is_recurring, receipt_url, notes,
        updated_at
    )
    select
        %(user_id)s, transaction_id, %(spent_at)s, %(merchant)s, %(location)s, %(tags)s, %(is_recurring)s,
        %(receipt_url)s, %(notes)s, {_SAID_AT}
    from added
),
decided as (
    insert into app.category_decisions (user_id, transaction_id, category_code, decided_at)
    select %(user_id)s, added.transaction_id, given.category_code, {_SAID_AT}
    from added cross join given where given.category_code is not null
)
select (select transaction_id from added), given.category_code from given
"""  # noqa: S608 - parts of our own
#: What the user said of a transaction, and when last; changes by banks and pipelines are no words of theirs.
_WORDS = """
left join app.purchases as stated
    on made.user_id = stated.user_id and made.transaction_id = stated.purchase_id
left join app.transaction_details as details
    on made.user_id = details.user_id and made.transaction_id = details.transaction_id
left join app.decided_categories as decided
    on made.user_id = decided.user_id and made.transaction_id = decided.transaction_id
"""
_LAST_SAID = "greatest(stated.updated_at, details.updated_at, decided.decided_at)"
_FOUND = f"""
select
    stated.purchase_id is not null and not exists (
        select from app.merged_entries as merged
        where merged.user_id = made.user_id and merged.transaction_id = made.transaction_id
    ),
    made.amount_minor, made.currency, made.spent_date,
    (%(spent_at)s::timestamptz at time zone users.timezone)::date,
    {_LAST_SAID}
from app.transactions as made
inner join app.users as users on made.user_id = users.user_id
{_WORDS}
where made.user_id = %(user_id)s and made.transaction_id = %(transaction_id)s and made.deleted_at is null
for update of made
"""  # noqa: S608 - parts of our own
_CHANGE = f"""
with stated as (
    update app.purchases
    set
        amount_minor = %(amount_minor)s, currency = %(currency)s, spent_date = %(day)s,
        description = %(description)s, merchant = %(merchant)s, updated_at = {_SAID_AT}
    where %(is_own)s and user_id = %(user_id)s and purchase_id = %(transaction_id)s
)
update app.transactions
set
    amount_minor = %(amount_minor)s,
    currency = %(currency)s,
    spent_date = %(day)s,
    booked_date = case when %(is_own)s then %(day)s else booked_date end,
    description = case when %(is_own)s then %(description)s else description end,
    counterparty = case when %(is_own)s then %(merchant)s else counterparty end,
    updated_at = now()
where user_id = %(user_id)s and transaction_id = %(transaction_id)s
"""  # noqa: S608 - parts of our own
_DESCRIBE = f"""
insert into app.transaction_details (
    user_id, transaction_id, spent_at, merchant, location, tags, is_recurring, receipt_url, notes,
    updated_at
)
values (
    %(user_id)s, %(transaction_id)s, %(spent_at)s, %(merchant)s, %(location)s, %(tags)s, %(is_recurring)s,
    %(receipt_url)s, %(notes)s, {_SAID_AT}
)
on conflict (user_id, transaction_id) do update
set
    spent_at = coalesce(excluded.spent_at, transaction_details.spent_at),
    merchant = coalesce(excluded.merchant, transaction_details.merchant),
    location = coalesce(excluded.location, transaction_details.location),
    tags = coalesce(excluded.tags, transaction_details.tags),
    is_recurring = excluded.is_recurring,
    receipt_url = coalesce(excluded.receipt_url, transaction_details.receipt_url),
    notes = coalesce(excluded.notes, transaction_details.notes),
    updated_at = excluded.updated_at
"""  # noqa: S608 - parts of our own
_DECIDE = f"""
insert into app.category_decisions (user_id, transaction_id, category_code, decided_at)
values (%(user_id)s, %(transaction_id)s, %(category_code)s, {_SAID_AT})
on conflict (user_id, transaction_id) do update
set category_code = excluded.category_code, decided_at = excluded.decided_at
"""  # noqa: S608 - parts of our own
_LAST_WORD = f"""
select {_LAST_SAID}, made.deleted_at is not null
from app.transactions as made
{_WORDS}
where made.user_id = %(user_id)s and made.transaction_id = %(transaction_id)s
"""  # noqa: S608 - parts of our own
_DELETE = """
with forgotten as (
    insert into app.deleted_entries (user_id, entry_id)
    select %(user_id)s, %(transaction_id)s
    union all
    select merged.user_id, merged.entry_id
    from app.merged_entries as merged
    where merged.user_id = %(user_id)s and merged.transaction_id = %(transaction_id)s
    on conflict do nothing
)
update app.transactions set deleted_at = now(), updated_at = now()
where user_id = %(user_id)s and transaction_id = %(transaction_id)s and deleted_at is null
"""


class UnknownCategoryError(ValueError):
    """Neither a leaf of the taxonomy nor one of the client's names."""


class BankLineError(ValueError):
    """Amount, currency or day of a bank's line would change."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Money spent (negative) or refunded, in minor units, with what the user says of it."""

    amount_minor: int
    currency: str
    spent_at: datetime
    category: str | None  # the client's name or a leaf's code
    description: str = ""
    merchant: str | None = None
    location: str | None = None
    tags: Sequence[str] = ()
    is_recurring: bool = False
    receipt_url: str | None = None
    notes: str | None = None
    account_id: UUID | None = None  # cash when absent
    transaction_id: UUID | None = None  # made by the client, or by Postgres when absent


@dataclass(frozen=True, slots=True)
class LastWord:
    """When the user last said something of a transaction, if ever, and whether it was that it shall go."""

    said_at: datetime | None
    is_deleted: bool


async def last_word(
    connection: psycopg.AsyncConnection, user_id: UUID, transaction_id: UUID
) -> LastWord | None:
    """What the user last said of a transaction; None if there is none."""
    cursor = psycopg.AsyncCursor(connection)
    await cursor.execute(_LAST_WORD, {"user_id": user_id, "transaction_id": transaction_id})
    row = await cursor.fetchone()
    return None if row is None else LastWord(*row)


async def add_purchase(
    connection: psycopg.AsyncConnection,
    user_id: UUID,
    purchase: Purchase,
    *,
    said_at: datetime | None = None,
) -> UUID | None:
    """Store a hand-entered purchase; None when the user has one of that id already, deleted or not.

    Raises UnknownCategoryError, and ForeignKeyViolation for an account that is not the user's.
    """
    values = _values(user_id, purchase, said_at)
    cursor = await psycopg.AsyncCursor(connection).execute(_ADD, values)
    return _added(await cursor.fetchone(), purchase)


async def add_purchases(
    connection: psycopg.AsyncConnection, user_id: UUID, purchases: Sequence[Purchase]
) -> list[UUID | None]:
    """The same for many, which travel together."""
    cursor = psycopg.AsyncCursor(connection)
    values = [_values(user_id, purchase) for purchase in purchases]
    await cursor.executemany(_ADD, values, returning=True)
    added = []
    for purchase in purchases:
        added.append(_added(await cursor.fetchone(), purchase))
        cursor.nextset()
    return added


def _added(row: tuple[UUID | None, str | None] | None, purchase: Purchase) -> UUID | None:
    transaction_id, category_code = row or (None, None)
    if purchase.category is not None and category_code is None:
        raise UnknownCategoryError(purchase.category)
    return transaction_id


async def change_purchase(
    connection: psycopg.AsyncConnection,
    user_id: UUID,
    transaction_id: UUID,
    purchase: Purchase,
    *,
    said_at: datetime | None = None,
) -> bool | None:
    """Correct a transaction; None if there is none, False if the user said otherwise since ``said_at``.

    Of a bank's line the user decides what it was for, not what it cost and when: raises BankLineError.
    """
    cursor = psycopg.AsyncCursor(connection)
    values = _values(user_id, purchase, said_at) | {
        "transaction_id": transaction_id,
        "category_code": await _category_code(cursor, purchase.category),
    }
    found = await (await cursor.execute(_FOUND, values)).fetchone()
    if found is None:
        return None
    is_own, amount_minor, currency, spent_date, day, last_said_at = found
    if said_at is not None and last_said_at is not None and said_at < last_said_at:
        return False
    if not is_own and (amount_minor, currency, spent_date) != (purchase.amount_minor, purchase.currency, day):
        raise BankLineError
    await cursor.execute(_CHANGE, values | {"is_own": is_own, "day": day})
    await cursor.execute(_DESCRIBE, values)
    if values["category_code"] is not None:
        await cursor.execute(_DECIDE, values)
    return True


async def delete_purchase(connection: psycopg.AsyncConnection, user_id: UUID, transaction_id: UUID) -> bool:
    """Delete a transaction for good: its tombstone keeps it away when its line is imported again."""
    cursor = psycopg.AsyncCursor(connection)
    await cursor.execute(_DELETE, {"user_id": user_id, "transaction_id": transaction_id})
    return cursor.rowcount == 1


def _values(user_id: UUID, purchase: Purchase, said_at: datetime | None = None) -> dict[str, object]:
    return {**asdict(purchase), "tags": list(purchase.tags), "user_id": user_id, "said_at": said_at}


async def _category_code(cursor: psycopg.AsyncCursor, category: str | None) -> str | None:
    if category is None:
        return None
    row = await (await cursor.execute(f"select {_CATEGORY}", {"category": category})).fetchone()
    if row is None or row[0] is None:
        raise UnknownCategoryError(category)
    return str(row[0])
