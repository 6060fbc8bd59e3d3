from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations.gate import Gate, WrongShapeError
from warehouse.records import STATEMENT_LINE_SCHEMA

TODAY = date(2026, 3, 14)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"), TODAY)


def lines(*changes: dict[str, Any]) -> pl.DataFrame:
    good: dict[str, Any] = {
        **dict.fromkeys(STATEMENT_LINE_SCHEMA),
        "account_ref": "",
        "booked_date": date(2026, 3, 2),
        "amount_minor": -100,
        "currency": "EUR",
        "status": "posted",
        "description": "shop",
        "raw": "{}",
    }
    rows = [{**good, "line_number": number, **change} for number, change in enumerate(changes, start=1)]
    return pl.DataFrame(rows, schema=STATEMENT_LINE_SCHEMA)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"problem": "date '31.02.2026' does not exist", "booked_date": None},
            "date '31.02.2026' does not exist",
        ),
        ({"booked_date": None}, "no booking date"),
        ({"booked_date": date(204, 3, 2)}, "the booking date is not between 1970-01-01 and 2027-03-15"),
        ({"booked_date": date(2062, 3, 2)}, "the booking date is not between 1970-01-01 and 2027-03-15"),
        ({"amount_minor": None}, "no amount"),
        ({"amount_minor": 10**16}, "the amount is beyond any household's; look at the decimal separator"),
        ({"currency": "euro"}, "the currency is not an ISO 4217 code"),
        ({"status": "maybe"}, "the status is neither posted nor pending"),
    ],
)
def test_a_bad_line_is_rejected_with_its_reason_and_its_neighbours_are_not(
    gate: Gate, change: dict[str, Any], reason: str
) -> None:
    batch = lines({}, change, {})
    (verdict,) = gate.judge([batch])
    assert verdict.rejected.rows() == [(2, reason)]
    assert verdict.accepted(batch)["line_number"].to_list() == [1, 3]


def test_every_reason_is_told(gate: Gate) -> None:
    (verdict,) = gate.judge([lines({"amount_minor": None, "currency": None})])
    assert verdict.rejected["reason"].to_list() == ["no amount; no currency"]


def test_a_good_batch_passes_whole(gate: Gate) -> None:
    (verdict,) = gate.judge([lines({}, {}, {"status": "pending"})])
    assert verdict.rejected.is_empty()


def test_batches_that_are_judged_together_keep_their_own_verdicts(gate: Gate) -> None:
    first, second, third = gate.judge(
        [lines({}, {"currency": None}), lines({}), lines({"amount_minor": None})]
    )
    assert first.rejected.rows() == [(2, "no currency")]
    assert second.rejected.is_empty()
    assert third.rejected.rows() == [(1, "no amount")]


def test_two_lines_of_one_file_cannot_carry_the_same_number(gate: Gate) -> None:
    (verdict,) = gate.judge([lines({"line_number": 7}, {"line_number": 7}, {})])
    assert set(verdict.rejected["line_number"]) == {7}


def test_a_batch_of_another_shape_is_a_fault_of_ours(gate: Gate) -> None:
    with pytest.raises(WrongShapeError, match="match set"):
        gate.judge([lines({}).drop("balance_minor")])


def test_the_data_docs_show_what_was_judged(gate: Gate) -> None:
    gate.judge([lines({"status": "maybe"})])
    page = gate.publish()
    assert page.exists()
    assert any(
        "neither" in path.read_text() or "maybe" in path.read_text() for path in page.parent.rglob("*.html")
    )


def test_a_second_gate_in_the_same_folder_works(gate: Gate) -> None:
    folder: Path = gate.folder
    assert Gate(folder, TODAY).judge([lines({})])[0].rejected.is_empty()
