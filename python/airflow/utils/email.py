"""Sending mails, by SMTP unless ``[email] email_backend`` names another function."""

from __future__ import annotations

import collections.abc
import logging
import os
import re
import smtplib
import ssl
from collections.abc import Iterable
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate
from typing import Any

log = logging.getLogger(__name__)


def send_email(
    to: list[str] | Iterable[str] | str,
    subject: str,
    html_content: str,
    files: list[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = None,
    custom_headers: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Send a mail with the backend of the configuration."""
    from airflow.configuration import conf

    backend = conf.getimport("email", "email_backend") or send_email_smtp
    return backend(
        ", ".join(get_email_address_list(to)),
        subject,
        html_content,
        files=files,
        dryrun=dryrun,
        cc=cc,
        bcc=bcc,
        mime_subtype=mime_subtype,
        mime_charset=mime_charset,
        conn_id=conn_id or conf.get("email", "email_conn_id", fallback=None),
        from_email=conf.get("email", "from_email", fallback=None) or None,
        custom_headers=custom_headers,
        **kwargs,
    )


def send_email_smtp(
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: list[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = "smtp_default",
    from_email: str | None = None,
    custom_headers: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Send a mail to the server of ``[smtp]`` and of the connection."""
    from airflow.configuration import conf

    mail_from = from_email or conf.get("smtp", "smtp_mail_from", fallback=None)
    if not mail_from:
        from airflow.sdk.exceptions import AirflowConfigException

        raise AirflowConfigException("a mail needs a sender: set [smtp] smtp_mail_from or [email] from_email")
    message, recipients = build_mime_message(
        mail_from=mail_from,
        to=to,
        subject=subject,
        html_content=html_content,
        files=files,
        cc=cc,
        bcc=bcc,
        mime_subtype=mime_subtype,
        mime_charset=mime_charset,
        custom_headers=custom_headers,
    )
    send_mime_email(e_from=mail_from, e_to=recipients, mime_msg=message, conn_id=conn_id or "", dryrun=dryrun)


def build_mime_message(
    mail_from: str | None,
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: list[str] | None = None,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    custom_headers: dict[str, Any] | None = None,
) -> tuple[MIMEMultipart, list[str]]:
    """The mail, and everybody who gets it."""
    to_list = get_email_address_list(to)
    message = MIMEMultipart(mime_subtype)
    message["Subject"] = subject
    if mail_from:
        message["From"] = mail_from
    message["To"] = ", ".join(to_list)
    recipients = list(to_list)
    if cc:
        copies = get_email_address_list(cc)
        message["CC"] = ", ".join(copies)
        recipients += copies
    if bcc:
        recipients += get_email_address_list(bcc)
    message["Date"] = formatdate(localtime=True)
    message.attach(MIMEText(html_content, "html", mime_charset))
    for path in files or []:
        name = os.path.basename(path)
        with open(path, "rb") as file:
            part = MIMEApplication(file.read(), Name=name)
        part["Content-Disposition"] = f'attachment; filename="{name}"'
        part["Content-ID"] = f"<{name}>"
        message.attach(part)
    for key, value in (custom_headers or {}).items():
        message[key] = value
    return message, recipients


def send_mime_email(
    e_from: str, e_to: str | list[str], mime_msg: MIMEMultipart, conn_id: str = "smtp_default", dryrun: bool = False
) -> None:
    """Hand a mail to the server; ``[smtp] smtp_retry_limit`` attempts."""
    from airflow.configuration import conf

    if dryrun:
        return
    host, port, user, password = _server(conn_id)
    attempts = max(conf.getint("smtp", "smtp_retry_limit", fallback=5), 1)
    for attempt in range(1, attempts + 1):
        log.info("Email alerting: attempt %s", attempt)
        try:
            with _connect(host, port) as server:
                if user and password:
                    server.login(user, password)
                server.sendmail(e_from, e_to, mime_msg.as_string())
            log.info("Sent an alert email to %s", e_to)
            return
        except (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError):
            if attempt == attempts:
                raise


def _server(conn_id: str) -> tuple[str, int, str | None, str | None]:
    """Host, port, login and password: the connection's, else those of ``[smtp]``."""
    from airflow._runtime import supervisor
    from airflow.configuration import conf
    from airflow.sdk.bases.hook import BaseHook
    from airflow.sdk.exceptions import AirflowException

    host = conf.get("smtp", "smtp_host", fallback="localhost")
    port = conf.getint("smtp", "smtp_port", fallback=25)
    user = password = None
    if conn_id:
        try:
            connection = BaseHook.get_connection(conn_id)
        except AirflowException:
            log.debug("there is no connection %s; [smtp] says how to log in", conn_id)
        else:
            host, port = connection.host or host, connection.port or port
            user, password = connection.login, connection.password
    if user is None or password is None:
        user = conf.get("smtp", "smtp_user", fallback=None)
        password = conf.get("smtp", "smtp_password", fallback=None)
    if password:
        supervisor.mask(password)
    return host, port, user or None, password or None


def _connect(host: str, port: int) -> smtplib.SMTP:
    from airflow.configuration import conf

    timeout = conf.getfloat("smtp", "smtp_timeout", fallback=30)
    if conf.getboolean("smtp", "smtp_ssl", fallback=False):
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=_ssl_context())
    server = smtplib.SMTP(host, port, timeout=timeout)
    if conf.getboolean("smtp", "smtp_starttls", fallback=True):
        try:
            server.starttls(context=_ssl_context())
        except BaseException:
            server.close()
            raise
    return server


def _ssl_context() -> ssl.SSLContext:
    from airflow.configuration import conf

    wanted = conf.get("email", "ssl_context", fallback="default") or "default"
    context = ssl.create_default_context()
    if wanted == "default":
        return context
    if wanted == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    raise RuntimeError(f"[email] ssl_context must be 'default' or 'none', not {wanted!r}")


def get_email_address_list(addresses: str | Iterable[str]) -> list[str]:
    """Addresses as a list; a text may have several, with commas or semicolons between them."""
    if isinstance(addresses, str):
        return [part for part in re.split(r"\s*[,;]\s*", addresses.strip()) if part]
    if isinstance(addresses, collections.abc.Iterable):
        found = list(addresses)
        if not all(isinstance(item, str) for item in found):
            raise TypeError("The items in your iterable must be strings.")
        return found
    raise TypeError(f"Unexpected argument type: Received '{type(addresses).__name__}'.")


# Names of Airflow 1.
send_MIME_email = send_mime_email
