"""Mail that the API left to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

#: After as many attempts a message stays where it is, with what the server said.
MAX_ATTEMPTS = 8

_NEXT = """
select user_id, message_id, kind, recipient, payload, attempts from ops.outbox
where sent_at is null and due_at <= now() and attempts < :max_attempts
order by due_at limit 1
for update skip locked
"""
_SENT = """
update ops.outbox set sent_at = now(), failure = null, payload = '{}'
where user_id = :user_id and message_id = :message_id
"""
_POSTPONE = """
update ops.outbox
set attempts = attempts + 1, failure = :failure, due_at = now() + interval '1 minute' * power(2, attempts)
where user_id = :user_id and message_id = :message_id
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One mail: its kind says the text, the payload what is filled in."""

    user_id: UUID
    message_id: UUID
    kind: str
    recipient: str
    payload: Mapping[str, Any]
    attempts: int


def next_due(connection: Connection) -> Message | None:
    """The mail that has been due longest and that nobody else is sending; None if there is none."""
    row = connection.execute(text(_NEXT), {"max_attempts": MAX_ATTEMPTS}).one_or_none()
    return None if row is None else Message(*row)


def mark_sent(connection: Connection, message: Message) -> None:
    """Note that it is out; its links are secrets and do not stay."""
    connection.execute(text(_SENT), _key(message))


def postpone(connection: Connection, message: Message, failure: str) -> None:
    """Try it again after a minute, then two, then four."""
    connection.execute(text(_POSTPONE), {**_key(message), "failure": failure})


def _key(message: Message) -> dict[str, UUID]:
    return {"user_id": message.user_id, "message_id": message.message_id}
