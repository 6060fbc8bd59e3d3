"""The insight flows: findings from the marts, ranked and said; the week's advice, kept as it was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import flow

from flows.clients.llm import language_model
from flows.dbt import run_dbt
from flows.orchestration import DATABASE_RETRIES, publish_table, task
from warehouse.engine import open_warehouse
from warehouse.repositories import done_days, forecasts, freshness, insights
from warehouse.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models_ml.insights.catalogue import Finding
    from models_ml.insights.narrate import Narrator, Told
    from warehouse.engine import Warehouse
    from warehouse.repositories.done_days import DueUser

WORK, ADVICE = "insights", "advice"
#: Of the templates: whose findings another one said are said anew.
VERSION = "2"
USERS_AT_ONCE = 500
#: Findings in a week's advice.
ADVICE_FINDINGS = 3
#: What was said in the last weeks is not said again.
SILENT_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What a run did."""

    users: int
    findings: int


@dataclass(frozen=True, slots=True)
class Advised:
    """What a run did; ``refused`` texts of the language model said something that is no fact."""

    users: int
    narrated: int
    refused: int


@flow(name="find-insights", description="Compute the facts that are worth a word, and rank them.")
def find_insights() -> Found:
    """Renew the marts of meaning, and the findings of everybody who is due."""
    settings = Settings()
    build_meaning(settings)
    return insight_users(settings)


@flow(name="weekly-advice", description="Say each user the week's most useful findings; kept as it was said.")
def weekly_advice() -> Advised:
    """Advise everybody whose week has begun and who has not been advised in it."""
    return advise_users(Settings())


@task(name="build meaning", **DATABASE_RETRIES)
def build_meaning(settings: Settings) -> int:
    """Renew the marts that stand on what models said."""
    with open_warehouse(settings) as warehouse, warehouse.locked("build"):
        with warehouse.transaction() as connection:
            if not forecasts.has_marts(connection):
                return 0
        results = run_dbt(settings, warehouse.server, ["run", "--select", "tag:meaning", "--no-write-json"])
        with warehouse.transaction() as connection:
            freshness.note_new_meaning(connection)
        return len(results)


@task(name="find insights", **DATABASE_RETRIES)
def insight_users(settings: Settings) -> Found:
    """The findings of users who are due."""
    found = 0
    with open_warehouse(settings) as warehouse, warehouse.locked(WORK):
        with warehouse.transaction() as connection:
            if not insights.has_facts(connection):
                return Found(0, 0)
            due = done_days.due_users(connection, WORK, version=VERSION)
        for start in range(0, len(due), USERS_AT_ONCE):
            found += _insight_block(warehouse, due[start : start + USERS_AT_ONCE])
    publish_table("insights", [{"users": len(due), "findings": found}], "Findings computed now")
    return Found(len(due), found)


def _insight_block(warehouse: Warehouse, block: Sequence[DueUser]) -> int:
    from models_ml.insights.catalogue import Fact, finding, ranked  # noqa: PLC0415

    ids = [user.user_id for user in block]
    with warehouse.transaction() as connection:
        monthly = insights.monthly_spending(connection, ids)
        own, everyone = insights.ratings(connection, ids)
        by_user: dict[UUID, list[Finding]] = defaultdict(list)
        for user_id, row in insights.facts(connection, ids):
            said = finding(Fact(**row))
            if said is not None:
                by_user[user_id].append(said)
        rows = [
            (user_id, each, worth)
            for user_id, findings in by_user.items()
            for each, worth in ranked(findings, monthly.get(user_id, 0), own.get(user_id, {}), everyone)
        ]
        today = {user.user_id: user.today for user in block}
        insights.replace_insights(connection, ids, [_row(*each, today) for each in rows])
        done_days.record_done(connection, WORK, block)
    return len(rows)


def _row(user_id: UUID, each: Finding, worth: float, today: Mapping[UUID, object]) -> dict[str, object]:
    return {
        "user_id": user_id,
        "insight_key": each.key,
        "kind": each.kind,
        "today": today[user_id],
        "rank": worth,
        "confidence": each.confidence,
        "value_minor": each.value_minor,
        "currency": each.currency,
        "facts": {"numbers": list(each.numbers), "subjects": dict(each.subjects)},
        "sources": list(each.sources),
        **{f"title_{language}": title for language, title in each.titles.items()},
        **{f"text_{language}": said for language, said in each.texts.items()},
    }


