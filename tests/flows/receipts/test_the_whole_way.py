"""From a photo to a purchase, or to the bank line that paid it, and back."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import pytest
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from PIL import Image
from sqlalchemy import text

from flows.clients.ocr.protocol import OcrError
from flows.receipts import flow
from flows.receipts.intake import leave_file
from flows.receipts.likeness import bits_apart, perceptual_hash
from flows.receipts.opening import ReceiptRefusedError
from flows.receipts.processing import Engines
from flows.receipts.settling import settle_receipts
from flows.receipts.working import Done, work_off
from models_ml.receipts.model import load_folder
from models_ml.receipts.page import Page
from tests.factories import add_transaction
from tests.flows.receipts.test_reading import TEXT, Typed, upright
from warehouse.engine import Warehouse
from warehouse.receipt_store import ImageGoneError, ReceiptStore, StoreUnusableError
from warehouse.repositories.receipt_matches import MatchNotFoundError, answer_match, list_matches
from warehouse.repositories.users import User
from warehouse.sealing import BrokenSealError

DAY = "2018-03-24"
Photograph = Callable[..., Done]


@pytest.fixture
def photograph(warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path) -> Photograph:
    """Send a photo that says something, and work its job off."""

    def send(said: str = TEXT, shade: int = 40) -> Done:
        pixels = upright()
        pixels[200:240, 20:100] = shade
        path = tmp_path / f"{shade}.png"
        Image.fromarray(pixels).save(path)
        left = leave_file(warehouse, store, user.user_id, path)
        done = work_off(warehouse, store, Engines(Typed(said), load_folder()), user.user_id)
        return done or Done(user.user_id, left.image_id, "known")

    return send


def rows(warehouse: Warehouse, query: str, **values: object) -> list[Any]:
    with warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def transactions(warehouse: Warehouse) -> list[Any]:
    query = "select amount_minor, currency, spent_date::text, description from app.transactions order by 1"
    return rows(warehouse, query)


def settle(warehouse: Warehouse, user: User) -> None:
    with warehouse.transaction() as connection:
        settle_receipts(connection, user.user_id)


def ringgit_line(
    warehouse: Warehouse, user: User, amount: int = -1590, name: str = "UNITED HARDWARE"
) -> None:
    from datetime import date

    add_transaction(
        warehouse,
        replace(user, currency="MYR", country="MY"),
        amount_minor=amount,
        spent=date(2018, 3, 26),
        description=name,
    )


def test_a_receipt_without_a_bank_line_is_a_purchase(warehouse: Warehouse, photograph: Photograph) -> None:
    assert photograph().status == "completed"
    assert transactions(warehouse) == [(-1590, "MYR", DAY, "UNITED HARDWARE SDN BHD")]


def test_a_bank_line_that_comes_later_takes_the_place_of_the_purchase(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    receipt_text = TEXT.replace("CASH  20.00\nCHANGE  4.10", "VISA  15.90")
    photograph(receipt_text)
    ringgit_line(warehouse, user)
    settle(warehouse, user)
    assert transactions(warehouse) == [(-1590, "MYR", "2018-03-26", "UNITED HARDWARE")]
    assert rows(warehouse, "select band from app.receipt_matches") == [("paired",)]
    with warehouse.transaction() as connection:
        connection.execute(text("delete from app.transactions"))
    settle(warehouse, user)
    assert transactions(warehouse) == [(-1590, "MYR", DAY, "UNITED HARDWARE SDN BHD")]


def test_what_the_user_refused_is_not_matched_again(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    photograph(TEXT.replace("CASH  20.00\nCHANGE  4.10", "VISA  15.90"))
    ringgit_line(warehouse, user)
    settle(warehouse, user)
    with warehouse.transaction() as connection:
        connection.execute(text("update app.receipt_matches set band = 'no', origin = 'user'"))
    settle(warehouse, user)
    assert len(transactions(warehouse)) == 2


def test_settling_again_changes_nothing(warehouse: Warehouse, user: User, photograph: Photograph) -> None:
    photograph()
    version = rows(warehouse, "select version from ops.user_versions")
    settle(warehouse, user)
    assert rows(warehouse, "select version from ops.user_versions") == version


def test_the_same_file_is_read_once_and_the_same_receipt_counts_once(
    warehouse: Warehouse, photograph: Photograph
) -> None:
    photograph()
    assert photograph().status == "known"
    photograph(shade=41)  # another file of the same picture
    assert rows(warehouse, "select status from app.receipts order by 1") == [("completed",), ("duplicate",)]
    assert len(transactions(warehouse)) == 1


def test_a_photo_that_another_worker_reads_is_waited_for(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's worker takes what a command leaves as soon as it is there."""
    Image.fromarray(upright()).save(tmp_path / "photo.png")
    engines = Engines(Typed(TEXT), load_folder())
    workers: list[Thread] = []

    def quicker(*given: Any) -> None:  # noqa: ANN401
        if not workers:
            workers.append(Thread(target=work_off, args=given))
            workers[0].start()
            while rows(warehouse, "select status from ops.receipt_jobs") == [("pending",)]:
                time.sleep(0.01)

    monkeypatch.setattr(flow, "work_off", quicker)
    outcome = flow.read_file(warehouse, store, engines, user.user_id, str(tmp_path / "photo.png"))
    workers[0].join()
    assert outcome.status == "completed"


