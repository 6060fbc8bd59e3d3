"""Photos over HTTP: left, read by a worker, looked at, corrected, deleted, and nobody else's."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from PIL import Image
from sqlalchemy import text

from api.receipts import endpoints
from tests.api.conftest import sign_in
from tests.api.people import MARIA, Line, Person, move_in
from warehouse.receipt_store import ReceiptStore

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from warehouse.engine import Warehouse


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads photos in these tests: an upload need not wait for its worker."""
    monkeypatch.setattr(endpoints, "PATIENCE_SECONDS", 0.0)


def photo() -> bytes:
    pixels = np.random.default_rng().integers(0, 255, (40, 30, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG")
    return target.getvalue()


def upload(
    client: TestClient,
    headers: dict[str, str],
    content: bytes,
    path: str = "/api/transactions/receipt",
    field: str = "file",
) -> Response:
    return client.post(path, files={field: ("receipt.jpg", content, "image/jpeg")}, headers=headers)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/transactions/receipt", "file"),
        ("/api/transactions/receipt/advanced", "file"),
        ("/api/ocr/process", "receipt"),
        ("/api/ocr/process", "file"),
    ],
)
def test_a_photo_becomes_a_job(client: TestClient, maria: dict[str, str], path: str, field: str) -> None:
    answer = upload(client, maria, photo(), path, field)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["status"], data["items"], data["total"]) == ("pending", [], None)
    for status in ("/api/transactions/receipt/status/", "/api/ocr/status/", "/api/ocr/jobs/"):
        told = client.get(f"{status}{data['job_id']}", headers=maria).json()["data"]
        assert (told["status"], told["progress"], told["error"]) == ("pending", 0, None)
    history = client.get("/api/ocr/history", headers=maria).json()["data"]
    assert data["job_id"] in {job["job_id"] for job in history}


def test_the_same_photo_is_the_same_job(client: TestClient, maria: dict[str, str]) -> None:
    content = photo()
    jobs = {upload(client, maria, content).json()["data"]["job_id"] for _ in range(2)}
    assert len(jobs) == 1