@task(name="advise users", **DATABASE_RETRIES)
def advise_users(settings: Settings, narrator: Narrator | None = None) -> Advised:
    """The week's advice of users who have none of this week yet."""
    narrated = refused = 0
    with open_warehouse(settings) as warehouse, warehouse.locked(ADVICE):
        with warehouse.transaction() as connection:
            due = advisable(connection)
        narrator = narrator or configured_narrator(settings, warehouse)
        for start in range(0, len(due), USERS_AT_ONCE):
            told = _advise(warehouse, due[start : start + USERS_AT_ONCE], narrator)
            narrated += told[0]
            refused += told[1]
    publish_table(
        "advice", [{"users": len(due), "narrated": narrated, "refused": refused}], "Advice of the week"
    )
    return Advised(len(due), narrated, refused)


def advisable(connection: Connection) -> list[DueUser]:
    """Who has none of this week's advice yet; whose findings are still to be looked for has to wait for them.

    Somebody with nothing to be said is asked again when their facts change: their week may have begun with an
    empty account.
    """
    due = done_days.due_users(connection, ADVICE, version="", every="week")
    waiting = {user.user_id for user in done_days.due_users(connection, WORK, version=VERSION)}
    told = insights.advised(connection, {user.user_id: user.today for user in due})
    return [user for user in due if user.user_id not in waiting | told]


def _advise(warehouse: Warehouse, block: Sequence[DueUser], narrator: Narrator | None) -> tuple[int, int]:
    """Advice of some users, in their language and by the template in every other one; none of nothing."""
    with warehouse.transaction() as connection:
        known = [
            (
                user,
                insights.language_of(connection, user.user_id),
                [
                    _finding(row)
                    for row in insights.unsaid(
                        connection, user.user_id, user.today, SILENT_WEEKS, ADVICE_FINDINGS
                    )
                ],
            )
            for user in block
        ]
    # The model is asked outside of a transaction: it may take a while.
    told = [
        (user, own, findings, _told(findings, own, narrator)) for user, own, findings in known if findings
    ]
    with warehouse.transaction() as connection:
        for user, _, findings, texts in told:
            keys = [each.key for each in findings]
            for language, each in texts.items():
                insights.keep_advice(
                    connection, user.user_id, user.today, language, each.text, each.told_by, keys
                )
        done_days.record_done(connection, ADVICE, block)
    mine = [texts[own] for _, own, _, texts in told]
    return sum(each.told_by != "template" for each in mine), sum(bool(each.refused) for each in mine)


def _told(findings: Sequence[Finding], own: str, narrator: Narrator | None) -> dict[str, Told]:
    from models_ml.insights.catalogue import LANGUAGES  # noqa: PLC0415
    from models_ml.insights.narrate import narrate  # noqa: PLC0415

    return {
        language: narrate(findings, language, narrator if language == own else None) for language in LANGUAGES
    }


def _finding(row: dict[str, object]) -> Finding:
    from models_ml.insights.catalogue import LANGUAGES, Finding  # noqa: PLC0415

    facts: dict[str, Any] = row["facts"]  # type: ignore[assignment]
    return Finding(
        str(row["insight_key"]),
        str(row["kind"]),
        int(str(row["value_minor"])),
        str(row["currency"]),
        float(str(row["confidence"])),
        tuple(facts["numbers"]),
        (),
        {language: str(row[f"title_{language}"]) for language in LANGUAGES},
        {language: str(row[f"text_{language}"]) for language in LANGUAGES},
        facts.get("subjects", {}),
    )


def configured_narrator(settings: Settings, warehouse: Warehouse) -> Narrator | None:
    """The language model that the settings name, if one is configured; left alone once it keeps failing."""
    from models_ml.insights.narrate import Patient  # noqa: PLC0415

    model = language_model(settings, warehouse)
    return None if model is None else Patient(model)
