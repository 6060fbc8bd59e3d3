"""No fact moves unseen: what the models of a user read is watched by the triggers that renew the user."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.dbt.test_project import artifacts, manifest
from warehouse.engine import Warehouse

__all__ = ["artifacts", "manifest"]

# A view stands on what its rewrite rule depends on; partitions and inheritance do not occur.
TABLES_BELOW = """
with recursive below as (
    select to_regclass(name)::oid as relation from unnest(cast(:sources as text[])) as name
    union
    select depends.refobjid
    from below
    inner join pg_class as holder on below.relation = holder.oid and holder.relkind in ('v', 'm')
    inner join pg_rewrite on holder.oid = pg_rewrite.ev_class
    inner join pg_depend as depends
        on depends.objid = pg_rewrite.oid
        and depends.classid = 'pg_rewrite'::regclass
        and depends.refclassid = 'pg_class'::regclass
)
select
    pg_class.oid::regclass::text as name,
    exists (
        select from pg_attribute where attrelid = pg_class.oid and attname = 'user_id' and not attisdropped
    ) as is_of_a_user,
    array(
        select event.name
        from pg_trigger
        cross join (values ('insert', 4), ('delete', 8), ('update', 16)) as event (name, bit)
        where tgrelid = pg_class.oid
            and tgenabled in ('O', 'A')
            and tgtype & event.bit <> 0
            and tgfoid = 'ops.bump_user_version'::regproc
        order by event.name
    ) as bumped_on
from below
inner join pg_class on below.relation = pg_class.oid
where pg_class.relkind in ('r', 'p')
order by name
"""
EVENTS = ["delete", "insert", "update"]
#: Read by models of users, and still no fact of one whose change could move a plan by itself.
NO_FACTS = {
    "app.merged_entries": "lines that became one purchase, whose row in app.transactions changes with it",
    "ml.recurring_occurrences": "change with their series, which bumps",
    "ops.build_queue": "says whom a build renews",
    "raw.statement_accounts": "comes with its lines, whose transactions bump in the same chunk",
    "raw.statement_lines": "likewise",
}


def sources_of_users(manifest: dict[str, Any]) -> dict[str, str]:
    """Relations outside of dbt that a model of a user, or the views below it, read; by dbt's name."""
    nodes = manifest["nodes"]
    waiting = [key for key, node in nodes.items() if "user_mart" in node["tags"]]
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += nodes[key]["depends_on"].get("nodes", []) if key in nodes else []
    return {
        key: f"{manifest['sources'][key]['schema']}.{manifest['sources'][key]['identifier']}"
        for key in seen
        if key in manifest["sources"]
    }


@pytest.fixture
def tables(warehouse: Warehouse, manifest: dict[str, Any]) -> dict[str, tuple[bool, list[str]]]:
    """Base tables below the sources: whether their rows are of a user, and on which events they bump."""
    sources = sorted(sources_of_users(manifest).values())
    assert "app.transactions" in sources
    with warehouse.transaction() as connection:
        found = connection.execute(text(TABLES_BELOW), {"sources": sources}).all()
    return {row.name: (row.is_of_a_user, row.bumped_on) for row in found}


def test_every_fact_that_a_model_of_a_user_reads_bumps_the_user(
    tables: dict[str, tuple[bool, list[str]]],
) -> None:
    unwatched = {
        name: bumped_on
        for name, (is_of_a_user, bumped_on) in tables.items()
        if is_of_a_user and bumped_on != EVENTS and name not in NO_FACTS
    }
    assert not unwatched, "a change of these leaves the marts as they were: add triggers in a migration"


def test_what_is_let_off_is_read_and_of_nobody_else(tables: dict[str, tuple[bool, list[str]]]) -> None:
    assert NO_FACTS.keys() <= tables.keys()
    assert {name for name, (is_of_a_user, _) in tables.items() if not is_of_a_user} == {"raw.exchange_rates"}


def test_views_are_followed_down_to_their_tables(tables: dict[str, tuple[bool, list[str]]]) -> None:
    below_views = {"app.category_decisions", "app.rule_matches", "app.category_rules", "app.memory_matches"}
    assert below_views | {"ml.category_predictions", "app.split_lines"} <= tables.keys()
