"""Everything that makes bank lines hard to read occurs in a modest run."""
# Bulgarian letters are meant

from __future__ import annotations

from datetime import UTC, date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from flows.generator import generate
from flows.generator.rates import convert
from tests.flows.generator.conftest import REPOSITORY, Run


def test_eight_countries_with_their_currencies(run: Run) -> None:
    found = dict(run.people.group_by("country").agg(pl.col("currency").first()).iter_rows())
    assert found == {
        "BG": "EUR", "GB": "GBP", "DE": "EUR", "US": "USD",
        "FR": "EUR", "PL": "PLN", "JP": "JPY", "KW": "KWD",
    }  # fmt: skip


def test_the_first_three_people_are_from_bulgaria_the_uk_and_germany(run: Run) -> None:
    assert run.people.sort("user")["country"].to_list()[:3] == ["BG", "GB", "DE"]


def test_every_format_is_written(run: Run) -> None:
    kinds = {file.rsplit(".", 1)[1] for file in run.lines["file"]}
    assert kinds == {"ofx", "xml", "csv", "sta", "qif"}


@pytest.mark.parametrize("hold", ["same", "tip", "fuel_hold", "settlement", "vanished"])
def test_pending_purchases_of_each_kind_are_seen_before_they_settle(run: Run, hold: str) -> None:
    pending = run.lines.filter(pl.col("kind") == "pending").join(run.events, on="event_id", suffix="_event")
    assert len(pending.filter(pl.col("hold") == hold)) > 0


def test_pending_lines_of_tips_and_holds_show_another_amount(run: Run) -> None:
    held = run.events.filter(pl.col("hold") == "tip")
    assert (held["amount_minor"] < held["pending_amount_minor"]).all()
    settled = run.lines.filter(pl.col("kind") == "posted").join(run.events, on="event_id")
    assert (settled["hold"].is_not_null()).all()


def test_vanished_purchases_are_only_ever_pending(run: Run) -> None:
    vanished = run.events.filter(pl.col("outcome") == "vanished")
    lines = run.lines.join(vanished.select("event_id"), on="event_id")
    assert not vanished["posted"].any()
    assert set(lines["kind"]) == {"pending"}


def test_twins_share_day_amount_merchant_and_text(run: Run) -> None:
    twins = run.events.drop_nulls("twin_of").join(
        run.events, left_on="twin_of", right_on="event_id", suffix="_first"
    )
    assert len(twins) > 0
    for column in ("spent_date", "booked_date", "amount_minor", "merchant", "description", "account"):
        assert (twins[column] == twins[f"{column}_first"]).all()


def test_overlapping_exports_repeat_lines_with_small_changes(run: Run) -> None:
    again = run.lines.filter(pl.col("kind") == "re-export")
    first = run.lines.filter(pl.col("kind").is_in(["original", "posted"]))
    joined = again.join(first, on="event_id", suffix="_first")
    changed = (joined["description"] != joined["description_first"]).mean()
    assert len(joined) == len(again)
    assert 0.01 < changed < 0.5  # type: ignore[operator]  # a number


def test_some_card_purchases_are_booked_a_week_or_more_later(run: Run) -> None:
    late = run.events.filter(pl.col("booked_date") - pl.col("spent_date") > timedelta(days=6))
    assert 0 < len(late) < len(run.events) * 0.05


def test_foreign_purchases_say_their_original_amount(run: Run) -> None:
    foreign = run.events.drop_nulls("original_currency").filter(pl.col("kind") == "purchase")
    assert len(foreign) > 0
    assert (foreign["original_currency"] != foreign["currency"]).all()
    assert all(row["original_currency"] in row["description"] for row in foreign.iter_rows(named=True))


def test_transfers_cross_currencies(run: Run) -> None:
    pairs = (
        run.events.drop_nulls("transfer_pair_id")
        .group_by("transfer_pair_id")
        .agg(pl.col("currency").n_unique())
    )
    assert (pairs["currency"] == 2).any()


@pytest.mark.parametrize(
    "kind", ["reversal", "reimbursement", "refund", "cash", "card_payment", "transfer", "fee"]
)
def test_events_of_each_kind_occur(run: Run, kind: str) -> None:
    assert kind in set(run.events["kind"])


def test_partial_and_full_refunds_occur(run: Run) -> None:
    refunds = run.events.filter(pl.col("kind") == "refund").join(
        run.events, left_on="refund_of", right_on="event_id", suffix="_purchase"
    )
    whole = refunds["amount_minor"] == -refunds["amount_minor_purchase"]
    assert whole.any()
    assert not whole.all()


def test_subscriptions_rise_end_and_begin_within_the_period(run: Run) -> None:
    subscriptions = run.series.filter(pl.col("is_subscription")).join(
        run.people.select("user", "joined_on"), on="user"
    )
    assert (subscriptions["price_minor"].list.len() > 1).any()
    assert subscriptions["ended_on"].is_not_null().any()
    assert (subscriptions["started_on"] > subscriptions["joined_on"]).any()


