"""The language model's accounts: what it may still cost this month, what it did cost, what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from warehouse.tables.llm import llm_answers, llm_calls

#: One call after the other is let through, so that two of them do not spend the same last cent.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('mita:llm-budget', 0))"
_SPENT = """
select coalesce(sum(cost_micro_usd), 0)::bigint from ops.llm_calls
where called_at >= date_trunc('month', now(), 'UTC')
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used; the cost in millionths of a US dollar."""

    outcome: str  # answered, refused, failed
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0


def spent_this_month(connection: Connection) -> int:
    """Millionths of a US dollar since the first of the month (UTC), calls in flight at their most."""
    return int(connection.execute(text(_SPENT)).scalar_one())


def reserve_call(
    connection: Connection, *, purpose: str, model: str, most_micro_usd: int, cap_micro_usd: int
) -> UUID | None:
    """Write a call down at the most that it can cost; None if the month's cap does not allow that."""
    connection.execute(text(_ONE_AT_A_TIME))
    if spent_this_month(connection) + most_micro_usd > cap_micro_usd:
        return None
    row = {"purpose": purpose, "model": model, "cost_micro_usd": most_micro_usd}
    call_id: UUID = connection.execute(
        insert(llm_calls).values(row).returning(llm_calls.c.call_id)
    ).scalar_one()
    return call_id


def settle_call(connection: Connection, call_id: UUID, usage: Usage) -> None:
    """Replace what a call could cost by what it did."""
    values = {
        "outcome": usage.outcome,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_micro_usd": usage.cost_micro_usd,
    }
    connection.execute(update(llm_calls).where(llm_calls.c.call_id == call_id).values(values))


def find_answer(connection: Connection, question_hash: bytes) -> Any:  # noqa: ANN401 - JSON
    """The answer to this very question, or None."""
    kept = select(llm_answers.c.answer).where(llm_answers.c.question_hash == question_hash)
    return connection.execute(kept).scalar_one_or_none()


def keep_answer(connection: Connection, question_hash: bytes, answer: object) -> None:
    """Keep an answer; one that is there already stays."""
    row = {"question_hash": question_hash, "answer": answer}
    connection.execute(upsert(llm_answers).values(row).on_conflict_do_nothing())
