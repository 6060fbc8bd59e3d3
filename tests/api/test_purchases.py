"""What users enter, correct and delete: stored once, counted once, answered alike."""

from __future__ import annotations

import csv
import io
import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import openpyxl
import pytest
from sqlalchemy import text

from api.idempotency import fingerprint
from tests.api.conftest import sign_in
from tests.api.people import Line, Person, move_in
from tests.api.shapes import data_of, error_of
from warehouse.repositories.batches import Batch
from warehouse.repositories.identity import add_transactions

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse

PATH = "/api/transactions/"
#: Times that twenty purchases come at once; MITA_PARALLEL_ROUNDS asks for more.
ROUNDS = int(os.environ.get("MITA_PARALLEL_ROUNDS", "2"))
COFFEE = {
    "amount": 3.10,
    "category": "dining",
    "merchant": "Кафе Вавилон",
    "spent_at": "2026-03-14T22:30:00Z",
}


@pytest.fixture
def person(built: Warehouse) -> Person:
    lines = (Line(0, -1_000, "groceries", "BILLA 12", "Billa"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, lines)
    move_in(built, person)
    return person


@pytest.fixture
def somebody(client: TestClient, person: Person) -> dict[str, str]:
    return sign_in(client, person)


def add(client: TestClient, headers: dict[str, str], key: str | None = None, **changes: Any) -> Response:  # noqa: ANN401
    keyed = headers | ({"idempotency-key": key} if key else {})
    return client.post(PATH, json=COFFEE | changes, headers=keyed)


def listed(client: TestClient, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = data_of(client.get(PATH, params=query, headers=headers))
    return found


def test_a_purchase_is_in_the_list_on_the_very_next_request(
    client: TestClient, somebody: dict[str, str]
) -> None:
    made = add(client, somebody).json()["data"]
    assert made["amount"] == 3.1
    assert (made["category"], made["currency"], made["spent_at"]) == ("dining", "EUR", "2026-03-14T22:30:00Z")
    found = {entry["id"]: entry for entry in listed(client, somebody)}
    assert found[made["id"]]["merchant"] == "Кафе Вавилон"


def test_a_late_evening_counts_on_the_users_own_day(client: TestClient, somebody: dict[str, str]) -> None:
    made = add(client, somebody).json()["data"]  # half past midnight of the 15th in Sofia
    on = {
        day: client.get(f"{PATH}by-date?date={day}", headers=somebody).json()
        for day in ("2026-03-14", "2026-03-15")
    }
    assert (on["2026-03-14"], [entry["id"] for entry in on["2026-03-15"]]) == ([], [made["id"]])


@pytest.mark.parametrize(
    ("amount", "currency"), [("3.105", "EUR"), ("3.1", "JPY"), ("1", "XAU"), ("1", "ZZZ")]
)
def test_an_amount_that_its_currency_cannot_express_is_refused(
    client: TestClient, somebody: dict[str, str], amount: str, currency: str
) -> None:
    error = error_of(add(client, somebody, amount=float(amount), currency=currency), 400)
    assert error["code"] == "BUSINESS_4005"


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "no_such"},
        {"account_id": "00000000-0000-4000-8000-000000000000"},
        {"amount": "NaN"},
        {"amount": 1e300},
        {"merchant": "a\x00b"},
        {"spent_at": "0001-01-01T00:00:00Z"},
        {"spent_at": "9999-12-31T23:59:59-14:00"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    client: TestClient, somebody: dict[str, str], changes: dict[str, Any]
) -> None:
    before = listed(client, somebody)
    assert error_of(add(client, somebody, **changes), 422)["details"]["validation_errors"]
    assert listed(client, somebody) == before


@pytest.mark.parametrize(
    "body",
    ['{"amount": NaN, "category": "dining"}', '{"amount": 1, "amount": 2, "category": "dining"}', "[1"],
)
def test_json_is_taken_strictly(client: TestClient, somebody: dict[str, str], body: str) -> None:
    headers = somebody | {"content-type": "application/json"}
    assert client.post(PATH, content=body, headers=headers).status_code == 422


def test_the_same_key_and_body_are_done_once_and_answered_alike(
    client: TestClient, somebody: dict[str, str]
) -> None:
    first, second = add(client, somebody, "key-1"), add(client, somebody, "key-1")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert len(listed(client, somebody)) == 2


def test_the_same_key_with_another_body_is_refused(client: TestClient, somebody: dict[str, str]) -> None:
    add(client, somebody, "key-1")
    assert error_of(add(client, somebody, "key-1", amount=4), 422)["code"] == "BUSINESS_4001"
    assert len(listed(client, somebody)) == 2


def test_a_key_in_hand_is_told_to_come_back(
    client: TestClient, built: Warehouse, somebody: dict[str, str]
) -> None:
    me = data_of(client.get("/api/users/me", headers=somebody))["id"]
    with built.transaction() as connection:
        lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 7264822))")
        connection.execute(lock, {"name": f"{me}:key-1"})
        assert error_of(add(client, somebody, "key-1"), 409)["code"] == "BUSINESS_4002"
    assert add(client, somebody, "key-1").status_code == 201


