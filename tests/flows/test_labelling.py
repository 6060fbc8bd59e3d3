from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.labelling import Columns, TableError, columns_of, labelled, read_table, write_records
from flows.sources.contents import Content
from models_ml.categorizer.model import CategoryModel, load_folder


@pytest.fixture(scope="module")
def model() -> CategoryModel:
    return load_folder()


def table(content: bytes, country: str = "") -> pl.DataFrame:
    return read_table(Content("lines.csv", content), country)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_reads_the_same_in_any_encoding_and_delimiter(codec: str, delimiter: str) -> None:
    lines = ["Дата,Основание,Сума", "01.02.2024,ТЕГЛЕНЕ АТМ СОФИЯ,-100", "02.02.2024,ЛИДЛ БЪЛГАРИЯ,-5"]
    found = table("\n".join(lines).replace(",", delimiter).encode(codec), "BG")
    assert found["Основание"].to_list() == ["ТЕГЛЕНЕ АТМ СОФИЯ", "ЛИДЛ БЪЛГАРИЯ"]


def test_each_row_gets_one_record_in_its_order(model: CategoryModel) -> None:
    texts = ["ATM CASH WITHDRAWAL", "", "TESCO STORES 3345 LONDON", "ATM CASH WITHDRAWAL"]
    out = io.BytesIO()
    write_records(labelled(pl.DataFrame({"text": texts}), Columns("TEXT"), model), out)
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [record["text"] for record in records] == texts
    assert [record["category"] for record in records] == [
        "cash_withdrawal",
        "uncategorised",
        "groceries",
        "cash_withdrawal",
    ]
    assert records[2]["merchant"] == "Tesco"
    assert [len(record["best"]) for record in records] == [3, 0, 3, 3]
    assert records[0] | {"row": 4} == records[3]


def test_a_sign_says_which_way_money_went(model: CategoryModel) -> None:
    lines = pl.DataFrame({"text": ["bank transfer"] * 3, "amount": ["(1,200.00)", "1.200,00", "-3"]})
    found = labelled(lines, Columns("text", "amount"), model)
    assert found["category"].to_list() == ["transfer_out", "transfer_in", "transfer_out"]


def test_amounts_without_any_sign_say_nothing_of_the_way(model: CategoryModel) -> None:
    lines = pl.DataFrame({"text": ["salary"], "amount": ["1200"]})
    unsigned = labelled(lines, Columns("text", "amount"), model)
    assert unsigned.equals(labelled(lines, Columns("text"), model))


def test_amounts_and_codes_are_taken_from_columns_of_that_name() -> None:
    lines = pl.DataFrame({"memo": ["x"], "Amount": ["-1"], "paid": ["2"], "MCC ": ["5411"]})
    assert columns_of(lines, "memo", None, None, None) == Columns("memo", "Amount", "MCC ", None)
    assert columns_of(lines, "memo", "paid", None, None).amount == "paid"


def test_a_column_that_is_not_there_is_named_with_those_that_are(model: CategoryModel) -> None:
    with pytest.raises(TableError, match="no column 'memo': the table has 'text'"):
        labelled(pl.DataFrame({"text": ["x"]}), Columns("memo"), model)


def test_an_empty_file_says_what_it_needs() -> None:
    with pytest.raises(TableError, match="header line"):
        table(b"  \n")


def test_two_odd_bytes_inside_a_file_stop_nothing() -> None:
    found = table(b"memo,amount\nTESCO STORES,-1\n\xff\xfe odd bytes,-2\n")
    assert found["memo"][0] == "TESCO STORES"
    assert len(found) == 2


def test_ragged_rows_and_stray_quotes_keep_their_texts(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(b'text,amount\nJOE"S DINER,-3\nSHORT\nLONG,-1,extra,more\n')
    assert read_table(path)["text"].to_list() == ['JOE"S DINER', "SHORT", "LONG"]


@settings(deadline=None, max_examples=30)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_no_text_stops_the_model(model: CategoryModel, texts: list[str]) -> None:
    found = labelled(pl.DataFrame({"text": texts}), Columns("text"), model)
    assert len(found) == len(texts)
    assert found["probability"].is_between(0, 1).all()
