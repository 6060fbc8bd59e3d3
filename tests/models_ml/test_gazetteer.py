from __future__ import annotations

import numpy as np
import polars as pl

from models_ml.categorizer.gazetteer import Gazetteer, gazetteer, phrase_table, whole_hashes

CODES = ("coffee", "fuel", "groceries", "postage")


def table(*names: tuple[str, str, float]) -> Gazetteer:
    frame = pl.DataFrame(names, schema=["name", "category_code", "weight"], orient="row")
    return gazetteer(
        frame.with_columns(pl.lit(value=False).alias("reviewed")), CODES, frozenset({"market", "the"})
    )


def best(known: Gazetteer, text: str) -> str | None:
    odds = known.log_odds(pl.Series([text]), len(CODES))[0]
    return CODES[int(odds.argmax())] if odds.max() > 0 else None


def test_the_longer_name_wins() -> None:
    known = table(("costa", "coffee", 1), ("costa rica petrol", "fuel", 1))
    assert best(known, "costa london") == "coffee"
    assert best(known, "costa rica petrol london") == "fuel"


def test_a_single_word_counts_only_where_merchants_stand() -> None:
    known = table(("shell", "fuel", 1), ("blue bottle", "coffee", 1))
    assert best(known, "shell road") == "fuel"
    assert best(known, "museum of shell") is None
    assert best(known, "at blue bottle") == "coffee"


def test_a_name_that_means_several_things_means_the_everyday_one_with_less_certainty() -> None:
    several = table(("zorb", "groceries", 1), ("zorb", "postage", 1))
    one = table(("zorb", "groceries", 1))
    assert best(several, "zorb 12") == "groceries"
    assert several.log_odds(pl.Series(["zorb"]), 4).max() < one.log_odds(pl.Series(["zorb"]), 4).max()


def test_general_words_alone_are_no_name() -> None:
    assert best(table(("the market", "groceries", 1)), "the market") is None


def test_hashes_follow_their_texts() -> None:
    texts = pl.Series(["one two", "three", "four five six"])
    alone = np.concatenate([whole_hashes(pl.Series([text])) for text in texts])
    np.testing.assert_array_equal(whole_hashes(texts), alone)


def test_an_empty_table_and_an_empty_text_add_nothing() -> None:
    odds = np.zeros(0, np.float32)
    nothing = Gazetteer(np.zeros(0, np.uint64), np.zeros(0, np.int16), odds, odds)
    assert not nothing.log_odds(pl.Series(["shell"]), 4).any()
    assert not table(("shell", "fuel", 1)).log_odds(pl.Series([""]), 4).any()


def reviewed(name: str, code: str) -> Gazetteer:
    frame = pl.DataFrame({"name": [name], "category_code": [code], "weight": [5.0], "reviewed": [True]})
    return gazetteer(frame, CODES, frozenset({"market"}))


def test_a_long_name_of_the_reviewed_list_counts_wherever_it_stands() -> None:
    assert best(reviewed("petrolux", "fuel"), "payment to petrolux") == "fuel"
    assert best(reviewed("zorb", "fuel"), "payment to zorb") is None


def test_phrases_count_wherever_they_stand_and_the_decisive_one_wins() -> None:
    phrases = pl.DataFrame(
        {
            "name": ["cash withdrawal", "withdrawal fee"],
            "category_code": ["postage", "fuel"],
            "strength": ["strong", "decisive"],
        }
    )
    known = phrase_table(phrases, CODES)
    assert best(known, "atm cash withdrawal") == "postage"
    assert best(known, "atm cash withdrawal fee") == "fuel"