def test_cadences_of_pay_and_bills(run: Run) -> None:
    assert {"monthly", "quarterly", "yearly", "last_working_day", "irregular"} <= set(run.series["cadence"])
    assert set(run.series.filter(pl.col("category") == "salary")["cadence"]) & {
        "fortnightly",
        "semi_monthly",
        "weekly",
    }


def test_bills_stay_away_and_come_twice(run: Run) -> None:
    assert run.series["missed"].list.len().sum() > 0
    assert run.series["doubled"].list.len().sum() > 0


def test_heating_costs_more_in_winter_than_in_summer(run: Run) -> None:
    heating = run.events.filter((pl.col("category") == "gas_heating") & (pl.col("currency") == "EUR"))
    by_month = heating.group_by(pl.col("spent_date").dt.month()).agg(pl.col("amount_minor").mean())
    mean = dict(by_month.iter_rows())
    assert mean[1] < 2 * mean[7] < 0


def test_somebody_joins_in_the_middle_of_a_month(run: Run) -> None:
    assert (run.people["joined_on"].dt.day() != run.people["joined_on"].min().day).any()  # type: ignore[union-attr]


def test_local_days_hold_on_the_days_when_clocks_change(run: Run) -> None:
    zones = dict(run.people.select("user", "timezone").iter_rows())
    for user, spent_date, spent_at in run.events.select("user", "spent_date", "spent_at").iter_rows():
        assert spent_at.replace(tzinfo=UTC).astimezone(ZoneInfo(zones[user])).date() == spent_date
    changes = run.events.filter(pl.col("spent_date").is_in([date(2025, 3, 30), date(2025, 10, 26)]))
    assert len(changes) > 0


def test_cyrillic_and_transliterated_descriptors_both_occur(run: Run) -> None:
    bulgarian = run.events.filter(pl.col("user").str.ends_with("-bg") & (pl.col("kind") == "purchase"))[
        "description"
    ]
    assert bulgarian.str.contains("[А-Яа-я]{4,}").any()
    assert not bulgarian.str.contains("[А-Яа-я]{4,}").all()


def test_processor_prefixes_and_card_tails_occur(run: Run) -> None:
    texts = run.events["description"]
    for pattern in (r"SQ \*", r"SUMUP  \*", r"PAYPAL \*", r"#\d{4}", r"REFUND|GUTSCHRIFT"):
        assert texts.str.contains(pattern).any()


def test_yen_are_whole_and_dinars_have_three_decimals(run: Run) -> None:
    yen = (run.folder / run.lines.filter(pl.col("currency") == "JPY")["file"][0]).read_text("utf-8")
    dinar_lines = run.lines.filter((pl.col("currency") == "KWD") & pl.col("file").str.ends_with(".csv"))
    dinar = (run.folder / dinar_lines["file"][0]).read_text("utf-8")
    assert ".00" not in yen.split("OFX", 2)[-1] or "," in yen
    first = dinar_lines.row(0, named=True)["amount_minor"]
    assert f"{first / 1000:.3f}" in dinar


def test_categories_are_those_of_the_taxonomy(run: Run) -> None:
    seed = pl.read_csv(REPOSITORY / "dbt_project" / "seeds" / "categories.csv")
    assert set(run.events["category"]) <= set(seed["code"])


def test_accounts_have_valid_ibans(run: Run) -> None:
    for ref in run.accounts["account_ref"]:
        if ref[:2].isalpha() and ref[2:4].isdigit():
            rearranged = ref[4:] + ref[:4]
            assert int("".join(str(int(c, 36)) for c in rearranged)) % 97 == 1


def test_people_have_forty_to_a_hundred_and_thirty_events_a_month(run: Run) -> None:
    assert run.summary.transactions == len(run.events)
    assert 40 < len(run.events) / (24 * 16) < 110


@pytest.mark.parametrize("anomaly", ["unusual_amount", "duplicate_charge", "far_merchant"])
def test_injected_anomalies_occur_but_rarely(run: Run, anomaly: str) -> None:
    share = (run.events["anomaly"] == anomaly).fill_null(value=False).mean()
    assert 0 < share < 0.005  # type: ignore[operator]  # a number


def test_transfers_between_currencies_follow_the_days_rate(run: Run) -> None:
    pairs = run.events.drop_nulls("transfer_pair_id").sort("amount_minor").partition_by("transfer_pair_id")
    crossing = [pair for pair in pairs if pair["currency"].n_unique() == 2]
    for pair in crossing:
        sent, received = pair.row(0, named=True), pair.row(1, named=True)
        fair = convert(received["amount_minor"], received["currency"], sent["currency"], sent["spent_date"])
        assert 1.0 - 1e-3 <= -sent["amount_minor"] / fair < 1.02


def test_bulgarian_accounts_are_in_leva_when_the_period_ends_before_the_euro(tmp_path: Path) -> None:
    generate(users=1, months=2, seed=1, end=date(2026, 1, 1), out=tmp_path / "leva")
    generate(users=1, months=2, seed=1, end=date(2026, 1, 2), out=tmp_path / "euro")
    leva, euro = (
        pl.read_parquet(tmp_path / name / "truth" / "accounts.parquet")["currency"].cast(pl.String)
        for name in ("leva", "euro")
    )
    assert leva[0] == "BGN"
    assert euro[0] == "EUR"
