"""Fetches newer reference rates from where the settings say."""

from __future__ import annotations

import httpx

from flows.sources.rates import LARGEST_BYTES, RatesRefusedError

TIMEOUT_SECONDS = 30.0


def fetch_rates(url: str) -> bytes:
    """The file at ``url``; raises RatesRefusedError when it cannot be had or is far too large."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            return _body(answer, url)
    except httpx.HTTPError as error:
        message = f"no rates from {url}: {error}. The rates loaded before stay in use; try again later."
        raise RatesRefusedError(message) from error


def _body(answer: httpx.Response, url: str) -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > LARGEST_BYTES:
            message = f"{url} sends more than {LARGEST_BYTES >> 20} MB: that is no table of reference rates"
            raise RatesRefusedError(message)
        parts.append(part)
    return b"".join(parts)
