"""The deliver flow: what the API left in the outbox is sent, and tried again when it was not taken."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import make_msgid

from prefect import flow

from flows.clients.mail import Mailer, MailError, SmtpMailer
from flows.orchestration import DATABASE_RETRIES, task
from warehouse.engine import Warehouse, open_warehouse
from warehouse.repositories import outbox
from warehouse.settings import Settings

#: Mails sent in one transaction each, until none is due or so many were sent.
AT_ONCE = 500
#: What each kind of mail says; fields in braces are the payload's.
_VERIFY = """\
Welcome to MITA.

Verify that this address is yours:
{link}

The link works once, for a day.
"""
_RESET = """\
Somebody, hopefully you, asked for a new password:
{link}

The link works once, for half an hour. If it was not you, nothing has to be done.
"""
_NEW_DEVICE = """\
Somebody signed in from a device or place not seen before.

Device: {device}
Address: {address}

If it was not you, change your password: every other session ends then.
"""
_EMAIL_CHANGED = """\
The address of your MITA account was changed to another one.

If it was not you, write to us.
"""
TEXTS: Mapping[str, tuple[str, str]] = {
    "verify_email": ("Verify your address", _VERIFY),
    "reset_password": ("Choose a new password", _RESET),
    "new_device": ("A new sign-in", _NEW_DEVICE),
    "email_changed": ("Your address was changed", _EMAIL_CHANGED),
}


@flow(name="deliver-mail", description="Send the mail that the API left in the outbox.")
def deliver_mail() -> int:
    """Send what is due and give how many that were."""
    return send_due(Settings())


@task(name="send mail", **DATABASE_RETRIES)
def send_due(settings: Settings) -> int:
    """Send what is due; without a mail server it stays."""
    mailer = SmtpMailer.of(settings)
    if mailer is None:
        return 0
    with open_warehouse(settings) as warehouse:
        return send_all(warehouse, mailer, settings.mail_from)


def send_all(warehouse: Warehouse, mailer: Mailer, sender: str) -> int:
    """Send what is due, each message in a transaction of its own, so that one that fails stops no other."""
    sent = 0
    for _ in range(AT_ONCE):
        with warehouse.transaction() as connection:
            message = outbox.next_due(connection)
            if message is None:
                break
            try:
                mailer.send(written(message, sender))
            except MailError as error:
                outbox.postpone(connection, message, str(error))
            else:
                outbox.mark_sent(connection, message)
                sent += 1
    return sent


def written(message: outbox.Message, sender: str) -> EmailMessage:
    """The message as mail: plain text, with an id that stays the same when it is sent again."""
    subject, text = TEXTS[message.kind]
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = f"MITA: {subject}"
    mail["Message-ID"] = make_msgid(idstring=message.message_id.hex, domain="mita")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.format_map({name: str(value) for name, value in message.payload.items()}))
    return mail
