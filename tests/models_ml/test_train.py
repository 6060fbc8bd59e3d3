from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models_ml.categorizer import knowledge
from models_ml.categorizer.calibration import fit_sure
from models_ml.categorizer.confidence import FEATURES, KINDS, NEVER
from models_ml.categorizer.examples import SOURCES, folds, read_examples
from models_ml.categorizer.fitting import TrainingParams
from models_ml.categorizer.model import SHIPPED, load_folder, read_manifest
from models_ml.categorizer.predict import predict_one
from models_ml.categorizer.report import card
from models_ml.categorizer.samples import Sample
from models_ml.categorizer.train import save, train
from models_ml.taxonomy import leaf_codes

BRANDS = """tree,osm_key,osm_value,display_name,alt_names,locations,wikidata,id
brands,shop,supermarket,Zorbina,q123|zo|Zorbina Express,bg,Q1,a
brands,amenity,fuel,Petrolux,,de,Q2,b
brands,amenity,bank,No Leaf Bank,,de,Q3,c
"""
CODES = "mcc,edited_description\n5411,Grocery Stores\n3005,BRITISH AIRWAYS\n"
CARD_LINES = (
    "merchant_name,category\n" + "shell one 12,Vehicle Fuel\n" * 3 + "amazon,Books\namazon,Stationery\n"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, text in {"brands": BRANDS, "mcc": CODES, "birmingham": CARD_LINES}.items():
        path = tmp_path / SOURCES[name][0]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return tmp_path


def test_names_that_are_no_names_and_kinds_without_a_leaf_are_left_out(data: Path) -> None:
    found = knowledge.brands(data / SOURCES["brands"][0])
    assert found["description"].to_list() == ["Zorbina", "Zorbina Express", "Petrolux"]
    assert found["category_code"].to_list() == ["groceries", "groceries", "fuel"]


def test_a_shop_whose_lines_disagree_teaches_nothing(data: Path) -> None:
    found = knowledge.birmingham(data / SOURCES["birmingham"][0])
    assert found.select("description", "category_code").rows() == [("shell one 12", "fuel")]


def test_all_spellings_of_a_shop_share_its_key() -> None:
    keys = knowledge.merchant_keys(
        pl.Series(["TESCO STORES 5504", "Tesco PFS 4203", "The Tesco Shop", "Café"])
    )
    assert keys.to_list() == ["tesco", "tesco", "tesco", "cafe"]


def test_the_own_words_name_every_leaf_but_the_unknown() -> None:
    words = pl.concat([knowledge.lexicon(), knowledge.known_merchants()])
    assert set(words["category_code"]) == set(leaf_codes()) - {"uncategorised"}


def test_labels_of_the_check_lines_are_leaves() -> None:
    named = set().union(*knowledge.south_african_leaves().values(), *knowledge.birmingham_leaves().values())
    written = {code for codes in knowledge.written_lines()["category_codes"] for code in codes.split("|")}
    assert named | written <= set(leaf_codes())


def test_a_training_learns_calibrates_and_saves_what_loads_again(data: Path, tmp_path: Path) -> None:
    more = pl.DataFrame(
        {
            "description": [f"FLOOMP {place}" for place in "abcdefghijklmnopqrst"],
            "category_code": ["hobbies"] * 20,
        }
    )
    params = TrainingParams(buckets=1 << 12, iterations=15, folds=2, checked=2)
    check = pl.DataFrame(
        {"description": ["Monthly account fee"], "amount": ["-12.50"], "label": ["Bank Charges and Fees"]}
    )
    examples = read_examples(data, more)
    few = examples.filter((pl.int_range(pl.len()) % 12 == 0) | pl.col("source").is_in(["labelled", "brands"]))
    trained = train(few, params, check)
    manifest = save(trained, tmp_path / "artifact")
    model = load_folder(tmp_path / "artifact")
    assert predict_one("FLOOMP FOUR", -500, "EUR", model=model).category_code == "hobbies"
    assert model.version == manifest["version"]
    assert trained.metrics["south_africa"].leaf_accuracy == 1.0
    assert {"labelled", "labelled, keywords", "brands"} <= set(trained.metrics)
    assert sorted(path.name for path in (tmp_path / "artifact").iterdir()) == [
        "calibration.png",
        "card.md",
        "confusion.png",
        "manifest.json",
        "weights.npz",
    ]
    assert json.loads((tmp_path / "artifact" / "manifest.json").read_text())["params"]["folds"] == 2


def test_what_ships_is_described_by_its_own_manifest() -> None:
    manifest, size = read_manifest(), (SHIPPED / "weights.npz").stat().st_size
    assert hashlib.sha256((SHIPPED / "weights.npz").read_bytes()).hexdigest() == manifest["sha256"]
    assert (SHIPPED / "card.md").read_text(encoding="utf-8") == card(manifest, size, dict(SOURCES.values()))
    shown = {name: figures for name, figures in manifest["metrics"].items() if figures["sure"]}
    assert shown
    # A brand's name is no bank line; banks' own words are what makes lines sure.
    ours = [figures for name, figures in shown.items() if not re.search("other sources|brands", name)]
    assert sum(figures["wrong_of_sure"] for figures in ours) <= 0.02 * sum(one["sure"] for one in ours)


def _sample(source: str, wrong: int, lines: int = 400) -> Sample:
    """Lines of which a phrase speaks for a plain leaf in each; the last ``wrong`` of them mislead."""
    features = np.zeros((lines, len(FEATURES)))
    features[:, FEATURES.index("phrase_agrees")] = 3.0
    features[:, FEATURES.index("lead")] = np.linspace(6, 2, lines)
    truth = [frozenset({"rent" if place < lines - wrong else "fuel"}) for place in range(lines)]
    best = np.zeros(lines, dtype=np.intp)
    return Sample(source, ["x"] * lines, truth, ["rent"] * lines, best, features, np.zeros(1), [-1] * lines)


def test_a_kind_of_evidence_is_sure_only_where_all_sources_show_it() -> None:
    phrase = KINDS.index("phrase")
    good = fit_sure([_sample("one", 4), _sample("two", 3)])
    assert good[phrase, 0] <= 1
    assert (good[0] == NEVER).all()
    refuted = fit_sure([_sample("one", 4), _sample("two", 200)])
    assert refuted[phrase, 0] > good[phrase, 0]


def test_few_lines_and_names_of_lists_show_nothing() -> None:
    assert (fit_sure([_sample("one", 0, 20), _sample("two", 0, 20)]) == NEVER).all()
    assert (fit_sure([_sample("brands", 4), _sample("two", 0, 20)]) == NEVER).all()


def test_the_same_examples_give_the_same_file(data: Path) -> None:
    params = TrainingParams(buckets=1 << 10, iterations=5, folds=2, checked=2)
    few = read_examples(data).filter((pl.int_range(pl.len()) % 6 == 0) | (pl.col("source") == "brands"))
    first, second = (train(few, params).model.to_bytes() for _ in range(2))
    assert first == second


def test_a_fold_without_shops_to_check_is_passed_over(data: Path) -> None:
    examples = read_examples(data).filter(pl.int_range(pl.len()) % 12 == 0)
    shop = examples.head(1).with_columns(
        pl.lit("zorbina").alias("description"), pl.lit("zorbina").alias("merchant"), source=pl.lit("brands")
    )
    few = pl.concat([examples.filter(~pl.col("source").is_in(["brands", "birmingham"])), shop])
    params = TrainingParams(buckets=1 << 10, iterations=5, folds=2)
    assert not folds(few, params.folds)[0].tail(1).item()
    assert train(few, params).metrics["brands"].lines == 1


def test_nothing_to_check_on_is_said(data: Path) -> None:
    own = read_examples(data).filter(~pl.col("source").is_in(["brands", "birmingham"]))
    with pytest.raises(ValueError, match="no shop to check on"):
        train(own, TrainingParams())
