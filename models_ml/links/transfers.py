"""Transfers between a user's own accounts: what left one and arrived on another.

Candidates are pairs of an outflow and an inflow on two accounts of one user, within days: the same
amount, a little less (a fee was kept), or in another currency worth about as much. A logistic model over
what speaks for and against gives each a probability, and the pairs are chosen together so that the whole
is most probable.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from warehouse.money import exponent

#: Days that money may be on its way, and how early the other bank may show it.
LATEST, EARLIEST = 10, -4
#: How far the rate that two amounts imply may lie from the day's, as a log ratio, and the largest fee.
WIDEST_RATE, LARGEST_FEE = 0.09, 0.04
#: Steps of amount in which near amounts are looked up.
_RATE_STEP, _FEE_STEP = 0.09, 0.04
_SENT = "amount_minor < 0"
_COLUMNS = (
    *("row", "user_id", "account_id", "currency", "size", "day", "euros", "tells", "own", "is_card_purchase"),
    "is_unnamed",
)
#: What of a pair's ends a feature looks at.
_SEEN = (
    *("row", "account_kind", "institution", "account_ref", "party", "mcc", "euros", "booked_date"),
    *("own", "transfer", "card", "cash", "saving", "refund", "person", "references", "usual", "repeats"),
)


def with_measures(facts: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Facts with ``euros`` (log of the size in euros; null without a rate), ``usual`` and ``repeats``.

    ``usual`` is the log ratio of the size to the user's median in that currency, ``repeats`` how often the
    user has had that amount in it, either way.
    """
    return (
        facts.pipe(_with_euros, rates)
        .with_columns(
            tells=pl.any_horizontal("own", "card", "saving", "transfer", "cash"),
            is_unnamed=(pl.col("account_ref") == "") & pl.any_horizontal("own", "card"),
            is_card_purchase=pl.col("mcc").str.len_chars() > 0,
            usual=(
                pl.col("size").clip(1).log()
                - pl.col("size").clip(1).log().median().over("user_id", "currency")
            ),
            repeats=pl.len().over("user_id", "currency", "size").cast(pl.Float64).log1p(),
        )
        .with_columns(is_card_purchase=pl.col("is_card_purchase") & (pl.col("mcc") != "6011"))
    )


