"""Who takes the money: well-known brands, invented local shops, and the billers of each country."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product


@dataclass(frozen=True, slots=True)
class Merchant:
    """Someone who is paid; ``scale`` multiplies the category's usual amount."""

    name: str
    country: str
    category: str
    weight: float
    scale: float
    style: str  # "chain", "local", "online", "amazon", "toast", "biller": decides the noise around its name
    spellings: tuple[str, ...]


#: Invented independent shops: every pattern meets every word.
LOCAL_SHOPS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "BG": (
        ("Роза", "Орхидея", "Стария град", "Мечта", "Родопи", "Севера", "Тракия", "Калина", "Изгрев", "Дъга"),
        {"coffee": ("Кафе {}", "Кафетерия {}", "Пекарна {}"), "restaurants": ("Ресторант {}", "Механа {}"),
         "groceries": ("Хранителни стоки {}", "Минимаркет {}"), "fast_food": ("Бистро {}", "Баничарница {}"),
         "bars_alcohol": ("Бар {}", "Клуб {}"), "personal_care": ("Салон {}", "Фризьорски салон {}"),
         "pharmacy": ("Аптека {}",), "gifts": ("Цветарница {}",), "car_maintenance": ("Автоцентър {}",)},
    ),
    "GB": (
        ("Ivy", "Oak", "Harbour", "Foxglove", "Station", "Old Mill", "Bluebell", "Kings", "Marlow", "Thistle"),
        {"coffee": ("{} Coffee House", "{} Tea Rooms", "Cafe {}"), "restaurants": ("{} Kitchen", "The {} Bistro"),
         "groceries": ("{} Food & Wine", "{} Greengrocers"), "fast_food": ("{} Fish Bar", "{} Kebab House"),
         "bars_alcohol": ("The {} Arms", "The {} Tavern"), "personal_care": ("{} Hair Studio", "{} Barbers"),
         "pharmacy": ("{} Pharmacy",), "gifts": ("{} Florist",), "car_maintenance": ("{} Garage",)},
    ),
    "DE": (
        ("Sonne", "Linde", "Adler", "Rathaus", "Hirsch", "Isar", "Nordlicht", "Schwan", "Kastanie", "Mühle"),
        {"coffee": ("Café {}", "Bäckerei {}", "Konditorei {}"), "restaurants": ("Gasthof {}", "Ristorante {}"),
         "groceries": ("Feinkost {}", "Hofladen {}"), "fast_food": ("Imbiss {}", "Pizzeria {}"),
         "bars_alcohol": ("Kneipe {}", "Weinbar {}"), "personal_care": ("Friseur {}", "Haarstudio {}"),
         "pharmacy": ("{}-Apotheke",), "gifts": ("Blumen {}",), "car_maintenance": ("Autohaus {}",)},
    ),
    "US": (
        ("Cedar", "Lone Star", "Maple", "Riverbend", "Union", "Sunset", "Magnolia", "Iron Horse", "Prairie", "Bayview"),
        {"coffee": ("{} Coffee Roasters", "{} Bakery", "Cafe {}"), "restaurants": ("{} Grill", "{} Steakhouse"),
         "groceries": ("{} Market", "{} Farm Stand"), "fast_food": ("{} Burgers", "{} Taqueria"),
         "bars_alcohol": ("{} Taproom", "{} Brewing Co"), "personal_care": ("{} Salon", "{} Barber Shop"),
         "pharmacy": ("{} Drug",), "gifts": ("{} Flowers",), "car_maintenance": ("{} Auto Care",)},
    ),
    "FR": (
        ("du Pont", "des Arts", "Saint-Michel", "de la Place", "du Port", "des Tilleuls", "Bellevue", "Voltaire"),
        {"coffee": ("Café {}", "Boulangerie {}", "Salon de thé {}"), "restaurants": ("Restaurant {}", "Auberge {}"),
         "groceries": ("Épicerie {}", "Primeur {}"), "fast_food": ("Snack {}", "Pizzeria {}"),
         "bars_alcohol": ("Bar {}", "Cave {}"), "personal_care": ("Coiffure {}", "Salon {}"),
         "pharmacy": ("Pharmacie {}",), "gifts": ("Fleurs {}",), "car_maintenance": ("Garage {}",)},
    ),
    "PL": (
        ("Pod Dębem", "Słoneczna", "Stary Młyn", "Malina", "Bursztyn", "Wisła", "Zacisze", "Jagoda"),
        {"coffee": ("Kawiarnia {}", "Cukiernia {}", "Piekarnia {}"), "restaurants": ("Restauracja {}", "Gospoda {}"),
         "groceries": ("Delikatesy {}", "Sklep spożywczy {}"), "fast_food": ("Bar mleczny {}", "Pizzeria {}"),
         "bars_alcohol": ("Pub {}", "Piwiarnia {}"), "personal_care": ("Salon fryzjerski {}", "Barber {}"),
         "pharmacy": ("Apteka {}",), "gifts": ("Kwiaciarnia {}",), "car_maintenance": ("Warsztat {}",)},
    ),
    "JP": (
        ("さくら", "ふじ", "みどり", "やまと", "花月", "こまち"),
        {"coffee": ("喫茶{}", "カフェ{}"), "restaurants": ("食堂{}", "レストラン{}"), "groceries": ("スーパー{}", "青果{}"),
         "fast_food": ("ラーメン{}", "弁当{}"), "bars_alcohol": ("居酒屋{}",), "personal_care": ("美容室{}", "理容{}"),
         "pharmacy": ("{}薬局",), "gifts": ("{}生花店",), "car_maintenance": ("{}自動車",)},
    ),
    "KW": (
        ("Al Waha", "Al Bahar", "Noor", "Sahara", "Al Reef", "Marina", "Diwaniya", "Zahra"),
        {"coffee": ("{} Cafe", "{} Roastery"), "restaurants": ("{} Restaurant", "Matbakh {}"),
         "groceries": ("{} Grocery", "Baqala {}"), "fast_food": ("{} Shawarma", "{} Falafel"),
         "personal_care": ("{} Saloon", "{} Barber"), "pharmacy": ("{} Pharmacy",), "gifts": ("{} Flowers",),
         "car_maintenance": ("{} Garage",)},
    ),
}  # fmt: skip
LOCAL_WEIGHT = 0.45
EVERYWHERE = "*"