def test_a_refused_request_leaves_its_key_free(client: TestClient, somebody: dict[str, str]) -> None:
    assert add(client, somebody, "key-1", category="no_such").status_code == 422
    assert add(client, somebody, "key-1").status_code == 201


def test_another_users_key_is_another_key(
    client: TestClient, somebody: dict[str, str], kenji: dict[str, str]
) -> None:
    mine = add(client, somebody, "shared-key").json()["data"]["id"]
    theirs = add(client, kenji, "shared-key", amount=310, currency="JPY").json()["data"]["id"]
    assert mine != theirs


def test_the_fingerprint_keeps_its_parts_apart() -> None:
    assert fingerprint("POST", "/a", b"b") != fingerprint("POST", "/", b"ab")


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_twenty_parallel_purchases_retried_at_random_are_each_counted_once(
    client: TestClient, built: Warehouse, person: Person
) -> None:
    """In the list, and in the plan that the next request reads; every round by somebody new."""
    dice = random.Random(7)  # noqa: S311 - no secret
    for _ in range(ROUNDS):
        shopper = replace(person, email=f"{uuid4()}@example.org")
        move_in(built, shopper)
        headers = sign_in(client, shopper)
        attempts = [number for number in range(20) for _ in range(dice.randint(1, 4))]
        dice.shuffle(attempts)
        buy_at_once(client, headers, attempts)
        entries = [entry for entry in listed(client, headers) if entry["category"] == "dining"]
        assert sorted(int(entry["amount"]) for entry in entries) == list(range(1, 21))
        assert dining_in_the_plan(client, headers, shopper.today) == sum(range(1, 21))


def buy_at_once(client: TestClient, headers: dict[str, str], attempts: list[int]) -> None:
    """Purchase n costs n; whoever is told to come again does."""
    spent_at = datetime.now(tz=UTC).isoformat()

    def send(number: int) -> None:
        told = 409
        while told in {409, 503}:
            told = add(
                client, headers, f"purchase-{number}", amount=1 + number, spent_at=spent_at
            ).status_code

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, attempts))


def dining_in_the_plan(client: TestClient, headers: dict[str, str], today: date) -> Decimal:
    """What the month's plan says was spent on eating out."""
    month = data_of(client.get(f"/api/calendar/saved/{today.year}/{today.month}", headers=headers))
    spent = (day["planned_budget"].get("dining", {}).get("spent", 0) for day in month["calendar"])
    return Decimal(sum(spent))


def test_a_purchase_can_be_corrected(client: TestClient, somebody: dict[str, str]) -> None:
    made = add(client, somebody).json()["data"]
    change = {"amount": 4.2, "category": "groceries", "notes": "Subcategory: fruit", "tags": ["market"]}
    changed = data_of(client.put(f"{PATH}{made['id']}", json=change, headers=somebody))
    assert changed["amount"] == Decimal("4.20")
    assert (changed["category"], changed["notes"], changed["tags"]) == (
        "groceries",
        "Subcategory: fruit",
        ["market"],
    )
    assert (changed["merchant"], changed["spent_at"]) == (made["merchant"], made["spent_at"])
    assert data_of(client.get(f"{PATH}{made['id']}", headers=somebody)) == changed