def test_what_cannot_be_read_is_told_as_often_as_it_is_sent(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    engines = Engines(Typed(TEXT), load_folder())
    for _ in range(2):
        outcome = flow.read_file(warehouse, store, engines, user.user_id, str(tmp_path / "torn.pdf"))
        assert outcome.status == "failed"
        assert outcome.failure


def test_two_equal_purchases_at_different_times_are_two(warehouse: Warehouse, photograph: Photograph) -> None:
    photograph()
    photograph(TEXT.replace("18:23", "18:57"), shade=41)
    assert len(transactions(warehouse)) == 2


def test_an_unsure_receipt_waits_for_the_user_and_counts_after_their_word(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    done = photograph(TEXT.replace("Date: 24/03/2018 18:23", ""))
    assert (done.status, transactions(warehouse)) == ("needs_review", [])
    with warehouse.transaction() as connection:
        for field, value in (
            ("merchant", "United Hardware"),
            ("date", DAY),
            ("category", "home_maintenance"),
        ):
            connection.execute(
                text("insert into app.receipt_corrections values (:u, :r, :f, null, :v)"),
                {"u": user.user_id, "r": done.image_id, "f": field, "v": value},
            )
        connection.execute(text("update ops.receipt_jobs set status = 'pending', kind = 'settle'"))
    photograph()  # a second file: the first job is the corrected one
    assert (-1590, "MYR", DAY, "United Hardware") in transactions(warehouse)
    assert rows(warehouse, "select category_code from app.category_decisions") == [("home_maintenance",)]


def test_the_users_category_of_a_merchant_is_remembered(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    done = photograph()
    with warehouse.transaction() as connection:
        connection.execute(
            text("insert into app.receipt_corrections values (:u, :r, 'category', null, 'gifts')"),
            {"u": user.user_id, "r": done.image_id},
        )
    photograph(TEXT.replace("15.90", "19.10").replace("24/03", "25/03"), shade=41)
    found = rows(warehouse, "select category_code from app.receipts where spent_date = '2018-03-25'")
    assert found == [("gifts",)]


class Broken:
    name = "broken"

    def read(self, image: npt.NDArray[np.uint8]) -> Page:
        message = f"no answer for {image.shape}"
        raise OcrError(message)


def test_a_job_that_fails_is_tried_again_and_then_given_up(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(upright()).save(path)
    leave_file(warehouse, store, user.user_id, path)
    outcomes = []
    for _ in range(4):
        done = work_off(warehouse, store, Engines(Broken(), load_folder()))
        assert done is not None
        outcomes.append(done.status)
        assert work_off(warehouse, store, Engines(Broken(), load_folder())) is None
        with warehouse.transaction() as connection:
            connection.execute(text("update ops.receipt_jobs set due_at = now()"))
    assert outcomes == ["pending", "pending", "pending", "failed"]


def test_a_dead_workers_job_is_taken_over(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(upright()).save(path)
    leave_file(warehouse, store, user.user_id, path)
    with warehouse.transaction() as connection:
        connection.execute(
            text("update ops.receipt_jobs set status = 'processing', leased_until = now() - interval '1 s'")
        )
    done = work_off(warehouse, store, Engines(Typed(), load_folder()))
    assert done is not None
    assert done.status == "completed"


def test_a_file_that_is_no_picture_is_refused_and_leaves_nothing(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "receipt.jpg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    with pytest.raises(ReceiptRefusedError, match="neither a picture"):
        leave_file(warehouse, store, user.user_id, path)
    assert rows(warehouse, "select 1 from raw.receipt_images") == []


def test_photos_lie_sealed_and_without_what_the_camera_wrote(
    warehouse: Warehouse, store: ReceiptStore, photograph: Photograph, tmp_path: Path
) -> None:
    photograph()
    key = rows(warehouse, "select storage_key from raw.receipt_images")[0][0]
    assert store.get(key).startswith(b"\xff\xd8")
    assert b"Exif" not in store.get(key)
    path = tmp_path / "store" / key
    assert b"JFIF" not in path.read_bytes()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BrokenSealError):
        store.get(key)
    store.delete(key)
    with pytest.raises(ImageGoneError):
        store.get(key)


def test_a_sealed_photo_does_not_pass_for_another(store: ReceiptStore, tmp_path: Path) -> None:
    owner, one, other = UUID(int=1), UUID(int=2), UUID(int=3)
    key = store.put(owner, one, b"photo")
    (tmp_path / "store" / str(owner) / str(other)).write_bytes((tmp_path / "store" / key).read_bytes())
    with pytest.raises(BrokenSealError):
        store.get(f"{owner}/{other}")


def test_a_full_store_is_told_plainly_and_keeps_no_half_a_photo(tmp_path: Path, store: ReceiptStore) -> None:
    class Full(LocalFileSystem):  # type: ignore[misc]
        def mv(self, *_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    class There(ReceiptStore):
        def _place(self, key: str) -> tuple[LocalFileSystem, str]:
            return Full(), f"{tmp_path}/photos/{key}"

    with pytest.raises(StoreUnusableError, match="No space left on device: the photo is not kept"):
        There(str(tmp_path), store.seal).put(uuid4(), uuid4(), b"photo")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_smaller_copy_looks_the_same_and_another_picture_does_not() -> None:
    image = Image.effect_mandelbrot((600, 800), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    small = np.asarray(image.resize((300, 400)))
    one = perceptual_hash(np.asarray(image))
    assert bits_apart(one, perceptual_hash(small)) < 20
    assert bits_apart(one, perceptual_hash(np.asarray(image.rotate(90)))) > 40


def test_a_users_country_chooses_the_engine(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(upright()).save(path)
    rows_of_users = "update app.users set country = :country where user_id = :user_id"
    with warehouse.transaction() as connection:
        connection.execute(text(rows_of_users), {"country": "BG", "user_id": user.user_id})
    left = leave_file(warehouse, store, user.user_id, path)
    engines = Engines(Broken(), load_folder(), {"BG": Typed()})
    assert work_off(warehouse, store, engines, user.user_id) == Done(user.user_id, left.image_id, "completed")


def test_a_bulgarian_is_told_that_the_engine_knows_no_cyrillic(
    warehouse: Warehouse, store: ReceiptStore, user: User, tmp_path: Path
) -> None:
    class Local(Typed):
        name = "rapidocr"

    path = tmp_path / "photo.png"
    Image.fromarray(upright()).save(path)
    with warehouse.transaction() as connection:
        connection.execute(text("update app.users set country = 'BG'"))
    leave_file(warehouse, store, user.user_id, path)
    work_off(warehouse, store, Engines(Local("CEHA 1.00\nXJIA6 2.00"), load_folder()), user.user_id)
    [(reasons,)] = rows(warehouse, "select reasons from app.receipts")
    assert any("tesseract-ocr-bul" in reason for reason in reasons)


def only_pair(warehouse: Warehouse) -> tuple[UUID, UUID]:
    [(receipt, entry)] = rows(warehouse, "select receipt_id, entry_id from app.receipt_matches")
    return receipt, entry


def test_a_suggested_line_is_paired_once_the_user_confirms_it(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    photograph(TEXT.replace("CASH  20.00\nCHANGE  4.10", "VISA  15.90"))
    ringgit_line(warehouse, user, name="POS 9931")
    settle(warehouse, user)
    with warehouse.transaction() as connection:
        connection.execute(text("update app.receipt_matches set band = 'suggested'"))
        [shown] = list_matches(connection, user.user_id, "suggested")
        pair = UUID(str(shown["receipt_id"])), UUID(str(shown["transaction_id"]))
        answer_match(connection, user.user_id, *pair, is_paid=True)
        settle_receipts(connection, user.user_id)
    assert rows(warehouse, "select band, origin from app.receipt_matches") == [("paired", "user")]
    assert len(transactions(warehouse)) == 1


def test_a_rejected_line_leaves_the_receipt_a_purchase_of_its_own(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    photograph(TEXT.replace("CASH  20.00\nCHANGE  4.10", "VISA  15.90"))
    ringgit_line(warehouse, user)
    settle(warehouse, user)
    with warehouse.transaction() as connection:
        answer_match(connection, user.user_id, *only_pair(warehouse), is_paid=False)
        settle_receipts(connection, user.user_id)
    assert rows(warehouse, "select band, origin from app.receipt_matches") == [("no", "user")]
    assert len(transactions(warehouse)) == 2


def test_a_pair_of_somebody_else_cannot_be_answered(
    warehouse: Warehouse, user: User, photograph: Photograph
) -> None:
    photograph(TEXT.replace("CASH  20.00\nCHANGE  4.10", "VISA  15.90"))
    ringgit_line(warehouse, user)
    settle(warehouse, user)
    receipt, entry = only_pair(warehouse)
    with warehouse.transaction() as connection, pytest.raises(MatchNotFoundError, match="match list"):
        answer_match(connection, uuid4(), receipt, entry, is_paid=True)
