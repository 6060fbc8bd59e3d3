"""Every number that steers the simulation, in one place; ``docs/generator.md`` says where they come from."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

#: First day after the simulated period when a caller names none: the same call gives the same bytes for ever.
END = date(2026, 11, 1)

#: First day on which Bulgarian accounts are in euro; before it 1 EUR is 1.95583 BGN.
EURO_IN_BULGARIA = date(2026, 1, 1)

FLAT = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
WEEKEND = (0.7, 0.7, 0.75, 0.85, 1.25, 1.75, 1.0)
SHOPPING = (0.9, 0.75, 0.85, 1.0, 1.35, 1.6, 0.55)
WORKDAY = (1.2, 1.2, 1.2, 1.2, 1.15, 0.6, 0.45)
EVENING_OUT = (0.45, 0.5, 0.65, 0.9, 1.8, 2.0, 0.7)
OFFICE = (1.3, 1.2, 1.2, 1.2, 1.1, 0.7, 0.3)


class Habit(NamedTuple):
    """How often and how much one person spends in a category, before their own traits scale it."""

    category: str
    mcc: str
    per_month: float  # purchases of one adult
    median_eur: float  # at German prices
    sigma: float  # of the lognormal amount
    weekdays: tuple[float, ...]  # Monday first
    season: str  # a key of SEASONS
    hour: float  # typical local hour
    rounding: str  # "any", "psychological", "tenth", "five": which endings the amounts have
    trait: str = ""  # only people with this trait
    household: float = 0.5  # how much each further person in the household adds
    elastic: float = 0.5  # how strongly a bigger budget buys more of it, rather than dearer
    favourites: int = 4  # merchants a person goes to


HABITS: tuple[Habit, ...] = (
    Habit("groceries", "5411", 8.2, 22.0, 0.72, SHOPPING, "food", 17.5, "any", "", 0.38, 0.2, 5),
    Habit("household_supplies", "5310", 1.3, 15.0, 0.55, SHOPPING, "flat", 17.0, "any", "", 0.4, 0.3),
    Habit("pharmacy", "5912", 1.0, 13.0, 0.6, OFFICE, "winter", 16.5, "any", "", 0.6, 0.1, 2),
    Habit("doctor_dentist", "8011", 0.24, 48.0, 0.7, OFFICE, "flat", 11.0, "five", "", 0.6, 0.2, 2),
    Habit("public_transport", "4111", 2.8, 3.6, 0.45, WORKDAY, "flat", 8.3, "tenth", "", 0.2, 0.0, 3),
    Habit("fuel", "5541", 2.7, 46.0, 0.34, SHOPPING, "summer", 17.3, "any", "car", 0.2, 0.2, 3),
    Habit("parking_tolls", "7523", 1.6, 4.2, 0.6, SHOPPING, "summer", 12.5, "tenth", "car", 0.1, 0.2, 3),
    Habit("car_maintenance", "7538", 0.16, 130.0, 0.8, OFFICE, "tyres", 10.0, "any", "car", 0.1, 0.2, 2),
    Habit("taxi", "4121", 1.0, 11.0, 0.5, EVENING_OUT, "flat", 21.5, "any", "", 0.1, 0.6, 3),
    Habit("coffee", "5814", 5.3, 3.7, 0.35, WORKDAY, "flat", 9.2, "tenth", "", 0.1, 0.3, 3),
    Habit("fast_food", "5814", 2.7, 10.5, 0.45, EVENING_OUT, "flat", 18.5, "any", "", 0.3, 0.3, 5),
    Habit("restaurants", "5812", 1.6, 31.0, 0.55, EVENING_OUT, "summer", 19.6, "tenth", "", 0.35, 0.6, 5),
    Habit(
        "bars_alcohol", "5813", 1.1, 16.0, 0.5, EVENING_OUT, "christmas", 21.8, "tenth", "drinks", 0.1, 0.4, 3
    ),
    Habit("entertainment", "7832", 0.8, 19.0, 0.6, WEEKEND, "flat", 19.0, "psychological", "", 0.5, 0.6, 3),
    Habit("games", "5816", 0.8, 15.0, 0.7, WEEKEND, "christmas", 20.5, "psychological", "games", 0.2, 0.4, 2),
    Habit("hobbies", "5945", 0.5, 27.0, 0.7, WEEKEND, "christmas", 14.5, "psychological", "", 0.4, 0.6, 3),
    Habit(
        "books_media", "5942", 0.45, 14.0, 0.45, WEEKEND, "christmas", 14.0, "psychological", "", 0.3, 0.4, 2
    ),
    Habit("clothing", "5651", 1.05, 42.0, 0.65, WEEKEND, "sales", 15.0, "psychological", "", 0.6, 0.5, 5),
    Habit(
        "electronics", "5732", 0.24, 105.0, 0.9, WEEKEND, "christmas", 15.5, "psychological", "", 0.3, 0.5, 3
    ),
    Habit(
        "furniture_home", "5712", 0.26, 85.0, 0.95, WEEKEND, "spring", 14.5, "psychological", "", 0.3, 0.6, 3
    ),
    Habit("home_maintenance", "5200", 0.45, 48.0, 0.85, WEEKEND, "spring", 11.0, "any", "", 0.2, 0.4, 3),
    Habit(
        "general_shopping", "5311", 2.1, 24.0, 0.75, FLAT, "christmas", 19.5, "psychological", "", 0.4, 0.5, 4
    ),
    Habit("personal_care", "7230", 0.55, 17.0, 0.5, OFFICE, "flat", 16.0, "psychological", "", 0.5, 0.4, 3),
    Habit("gifts", "5947", 0.35, 27.0, 0.55, WEEKEND, "christmas", 15.0, "psychological", "", 0.2, 0.5, 3),
    Habit("charity", "8398", 0.14, 22.0, 0.6, FLAT, "christmas", 18.0, "five", "", 0.0, 0.3, 2),
    Habit("pets", "5995", 1.5, 24.0, 0.6, SHOPPING, "flat", 16.5, "any", "pet", 0.0, 0.2, 2),
    Habit("postage", "9402", 0.3, 6.5, 0.5, OFFICE, "christmas", 13.0, "any", "", 0.1, 0.1, 2),
    Habit("education", "8299", 0.07, 75.0, 0.6, OFFICE, "school", 12.0, "five", "", 0.5, 0.3, 2),
    Habit("tobacco", "5993", 7.0, 7.6, 0.25, FLAT, "flat", 14.0, "tenth", "smoker", 0.0, 0.0, 2),
    Habit("gambling", "7995", 3.0, 11.0, 0.6, WEEKEND, "flat", 20.0, "five", "gambler", 0.0, 0.2, 2),
    Habit("travel_other", "4131", 0.12, 19.0, 0.8, WEEKEND, "summer", 10.0, "any", "", 0.3, 0.6, 3),
    Habit("professional_services", "8111", 0.06, 70.0, 0.7, OFFICE, "flat", 11.0, "five", "", 0.1, 0.4, 2),
)

#: Twelve monthly factors, January first.
SEASONS: dict[str, tuple[float, ...]] = {
    "flat": (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    "food": (0.95, 0.96, 1, 1.02, 1, 1, 0.97, 0.95, 1, 1, 1, 1.18),
    "winter": (1.35, 1.3, 1.1, 1, 0.85, 0.8, 0.75, 0.75, 0.9, 1.1, 1.2, 1.25),
    "summer": (0.85, 0.85, 0.95, 1, 1.05, 1.15, 1.25, 1.25, 1.05, 0.95, 0.85, 0.95),
    "spring": (0.75, 0.8, 1.15, 1.3, 1.3, 1.15, 1, 0.9, 1, 0.95, 0.9, 0.8),
    "tyres": (0.8, 0.8, 1.2, 1.5, 1, 0.9, 0.9, 0.8, 0.9, 1.3, 1.4, 0.8),
    "christmas": (0.8, 0.8, 0.85, 0.9, 0.9, 0.95, 0.9, 0.85, 0.9, 1, 1.35, 2),
    "sales": (1.3, 0.85, 0.95, 1, 1, 1.05, 1.2, 0.9, 1, 0.95, 1.2, 1.3),
    "school": (1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.6, 1.3, 2.6, 1.2, 0.8, 0.6),
    "heating": (1.9, 1.75, 1.4, 0.9, 0.5, 0.3, 0.25, 0.25, 0.4, 0.9, 1.4, 1.8),
    "power": (1.25, 1.2, 1.1, 0.95, 0.85, 0.85, 0.95, 0.95, 0.85, 0.9, 1.05, 1.2),
    "cooling": (0.75, 0.75, 0.8, 0.95, 1.15, 1.35, 1.45, 1.45, 1.25, 1, 0.8, 0.75),
}


class Bill(NamedTuple):
    """A recurring payment that a share of people have."""

    category: str
    share: float  # of people who have it, before conditions
    median_eur: float  # per occurrence at German prices
    sigma: float
    cadence: str
    channel: str  # "debit", "transfer" or "card"
    season: str = ""  # amounts vary with it; "" is a fixed amount
    condition: str = ""  # a trait or tenure that it needs
    yearly_rise: float = 0.03
    household: float = 0.2


BILLS: tuple[Bill, ...] = (
    Bill("electricity", 0.95, 62, 0.35, "monthly", "debit", "power", "pays_housing", 0.05, 0.25),
    Bill("gas_heating", 0.62, 70, 0.4, "monthly", "debit", "heating", "pays_housing", 0.05, 0.25),
    Bill("water", 0.7, 62, 0.3, "quarterly", "debit", "flat", "pays_housing", 0.03, 0.3),
    Bill("internet", 0.9, 36, 0.2, "monthly", "debit", "", "pays_housing", 0.03, 0.0),
    Bill("mobile_phone", 0.97, 24, 0.35, "monthly", "debit", "", "", 0.03, 0.35),
    Bill("health_insurance", 0.22, 68, 0.4, "monthly", "debit", "", "", 0.05, 0.4),
    Bill("home_insurance", 0.6, 145, 0.3, "yearly", "debit", "", "pays_housing", 0.04, 0.1),
    Bill("car_insurance", 0.6, 460, 0.3, "yearly", "debit", "", "car", 0.05, 0.0),
    Bill("car_insurance", 0.35, 48, 0.3, "monthly", "debit", "", "car", 0.05, 0.0),
    Bill("life_insurance", 0.24, 32, 0.4, "monthly", "debit", "", "", 0.0, 0.1),
    Bill("car_payment", 0.3, 235, 0.3, "monthly", "debit", "", "car", 0.0, 0.0),
    Bill("loan_payment", 0.17, 130, 0.4, "monthly", "debit", "", "", 0.0, 0.0),
    Bill("childcare", 0.5, 210, 0.5, "monthly", "transfer", "", "children", 0.03, 0.0),
    Bill("sports_fitness", 0.36, 29, 0.3, "monthly", "debit", "", "", 0.02, 0.0),
    Bill("taxes", 0.4, 190, 0.5, "yearly", "transfer", "", "pays_housing", 0.02, 0.1),
    Bill("taxes", 0.25, 95, 0.5, "quarterly", "transfer", "", "", 0.02, 0.1),
    Bill("public_transport", 0.33, 49, 0.2, "monthly", "card", "", "no_car", 0.03, 0.0),
    Bill("investments", 0.22, 110, 0.6, "monthly", "transfer", "", "saver", 0.0, 0.0),
    Bill("retirement", 0.2, 85, 0.5, "monthly", "transfer", "", "", 0.02, 0.0),
    Bill("bank_fees", 0.4, 3.5, 0.4, "monthly", "bank", "", "", 0.05, 0.0),
    Bill("personal_care", 0.45, 27, 0.4, "irregular", "card", "", "", 0.03, 0.2),
    Bill("home_maintenance", 0.06, 62, 0.2, "fortnightly", "transfer", "", "high_income", 0.02, 0.0),
    Bill("charity", 0.12, 15, 0.4, "monthly", "debit", "", "", 0.0, 0.0),
)

#: Subscriptions paid by card: usual monthly price in EUR, and the share of them billed yearly.
SUBSCRIPTIONS: dict[str, tuple[float, float]] = {
    "Netflix": (13.99, 0.0),
    "Spotify": (10.99, 0.0),
    "Disney+": (8.99, 0.15),
    "YouTube Premium": (12.99, 0.0),
    "HBO Max": (9.99, 0.1),
    "Prime Video": (8.99, 0.5),
    "Apple Music": (10.99, 0.0),
    "iCloud": (2.99, 0.0),
    "Google One": (1.99, 0.4),
    "Microsoft 365": (7.0, 0.7),
    "ChatGPT": (23.0, 0.0),
    "Dropbox": (11.99, 0.4),
    "Adobe": (26.43, 0.1),
    "NordVPN": (5.5, 0.8),
    "GitHub": (4.0, 0.1),
    "The Economist": (19.9, 0.3),
    "New York Times": (8.0, 0.2),
    "Xbox Game Pass": (14.99, 0.0),
    "PlayStation Plus": (8.99, 0.5),
}


class Rates(BaseModel):
    """How often the things happen that make bank lines hard to read."""

    model_config = ConfigDict(frozen=True)

    joins_late: float = 0.18  # people whose history starts within the period, mid-month
    second_currency: float = 0.12  # people with one more account in a foreign currency
    refund: float = 0.055  # of purchases in categories that take goods back
    partial_refund: float = 0.4  # of refunds
    reimbursed: float = 0.1  # of shared meals and outings
    twin: float = 0.035  # small purchases repeated the same day for the same amount
    duplicate_charge: float = 0.0008  # a merchant charges twice, and returns it
    unusual_amount: float = 0.0008  # a purchase many times its usual size
    late: float = 0.008  # card purchases booked 6 to 16 days after
    foreign_online: float = 0.05  # online purchases billed in another currency
    tip: float = 0.6  # of American restaurant, bar and taxi bills by card
    fuel_hold: float = 0.45  # of card fuel purchases
    vanished: float = 0.18  # pending purchases that never post, per export that shows pending lines
    fee_reversed: float = 0.12  # of bank fees
    missed: float = 0.012  # bills that do not come in a period
    doubled: float = 0.003  # bills that come twice in a period
    price_rise: float = 0.45  # subscriptions that rise, per year
    subscription_ends: float = 0.22  # per year
    atm_per_month: float = 1.5
    trips_per_year: float = 1.5
    overlap: float = 0.35  # accounts whose exports overlap
    midway: float = 0.2  # accounts with further exports in the middle of a period
    second_format: float = 0.16  # accounts whose owner downloads a year again in another format
    rewording_account: float = 0.5  # accounts whose lines may change when exported again
    reworded: float = 0.2  # of their lines that do
    pays_card_in_full: float = 0.82
    far_purchase: float = 0.25  # purchases in a far country by somebody who is not there, per year
    sent_to_friends: float = 0.6  # transfers to other people, per month
    one_off: float = 0.3  # occasional income a year: gifts, sales, tax returned


class GeneratorParams(BaseModel):
    """What the simulated bank is asked for, and the rates that it works with."""

    model_config = ConfigDict(frozen=True)

    users: int
    months: int
    seed: int
    start: date
    end: date  # exclusive
    rates: Rates = Rates()
