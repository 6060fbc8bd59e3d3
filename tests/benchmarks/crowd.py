"""A crowd from a few generated lives: facts and marts copied in SQL, with another scale of money for each.

Generating ten thousand lives would take an hour and say no more about the time and memory of flows: what
they read has as many rows, accounts and series, and no two people have the same amounts.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

#: What a build reads, in order of reference, and columns that are not copied as they are.
_FACTS: dict[str, dict[str, str]] = {
    "app.users": {
        "email": "(c.n || '.' || t.email)",
        "created_at": "(now() - make_interval(months => c.n % 12 + 1))",
    },
    "app.budget_settings": {},
    "app.accounts": {},
    "app.transactions": {},
    "ml.category_predictions": {},
}
#: What flows of meaning read as well.
_MARTS: dict[str, dict[str, str]] = {
    "marts.dim_users": {},
    "marts.dim_accounts": {},
    "marts.fct_transactions": {},
    "marts.fct_category_periods": {},
    "marts.fct_daily_totals": {},
    "marts.fct_spendable_days": {},
    "marts.fct_merchant_months": {},
    "marts.fct_financial_health": {},
}
_KEYS = ("account_id", "transaction_id")
_COPIES = """
create temporary table copies on commit drop as
select
    u.user_id as old_id, gen_random_uuid() as user_id, n,
    case when u.currency in ('JPY') then 1 else exp(0.6 * (random() - 0.5)) end as scale
from app.users as u cross join generate_series(1, :times) as n
order by n, u.user_id
"""
_COLUMNS = """
select column_name from information_schema.columns
where table_schema || '.' || table_name = :name and is_generated = 'NEVER' order by ordinal_position
"""
_BUILT = """
insert into ops.mart_versions (user_id, version, today)
select u.user_id, coalesce(v.version, 0), (now() at time zone u.timezone)::date
from app.users as u left join ops.user_versions as v on u.user_id = v.user_id
on conflict (user_id) do update set version = excluded.version, today = excluded.today
"""
_CONSENTS = "insert into app.cohort_consents (user_id, is_in) select user_id, true from app.users"


def multiply(connection: Connection, people: int) -> int:
    """Copy everybody until there are at least so many, and give how many; all agree to be counted."""
    _copy_people(connection, people, _FACTS | _MARTS)
    connection.execute(text(_BUILT))
    connection.execute(text(_CONSENTS))
    return int(connection.execute(text("select count(*) from app.users")).scalar_one())


def multiply_facts(connection: Connection, people: int) -> list[UUID]:
    """Copy everybody's facts until there are at least so many people, and give the copies."""
    _copy_people(connection, people, _FACTS)
    return list(connection.execute(text("select user_id from copies order by n, user_id")).scalars())


def _copy_people(connection: Connection, people: int, tables: dict[str, dict[str, str]]) -> None:
    begun = connection.execute(text("select count(*) from app.users")).scalar_one()
    connection.execute(text("select setseed(0.7)"))
    connection.execute(text(_COPIES), {"times": max(0, -(-people // begun) - 1)})
    connection.execute(text("create index on copies (old_id)"))
    for table, changed in tables.items():
        names = [str(name) for name in connection.execute(text(_COLUMNS), {"name": table}).scalars()]
        keys = {key: f"md5(t.{key}::text || c.n)::uuid" for key in _KEYS}
        minor = {
            name: f"round(t.{name} * c.scale)" for name in names if name.endswith("_minor")
        }  # an amount stays a whole number of minor units
        values = {"user_id": "c.user_id", **keys, **minor, **changed}
        said = ", ".join(values.get(name, f"t.{name}") for name in names)
        connection.execute(
            text(
                f"insert into {table} ({', '.join(names)}) select {said} "  # noqa: S608 - names of this file
                f"from {table} as t inner join copies as c on t.user_id = c.old_id"
            )
        )
