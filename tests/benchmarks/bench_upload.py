"""From the upload of a receipt to the plan that counts it, at a platform that runs (`mita up`).

MITA_BENCH_UPLOAD is its address (http://127.0.0.1:8000); a user is made there, with receipts of today.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
import uuid
from datetime import UTC, datetime

import httpx
from PIL import Image, ImageDraw, ImageFont

_RECEIPTS = 6
_PATIENCE_SECONDS = 60.0


def main() -> None:
    """Print the seconds to the fields and to the plan, each receipt after the other."""
    address = os.environ.get("MITA_BENCH_UPLOAD")
    if not address:
        sys.stdout.write("  not run    set MITA_BENCH_UPLOAD to the address of a platform that is up\n")
        return
    with httpx.Client(base_url=address, timeout=_PATIENCE_SECONDS) as client:
        client.headers["authorization"] = f"Bearer {_registered(client)}"
        waits = [_wait(client, number) for number in range(_RECEIPTS)]
    fields, plan = (statistics.median(kind) for kind in zip(*waits[1:], strict=True))  # the first warms
    sys.stdout.write(f"  fields     {fields:.2f} s after the upload began (median)\n")
    sys.stdout.write(f"  plan       {plan:.2f} s, {plan - fields:.2f} s after the fields (median)\n")
    sys.stdout.write(f"  longest    {max(wait for _, wait in waits[1:]):.2f} s\n")


def _registered(client: httpx.Client) -> str:
    about = {"country": "GB", "annual_income": 24_000, "timezone": "Etc/UTC"}
    words = {"email": f"{uuid.uuid4()}@example.org", "password": "a long and quiet passphrase"}
    answer = client.post("/api/auth/register", json=words | about).raise_for_status()
    token: str = answer.json()["data"]["access_token"]
    return token


def _wait(client: httpx.Client, number: int) -> tuple[float, float]:
    """Seconds from the upload to the receipt's fields, and to the first plan that holds what was paid."""
    before, photo = _spent(client), _photo(number)
    begun = time.perf_counter()
    files = {"file": ("receipt.png", photo, "image/png")}
    answer = client.post("/api/transactions/receipt", files=files).raise_for_status().json()["data"]
    fields = time.perf_counter() - begun
    while _spent(client) <= before:
        if time.perf_counter() - begun > _PATIENCE_SECONDS:
            message = f"receipt {number} was not counted: {answer['status']}, {answer['total']}"
            raise SystemExit(message)
        time.sleep(0.05)
    return fields, time.perf_counter() - begun


def _spent(client: httpx.Client) -> float:
    today = datetime.now(UTC).date().isoformat()
    days = client.get("/api/budget/daily").raise_for_status().json()["data"]
    return float(next((day["spent"] for day in days if day["date"] == today), 0))


def _photo(number: int) -> bytes:
    """A cash receipt of today, its total another each time."""
    now, price = datetime.now(UTC), 11 + number
    rows = (
        ("TESCO STORES LTD", ""), ("12 High Street, London", ""), ("VAT No. 123 4567 89", ""),
        (f"Date: {now:%d/%m/%Y}", f"{now:%H:%M}"), ("Bread", "2.00"), ("Milk 2L", f"{price}.50"),
        ("TOTAL GBP", f"{price + 2}.50"), ("CASH", f"{price + 2}.50"), ("Thank you", ""),
    )  # fmt: skip
    paper = Image.new("RGB", (620, 60 * len(rows) + 60), "white")
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(30)
    for place, (left, right) in enumerate(rows):
        draw.text((30, 30 + 60 * place), left, "black", font)
        draw.text((590, 30 + 60 * place), right, "black", font, anchor="ra")
    buffer = io.BytesIO()
    paper.save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
