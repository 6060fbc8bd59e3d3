from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_ml.categorizer.clean import clean_descriptors
from models_ml.categorizer.confidence import KINDS, never_sure, no_confidence
from models_ml.categorizer.evaluate import (
    calibration_error,
    keyword_baseline,
    lower_bound,
    macro_f1,
    score,
    upper_bound,
)
from models_ml.categorizer.model import (
    SHIPPED,
    CategoryModel,
    ModelRefusedError,
    load,
    load_folder,
    read_manifest,
)
from models_ml.categorizer.predict import judged, predict, predict_one, ranked
from models_ml.taxonomy import leaf_codes


@pytest.fixture(scope="module")
def model() -> CategoryModel:
    return load_folder(SHIPPED)


def _lines(texts: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"cleaned": clean_descriptors(texts)}).with_columns(
        pl.lit(value=False).alias("inflow"), pl.lit("").alias("mcc"), pl.lit("").alias("kind")
    )


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
        ("UPI/DR/402918273645/SWIGGY/YESB/swiggy@ybl/Payment", -25_000, "fast_food"),
        ("NWD-512967XXXXXX1234-S1ACMU01-MUMBAI", -200_000, "cash_withdrawal"),
        ("NEFT CR-ICIC0000011-ACME TECHNOLOGIES PVT LTD-SALARY MAR", 5_000_000, "salary"),
        ("POS/WEB PURCHASE TRANSACTION -SHOPRITE IKEJA", -12_000, "groceries"),
        ("AIRTIME PURCHASE MTN 0803", -1000, "mobile_phone"),
        ("COMPRA TARJ. 5540XXXXXXXX1234 MERCADONA VALENCIA", -4210, "groceries"),
        ("ADEUDO RECIBO MAPFRE SEGURO HOGAR", -9000, "home_insurance"),
        ("PIX ENVIADO JOAO DA SILVA", -5000, "transfer_out"),
        ("TARIFA PACOTE DE SERVICOS", -2990, "bank_fees"),
        ("BEA, Betaalpas Albert Heijn 1520,PAS123 NR:XY12", -1210, "groceries"),
        ("GEA, Betaalpas Geldmaat Hoofdstraat 12", -5000, "cash_withdrawal"),
        ("SEPA-Basislastschrift STADTWERKE MUENCHEN GMBH Abschlag Strom", -7000, "electricity"),
        ("RUNDFUNK ARD, ZDF, DRADIO", -5508, "internet"),
        ("ACH DEBIT COMCAST CABLE COMM PPD ID 1234", -8000, "internet"),
        ("OVERDRAFT ITEM FEE", -3500, "bank_fees"),
        ("BGC ACME LTD WAGES", 210_000, "salary"),
        ("PRZELEW WYCHODZACY CZYNSZ", -150_000, "rent"),
        ("POS PURCHASE KROGER #5849 AUSTIN TX CARD 1140", -4200, "groceries"),
        ("POS SOFIA BG BILLA 2747 /8662", -2350, "groceries"),
        ("REFUND H&M 0045 LONDON", 2999, "clothing"),
        ("ВЪЗСТАНОВЯВАНЕ ПОКУПКА ZARA ПЛОВДИВ", 5999, "clothing"),
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
    assert predict_one("", -100, "EUR", model=model).category_code == "uncategorised"
    for text in ("", "0000 1234"):
        found = predict_one(text, -100, "EUR", model=model)
        assert (found.sure, found.probability) == (False, 0.0)


def test_a_guess_from_the_letters_alone_is_never_sure(model: CategoryModel) -> None:
    names = pl.Series(["QWXZ TRADING", "Vlorbin & Sons", "GROCERIESTORIA", "ЗЪБОЛАНДИЯ", "Coffeelike Xq"])
    said = ranked(names, model=model)
    guesses = judged(_lines(names), model)
    only_letters = (guesses.evidence.name_class < 0) & (guesses.evidence.phrase_class < 0)
    assert only_letters.sum() >= 3
    assert not (said["sure"].to_numpy() & only_letters).any()


def test_what_a_bank_itself_writes_is_sure(model: CategoryModel) -> None:
    texts = ["MONTHLY ACCOUNT FEE", "ATM WITHDRAWAL 1234 LONDON", "TESCO PHARMACY"]
    said = ranked(texts, [-1, -1, -1], model=model)
    assert said["sure"].to_list()[:2] == [True, True]


@pytest.mark.parametrize(("amount", "code"), [(-1, "transfer_out"), (1, "transfer_in")])
def test_the_sign_decides_against_the_banks_word_which_way_money_went(
    model: CategoryModel, amount: int, code: str
) -> None:
    for text in ("ZELLE PAYMENT LIAM ROBINSON", "PRZELEW NA TELEFON MICHAL NOWAK"):
        assert predict_one(text, amount, "EUR", model=model).category_code == code


def test_a_threshold_says_which_kind_of_evidence_needs_no_second_look() -> None:
    layer = replace(no_confidence(np.array([0.0, 1.0])), sure_from=never_sure())
    layer.sure_from[KINDS.index("phrase"), 0] = 0.9
    kinds = np.array([KINDS.index(name) for name in ("phrase", "phrase", "phrase", "guess")])
    sure = layer.sure(np.array([0.95, 0.85, 0.95, 0.99]), kinds, np.array([0, 0, 1, 0]))
    assert sure.tolist() == [True, False, False, False]


@settings(deadline=None, max_examples=40)  # a burst on a shared machine is no failure
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["LIDL", "SHELL 12", "", "ЗАПЛАТА", "xyz", "REFUND ZARA"]),
            st.sampled_from([-1, 0, 1]),
        ),
        max_size=8,
    )
)
def test_lines_are_scored_in_their_order_and_alike_whatever_else_comes_with_them(
    model: CategoryModel, lines: list[tuple[str, int]]
) -> None:
    texts, signs = [text for text, _ in lines], [sign for _, sign in lines]
    together = predict(texts, signs, ["EUR"] * len(lines), model=model)
    assert together.columns == [
        "category_code",
        "probability",
        "sure",
        "merchant",
        "model_name",
        "model_version",
    ]
    for (text, sign), row in zip(lines, together.iter_rows(named=True), strict=True):
        alone = predict_one(text, sign, "EUR", model=model)
        assert row["category_code"] == alone.category_code
        assert row["probability"] == pytest.approx(alone.probability, abs=1e-5)
        assert row["sure"] == alone.sure


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
    probability, sure = np.array([0.99, 0.99, 0.2]), np.array([True, True, False])
    found = score(truth, ["rent", "groceries", "restaurants"], probability, sure)
    assert (found.leaf_accuracy, found.group_accuracy) == (0.667, 1.0)
    assert (found.coverage, found.sure, found.wrong_of_sure) == (0.667, 2, 1)
    assert (found.stored, found.wrong_when_stored) == (0.667, 0.5)


def test_a_share_is_bounded_by_how_many_lines_speak_for_it() -> None:
    assert upper_bound(0, 149) == pytest.approx(0.0199, abs=1e-4)
    assert upper_bound(0, 0) == 1.0
    assert lower_bound(0, 10) == 0.0
    assert lower_bound(1, 10) < 0.02 < lower_bound(2, 10)


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
