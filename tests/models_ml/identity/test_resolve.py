"""Which entries are one event: by hand-made cases, and as laws that hold for any of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models_ml.identity.evidence import COVERAGE_SCHEMA, ENTRY_SCHEMA
from models_ml.identity.resolve import Answers, resolve

MARCH = date(2026, 3, 1)


@dataclass(frozen=True)
class Entry:
    id: str
    day: int
    amount: int = -1250
    text: str = "LIDL SOFIA 123"
    files: tuple[int, ...] = (1,)
    pending: bool = False
    reference: str | None = None


#: Two files that cover all of March and some days more.
BOTH = ((1, -5, 40), (2, -5, 40))


def groups(
    *entries: Entry, files: tuple[tuple[int, int, int], ...] = BOTH, answers: Answers | None = None
) -> set[frozenset[str]]:
    """The ids that are one event, the events of one entry left out."""
    found = resolve(entry_frame(entries), coverage_frame(files), answers)
    together: dict[str, set[str]] = {}
    for entry, root in found.merged.select("entry_id", "root").iter_rows():
        together.setdefault(root, {root}).add(entry)
    return {frozenset(ids) for ids in together.values()}


def entry_frame(entries: tuple[Entry, ...]) -> pl.DataFrame:
    rows = [
        {
            "account_id": "A",
            "entry_id": entry.id,
            "booked_date": MARCH + timedelta(days=entry.day - 1),
            "value_date": None,
            "amount_minor": entry.amount,
            "is_pending": entry.pending,
            "description": entry.text,
            "bank_reference": entry.reference,
            "balance_minor": None,
            "position": number,
            "files": list(entry.files),
        }
        for number, entry in enumerate(entries)
    ]
    return pl.DataFrame(rows, schema=ENTRY_SCHEMA)


def coverage_frame(files: tuple[tuple[int, int, int], ...]) -> pl.DataFrame:
    rows = [
        ("A", number, MARCH + timedelta(days=first), MARCH + timedelta(days=last), "csv")
        for number, first, last in files
    ]
    return pl.DataFrame(rows, schema=COVERAGE_SCHEMA, orient="row")


def test_a_changed_text_in_a_second_file_is_the_same_purchase() -> None:
    assert groups(Entry("one", 14), Entry("other", 14, text="Lidl Sofia 123 card 4711", files=(2,))) == {
        frozenset({"one", "other"})
    }


def test_two_lines_of_one_file_are_two_purchases() -> None:
    assert groups(Entry("one", 14), Entry("other", 14, text="LIDL SOFIA 124")) == set()


def test_two_coffees_under_new_references_stay_two() -> None:
    entries = [
        Entry(f"{name}{file}", 14, -250, "COFFEE CORNER", (file,), reference=f"{name}{file}")
        for file in (1, 2)
        for name in "ab"
    ]
    assert groups(*entries) == {frozenset({"a1", "a2"}), frozenset({"b1", "b2"})}


def test_the_same_amount_at_another_shop_on_another_day_is_another_purchase() -> None:
    files = ((1, -5, 14), (2, 14, 40))
    assert (
        groups(Entry("one", 14), Entry("other", 18, text="SHELL PLOVDIV", files=(2,)), files=files) == set()
    )


def test_what_only_the_completeness_of_files_tells_is_asked() -> None:
    """Either file holds every line of these days, so that two purchases would stand in both."""
    unlike = (Entry("one", 14), Entry("other", 18, text="SHELL PLOVDIV", files=(2,)))
    found = resolve(entry_frame(unlike), coverage_frame(BOTH))
    assert found.questions.select("entry_id", "root").rows() == [("one", "other")]


def test_a_pending_line_is_posted_days_later() -> None:
    assert groups(Entry("pending", 14, pending=True), Entry("posted", 16, files=(2,))) == {
        frozenset({"pending", "posted"})
    }


def test_a_tip_and_a_fuel_hold_change_the_amount() -> None:
    tip = groups(
        Entry("pending", 14, -4000, "TRATTORIA ROMA", pending=True),
        Entry("posted", 15, -4600, "TRATTORIA ROMA", (2,)),
    )
    hold = groups(
        Entry("pending", 14, -12500, "SHELL 4711", pending=True),
        Entry("posted", 16, -6180, "SHELL 4711", (2,)),
    )
    assert tip == hold == {frozenset({"pending", "posted"})}


def test_a_hold_that_nothing_settles_expires() -> None:
    hotel = Entry("hold", 2, -20000, "HOTEL ADRIA", pending=True)
    later = Entry("other", 20, -350, "BAKERY", (2,))
    found = resolve(entry_frame((hotel, later)), coverage_frame(((1, -5, 8), (2, 9, 40))))
    assert found.expired == {"hold"}
    young = resolve(entry_frame((hotel, later)), coverage_frame(((1, -5, 8), (2, 9, 15))))
    assert young.expired == frozenset()


def test_the_users_word_outweighs_the_evidence() -> None:
    same = (Entry("a", 14), Entry("b", 14, files=(2,), text="LIDL SOFIA 123 X"))
    assert groups(*same, answers={("a", "b"): False}) == set()
    unlike = (Entry("a", 14), Entry("b", 17, text="GROCERIES", files=(2,)))
    assert groups(*unlike) == set()
    assert groups(*unlike, answers={("a", "b"): True}) == {frozenset({"a", "b"})}


def test_an_answered_question_is_not_asked_again() -> None:
    pair = (Entry("a", 14), Entry("b", 15, text="SOFIA LD GROCER", files=(2,)))
    for answer in (True, False):
        asked = resolve(entry_frame(pair), coverage_frame(BOTH), {("a", "b"): answer}).questions
        assert asked.is_empty()


entries = st.builds(
    Entry,
    id=st.just(""),
    day=st.integers(1, 12),
    amount=st.sampled_from([-250, -1250, -9900]),
    text=st.sampled_from(["COFFEE CORNER", "Coffee Corner Sofia", "SHELL 4711", "LIDL"]),
    files=st.sampled_from([(1,), (2,), (3,), (1, 2), (2, 3), ()]),
    pending=st.booleans(),
)
histories = st.lists(entries, max_size=14).map(
    lambda some: tuple(replace(entry, id=f"e{number:02}") for number, entry in enumerate(some))
)
THREE = ((1, -5, 12), (2, -5, 20), (3, 2, 40))


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_entries_decides_nothing(history: tuple[Entry, ...], dice: object) -> None:
    frame = entry_frame(history)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=dice.randrange(1000))  # type: ignore[attr-defined]
    coverage = coverage_frame(THREE)
    one, other = resolve(frame, coverage), resolve(shuffled, coverage)
    assert one.merged.sort("entry_id").equals(other.merged.sort("entry_id"))
    assert one.expired == other.expired


@given(histories)
def test_an_event_has_at_most_one_line_of_each_file_and_one_entry_one_event(
    history: tuple[Entry, ...],
) -> None:
    found = resolve(entry_frame(history), coverage_frame(THREE))
    assert found.merged["entry_id"].is_unique().all()
    assert not set(found.merged["root"]) & set(found.merged["entry_id"]), "a root joins no other"
    files = {entry.id: entry.files for entry in history}
    together: dict[str, list[str]] = {}
    for entry, root in found.merged.select("entry_id", "root").iter_rows():
        together.setdefault(root, [root]).append(entry)
    for members in together.values():
        listed = [file for member in members for file in files[member]]
        assert len(listed) == len(set(listed))


#: What two complete exports of March share.
SHARED = tuple(Entry(f"c{day}", day, -100 * day - 7, f"THING {day}", (1, 2)) for day in range(1, 28))


def test_short_numbers_tell_shops_apart_long_ones_are_references() -> None:
    """ "SHOP 0" in one file and "SHOP 1" in the other: two shops, as far as anybody knows, so it is asked."""
    shops = (*SHARED, Entry("zero", 14, -1500, "SHOP 0"), Entry("one", 14, -1500, "SHOP 1", (2,)))
    found = resolve(entry_frame(shops), coverage_frame(BOTH))
    assert found.merged.is_empty()
    assert {frozenset(row) for row in found.questions.select("entry_id", "root").rows()} == {
        frozenset({"zero", "one"})
    }
    payments = (
        *SHARED,
        Entry("one", 14, -1500, "SHOP REF 8834412"),
        Entry("other", 14, -1500, "SHOP REF 9912345", (2,)),
    )
    assert groups(*payments) == {frozenset({"one", "other"})}


def test_files_that_share_nothing_do_not_explain_each_others_lines() -> None:
    """Two cards' exports cover the same days, and neither has to list what the other does."""
    own = [Entry(f"c{day}", day, -100 * day - 7, f"THING {day}", (1 + day % 2,)) for day in range(1, 28)]
    shops = (Entry("zero", 14, -1500, "SHOP 0"), Entry("one", 14, -1500, "SHOP 1", (2,)))
    found = resolve(entry_frame((*own, *shops)), coverage_frame(BOTH))
    assert found.merged.is_empty()
    assert found.questions.is_empty()


def test_equal_pending_lines_settle_without_a_question() -> None:
    """Which of two equal tolls became which nobody can tell, and nobody has to."""
    tolls = [Entry(f"pending {n}", 14, -2900, "TOLL REBILL", pending=True) for n in (1, 2)]
    posted = [Entry(f"posted {n}", 16, -2900, "TOLL REBILL", (2,)) for n in (1, 2)]
    found = resolve(entry_frame((*tolls, *posted)), coverage_frame(((1, -5, 14), (2, 14, 40))))
    assert found.merged.height == 2
    assert found.questions.is_empty()
    assert found.expired == frozenset()


def test_holds_that_either_of_two_amounts_may_settle_are_asked() -> None:
    holds = [Entry(f"hold {day}", day, -12500, "SHELL 4711", pending=True) for day in (11, 14)]
    posted = [Entry(f"posted {n}", 16, -4000 - 2000 * n, "SHELL 4711", (2,)) for n in (1, 2)]
    found = resolve(entry_frame((*holds, *posted)), coverage_frame(((1, -5, 14), (2, 14, 40))))
    assert found.merged.height == 2
    assert found.questions.height >= 2
    assert found.expired == frozenset()
