"""Hears from tasks in pods when they begin, work and end; a page of HTTP on this machine with one clock for all."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What a task has to say, in its own file: `say("begin")`, `say("works")`, `say("end")`.
SAY = """
def say(url, number, what):
    import urllib.request
    from airflow.sdk import get_current_context
    attempt = get_current_context()["ti"].try_number
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(f"{url}/{number}/{attempt}/{what}", timeout=60).close()
"""


class Server(ThreadingHTTPServer):
    # A hundred pods speak at the same moment; the five that wait by default let the rest run into their timeouts.
    request_queue_size = 1024
    daemon_threads = True


class Recorder:
    """What was heard, by task."""

    def __init__(self, host: str):
        self.heard: dict[int, list[tuple[float, int, str]]] = {}
        self.lock = threading.Lock()
        self.server = Server((host, 0), self._handler())
        self.url = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(recorder):  # noqa: N805 - the handler's own `self` is another one
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                number, attempt, what = self.path.strip("/").split("/")
                with recorder.lock:
                    told = recorder.heard.setdefault(int(number), [])
                    told.append((time.monotonic(), int(attempt), what))
                self.send_response(204)
                self.end_headers()

        return Handler

    def count(self, what: str) -> int:
        with self.lock:
            return sum(any(word == what for _, _, word in told) for told in self.heard.values())

    def check(self, count: int):
        """Every task ended once, and no try of it worked after the next one had begun, nor twice."""
        with self.lock:
            heard = {number: list(told) for number, told in self.heard.items()}
        assert len(heard) == count
        for number, told in heard.items():
            words = [word for _, _, word in told]
            assert words.count("end") == 1 and words[-1] == "end", f"task {number} ended otherwise than once: {told}"
            attempts = [attempt for _, attempt, _ in told]
            assert attempts == sorted(attempts), f"tries of task {number} overlap: {told}"
            begun = [attempt for _, attempt, word in told if word == "begin"]
            assert len(begun) == len(set(begun)), f"a try of task {number} ran twice: {told}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
