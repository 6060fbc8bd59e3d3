"""Whether two numbers that files write may be one account's."""

from __future__ import annotations

import pytest

from warehouse.repositories.accounts import same_number


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("37040044/0532013000", "DE89370400440532013000", True),
        ("37040044/532013000", "DE89370400440532013000", True),
        ("37040044/532013001", "DE89370400440532013000", False),
        ("1291.99.348", "NL71RABO0129199348", True),
        ("417164300", "NL91ABNA0417164300", True),
        ("XXXX1234", "BG80BNBG96611020341234", True),
        ("1234", "BG80BNBG96611020341234", False),
        ("XXXX1234", "XXXX5678", False),
    ],
)
def test_a_number_is_known_in_its_iban_and_behind_its_mask(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    assert same_number(one, other) is is_same
    assert same_number(other, one) is is_same
