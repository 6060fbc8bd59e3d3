"""Reference rates as the ECB writes them, and what is refused as none."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest

from flows.rates import shipped_rates
from flows.sources.rates import RatesRefusedError, reference_rates

TABLE = "Date,USD,JPY,BGN,\n2026-10-30,1.1172,175.68,N/A,\n2026-10-29,1.113,175.92,1.9558,\n"


def zipped(content: str, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content", [TABLE.encode(), TABLE.replace("\n", "\r\n").encode(), zipped(TABLE, "eurofxref-hist.csv")]
)
def test_every_published_rate_is_read_digit_by_digit(content: bytes) -> None:
    assert reference_rates(content).rows() == [
        ("BGN", date(2026, 10, 29), "1.9558"),
        ("JPY", date(2026, 10, 29), "175.92"),
        ("JPY", date(2026, 10, 30), "175.68"),
        ("USD", date(2026, 10, 29), "1.113"),
        ("USD", date(2026, 10, 30), "1.1172"),
    ]


def test_the_shipped_history_begins_with_the_euro() -> None:
    rates = reference_rates(shipped_rates())
    assert rates["rate_date"].min() == date(1999, 1, 4)
    assert {"USD", "GBP", "PLN", "JPY"} <= set(rates["currency"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "header"),
        (b"<html><body>Not here</body></html>", "header"),
        (b"Day,USD\n2026-10-30,1.1\n", "header"),
        (b"Date,Dollar\n2026-10-30,1.1\n", "header"),
        (b"Date,USD\n30.10.2026,1.1\n", "no day"),
        (b"Date,USD\n2026-10-30,abc\n", "no rate"),
        (b"Date,USD\n2026-10-30,-1\n", "no rate"),
        (b"Date,USD\n2026-10-30,0.000\n", "no rate"),
        (b"Date,USD\n2026-10-30,1e5\n", "no rate"),
        (b"Date,USD\n2026-10-30,N/A\n", "no rates"),
        (b"Date,USD\n2026-10-30,1.1\n2026-10-30,1.2\n", "two rates"),
        (b"PK\x03\x04 half an archive", "damaged"),
        (zipped(TABLE, "a.csv", "b.csv"), "one CSV"),
        (bytes(range(256)), "header"),
    ],
)
def test_what_is_no_table_of_rates_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(RatesRefusedError, match=reason):
        reference_rates(content)
