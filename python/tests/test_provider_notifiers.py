"""Operators and notifiers of provider packages from PyPI, against real servers of this machine."""

from __future__ import annotations

import json
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mailbox import Mailbox

import pytest
from driver import Host, workload

pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="these providers have no release for Python 3.9")

HEAD = """
    from airflow import DAG
    from airflow.decorators import task
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    from airflow.providers.smtp.notifications.smtp import send_smtp_notification
    from airflow.providers.smtp.operators.smtp import EmailOperator
"""


class Webhook:
    """An HTTP server that keeps what is posted to it."""

    def __enter__(self):
        self.posts = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posts.append((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args):
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def world(dag_file):
    """Mail and webhook servers, connections to them, and a host."""
    with Mailbox() as box, Webhook() as hook:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "tradewind@example.com"}
        smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
        slack = {
            "conn_type": "slackwebhook",
            "password": f"http://127.0.0.1:{hook.server.server_address[1]}/services/T/B/X",
        }
        host = Host(AIRFLOW_CONN_SMTP_DEFAULT=json.dumps(smtp), AIRFLOW_CONN_SLACK_DEFAULT=json.dumps(slack))

        def run(body, task_id="t"):
            path = dag_file("")
            text = textwrap.dedent(HEAD) + "with DAG('d', schedule=None) as dag:\n"
            path.write_text(text + textwrap.indent(textwrap.dedent(body), "    "))
            child = host.fork().run(workload(path, "d", task_id))
            return child

        yield run, box, hook
        host.close()


def test_the_email_operator_sends_a_mail(world):
    run, box, _ = world
    child = run(
        """
        EmailOperator(task_id="t", to="a@example.com", subject="about {{ ds }}", html_content="<b>{{ dag.dag_id }}</b>")
        """
    )
    assert child.done["state"] == "success", child.of_type("log")
    to, mail = box.take()
    assert (to, mail["Subject"], mail["From"]) == (["a@example.com"], "about 2024-01-02", "tradewind@example.com")


def test_the_smtp_notifier_is_a_callback(world):
    run, box, _ = world
    child = run(
        """
        note = send_smtp_notification(to="a@example.com", from_email="b@example.com",
                                      subject="{{ ti.task_id }} failed", html_content="{{ exception }}")
        @task(on_failure_callback=note)
        def t():
            1 / 0
        t()
        """
    )
    assert child.done["state"] == "up_for_retry"
    to, mail = box.take()
    assert (to, mail["Subject"], mail["From"]) == (["a@example.com"], "t failed", "b@example.com"), child.of_type("log")


def test_the_slack_webhook_notifier_is_a_callback(world):
    run, _, hook = world
    child = run(
        """
        note = SlackWebhookNotifier(slack_webhook_conn_id="slack_default", text="{{ ti.task_id }} is done")
        @task(on_success_callback=[note])
        def t():
            pass
        t()
        """
    )
    assert child.done["state"] == "success"
    assert hook.posts and hook.posts[0][0] == "/services/T/B/X", child.of_type("log")
    assert hook.posts[0][1]["text"] == "t is done"
