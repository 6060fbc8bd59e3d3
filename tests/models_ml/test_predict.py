from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.categorizer.evaluate import calibration_error, keyword_baseline, macro_f1, score
from models_ml.categorizer.model import (
    SHIPPED,
    CategoryModel,
    ModelRefusedError,
    load,
    load_folder,
    read_manifest,
)
from models_ml.categorizer.predict import SURE, predict, predict_one
from models_ml.taxonomy import leaf_codes


@pytest.fixture(scope="module")
def model() -> CategoryModel:
    return load_folder(SHIPPED)


@pytest.mark.parametrize(
    ("description", "amount_minor", "category_code"),
    [
        ("LIDL 1234 SOFIA BG", -2350, "groceries"),
        ("ПЛАЩАНЕ НА ПОС ЛИДЛ БЪЛГАРИЯ СОФИЯ", -2350, "groceries"),
        ("LIDL 1234 SOFIA BG", 2350, "groceries"),
        ("STARBUCKS 4711 LONDON", -450, "coffee"),
        ("SHELL KINGS 587", -5000, "fuel"),
        ("NETFLIX.COM AMSTERDAM", -1299, "streaming"),
        ("Заплата м. 03.2024", 250_000, "salary"),
        ("GEHALT MUSTER GMBH", 310_000, "salary"),
        ("ТЕГЛЕНЕ АТМ", -10_000, "cash_withdrawal"),
        ("MONTHLY ACCOUNT FEE", -500, "bank_fees"),
        ("Interest paid", 123, "interest_income"),
        ("ЕЛЕКТРОХОЛД ПРОДАЖБИ", -8000, "electricity"),
        ("APOTHEKE AM MARKT", -1290, "pharmacy"),
        ("RYANAIR FR1234", -8999, "flights"),
        ("OK SUPERTRANS TAXI", -900, "taxi"),
        ("PAYMENT THANK YOU", 50_000, "card_payment"),
        ("месечна такса поддръжка", -300, "bank_fees"),
        ("LOYER APPARTEMENT MARS", -80_000, "rent"),
    ],
)
def test_everyday_lines(
    model: CategoryModel, description: str, amount_minor: int, category_code: str
) -> None:
    assert predict_one(description, amount_minor, "EUR", model=model).category_code == category_code


def test_the_sign_tells_a_sent_transfer_from_a_received_one(model: CategoryModel) -> None:
    sent = predict_one("bank transfer", -100_00, "EUR", model=model)
    received = predict_one("bank transfer", 100_00, "EUR", model=model)
    assert (sent.category_code, received.category_code) == ("transfer_out", "transfer_in")


def test_a_merchant_code_of_one_trade_settles_an_unknown_name(model: CategoryModel) -> None:
    name = "QWXZ TRADING"
    assert predict_one(name, -900, "EUR", "5912", model=model).category_code == "pharmacy"
    assert predict_one(name, -900, "EUR", "5912", model=model).sure
    assert not predict_one(name, -900, "EUR", model=model).sure


def test_a_coffee_shop_stays_one_under_the_code_it_shares_with_fast_food(model: CategoryModel) -> None:
    assert predict_one("Кафе Мечта", -300, "EUR", "5814", model=model).category_code == "coffee"
    assert predict_one("Starbucks", -300, "EUR", "5814", model=model).category_code == "coffee"


def test_a_mixed_merchant_code_does_not_overrule_a_certain_name(model: CategoryModel) -> None:
    assert predict_one("NETFLIX.COM", -1299, "EUR", "5311", model=model).category_code == "streaming"


@pytest.mark.parametrize("kind", ["ATM", "PMNT-CCRD-CWDL"])
def test_the_banks_own_kind_counts(model: CategoryModel, kind: str) -> None:
    found = predict_one("VITOSHA BLVD", -100_00, "BGN", None, kind, model=model)
    assert found.category_code == "cash_withdrawal"


