"""Amounts as countries print them: decimals, two currencies, tips, taxes, rounding, discounts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from models_ml.receipts.currencies import currency_of
from models_ml.receipts.decimals import Printed, printed
from models_ml.receipts.model import ReceiptModel, load_folder
from models_ml.receipts.reader import Reader, Reading, read_page
from tests.models_ml.receipts.papers import paper


@cache
def model() -> ReceiptModel:
    return load_folder()


def read(text: str, country: str = "") -> Reading:
    return read_page(paper(text), model(), Reader(country))


@dataclass(frozen=True)
class Paper:
    text: str
    country: str
    currency: str
    total: int
    tax: int | None = None
    tip: int | None = None
    discount: int | None = None
    rounding: int | None = None
    tax_included: bool | None = None
    items: tuple[tuple[int, int, int], ...] = ()  # quantity, unit price, amount


PAPERS = {
    "yen have no decimals": Paper(
        """
        スーパー山田
        電話 03-1234-5678
        2024年3月5日 19:05
        りんご  ¥198
        牛乳  ¥1,082
        小計  ¥1,280
        外税  ¥102
        合計  ¥1,382
        お預り  ¥2,000
        お釣り  ¥618
        """,
        "JP", "JPY", 1382, tax=102, tax_included=False, items=((1, 198, 198), (1, 1082, 1082)),
    ),
    "yen without a mark": Paper(
        """
        YAMADA STORE
        TEL 03-1234-5678
        2024/03/05 19:05
        APPLES  198
        RICE 5KG  2,082
        TOTAL  2,280
        CASH  3,000
        CHANGE  720
        """,
        "JP", "JPY", 2280, items=((1, 198, 198), (1, 2082, 2082)),
    ),
    "dinars have three": Paper(
        """
        AL SALAM MARKET CO.
        Kuwait City
        Tel: 2245 1234
        Date: 05/03/2024 18:20
        MILK 1L  0.450
        BREAD  1.250
        CHICKEN  2.300
        TOTAL KD  4.000
        CASH  5.000
        CHANGE  1.000
        """,
        "KW", "KWD", 4000, items=((1, 450, 450), (1, 1250, 1250), (1, 2300, 2300)),
    ),
    "forints are printed whole and are hundredths in ISO 4217": Paper(
        """
        SPAR MAGYARORSZÁG KFT.
        1061 Budapest, Király utca 4.
        KENYÉR  599 Ft
        SAJT  1 689 Ft
        ÖSSZESEN:  2 288 Ft
        BANKKÁRTYA  2 288 Ft
        2024.03.05. 18:23
        """,
        "HU", "HUF", 228800, items=((1, 59900, 59900), (1, 168900, 168900)),
    ),
    "levs before the euro": Paper(
        """
        СУПЕРМАРКЕТ ЗОРА ЕООД
        гр. София ул. Дунав 5
        ЕИК 123456789
        ХЛЯБ  1.96
        СИРЕНЕ  17.60
        ОБЩА СУМА ЛВ  19.56
        ОБЩА СУМА EUR  10.00
        В БРОЙ ЛВ  20.00
        РЕСТО ЛВ  0.44
        12.11.2025 18:23:11
        """,
        "BG", "BGN", 1956, items=((1, 196, 196), (1, 1760, 1760)),
    ),
    "euro, with levs beside it": Paper(
        """
        СУПЕРМАРКЕТ ЗОРА ЕООД
        гр. София ул. Дунав 5
        ЕИК 123456789
        ХЛЯБ  1.00
        СИРЕНЕ  9.00
        ОБЩА СУМА EUR  10.00
        ОБЩА СУМА ЛВ  19.56
        В БРОЙ EUR  20.00
        РЕСТО EUR  10.00
        12.02.2026 18:23:11
        """,
        "BG", "EUR", 1000, items=((1, 100, 100), (1, 900, 900)),
    ),
    "a tip that was paid": Paper(
        """
        BLUE FIN GRILL LLC
        12 Main Street
        AUSTIN, TX 78701
        03/14/2024 7:45 PM
        BURGER  14.00
        2 x 4.50 BEER  9.00
        SUBTOTAL  23.00
        TAX  1.90
        TIP  5.00
        TOTAL  29.90
        VISA  29.90
        """,
        "US", "USD", 2990, tax=190, tip=500, items=((1, 1400, 1400), (2, 450, 900)),
    ),
    "a blank for a tip, and proposals": Paper(
        """
        BLUE FIN GRILL LLC
        12 Main Street
        AUSTIN, TX 78701
        03/14/2024 7:45 PM
        BURGER  14.00
        2 x 4.50 BEER  9.00
        SUBTOTAL  23.00
        TAX  1.90
        TOTAL  24.90
        TIP  ________
        TOTAL  ________
        Suggested tips
        18%  4.14
        20%  4.60
        25%  5.75
        """,
        "US", "USD", 2490, tax=190, tax_included=False, items=((1, 1400, 1400), (2, 450, 900)),
    ),
    "a German table of taxes, and a rebate": Paper(
        """
        Bäckerei Huber GmbH
        Hauptstraße 5
        80331 München
        Brot  3,20
        Milch 1,5% A  1,19
        2 x 0,45
        Brezel  0,90 A
        Zwischensumme  5,29
        Rabatt  -0,29
        SUMME EUR  5,00
        Bar EUR  10,00
        Rückgeld EUR  5,00
        MwSt  Netto  MwSt  Brutto
        A 7,00%  4,67  0,33  5,00
        14.05.2023 08:12 Uhr
        """,
        "DE", "EUR", 500, tax=33, discount=-29, tax_included=True,
    ),
    "cash is rounded": Paper(
        """
        UNITED HARDWARE SDN BHD
        NO. 5, JALAN BESAR
        47500 SUBANG JAYA, SELANGOR
        Date: 24/03/2018 18:23
        HAMMER  12.02
        NAILS  3.01
        TOTAL  15.03
        ROUNDING  0.02
        ROUNDED TOTAL  15.05
        CASH  20.05
        CHANGE  5.00
        """,
        "MY", "MYR", 1505, rounding=2, items=((1, 1202, 1202), (1, 301, 301)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAPERS)
def test_what_a_paper_says_is_read(name: str) -> None:
    want = PAPERS[name]
    found = read(want.text, want.country)
    assert found.total is not None
    assert found.currency is not None
    assert (found.total.value, found.currency.value) == (want.total, want.currency)
    parts = (found.tip, found.discount, found.rounding)
    assert tuple(part.value if part else None for part in parts) == (want.tip, want.discount, want.rounding)
    assert (found.tax.value if found.tax else None) == want.tax
    assert found.tax_included is want.tax_included
    if want.items:
        assert tuple((item.quantity, item.unit_minor, item.minor) for item in found.items) == want.items


def test_two_currencies_without_a_date_go_to_review() -> None:
    text = PAPERS["levs before the euro"].text.replace("12.11.2025 18:23:11", "")
    found = read(text, "BG")
    assert found.status == "needs_review"
    assert any("currency" in reason for reason in found.reasons)


def test_a_users_currency_without_decimals_is_not_put_on_a_paper_with_cents() -> None:
    found = read("Corner Cafe\n3 High Street\n05/03/2024\nTEA  2.55\nCAKE  3.75\nTOTAL  6.30", "JP")
    assert found.currency is None
    assert found.status == "needs_review"
    assert found.total is not None
    assert found.total.value == 630


@pytest.mark.parametrize(
    ("code", "texts", "form"),
    [
        ("EUR", ["1,99"], Printed(2)),
        ("JPY", ["1,280"], Printed(0)),
        ("KWD", ["1.250"], Printed(3)),
        ("KWD", ["1.25", "2.50"], Printed(2, 10)),
        ("HUF", ["1 250 Ft"], Printed(0, 100)),
        ("HUF", ["1250,50 Ft"], Printed(2)),
        ("", ["1.25"], Printed(2)),
    ],
)
def test_decimals_are_those_of_the_paper(code: str, texts: list[str], form: Printed) -> None:
    assert printed(code, texts) == form


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("UNITED HARDWARE SDN BHD 47500 SUBANG JAYA", "MYR"),
        ("TOTAL BHD 1.250", "BHD"),
        ("RON 95 PETROL 20.00 TOTAL RM 20.00", "MYR"),
        ("TRY OUR NEW CAKE", ""),
        ("TOPLAM 45,90 TL", "TRY"),
        ("합계 12,000원", "KRW"),
        ("TOTAL Rp 25.000", "IDR"),
    ],
)
def test_marks_of_currencies_are_no_words_of_a_shop(text: str, code: str) -> None:
    assert currency_of([text]).code == code
