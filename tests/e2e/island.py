"""A network namespace that is joined with this machine by one cable, which can be pulled. Needs root."""

from __future__ import annotations

import itertools
import os
import subprocess

_numbers = itertools.count()


class Island:
    """``inside`` and ``outside`` are the addresses of the two ends; ``prefix`` starts a program inside."""

    def __init__(self):
        assert os.geteuid() == 0, "network namespaces need root: run this as root, or with sudo"
        number = (os.getpid() * 8 + next(_numbers) % 8) % 16384
        self.name = f"tradewind-{number}"
        self._there, self._here = f"twi{number}", f"two{number}"
        net, last = f"10.{64 + (number >> 12)}.{number >> 4 & 255}", (number & 15) * 4
        self.outside, self.inside = f"{net}.{last + 1}", f"{net}.{last + 2}"
        self.prefix = ("ip", "netns", "exec", self.name)
        self._ip("netns", "add", self.name)
        self._ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.name)
        self._ip("addr", "add", f"{self.outside}/30", "dev", self._here)
        self._ip("link", "set", self._here, "up")
        self._inside("addr", "add", f"{self.inside}/30", "dev", self._there)
        self._inside("link", "set", "lo", "up")
        self.mend()

    def _ip(self, *words: str):
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"

    def _inside(self, *words: str):
        self._ip("-n", self.name, *words)

    def cut(self):
        """Nothing comes through any more, and nobody is told."""
        self._inside("link", "set", self._there, "down")

    def mend(self):
        """Everything comes through again."""
        self._inside("link", "set", self._there, "up")

    def remove(self):
        """Takes it away, when what ran inside has ended."""
        subprocess.run(["ip", "link", "del", self._here], capture_output=True)
        self._ip("netns", "del", self.name)
