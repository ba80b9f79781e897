"""Both ends of the example on this machine: a feed of stations, and as much of BigQuery as takes their rows.

    python examples/station-status/double.py 8765
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TABLES = re.compile(r"/bigquery/v2/projects/(?P<project>[^/]+)/datasets/(?P<dataset>[^/]+)/tables")
INSERT = re.compile(TABLES.pattern + r"/(?P<table>[^/]+)/insertAll")


class Double(ThreadingHTTPServer):
    """The server, with what it was told."""

    daemon_threads = True

    def __init__(self, port: int = 0, stations: int = 12) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.stations = stations
        #: ``project.dataset.table`` to the types of its fields.
        self.tables: dict[str, dict[str, str]] = {}
        #: ``project.dataset.table`` to its rows by insert id: one that is sent twice counts once.
        self.rows: dict[str, dict[str, Any]] = {}
        #: So many of the next insertions fail, as those of a service under load do.
        self.failures = 0
        self.insertions = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Double

    def do_GET(self) -> None:
        if self.path != "/gbfs/en/station_status.json":
            return self.answer(404, {"error": "no such feed"})
        now = int(time.time()) // 300 * 300
        stations = [
            {
                "station_id": str(number),
                "num_bikes_available": (number * 7 + now // 300) % 25,
                "num_docks_available": 25 - (number * 7 + now // 300) % 25,
                "is_renting": 1,
                "last_reported": now,
            }
            for number in range(self.server.stations)
        ]
        return self.answer(200, {"last_updated": now, "ttl": 300, "data": {"stations": stations}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        insert, tables = INSERT.fullmatch(self.path), TABLES.fullmatch(self.path)
        with self.server.lock:
            if insert is not None:
                self.answer(*self.insert(".".join(insert.groups()), body))
            elif tables is not None:
                self.answer(*self.create(".".join(tables.groups()), body))
            else:
                self.answer(404, {"error": {"code": 404, "message": f"no such method: {self.path}"}})

    def create(self, dataset: str, body: dict) -> tuple[int, dict]:
        """Make a table."""
        name = f"{dataset}.{body['tableReference']['tableId']}"
        if name in self.server.tables:
            return 409, {"error": {"code": 409, "message": f"Already Exists: Table {name}"}}
        self.server.tables[name] = {field["name"]: field["type"] for field in body["schema"]["fields"]}
        self.server.rows[name] = {}
        return 200, {"kind": "bigquery#table", **body}

    def insert(self, name: str, body: dict) -> tuple[int, dict]:
        """Take rows: all of them, or none if one does not fit the table."""
        self.server.insertions += 1
        if self.server.failures:
            self.server.failures -= 1
            return 503, {"error": {"code": 503, "message": "try again"}}
        if name not in self.server.tables:
            return 404, {"error": {"code": 404, "message": f"Not found: Table {name}"}}
        errors = [
            {"index": index, "errors": [{"reason": "invalid", "message": f"no such field: {', '.join(sorted(unknown))}"}]}
            for index, row in enumerate(body["rows"])
            if (unknown := row["json"].keys() - self.server.tables[name].keys())
        ]
        if errors:
            return 200, {"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors}
        self.server.rows[name].update({row["insertId"]: row["json"] for row in body["rows"]})
        return 200, {"kind": "bigquery#tableDataInsertAllResponse"}

    def answer(self, status: int, body: dict) -> None:
        """Send JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        if sys.argv[0] == __file__:
            super().log_message(format, *args)


if __name__ == "__main__":
    double = Double(int(sys.argv[1]) if len(sys.argv) > 1 else 8765)
    print(f"a feed at {double.url}/gbfs/en/station_status.json and a BigQuery at {double.url}; stop with Ctrl-C")
    try:
        double.serve_forever()
    except KeyboardInterrupt:
        for table, rows in double.rows.items():
            print(f"{table}: {len(rows)} rows")
