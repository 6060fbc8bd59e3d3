"""Who can be a user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ActionableError
from warehouse.repositories.users import NewUser, add_user, get_user

if TYPE_CHECKING:
    from warehouse.engine import Warehouse

MARIA = NewUser("maria@example.org", "EUR", "Europe/Sofia", "BG")


def test_an_address_is_found_however_it_is_written(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        made = add_user(connection, replace(MARIA, email=" Maria@example.org ", country="bg"))
        assert get_user(connection, "maria@EXAMPLE.org") == made
    assert made.country == "BG"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"email": "maria"}, "'maria' is not an e-mail address"),
        ({"email": "maria@example org"}, "is not an e-mail address"),
        ({"country": "Bulgaria"}, "'Bulgaria' is not the two letters of a country"),
        ({"currency": "XXZ"}, "'XXZ' is not an ISO 4217 currency"),
        ({"timezone": "Sofia"}, "'Sofia' is not an IANA time zone"),
        ({"email": "MARIA@example.org"}, "exists already"),
    ],
)
def test_what_is_no_user_is_refused_with_the_reason(
    warehouse: Warehouse, wrong: dict[str, str], complaint: str
) -> None:
    with warehouse.transaction() as connection:
        add_user(connection, MARIA)
    with pytest.raises(ActionableError, match=complaint), warehouse.transaction() as connection:
        add_user(connection, replace(MARIA, **wrong))  # type: ignore[arg-type]