def test_of_a_banks_line_the_meaning_can_be_changed_and_not_the_amount(
    client: TestClient, somebody: dict[str, str]
) -> None:
    [line] = listed(client, somebody)
    path = f"{PATH}{line['id']}"
    meaning = {"amount": 10, "category": "gifts", "notes": "for Ivan"}
    changed = data_of(client.put(path, json=meaning, headers=somebody))
    assert (changed["category"], changed["confidence_score"], changed["notes"]) == ("gifts", None, "for Ivan")
    refused = client.put(path, json=meaning | {"amount": 11}, headers=somebody)
    assert error_of(refused, 409)["code"] == "BUSINESS_4003"


def test_nobody_reads_changes_or_deletes_what_is_anothers(
    client: TestClient, somebody: dict[str, str], kenji: dict[str, str]
) -> None:
    [line] = listed(client, somebody)
    path = f"{PATH}{line['id']}"
    change = {"amount": 10, "category": "gifts"}
    for refused in (
        client.get(path, headers=kenji),
        client.put(path, json=change, headers=kenji),
        client.delete(path, headers=kenji),
    ):
        assert error_of(refused, 404)["code"] == "RESOURCE_3001"
    assert listed(client, somebody) == [line]


def test_an_id_that_is_anothers_can_be_ones_own(
    client: TestClient, somebody: dict[str, str], kenji: dict[str, str]
) -> None:
    shared = str(uuid4())
    mine = {"transactions": [COFFEE | {"id": shared}]}
    theirs = {"transactions": [COFFEE | {"id": shared, "amount": 900, "currency": "JPY"}]}
    for body, headers in ((mine, somebody), (theirs, kenji)):
        assert client.post(f"{PATH}bulk-import", json=body, headers=headers).json()["data"]["imported"] == 1
    assert data_of(client.get(f"{PATH}{shared}", headers=somebody))["amount"] == Decimal("3.10")


def test_a_deletion_stays_when_the_statement_is_imported_again(
    client: TestClient, built: Warehouse, person: Person, somebody: dict[str, str]
) -> None:
    with built.transaction() as connection:
        batch = Batch(
            *connection.execute(
                text(
                    "select user_id, batch_id, status from raw.import_batches where user_id = "
                    "(select user_id from app.users where email = :email)"
                ),
                {"email": person.email},
            ).one()
        )
        add_transactions(connection, batch.user_id, batch.batch_id)
    imported = {entry["id"] for entry in listed(client, somebody, include="all")}
    for transaction_id in imported:
        assert client.delete(f"{PATH}{transaction_id}", headers=somebody).status_code == 200
    with built.transaction() as connection:
        add_transactions(connection, batch.user_id, batch.batch_id)
    assert listed(client, somebody, include="all") == []
    assert client.delete(f"{PATH}{imported.pop()}", headers=somebody).status_code == 404


def test_many_are_stored_at_once_or_none(client: TestClient, somebody: dict[str, str]) -> None:
    known = str(uuid4())
    many = [COFFEE | {"id": known}, COFFEE, COFFEE | {"amount": 9}]
    result = client.post(f"{PATH}bulk-import", json={"transactions": many}, headers=somebody).json()["data"]
    assert (result["imported"], result["skipped"]) == (3, 0)
    again = client.post(f"{PATH}bulk-import", json={"transactions": many[:1]}, headers=somebody).json()[
        "data"
    ]
    assert (again["imported"], again["skipped"]) == (0, 1)
    broken = {"transactions": [COFFEE, COFFEE | {"category": "no_such"}]}
    assert client.post(f"{PATH}bulk-import", json=broken, headers=somebody).status_code == 422
    assert len(listed(client, somebody)) == 4


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ({"merchant": "вавилон"}, [5, 3]),
        ({"text": "birthday"}, [3]),
        ({"tags": "a,b"}, [3]),
        ({"tags": "a"}, [5, 3]),
        ({"category": "gifts"}, [3]),
        ({"start_date": "2026-03-16"}, [7, 10]),
        ({"end_date": "2026-03-15"}, [5, 3]),
        ({"text": "%"}, []),
    ],
    ids=str,
)
def test_filters_find_what_they_say(
    client: TestClient, somebody: dict[str, str], query: dict[str, str], amounts: list[int]
) -> None:
    add(client, somebody, amount=3, category="gifts", notes="birthday", tags=["a", "b"])
    add(client, somebody, amount=5, tags=["a"], spent_at="2026-03-15T12:00:00Z")
    add(client, somebody, amount=7, merchant="Lidl", spent_at="2026-03-20T12:00:00Z")
    assert sorted(entry["amount"] for entry in listed(client, somebody, **query)) == sorted(amounts)


