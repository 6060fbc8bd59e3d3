"""Banks and habits that the generator does not have: what it is learned on is made harder than its truth.

Accounts lose their merchant codes, counterparties, numbers or all their words; banks are slower;
money of the same amount arrives by chance; the other end of a transfer is missing; refunds are of any share.
So no weight can rest on the generator's phrases or days.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict


class NoiseParams(BaseModel):
    """How often which harm is done; shares of accounts, users or rows."""

    model_config = ConfigDict(frozen=True)

    seed: int = 1
    no_trades: float = 0.6
    no_parties: float = 0.4
    no_numbers: float = 0.35
    no_words: float = 0.15
    bare_transfers: float = 0.3
    slow_users: float = 0.5
    early_users: float = 0.35
    slow_refunds: float = 0.5
    prompt_refunds: float = 0.05
    hidden_ends: float = 0.06
    decoys: float = 0.02
    odd_parts: float = 0.5


def noisy(facts: pl.DataFrame, truth: pl.DataFrame, params: NoiseParams) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Facts and truth (kind, source, target) after all harm; the same seed does the same."""
    facts = facts.with_columns(spent_date=pl.col("booked_date"))
    facts = _poorer_texts(facts, truth, params)
    facts = _other_days(facts, truth, params)
    facts = _odd_parts(facts, truth, params)
    hidden = truth.filter(
        (pl.col("kind") == "transfer") & _chance("source", params.hidden_ends, params.seed, "hidden")
    )
    facts = facts.join(hidden, left_on="transaction_id", right_on="target", how="anti")
    kept = truth.join(hidden, ["kind", "source", "target"], "anti")
    return pl.concat([facts, _decoys(facts, params)]), kept


def _chance(column: str, share: float, seed: int, salt: str) -> pl.Expr:
    """A coin per value of a column: true in about ``share`` of them."""
    drawn = pl.concat_str(pl.lit(f"{salt}:{seed}:"), pl.col(column)).hash(seed)
    return (drawn % 100_000).cast(pl.Int64) < int(share * 100_000)


def _draw(column: str, below: int, seed: int, salt: str) -> pl.Expr:
    """A whole number from zero to ``below`` less one per value of a column."""
    return (pl.concat_str(pl.lit(f"{salt}:{seed}:"), pl.col(column)).hash(seed) % below).cast(pl.Int64)


def _poorer_texts(facts: pl.DataFrame, truth: pl.DataFrame, params: NoiseParams) -> pl.DataFrame:
    moved = truth.filter(pl.col("kind") == "transfer")
    ends = pl.concat([moved["source"], moved["target"]])
    numbers = pl.col("description").str.replace_all(r"\d", "")
    bare = pl.concat_str(pl.lit("TXN "), _draw("transaction_id", 10**6, params.seed, "txn"))
    is_end = pl.col("transaction_id").is_in(ends.implode())
    return facts.with_columns(
        category_code=pl.when(_chance("account_id", params.no_words, params.seed, "words"))
        .then(pl.lit(""))
        .otherwise("category_code"),
        mcc=pl.when(_chance("account_id", params.no_trades, params.seed, "mcc"))
        .then(pl.lit(""))
        .otherwise("mcc"),
        counterparty=pl.when(_chance("account_id", params.no_parties, params.seed, "party"))
        .then(pl.lit(""))
        .otherwise("counterparty"),
        description=pl.when(_chance("account_id", params.no_words, params.seed, "words"))
        .then(bare)
        .when(is_end & _chance("account_id", params.bare_transfers, params.seed, "bare"))
        .then(pl.lit("MOVEMENT"))
        .when(_chance("account_id", params.no_numbers, params.seed, "numbers"))
        .then(numbers)
        .otherwise("description"),
    )


def _other_days(facts: pl.DataFrame, truth: pl.DataFrame, params: NoiseParams) -> pl.DataFrame:
    """Arrivals of slow users come zero to seven days later still, of early ones up to four days before."""
    arrivals = truth.filter(pl.col("kind") == "transfer")["target"]
    is_arrival = pl.col("transaction_id").is_in(arrivals.implode())
    late = pl.min_horizontal(
        _draw("transaction_id", 5, params.seed, "a"), _draw("transaction_id", 8, params.seed, "b")
    )
    shift = (
        pl.when(is_arrival & _chance("user_id", params.slow_users, params.seed, "slow"))
        .then(late)
        .when(is_arrival & _chance("user_id", params.early_users, params.seed, "early"))
        .then(-_draw("transaction_id", 5, params.seed, "c"))
        .otherwise(0)
    )
    moved = pl.col("booked_date") + pl.duration(days=shift)
    return _refunds_on_other_days(facts.with_columns(booked_date=moved, spent_date=moved), truth, params)


