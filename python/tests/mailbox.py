"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import email
import queue
import socket
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """An SMTP server on a free port of this machine."""

    def __init__(self, login: tuple[str, str] | None = None) -> None:
        self.mails: queue.Queue[tuple[list[str], Message]] = queue.Queue()
        self.logins: list[tuple[str, str]] = []
        self._login = login
        options: dict[str, Any] = {}
        if login is not None:
            options = {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)

    def __enter__(self) -> Mailbox:
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._controller.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Configuration that sends mails here."""
        return {
            "AIRFLOW__SMTP__SMTP_HOST": "127.0.0.1",
            "AIRFLOW__SMTP__SMTP_PORT": str(self.port),
            "AIRFLOW__SMTP__SMTP_STARTTLS": "False",
            "AIRFLOW__SMTP__SMTP_MAIL_FROM": "tradewind@example.com",
        }

    def take(self, timeout: float = 30) -> tuple[list[str], Message]:
        """The next mail: who gets it, and it."""
        return self.mails.get(timeout=timeout)

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        return AuthResult(success=given == self._login)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take in a mail."""
        self.mails.put((list(envelope.rcpt_tos), email.message_from_bytes(envelope.content)))
        return "250 taken"