def test_pages_by_cursor_miss_nothing_while_purchases_arrive(
    client: TestClient, somebody: dict[str, str]
) -> None:
    for number in range(7):
        add(client, somebody, amount=number + 1, spent_at=f"2026-03-{10 + number // 2}T12:00:00Z")
    expected = [entry["id"] for entry in listed(client, somebody)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = data_of(client.get(f"{PATH}pages", params=query, headers=somebody))
        seen += [entry["id"] for entry in page["transactions"]]
        cursor = page["next_cursor"]
        add(client, somebody, amount=99, spent_at="2026-11-01T12:00:00Z")
        if cursor is None:
            break
    assert seen == expected


EVIL = ['=HYPERLINK("http://evil")', "+1", "-1+2", "@SUM(1)", "\t=1", "\uff1d1"]


def test_no_exported_cell_is_taken_for_a_formula(client: TestClient, somebody: dict[str, str]) -> None:
    for number, name in enumerate(EVIL):
        add(client, somebody, amount=number + 1, merchant=name.strip(), notes=name, description=name)
    exported = client.get(f"{PATH}export?format=csv", headers=somebody)
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert len(rows) == len(EVIL) + 1
    for row in rows:
        assert not any(
            row[name].startswith(("=", "+", "@", "-", "\t")) for name in ("merchant", "notes", "description")
        )
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"{PATH}export?format=xlsx", headers=somebody).content)
    )
    sheet: Any = book.active
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    assert sum(cell.value for cell in cells if cell.column_letter == "B") == 21 + 10


def test_money_events_are_in_the_users_own_chain(client: TestClient, somebody: dict[str, str]) -> None:
    made = add(client, somebody).json()["data"]
    client.delete(f"{PATH}{made['id']}", headers=somebody)
    events = data_of(client.get("/api/auth/security-status", headers=somebody))["recent_events"]
    assert [event["event"] for event in events[:2]] == ["purchase_deleted", "purchase_added"]


def sync(client: TestClient, headers: dict[str, str], changes: list[Any], cursor: str | None = None) -> Any:  # noqa: ANN401
    body = {"changes": changes} | ({"cursor": cursor} if cursor else {})
    return data_of(client.post("/api/sync", json=body, headers=headers))


