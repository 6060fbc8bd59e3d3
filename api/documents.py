"""What a user reads: one statement that signs in, checks, and writes the JSON of the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from api.amounts import USUAL_DECIMALS, minor_unit, unusual_units
from api.auth.tokens import Principal
from api.database import Database, Statement, Work
from api.errors import RevokedTokenError

# The first step sets who reads, the second looks: `offset 0` keeps them in that order, and in any
# other order row-level security would show nothing. The setting ends with the statement.
_STATEMENT = """
with units (currency, unit) as (values {units}),
reader as materialized (
    select
        self.*,
        coalesce(units.unit, {usual_unit}) as unit,
        concat_ws('-', '{digest}', self.facts_version, self.marts_version, self.built_at, self.today)
            as version
    from (
        select set_config('mita.user_id', %(user_id)s::text, true)::uuid as user_id
        offset 0
    ) as signed_in
    cross join lateral (
        select
            users.user_id,
            users.email,
            users.display_name,
            users.country,
            users.currency,
            users.timezone,
            users.created_at,
            users.email_verified_at,
            users.is_premium,
            users.password_hash is not null as has_password,
            (now() at time zone users.timezone)::date as today,
            facts.version as facts_version,
            marts.version as marts_version,
            extract(epoch from marts.built_at) as built_at
        from app.users as users
        left join ops.user_versions as facts on users.user_id = facts.user_id
        left join ops.mart_versions as marts on users.user_id = marts.user_id
        where users.user_id = signed_in.user_id and users.token_version = %(token_version)s::int
            and exists (
                select from app.sessions as session
                where session.user_id = users.user_id
                    and session.session_id = %(session_id)s::uuid
                    and session.ended_at is null
            )
        offset 0
    ) as self
    left join units on self.currency = units.currency
)
select
    reader.version,
    case when reader.version <> all(%(known_versions)s::text[]) then (
        select answer.document from ({query}) as answer
    ) end as document
from reader
"""


#: Every change of these moves the version of their user's facts, or comes with a build of the marts.
FOLLOWED = frozenset({
    "app.users", "app.budget_settings", "app.accounts", "app.transactions", "app.category_decisions",
    "app.transaction_details", "app.preferences", "app.onboarding_answers", "app.decided_categories",
    "app.transaction_links", "app.split_lines", "ml.category_predictions", "app.standing_categories",
    "app.rule_effects", "app.category_rules", "app.parts", "ml.recurring_series", "ml.recurring_occurrences",
    "app.recurring_words",
    "marts.dim_accounts", "marts.dim_categories", "marts.fct_transactions", "marts.fct_daily_plan",
    "marts.fct_daily_totals", "marts.fct_budget_moves", "marts.served_daily_plan",
    "marts.served_daily_totals", "marts.served_budget_moves", "marts.fct_safe_to_spend",
    "marts.fct_daily_cash_flow", "marts.fct_monthly_cash_flow",
})  # fmt: skip
_RELATION = re.compile(r"\b(?:from|join|lateral)\s+((?:raw|app|ml|ops|seeds|marts)\.\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """A query whose one row has one column, ``document``: the JSON that the caller gets.

    It may read ``reader`` (who calls, their ``today``, and ``unit``, the minor unit of their currency)
    and ``units`` (currency, unit: those that have not two decimals).
    """

    query: str

    @cached_property
    def follows_facts(self) -> bool:
        """Whether its reader's version tells of every change of what it reads."""
        return {name.lower() for name in _RELATION.findall(self.query)} <= FOLLOWED

    @cached_property
    def statement(self) -> Statement:
        """The query as a signed-in user's, with the version by which an answer is known again."""
        units = ", ".join(f"('{currency}', {unit})" for currency, unit in unusual_units().items())
        query = _STATEMENT.format(
            units=units,
            usual_unit=minor_unit(USUAL_DECIMALS),
            digest=sha256(self.query.encode()).hexdigest()[:8],
            query=self.query,
        )
        return Statement.of(query)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer by its version; without ``data`` when the caller has that version already."""

    version: str
    data: bytes | None

    @property
    def state(self) -> str:
        """What the reader's facts were like, whatever was asked of them."""
        return self.version.partition("-")[2]


async def read_document(
    database: Database,
    principal: Principal,
    document: Document,
    known: Sequence[str] = (),
    **parameters: object,
) -> Reading:
    """What the document says to its reader, in one round trip; raises RevokedTokenError."""
    row = await database.read(document.statement, _signature(principal, known) | parameters)
    if row is None:
        raise RevokedTokenError
    return Reading(*row)


async def read_own_write(
    work: Work, principal: Principal, document: Document, **parameters: object
) -> bytes | None:
    """What the document says within a transaction that has just written; None where it has no row."""
    row = await work.json(document.statement, _signature(principal, ()) | parameters)
    if row is None:
        raise RevokedTokenError
    return Reading(*row).data


def _signature(principal: Principal, known: Sequence[str]) -> dict[str, object]:
    return {
        "user_id": str(principal.user_id),
        "token_version": principal.token_version,
        "session_id": principal.session_id,
        "known_versions": list(known),
    }