def test_several_photos_are_several_jobs(client: TestClient, maria: dict[str, str]) -> None:
    files = [("files", (f"{number}.jpg", photo(), "image/jpeg")) for number in range(3)]
    data = client.post("/api/transactions/receipt/batch", files=files, headers=maria).json()["data"]
    assert (len(set(data["jobs"])), data["status"]) == (3, "pending")


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", b"MZ\x90\x00", b"%!PS"])
def test_what_is_no_photo_is_refused_by_its_content(
    client: TestClient, maria: dict[str, str], content: bytes
) -> None:
    answer = upload(client, maria, content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_2005")


def test_a_photo_as_iphones_take_it_is_refused_with_what_to_do(
    client: TestClient, maria: dict[str, str]
) -> None:
    error = upload(client, maria, b"\0\0\0\x18ftypheic" + b"\0" * 40).json()["error"]
    assert error["code"] == "VALIDATION_2005"
    assert "Most Compatible" in error["details"]["advice"]


def test_a_store_that_takes_nothing_is_no_defect_and_leaves_no_job(
    client: TestClient, maria: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = photo()
    with monkeypatch.context() as closed:
        closed.setattr(ReceiptStore, "_place", lambda *_: (LocalFileSystem(), "/dev/null/photos/one"))
        answer = upload(client, maria, content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SYSTEM_8002")
    assert "retry-after" in answer.headers
    assert upload(client, maria, content).json()["data"]["status"] == "pending", "the same photo, sent again"


def test_the_photo_is_its_owners_and_goes_when_they_say(
    client: TestClient, maria: dict[str, str], kenji: dict[str, str]
) -> None:
    content = photo()
    data = upload(client, maria, content).json()["data"]
    image = f"/api/transactions/receipt/{data['receipt_id']}/image"
    url = client.get(image, headers=maria).json()["data"]["url"]
    assert client.get(url, headers=maria).content == content
    for stranger in (kenji, {}):
        expected = 404 if stranger else 401
        assert client.get(url, headers=stranger).status_code == expected
        assert client.get(image, headers=stranger).status_code == expected
        assert client.delete(image, headers=stranger).status_code == expected
        status = f"/api/ocr/jobs/{data['job_id']}"
        assert client.get(status, headers=stranger).status_code == expected
    assert client.delete(image, headers=maria).status_code == 200
    assert client.get(url, headers=maria).status_code == 404


def test_a_correction_is_kept_with_what_was_read_and_where(
    client: TestClient, maria: dict[str, str], built: Warehouse
) -> None:
    data = upload(client, maria, photo()).json()["data"]
    with built.transaction() as connection:
        connection.execute(
            text("""
                insert into app.receipts (
                    user_id, receipt_id, status, merchant, total_minor, currency, boxes, reader
                )
                select user_id, :receipt, 'needs_review', 'L1DL', 1230, 'EUR',
                    '{"merchant": [1, 2, 3, 4]}', 'x'
                from app.users where email = :email
            """),
            {"receipt": data["receipt_id"], "email": MARIA.email},
        )
    said = {"merchant": "Lidl", "total": 12.34, "date": "2026-03-14", "category": "groceries",
            "metadata": {"receipt_id": data["receipt_id"]}}  # fmt: skip
    answer = client.post("/api/transactions/receipt/validate", json=said, headers=maria)
    assert answer.status_code == 200, answer.text
    with built.transaction() as connection:
        kept = connection.execute(
            text("select field, value_read, value, box from app.receipt_corrections where receipt_id = :id"),
            {"id": data["receipt_id"]},
        )
        found = {row.field: (row.value_read, row.value, row.box) for row in kept}
    assert found["merchant"] == ("L1DL", "Lidl", [1, 2, 3, 4])
    assert found["total"] == ("1230", "1234", None)
    assert found["category"][1] == "groceries"


def test_a_correction_of_nobodys_receipt_is_not_found(client: TestClient, maria: dict[str, str]) -> None:
    for body in ({"receipt_id": str(uuid4()), "merchant": "x"}, {"merchant": "x"}):
        assert client.post("/api/transactions/receipt/validate", json=body, headers=maria).status_code == 404


def test_words_have_likely_categories(client: TestClient, maria: dict[str, str]) -> None:
    body = {"description": "Lidl", "amount": 12}
    answer = client.post("/api/ocr/categorize", json=body, headers=maria).json()["data"]
    assert "groceries" in answer["suggestions"]


def test_the_same_form_is_the_same_whatever_its_boundary(client: TestClient, maria: dict[str, str]) -> None:
    content, headers = photo(), maria | {"idempotency-key": str(uuid4())}

    def sent(boundary: str, what: bytes) -> Response:
        body = (
            f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n'
            f"content-type: image/jpeg\r\n\r\n"
        ).encode() + what + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return client.post("/api/transactions/receipt", content=body, headers=headers | kind)

    first, again, other = sent("one", content), sent("another", content), sent("one", photo())
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422), other.text
    assert first.json()["data"]["job_id"] == again.json()["data"]["job_id"]
    assert other.json()["error"]["code"] == "BUSINESS_4001"


def new_person(built: Warehouse) -> Person:
    """Somebody whose purchases no other test looks at."""
    lines = (Line(0, -1_000, "groceries", "BILLA 12", "Billa"),)
    person = Person(f"{uuid4()}@example.org", "EUR", "Europe/Sofia", 200_000, 1_000, lines)
    move_in(built, person)
    return person


@pytest.fixture
def shopper(built: Warehouse) -> Person:
    return new_person(built)


def read_receipt(
    client: TestClient, headers: dict[str, str], built: Warehouse, owner: Person, *, status: str
) -> str:
    """A receipt of 12.30 in shop Lidl, as a worker leaves it."""
    receipt: str = upload(client, headers, photo()).json()["data"]["receipt_id"]
    with built.transaction() as connection:
        connection.execute(
            text("""
                insert into app.receipts (
                    user_id, receipt_id, status, merchant, spent_date, total_minor, currency, reader
                )
                select user_id, :receipt, :status, 'Lidl', '2026-03-14', 1230, 'EUR', 'x'
                from app.users where email = :email
            """),
            {"receipt": receipt, "email": owner.email, "status": status},
        )
    return receipt


def pay(client: TestClient, headers: dict[str, str]) -> str:
    """A purchase that may have paid it."""
    body = {"amount": 12.30, "category": "groceries", "spent_at": "2026-03-14T12:00:00Z", "currency": "EUR"}
    made = client.post("/api/transactions/", json=body, headers=headers)
    assert made.status_code == 201, made.text
    transaction: str = made.json()["data"]["id"]
    return transaction


def test_the_user_says_which_line_paid_a_receipt(
    client: TestClient, shopper: Person, built: Warehouse
) -> None:
    mine, another = (sign_in(client, person) for person in (shopper, new_person(built)))
    receipt = read_receipt(client, mine, built, shopper, status="completed")
    one, other = pay(client, mine), pay(client, mine)
    path = f"/api/transactions/receipt/{receipt}/matches"
    assert client.get(path, headers=mine).json()["data"] == []

    def answer(headers: dict[str, str], transaction: str, *, is_paid: bool) -> Response:
        return client.post(path, json={"transaction_id": transaction, "is_paid": is_paid}, headers=headers)

    assert answer(mine, one, is_paid=True).status_code == 200
    told = answer(mine, other, is_paid=True).json()["data"]
    assert [(line["transaction_id"], line["match"], line["told_by"], line["amount"]) for line in told] == [
        (other, "paired", "user", -12.3),
        (one, "no", "user", -12.3),
    ]
    assert {line["match"] for line in answer(mine, other, is_paid=False).json()["data"]} == {"no"}
    with built.transaction() as connection:
        jobs = connection.execute(
            text("select kind from ops.receipt_jobs where image_id = :receipt"), {"receipt": receipt}
        ).scalars()
        assert "settle" in set(jobs)
    assert answer(another, one, is_paid=True).status_code == 404
    assert client.get(path, headers=another).status_code == 404
    assert answer(mine, str(uuid4()), is_paid=True).status_code == 404
    assert answer(mine, pay(client, another), is_paid=True).status_code == 404


def test_a_receipt_that_waits_for_review_is_not_paid_yet(
    client: TestClient, shopper: Person, built: Warehouse
) -> None:
    mine = sign_in(client, shopper)
    receipt = read_receipt(client, mine, built, shopper, status="needs_review")
    body = {"transaction_id": pay(client, mine), "is_paid": True}
    path = f"/api/transactions/receipt/{receipt}/matches"
    assert client.post(path, json=body, headers=mine).status_code == 404