def _rows(name: str) -> list[dict[str, str]]:
    text = files("flows.generator").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _brand(row: dict[str, str]) -> Merchant:
    spellings = tuple(row["spellings"].split(";")) if row["spellings"] else (row["name"],)
    return Merchant(
        row["name"],
        row["country"],
        row["category"],
        float(row["weight"]),
        float(row["scale"]),
        row["style"],
        spellings,
    )


def _local_shops(country: str) -> list[Merchant]:
    words, patterns = LOCAL_SHOPS.get(country, ((), {}))
    return [
        Merchant(name, country, category, LOCAL_WEIGHT, 0.9, "local", (name,))
        for category, forms in patterns.items()
        for name in (form.format(word) for form, word in product(forms, words))
    ]


@cache
def merchants(country: str) -> dict[str, tuple[Merchant, ...]]:
    """Merchants that someone living or travelling in a country meets, by category."""
    known = [_brand(row) for row in _rows("merchants") if row["country"] in {country, EVERYWHERE}]
    grouped: dict[str, list[Merchant]] = {}
    for merchant in (*known, *_local_shops(country)):
        grouped.setdefault(merchant.category, []).append(merchant)
    return {category: tuple(found) for category, found in grouped.items()}


@cache
def billers(country: str, category: str) -> tuple[Merchant, ...]:
    """Companies and offices that bill, or pay, by the month."""
    return tuple(
        Merchant(row["name"], country, category, 1.0, 1.0, "biller", tuple(row["spellings"].split(";")))
        for row in _rows("billers")
        if row["country"] in {country, EVERYWHERE} and row["category"] == category
    )