def _refunds_on_other_days(facts: pl.DataFrame, truth: pl.DataFrame, params: NoiseParams) -> pl.DataFrame:
    """Refunds of slow users come up to eleven weeks later still; some come on the purchase's own day."""
    days = facts.select("transaction_id", bought="booked_date")
    back = (
        truth.filter(pl.col("kind") == "refund")
        .join(days, left_on="target", right_on="transaction_id")
        .select(transaction_id="source", bought="bought")
    )
    later = pl.col("booked_date") + pl.duration(days=_draw("transaction_id", 78, params.seed, "later"))
    is_slow = pl.col("bought").is_not_null() & _chance("user_id", params.slow_refunds, params.seed, "refunds")
    is_prompt = pl.col("bought").is_not_null() & _chance(
        "transaction_id", params.prompt_refunds, params.seed, "prompt"
    )
    day = pl.when(is_prompt).then("bought").when(is_slow).then(later).otherwise("booked_date")
    return (
        facts.join(back.unique("transaction_id"), "transaction_id", "left")
        .with_columns(booked_date=day)
        .with_columns(spent_date=pl.col("booked_date"))
        .drop("bought")
    )


def _odd_parts(facts: pl.DataFrame, truth: pl.DataFrame, params: NoiseParams) -> pl.DataFrame:
    """Some refunds of a part are of another part."""
    back = truth.filter(pl.col("kind") == "refund")
    sizes = facts.select("transaction_id", "amount_minor")
    parts = (
        back.join(sizes, left_on="source", right_on="transaction_id")
        .join(sizes, left_on="target", right_on="transaction_id", suffix="_paid")
        .filter(pl.col("amount_minor") < -pl.col("amount_minor_paid"))
        .select("source", paid=-pl.col("amount_minor_paid"))
    )
    odd = _chance("transaction_id", params.odd_parts, params.seed, "odd") & pl.col("paid").is_not_null()
    share = 100 + _draw("transaction_id", 850, params.seed, "share")
    return (
        facts.join(parts, left_on="transaction_id", right_on="source", how="left")
        .with_columns(
            amount_minor=pl.when(odd)
            .then(pl.max_horizontal(pl.lit(1), pl.col("paid") * share // 1000))
            .otherwise("amount_minor")
        )
        .drop("paid")
    )


def _decoys(facts: pl.DataFrame, params: NoiseParams) -> pl.DataFrame:
    """Money of the same amount that arrives on another account by chance, worded as from a person."""
    accounts = facts.select(
        "user_id", "account_id", "account_ref", "account_kind", "institution", "currency"
    ).unique()
    people = (
        facts.filter((pl.col("amount_minor") > 0) & (pl.col("counterparty").str.len_chars() > 0))
        .select("user_id", words="description", party="counterparty")
        .unique("user_id")
    )
    days = _draw("transaction_id", 15, params.seed, "d") - 4
    return (
        facts.filter(
            (pl.col("amount_minor") < 0) & _chance("transaction_id", params.decoys, params.seed, "decoy")
        )
        .select("user_id", "currency", "transaction_id", "amount_minor", "booked_date", of="account_id")
        .join(accounts, ["user_id", "currency"])
        .filter(pl.col("account_id") != pl.col("of"))
        .unique("transaction_id")
        .join(people, "user_id")
        .with_columns(booked_date=pl.col("booked_date") + pl.duration(days=days))
        .select(
            "user_id",
            pl.concat_str(pl.lit("decoy-"), "transaction_id").alias("transaction_id"),
            *("account_id", "account_ref", "account_kind", "institution", "booked_date"),
            spent_date="booked_date",
            amount_minor=-pl.col("amount_minor"),
            currency="currency",
            description="words",
            counterparty="party",
            bank_kind=pl.lit(""),
            mcc=pl.lit(""),
            category_code=pl.lit("transfer_in"),
        )
        .select(facts.columns)
    )