def put(transaction_id: str, at: datetime, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    changed_at = at.isoformat().replace("+00:00", "Z")
    return {
        "id": transaction_id,
        "operation": "put",
        "changed_at": changed_at,
        "transaction": COFFEE | changes,
    }


def test_an_offline_client_loses_nothing_and_doubles_nothing(
    client: TestClient, somebody: dict[str, str]
) -> None:
    now = datetime.now(tz=UTC)
    ids = [str(uuid4()) for _ in range(3)]
    changes = [put(one, now, amount=number + 1) for number, one in enumerate(ids)]
    first = sync(client, somebody, changes)
    assert [outcome["outcome"] for outcome in first["outcomes"]] == ["applied"] * 3
    assert {entry["id"] for entry in first["changed"]} > set(ids)
    repeated = sync(client, somebody, changes, first["cursor"])
    assert {outcome["outcome"] for outcome in repeated["outcomes"]} <= {"applied", "older"}
    assert len(listed(client, somebody)) == 4


def test_a_cursor_brings_what_changed_since_and_no_more(client: TestClient, somebody: dict[str, str]) -> None:
    cursor = sync(client, somebody, [])["cursor"]
    made = add(client, somebody).json()["data"]["id"]
    [line] = [entry for entry in listed(client, somebody) if entry["id"] != made]
    answer = sync(client, somebody, [], cursor)
    assert [entry["id"] for entry in answer["changed"]] == [made]
    client.delete(f"{PATH}{made}", headers=somebody)
    client.put(f"{PATH}{line['id']}", json={"amount": 10, "category": "gifts"}, headers=somebody)
    later = sync(client, somebody, [], answer["cursor"])
    assert ([entry["id"] for entry in later["changed"]], later["deleted"]) == ([line["id"]], [made])


def test_the_later_change_stands_and_a_deletion_over_what_was_before_it(
    client: TestClient, somebody: dict[str, str]
) -> None:
    now = datetime.now(tz=UTC)
    one = str(uuid4())
    sync(client, somebody, [put(one, now, amount=1)])
    stale = sync(client, somebody, [put(one, now - timedelta(hours=1), amount=2)])
    assert stale["outcomes"][0]["outcome"] == "older"
    newer = sync(client, somebody, [put(one, now + timedelta(days=900), amount=3)])
    assert newer["outcomes"][0]["outcome"] == "applied"
    assert data_of(client.get(f"{PATH}{one}", headers=somebody))["amount"] == 3
    gone = {"id": one, "operation": "delete", "changed_at": datetime.now(tz=UTC).isoformat()}
    assert sync(client, somebody, [gone])["outcomes"][0]["outcome"] == "applied"
    back = sync(client, somebody, [put(one, now, amount=4), gone])
    assert [outcome["outcome"] for outcome in back["outcomes"]] == ["older", "known"]
    assert one in back["deleted"]


def test_what_was_made_corrected_and_deleted_offline_arrives_in_its_order(
    client: TestClient, somebody: dict[str, str]
) -> None:
    start = datetime.now(tz=UTC) - timedelta(hours=2)
    kept, gone, later = (str(uuid4()) for _ in range(3))
    queue = [
        put(kept, start, amount=1),
        put(gone, start + timedelta(minutes=1), amount=2),
        put(kept, start + timedelta(minutes=2), amount=3),
        {"id": gone, "operation": "delete", "changed_at": (start + timedelta(minutes=3)).isoformat()},
        put(later, start + timedelta(minutes=4), amount=4),
    ]
    answer = sync(client, somebody, queue)
    assert [outcome["outcome"] for outcome in answer["outcomes"]] == ["applied"] * 5
    amounts = {entry["id"]: entry["amount"] for entry in answer["changed"]}
    assert (amounts[kept], amounts[later], gone in amounts) == (3, 4, False)
    # Made before the queue above was sent, and sent with the next: still later than what was said of it.
    correction = put(later, start + timedelta(minutes=5), amount=5)
    assert sync(client, somebody, [correction])["outcomes"][0]["outcome"] == "applied"
    assert data_of(client.get(f"{PATH}{later}", headers=somebody))["amount"] == 5


def test_a_category_said_offline_of_a_banks_line_stands_though_the_line_came_later(
    client: TestClient, somebody: dict[str, str]
) -> None:
    [line] = listed(client, somebody)
    said = {"amount": float(line["amount"]), "spent_at": line["spent_at"], "category": "gifts"}
    before = datetime.now(tz=UTC) - timedelta(days=1)
    assert sync(client, somebody, [put(line["id"], before, **said)])["outcomes"][0]["outcome"] == "applied"
    assert data_of(client.get(f"{PATH}{line['id']}", headers=somebody))["category"] == "gifts"


def test_one_refused_change_stops_no_other(client: TestClient, somebody: dict[str, str]) -> None:
    now = datetime.now(tz=UTC)
    changes = [
        put(str(uuid4()), now, category="no_such"),
        put(str(uuid4()), now),
        put(str(uuid4()), now, amount=0.001),
    ]
    outcomes = [outcome["outcome"] for outcome in sync(client, somebody, changes)["outcomes"]]
    assert outcomes == ["refused", "applied", "refused"]
