"""Money is neither made nor lost between accounts, files and the truth."""

from __future__ import annotations

import polars as pl

from tests.flows.generator.conftest import Run


def test_a_transfer_has_two_ends_that_cancel_in_one_currency(run: Run) -> None:
    pairs = (
        run.events.drop_nulls("transfer_pair_id")
        .group_by("transfer_pair_id")
        .agg(
            ends=pl.len(),
            total=pl.col("amount_minor").sum(),
            currencies=pl.col("currency").n_unique(),
            accounts=pl.col("account").n_unique(),
            out=(pl.col("amount_minor") < 0).sum(),
        )
    )
    assert (pairs["ends"] == 2).all()
    assert (pairs["accounts"] == 2).all()
    assert (pairs["out"] == 1).all()
    assert (pairs.filter(pl.col("currencies") == 1)["total"] == 0).all()


def test_refunds_never_exceed_their_purchase_and_come_after_it(run: Run) -> None:
    refunds = run.events.drop_nulls("refund_of").filter(pl.col("posted"))
    joined = refunds.join(run.events, left_on="refund_of", right_on="event_id", suffix="_purchase")
    assert len(joined) == len(refunds) > 0
    assert (joined["amount_minor"] > 0).all()
    assert (joined["account"] == joined["account_purchase"]).all()
    assert (joined["category"] == joined["category_purchase"]).all()
    assert (joined["spent_date"] >= joined["spent_date_purchase"]).all()
    returned = joined.group_by("refund_of").agg(
        pl.col("amount_minor").sum(), pl.col("amount_minor_purchase").first()
    )
    assert (returned["amount_minor"] <= -returned["amount_minor_purchase"]).all()


def test_friends_never_pay_more_than_the_bill(run: Run) -> None:
    paid = (
        run.events.drop_nulls("reimbursement_of")
        .group_by("reimbursement_of")
        .agg(paid=pl.col("amount_minor").sum())
        .join(run.events, left_on="reimbursement_of", right_on="event_id")
    )
    assert len(paid) > 0
    assert (paid["paid"] < -paid["amount_minor"]).all()


def test_closing_balances_are_opening_balances_plus_what_was_booked(run: Run) -> None:
    booked = run.events.filter(pl.col("posted")).group_by("account").agg(pl.col("amount_minor").sum())
    joined = run.accounts.join(booked, on="account", how="left").fill_null(0)
    assert (joined["opening_minor"] + joined["amount_minor"] == joined["closing_minor"]).all()


def test_every_booked_event_is_in_the_files_and_first_as_original_or_posted(run: Run) -> None:
    firsts = run.lines.filter(pl.col("kind").is_in(["original", "posted"]))
    assert firsts["event_id"].is_unique().all()
    assert set(firsts["event_id"]) == set(run.events.filter(pl.col("posted"))["event_id"])


def test_posted_lines_carry_the_amount_and_day_of_their_event(run: Run) -> None:
    joined = run.lines.filter(pl.col("status") == "posted").join(run.events, on="event_id", suffix="_event")
    assert (joined["amount_minor"] == joined["amount_minor_event"]).all()
    assert (joined["date"] == joined["booked_date"]).all()
    assert (joined["account"] == joined["account_event"]).all()


def test_nothing_happens_before_a_person_joins_or_after_the_end(run: Run) -> None:
    joined = run.events.join(run.people.select("user", "joined_on"), on="user")
    assert (joined["spent_date"] >= joined["joined_on"]).all()
    assert (joined["booked_date"] >= joined["joined_on"]).all()


def test_balances_stay_within_a_life_like_range(run: Run) -> None:
    main = run.accounts.filter(pl.col("role") == "main").select("account")
    events = run.events.filter(pl.col("posted")).join(main, on="account").sort("booked_date")
    balances = (
        events.join(run.accounts.select("account", "opening_minor"), on="account")
        .join(run.people.select("user", "income_minor", "partner_income_minor"), on="user")
        .with_columns(running=pl.col("opening_minor") + pl.col("amount_minor").cum_sum().over("account"))
        .with_columns(months=pl.col("running") / (pl.col("income_minor") + pl.col("partner_income_minor")))
    )
    assert balances["months"].min() > -2  # type: ignore[operator]  # a number
    assert balances["months"].max() < 5  # type: ignore[operator]
