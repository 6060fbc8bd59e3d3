"""A look at a generated run, to hold beside public statistics."""

from __future__ import annotations

from pathlib import Path

import polars as pl

#: Leaves of the taxonomy in the twelve divisions of household consumption (COICOP 1999).
DIVISIONS: dict[str, tuple[str, ...]] = {
    "Food": ("groceries",),
    "Alcohol": ("tobacco",),
    "Clothing": ("clothing",),
    "Housing": ("rent", "mortgage", "home_maintenance", "electricity", "gas_heating", "water"),
    "Furnishings": ("furniture_home", "household_supplies"),
    "Health": ("pharmacy", "doctor_dentist", "health_insurance"),
    "Transport": ("public_transport", "fuel", "parking_tolls", "car_maintenance", "taxi", "flights"),
    "Communications": ("internet", "mobile_phone", "postage"),
    "Recreation": (
        "streaming", "software_subscriptions", "games", "entertainment", "sports_fitness", "hobbies",
        "books_media", "pets", "gambling", "electronics", "travel_other",
    ),
    "Education": ("education", "childcare"),
    "Restaurants": ("restaurants", "fast_food", "coffee", "bars_alcohol", "hotels"),
    "Other": (
        "personal_care", "home_insurance", "car_insurance", "life_insurance", "bank_fees",
        "professional_services", "general_shopping", "gifts", "charity",
    ),
}  # fmt: skip
DAYS_IN_MONTH = 30.44
NOT_SPENDING = (
    "internal_transfer",
    "card_payment",
    "cash_withdrawal",
    "investments",
    "retirement",
    "loan_payment",
    "taxes",
)


def division_shares(folder: Path) -> pl.DataFrame:
    """Mean share of each division in a person's spending, by country: country, division, share."""
    codes = {leaf: division for division, leaves in DIVISIONS.items() for leaf in leaves}
    events = pl.read_parquet(folder / "truth" / "events.parquet").with_columns(
        pl.col("category").cast(pl.String)
    )
    people = pl.read_parquet(folder / "truth" / "people.parquet", columns=["user", "country", "currency"])
    spending = (
        events.filter(pl.col("posted"))
        .join(people, on=["user"])
        .filter(pl.col("currency").cast(pl.String) == pl.col("currency_right").cast(pl.String))
        .with_columns(division=pl.col("category").replace_strict(codes, default=None))
        .drop_nulls("division")
        .group_by("country", "user", "division")
        .agg(spent=-pl.col("amount_minor").sum())
    )
    shares = spending.with_columns(share=pl.col("spent") / pl.col("spent").sum().over("user"))
    everyone = shares.select("country", "user").unique()
    grid = everyone.join(pl.DataFrame({"division": list(DIVISIONS)}), how="cross")
    return (
        grid.join(shares, on=["country", "user", "division"], how="left")
        .group_by("country", "division")
        .agg(share=pl.col("share").fill_null(0.0).mean())
        .sort("country", "division")
    )


def activity(folder: Path) -> pl.DataFrame:
    """Per person: events and lines a month, saving rate, change of all balances in monthly incomes."""
    truth = folder / "truth"
    events = pl.read_parquet(truth / "events.parquet").with_columns(
        pl.col("category", "kind", "currency").cast(pl.String)
    )
    people = pl.read_parquet(truth / "people.parquet").with_columns(pl.col("currency").cast(pl.String))
    end = events.filter(pl.col("posted"))["booked_date"].max()
    own = events.filter(pl.col("posted")).join(people.select("user", home="currency"), on="user")
    own = own.filter(pl.col("currency") == pl.col("home"))
    is_income = pl.col("kind") == "income"
    moved = pl.col("category").is_in(["internal_transfer", "card_payment", "investments", "retirement"])
    sums = own.group_by("user").agg(
        events=pl.len(),
        income=pl.col("amount_minor").filter(is_income).sum(),
        outgo=-pl.col("amount_minor").filter(~is_income & ~moved).sum(),
        change=pl.col("amount_minor").sum(),
    )
    lines = pl.read_parquet(truth / "lines.parquet", columns=["user"]).group_by("user").agg(lines=pl.len())
    months = ((pl.lit(end) - pl.col("joined_on")).dt.total_days() / DAYS_IN_MONTH).clip(0.5)
    monthly = pl.col("income_minor") + pl.col("partner_income_minor")
    return (
        people.join(sums, on="user")
        .join(lines, on="user")
        .select(
            "user", "country", "household", "income_band",
            events_a_month=pl.col("events") / months,
            lines_a_month=pl.col("lines") / months,
            saving_rate=1 - pl.col("outgo") / pl.col("income"),
            drift_in_incomes=pl.col("change") / monthly,
        )
        .sort("user")
    )  # fmt: skip


def balance_extremes(folder: Path) -> pl.DataFrame:
    """Lowest and highest balance of each account, in monthly incomes of its owner."""
    truth = folder / "truth"
    events = pl.read_parquet(truth / "events.parquet").filter(pl.col("posted")).sort("account", "booked_date")
    accounts = pl.read_parquet(truth / "accounts.parquet").with_columns(pl.col("role").cast(pl.String))
    people = pl.read_parquet(truth / "people.parquet")
    monthly = (pl.col("income_minor") + pl.col("partner_income_minor")).alias("monthly")
    running = events.select("account", balance=pl.col("amount_minor").cum_sum().over("account"))
    extremes = running.group_by("account").agg(low=pl.col("balance").min(), high=pl.col("balance").max())
    return (
        accounts.join(extremes, on="account")
        .join(people.select("user", monthly), on="user")
        .select(
            "account",
            "role",
            low=(pl.col("opening_minor") + pl.col("low")) / pl.col("monthly"),
            high=(pl.col("opening_minor") + pl.col("high")) / pl.col("monthly"),
        )
        .sort("account")
    )