def _with_euros(facts: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """The log of each amount in euros, by the last rate of at most ten days before."""
    units = pl.DataFrame(
        {
            "currency": (codes := facts["currency"].unique().sort()),
            "places": pl.Series([_places(code) for code in codes], dtype=pl.Int32),
        }
    )
    known = pl.concat([rates.select("currency", "rate_date", "per_euro"), _euro(facts)]).sort("rate_date")
    dated = (
        facts.select("row", "currency", "size", "booked_date")
        .join(units, "currency", "left", maintain_order="left")
        .sort("booked_date")
        .join_asof(
            known,
            left_on="booked_date",
            right_on="rate_date",
            by="currency",
            tolerance="10d",
            strategy="backward",
            check_sortedness=False,
        )
        .with_columns(
            euros=pl.col("size").clip(1).log() - pl.col("places") * np.log(10) - pl.col("per_euro").log()
        )
    )
    return facts.join(dated.select("row", "euros"), "row", "left", maintain_order="left")


def _places(code: str) -> int:
    try:
        return exponent(code)
    except ValueError:
        return 2


def _euro(facts: pl.DataFrame) -> pl.DataFrame:
    days = facts["booked_date"].unique().sort()
    return pl.DataFrame(
        {"currency": ["EUR"] * len(days), "rate_date": days, "per_euro": [1.0] * len(days)},
        schema={"currency": pl.String, "rate_date": pl.Date, "per_euro": pl.Float64},
    )


def candidates(facts: pl.DataFrame) -> pl.DataFrame:
    """Pairs that could be one transfer: ``out``, ``into`` (rows) and ``kind`` (same, fee, rate, unrated)."""
    narrow = facts.select(_COLUMNS)
    sent = narrow.filter((facts["amount_minor"] < 0) & (narrow["size"] > 0))
    got = narrow.filter(facts["amount_minor"] > 0)
    pairs = pl.concat([_same(sent, got), _fee(sent, got), _rate(sent, got), _unrated(sent, got)])
    return pairs.sort("out", "into")


def _same(sent: pl.DataFrame, got: pl.DataFrame) -> pl.DataFrame:
    by = ["user_id", "currency", "size"]
    shared = sent.select(by).unique().join(got.select(by).unique(), by, "semi")
    return _within_days(sent.join(shared, by, "semi"), got.join(shared, by, "semi"), by, "same")


def _fee(sent: pl.DataFrame, got: pl.DataFrame) -> pl.DataFrame:
    """A little less arrived than left, and both ends say that they are transfers."""
    by = ["user_id", "currency", "step"]
    steps = _steps(_FEE_STEP)
    near = _within_days(
        sent.filter("tells", ~pl.col("is_card_purchase")).with_columns(step=steps),
        got.filter("tells", ~pl.col("is_card_purchase")).with_columns(step=steps),
        by,
        "fee",
        around="step",
    )
    lost = 1 - pl.col("size_into") / pl.col("size")
    return near.filter((lost > 0) & (lost <= LARGEST_FEE)) if near.height else near


def _rate(sent: pl.DataFrame, got: pl.DataFrame) -> pl.DataFrame:
    """Another currency worth about as much on the day; either end says that it is a transfer."""
    many = (
        pl.concat([sent, got])
        .group_by("user_id")
        .agg(pl.col("currency").n_unique().alias("currencies"))
        .filter(pl.col("currencies") > 1)
    )
    valued = pl.col("euros").is_not_null() & ~pl.col("is_card_purchase")
    steps = _steps(_RATE_STEP)
    near = _within_days(
        sent.join(many, "user_id", "semi").filter(valued).with_columns(step=steps),
        got.join(many, "user_id", "semi").filter(valued).with_columns(step=steps),
        ["user_id", "step"],
        "rate",
        around="step",
    )
    apart = (pl.col("euros_into") - pl.col("euros")).abs()
    return near.filter(
        (pl.col("currency") != pl.col("currency_into"))
        & (apart <= WIDEST_RATE)
        & (pl.col("tells") | pl.col("tells_into"))
    )


def _unrated(sent: pl.DataFrame, got: pl.DataFrame) -> pl.DataFrame:
    """Another currency, one of them without a rate, and both ends say that the account is the user's own."""
    pairs = _within_days(sent.filter("own"), got.filter("own"), ["user_id"], "unrated")
    no_rate = pl.col("euros").is_null() | pl.col("euros_into").is_null()
    return pairs.filter(no_rate & (pl.col("currency") != pl.col("currency_into")))


def _steps(width: float) -> pl.Expr:
    return (
        (pl.col("size").log() if width == _FEE_STEP else pl.col("euros"))
        .truediv(width)
        .floor()
        .cast(pl.Int64)
    )


def _within_days(
    sent: pl.DataFrame, got: pl.DataFrame, by: list[str], kind: str, around: str = ""
) -> pl.DataFrame:
    """Pairs equal in ``by`` (or in the next value of ``around``) and near in time, on two accounts.

    Days are joined in windows as long as the longest way, each outflow with its own and the neighbours.
    """
    width = LATEST + 1
    reach = (
        sent.with_columns(window=pl.col("day") // width)
        .with_columns(window=pl.concat_list(pl.col("window") + shift for shift in (-1, 0, 1)))
        .explode("window")
    )
    if around:
        reach = reach.with_columns(
            pl.concat_list(pl.col(around) + shift for shift in (-1, 0, 1)).alias(around)
        ).explode(around)
    arrivals = got.with_columns(window=pl.col("day") // width)
    gap = pl.col("day_into") - pl.col("day")
    return (
        reach.lazy()
        .join(arrivals.lazy(), on=[*by, "window"], suffix="_into")
        .filter(_between_accounts() & (gap >= EARLIEST) & (gap <= LATEST))
        .select(
            out="row",
            into="row_into",
            kind=pl.lit(kind),
            gap=gap,
            size="size",
            size_into="size" if "size" in by else "size_into",
            euros="euros",
            euros_into="euros_into",
            currency="currency",
            currency_into="currency" if "currency" in by else "currency_into",
            tells="tells",
            tells_into="tells_into",
        )
        .collect()
    )


def _between_accounts() -> pl.Expr:
    """Two accounts; files that name no account share one, in which both ends must say what they are."""
    return (pl.col("account_id") != pl.col("account_id_into")) | (
        pl.col("is_unnamed") & pl.col("is_unnamed_into")
    )


def features(facts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with a number per feature; booleans are 0 or 1."""
    ends = facts.select(_SEEN)
    both = (
        pairs.select("out", "into", "kind", "gap", "size", "size_into")
        .join(
            ends.rename({name: f"{name}_out" for name in _SEEN}),
            left_on="out",
            right_on="row_out",
            how="left",
            maintain_order="left",
        )
        .join(
            ends.rename({name: f"{name}_into" for name in _SEEN}),
            left_on="into",
            right_on="row_into",
            how="left",
            maintain_order="left",
        )
    )
    return both.select(
        **_by_amount(),
        **_by_day(),
        **_by_text(),
        **_by_account(),
        rarity=-(pl.col("repeats_out") - np.log(3)).clip(0, 4),
        # How large it is says something only where both texts do not say what it is.
        large=pl.when((pl.col("own_out") & pl.col("own_into")) | (pl.col("card_out") & pl.col("card_into")))
        .then(0.0)
        .otherwise(pl.col("usual_out").clip(-1, 2)),
    ).fill_null(0)


def _by_amount() -> dict[str, pl.Expr]:
    apart = (pl.col("euros_into") - pl.col("euros_out")).abs()
    rate = pl.col("kind") == "rate"
    lost = 1 - pl.col("size_into") / pl.col("size")
    fee = pl.col("kind") == "fee"
    return {
        "rate_within_1": rate & (apart <= 0.01),
        "rate_within_2": rate & (apart > 0.01) & (apart <= 0.02),
        "rate_within_4": rate & (apart > 0.02) & (apart <= 0.04),
        "rate_beyond": rate & (apart > 0.04),
        "rate_unknown": pl.col("kind") == "unrated",
        "fee_within_1": fee & (lost <= 0.01),
        "fee_beyond": fee & (lost > 0.01),
    }


def _by_day() -> dict[str, pl.Expr]:
    """Days between, weekends passed over where that makes them fewer: few banks book then."""
    working = pl.business_day_count("booked_date_out", "booked_date_into")
    gap = pl.when(working.abs() < pl.col("gap").abs()).then(working).otherwise(pl.col("gap"))
    return {
        "gap_1": gap == 1,
        "gap_2": gap == 2,
        "gap_3": gap == 3,
        "gap_4_5": gap.is_between(4, 5),
        "gap_6_more": gap >= 6,
        "before_1": gap == -1,
        "before_2_more": gap <= -2,
    }


def _by_text() -> dict[str, pl.Expr]:
    says = {
        "own_both": pl.col("own_out") & pl.col("own_into"),
        "own_one": pl.col("own_out") ^ pl.col("own_into"),
        "card_both": pl.col("card_out") & pl.col("card_into"),
        "card_one": pl.col("card_out") ^ pl.col("card_into"),
        "transfer_both": pl.col("transfer_out") & pl.col("transfer_into"),
        "transfer_one": pl.col("transfer_out") ^ pl.col("transfer_into"),
        "saving": pl.col("saving_out") | pl.col("saving_into"),
        "refund_into": pl.col("refund_into"),
        "cash_out": pl.col("cash_out"),
    }
    same_party = (pl.col("party_out") == pl.col("party_into")) & (pl.col("party_out") != "")
    both_named = (pl.col("party_out") != "") & (pl.col("party_into") != "")
    return says | {
        "same_party": same_party,
        "other_party": both_named & ~same_party,
        "names_account": _names("references_out", "account_ref_into")
        | _names("references_into", "account_ref_out"),
        "same_reference": pl.col("references_out").list.set_intersection("references_into").list.len() > 0,
        "merchant_out": (pl.col("mcc_out") != "") & (pl.col("mcc_out") != "6011"),
        "merchant_into": pl.col("mcc_into") != "",
    }


def _names(references: str, account: str) -> pl.Expr:
    """Whether one of the numbers in a text is the end of an account's own number."""
    ending = pl.col(account).str.extract(r"(\d{4})\D*$", 1)
    endings = pl.col(references).list.eval(pl.element().str.tail(4))
    return ending.is_not_null() & endings.list.contains(ending)


def _by_account() -> dict[str, pl.Expr]:
    to_card = pl.col("account_kind_into") == "card"
    savings = (pl.col("account_kind_into") == "savings") | (pl.col("account_kind_out") == "savings")
    return {
        "to_card": to_card,
        "from_card": pl.col("account_kind_out") == "card",
        "savings": savings,
        "cash_account": (pl.col("account_kind_into") == "cash") & pl.col("cash_out"),
        "same_bank": (pl.col("institution_out") == pl.col("institution_into"))
        & (pl.col("institution_out") != ""),
    }
