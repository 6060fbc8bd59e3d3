"""Names of shops put right."""

from __future__ import annotations

import pytest

from models_ml.receipts.names import mended


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ("SANYUSTATIONERYSHOP", "SANYU STATIONERY SHOP"),
        ("UNITEDHARDWARESDNBHD", "UNITED HARDWARE SDN BHD"),
        ("MAJUENTERPRISE", "MAJU ENTERPRISE"),
        ("AMANO MALAYSIA SON BHD", "AMANO MALAYSIA SDN BHD"),
        ("SUPER SEVEN CASH & CARRY SDN 3HD 28-05", "SUPER SEVEN CASH & CARRY SDN BHD"),
        ("FOUR QUARTERS SDN BHD (1U", "FOUR QUARTERS SDN BHD"),
        ("KMF FO0DICIOUS", "KMF FOODICIOUS"),
        ("HUAT HARBWARE", "HUAT HARDWARE"),
        ("Owned by: Dove Holdings", "Dove Holdings"),
    ],
)
def test_what_the_engine_lost_is_put_right(read: str, name: str) -> None:
    assert mended(read) == name


@pytest.mark.parametrize(
    "name",
    [
        "Getränkemarkt Müller GmbH",
        "Bäckerei Huber GmbH & Co. KG",
        "STEAKHOUSE",
        "SUPERMARKET",
        "PEARSON BHD",
        "Café 1900",
        "7-ELEVEN MALAYSIA SDN BHD",
        "ABC SDN. BHD.",
        "СУПЕРМАРКЕТ ЗОРА ЕООД",
        "UNLIMITED",
        "SDN BHD",
        "B&M",
        "",
    ],
)
def test_other_names_stay_as_they_are(name: str) -> None:
    assert mended(name) == name