def test_a_text_that_says_nothing_is_not_sure(model: CategoryModel) -> None:
    assert predict_one("", -100, "EUR", model=model).probability < SURE
    assert predict_one("0000 1234", -100, "EUR", model=model).probability < SURE


@settings(deadline=None, max_examples=40)  # a burst on a shared machine is no failure
@given(
    lines=st.lists(
        st.tuples(st.sampled_from(["LIDL", "SHELL 12", "", "ЗАПЛАТА", "xyz"]), st.sampled_from([-1, 0, 1])),
        max_size=8,
    )
)
def test_lines_are_scored_in_their_order_and_alike_whatever_else_comes_with_them(
    model: CategoryModel, lines: list[tuple[str, int]]
) -> None:
    texts, signs = [text for text, _ in lines], [sign for _, sign in lines]
    together = predict(texts, signs, ["EUR"] * len(lines), model=model)
    assert together.columns == ["category_code", "probability", "model_name", "model_version"]
    for (text, sign), row in zip(lines, together.iter_rows(named=True), strict=True):
        alone = predict_one(text, sign, "EUR", model=model)
        assert row["category_code"] == alone.category_code
        assert row["probability"] == pytest.approx(alone.probability, abs=1e-5)


def test_many_rows_are_scored_like_few(model: CategoryModel) -> None:
    texts = pl.Series([f"shop {word} {number}" for number in range(300) for word in ("alpha", "lidl")])
    many = model.logits(texts)
    few = np.concatenate([model.logits(texts[start : start + 100]) for start in range(0, 600, 100)])
    np.testing.assert_allclose(many, few, atol=1e-3)


def test_every_class_is_a_leaf(model: CategoryModel) -> None:
    assert set(model.codes) <= set(leaf_codes())
    assert len(model.codes) >= 60


def test_a_tampered_model_file_is_refused(tmp_path: Path) -> None:
    manifest = read_manifest(SHIPPED)
    copy = tmp_path / manifest["file"]
    shutil.copy(SHIPPED / manifest["file"], copy)
    assert load(copy, manifest["sha256"]).version == manifest["version"]
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelRefusedError, match="not the registered"):
        load(copy, manifest["sha256"])


def test_scoring_a_few_lines_needs_neither_sklearn_nor_scipy_nor_mlflow() -> None:
    program = (
        "import sys; from models_ml.categorizer.model import load_folder;"
        "from models_ml.categorizer.predict import predict_one;"
        "predict_one('LIDL', -1, 'EUR', model=load_folder());"
        "print(sorted({'sklearn', 'scipy', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scores_of_a_small_example() -> None:
    truth = [frozenset({"rent"}), frozenset({"fuel"}), frozenset({"groceries", "restaurants"})]
    found = score(truth, ["rent", "groceries", "restaurants"], np.array([0.99, 0.99, 0.2]))
    assert (found.leaf_accuracy, found.group_accuracy) == (0.667, 1.0)
    assert (found.coverage, found.wrong_when_sure) == (0.667, 0.5)


def test_calibration_error_is_the_gap_between_probability_and_accuracy() -> None:
    right = np.array([True] * 7 + [False] * 3)
    assert calibration_error(right, np.full(10, 0.7)) == pytest.approx(0.0)
    assert calibration_error(right, np.full(10, 0.95)) == pytest.approx(0.25)


def test_macro_f1_counts_every_leaf_alike() -> None:
    assert macro_f1(["rent", "rent", "fuel"], ["rent", "rent", "rent"]) == pytest.approx(0.4)


def test_the_keyword_baseline_takes_the_longest_phrase() -> None:
    phrases = {"bar": "bars_alcohol", "coffee bar": "coffee"}
    found = keyword_baseline(pl.Series(["JOE'S COFFEE BAR 12", "BAR 12", "JOE"]), phrases)
    assert found == ["coffee", "bars_alcohol", "uncategorised"]
