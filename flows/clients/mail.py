"""Mail through SMTP, or none where no server is configured."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

from warehouse.errors import ActionableError
from warehouse.settings import Settings

TIMEOUT_SECONDS = 20.0


class MailError(ActionableError, RuntimeError):
    """A mail that could not be handed over; it is tried again later."""


class Mailer(Protocol):
    """Hands messages over."""

    def send(self, message: EmailMessage) -> None:
        """Raises MailError."""


@dataclass(frozen=True)
class SmtpMailer:
    """A server that takes mail: smtps:// from the first byte, smtp:// with STARTTLS where it is offered."""

    url: str

    @classmethod
    def of(cls, settings: Settings) -> SmtpMailer | None:
        """As configured; None where no mail can be sent."""
        return None if settings.smtp_url is None else cls(settings.smtp_url.get_secret_value())

    def send(self, message: EmailMessage) -> None:
        """Raises MailError, which does not repeat the address."""
        try:
            with self._connection() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            reason = f"the mail server did not take it ({type(error).__name__})"
            raise MailError(reason) from error

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "localhost", ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
        with server:
            server.ehlo()
            if parts.scheme != "smtps" and server.has_extn("starttls"):
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server
