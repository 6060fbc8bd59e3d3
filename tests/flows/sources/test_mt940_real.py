"""MT940 files of real banks against the expected result that lies beside each of them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows.sources import read_statement
from warehouse.records import ReadingHints, Statement, StatementRefusedError

#: Tags alone, cut out of statements to test a tag's pattern: no statement to read.
FRAGMENTS = {"amount_formats", "currency_in_25", "empty_86", "empty_line", "missing_crlf_at_end"}


class Expected(yaml.SafeLoader):
    """Reads the expected objects as plain dictionaries, without making any of them."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:  # noqa: ANN401 - YAML of any shape
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


Expected.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def day(value: list[bytes]) -> date:
    """A pickled date: two bytes of year, then month and day."""
    packed = value[0]
    return date(packed[0] << 8 | packed[1], packed[2], packed[3])


def money(value: dict[str, Any]) -> Decimal:
    return Decimal(value["amount"]["amount"][0])


def cases() -> list[str]:
    return [
        "betterplace/empty_entry_date", "betterplace/sepa_mt9401", "betterplace/sepa_snippet",
        "betterplace/sepa_snippet_broken", "betterplace/with_binary_character", "jejik/abnamro",
        "jejik/generic",
        "jejik/ing", "jejik/knab", "jejik/postfinance", "jejik/rabobank", "jejik/rabobank-iban", "jejik/sns",
        "jejik/triodos",
    ]  # fmt: skip


def read(path: Path) -> tuple[Statement, list[dict[str, Any]]]:
    statement = read_statement(path, ReadingHints(currency="EUR"))
    return statement, pl.concat(list(statement.batches)).to_dicts()


def expected(path: Path) -> dict[str, Any]:
    text = path.with_suffix(".yml").read_text(encoding="utf-8")
    without_loops = re.sub(r"(?m)^  transactions: \*id\d+\n", "", text)  # each line points back at its list
    loaded = yaml.load(without_loops, Loader=Expected)  # noqa: S506 - it makes plain values only
    assert isinstance(loaded, dict)
    return loaded


def squeezed(text: str | None) -> str:
    """Text without blanks: where a bank breaks its lines is nobody's fact."""
    return re.sub(r"\s", "", text or "")


@pytest.mark.parametrize("name", cases())
def test_lines_of_real_files_are_as_expected(realdata: Path, name: str) -> None:
    path = realdata / "bank_exports" / "mt940" / f"{name}.sta"
    _, lines = read(path)
    wanted = [transaction["data"] for transaction in expected(path)["transactions"]]
    assert len(lines) == len(wanted)
    for line, data in zip(lines, wanted, strict=True):
        amount = money({"amount": data["amount"]})
        # The package leaves a reversed credit (RC) positive; the balances of the file prove that it is not.
        signed = -abs(amount) if data["status"] == "RC" else amount
        assert Decimal(line["amount_minor"]).scaleb(-2) == signed
        assert line["currency"] == (data.get("currency") or "EUR")
        assert line["value_date"] == day(data["date"])
        assert line["booked_date"] == day(
            data["guessed_entry_date"] if "guessed_entry_date" in data else data["date"]
        )
        reference = data["bank_reference"]
        assert line["bank_reference"] == (reference if reference not in {None, "NONREF", ""} else None)
        assert (line["bank_kind"] or "").split("-")[0] == data["id"]
        assert line["problem"] is None


@pytest.mark.parametrize("name", cases())
def test_texts_of_real_files_are_kept(realdata: Path, name: str) -> None:
    """The purpose, the other side's name and plain details are in the description, word for word."""
    path = realdata / "bank_exports" / "mt940" / f"{name}.sta"
    _, lines = read(path)
    for line, transaction in zip(lines, expected(path)["transactions"], strict=True):
        data = transaction["data"]
        said = squeezed(line["description"])
        if "transaction_details" in data and not data["transaction_details"].startswith(("/", "000>")):
            # The package takes what stands behind the closing balance for a part of the last line.
            text = data["transaction_details"].split("\nD000004C000002")[0]
            assert squeezed(text) in said
        if data.get("applicant_name"):
            assert squeezed(data["applicant_name"]) == squeezed(line["counterparty"])
        assert squeezed(data.get("purpose")).removeprefix("SVWZ+") in said


@pytest.mark.parametrize("name", cases())
def test_balances_of_real_files_are_as_expected(realdata: Path, name: str) -> None:
    """The expected result knows one statement, the file's last: its account has it as closing balance."""
    path = realdata / "bank_exports" / "mt940" / f"{name}.sta"
    statement, _ = read(path)
    data = expected(path)["data"]
    closing = data.get("final_closing_balance")
    if closing is None:
        assert all(account.closing_balance_minor is None for account in statement.accounts)
        return
    closings = [account.closing_balance_minor for account in statement.accounts]
    last = data.get("intermediate_closing_balance", closing) if name == "jejik/abnamro" else closing
    assert int(money(last).scaleb(2)) in closings


@pytest.mark.parametrize("name", sorted(FRAGMENTS))
def test_single_tags_are_refused_as_fragments(realdata: Path, name: str) -> None:
    with pytest.raises(StatementRefusedError, match="it is a fragment of an MT940 statement"):
        read_statement(realdata / "bank_exports" / "mt940" / "betterplace" / f"{name}.sta")


def test_every_real_file_is_looked_at(realdata: Path) -> None:
    found = {path.stem for path in (realdata / "bank_exports" / "mt940").rglob("*.sta")}
    assert found == FRAGMENTS | {name.split("/")[1] for name in cases()}


@pytest.mark.parametrize(
    ("name", "gaps"),
    [("betterplace/sepa_mt9401", 0), ("jejik/abnamro", 2), ("jejik/generic", 0), ("jejik/rabobank-iban", 0),
     ("jejik/sns", 0), ("jejik/ing", 1), ("jejik/postfinance", 1)],
)  # fmt: skip
def test_gaps_in_real_files_are_told(realdata: Path, name: str, gaps: int) -> None:
    statement, _ = read(realdata / "bank_exports" / "mt940" / f"{name}.sta")
    assert len(statement.later_notes()) == gaps
