"""The local disk with the methods of an fsspec filesystem, for environments without fsspec."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from typing import IO, Any


class LocalFiles:
    """What :class:`~airflow.sdk.io.path.ObjectStoragePath` uses of a filesystem."""

    protocol = ("file", "local")
    fsid = "local"

    @staticmethod
    def _strip_protocol(path: Any) -> str:
        text: str = os.fspath(path)
        for prefix in ("file://", "local://"):
            text = text.removeprefix(prefix)
        return os.path.abspath(text)

    def open(self, path: str, mode: str = "rb", compression: str | None = None, **kwargs: Any) -> IO[Any]:
        """Open a file; ``compression`` may be gzip, bz2, xz or lzma."""
        options = {name: value for name, value in kwargs.items() if name in ("encoding", "errors", "newline")}
        if compression in (None, ""):
            return open(path, mode, **options)
        from importlib import import_module

        module = {"gzip": "gzip", "bz2": "bz2", "xz": "lzma", "lzma": "lzma"}.get(str(compression))
        if module is None:
            raise ValueError(f"compression {compression!r} needs the package fsspec")
        result: IO[Any] = import_module(module).open(path, mode, **options)
        return result

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Name, size, type and times."""
        found = os.stat(path)
        kind = "directory" if os.path.isdir(path) else "file" if os.path.isfile(path) else "other"
        return {
            "name": path,
            "size": found.st_size,
            "type": kind,
            "created": found.st_ctime,
            "mtime": found.st_mtime,
            "mode": found.st_mode,
            "ino": found.st_ino,
            "islink": os.path.islink(path),
        }

    def exists(self, path: str, **kwargs: Any) -> bool:
        """Whether it is there."""
        return os.path.exists(path)

    def isfile(self, path: str) -> bool:
        """Whether it is a file."""
        return os.path.isfile(path)

    def isdir(self, path: str) -> bool:
        """Whether it is a folder."""
        return os.path.isdir(path)

    def ls(self, path: str, detail: bool = False, **kwargs: Any) -> list[Any]:
        """What is in a folder."""
        names = [os.path.join(path, name) for name in sorted(os.listdir(path))]
        return [self.info(name) for name in names] if detail else names

    def find(self, path: str, **kwargs: Any) -> list[str]:
        """All files below a folder."""
        return [file for file in sorted(glob.glob(os.path.join(path, "**"), recursive=True)) if os.path.isfile(file)]

    def glob(self, path: str, **kwargs: Any) -> list[str]:
        """What matches a pattern."""
        return sorted(found.rstrip("/") for found in glob.glob(path, recursive=True))

    def walk(self, path: str, **kwargs: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        """Folders below a folder, with what is in them."""
        yield from os.walk(path)

    def mkdir(self, path: str, create_parents: bool = True, **kwargs: Any) -> None:
        """Make a folder."""
        (os.makedirs if create_parents else os.mkdir)(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and those above it."""
        os.makedirs(path, exist_ok=exist_ok)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        os.rmdir(path)

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        os.remove(path)

    def rm(self, path: str, recursive: bool = False, **kwargs: Any) -> None:
        """Remove a file, or a folder with all that is in it."""
        if recursive and os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file."""
        shutil.copyfile(path1, path2)

    def copy(self, path1: str, path2: str, recursive: bool = False, **kwargs: Any) -> None:
        """Copy a file, or a folder."""
        if recursive and os.path.isdir(path1):
            shutil.copytree(path1, path2, dirs_exist_ok=True)
        else:
            shutil.copyfile(path1, path2)

    def mv(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Move a file or folder."""
        shutil.move(path1, path2)

    def touch(self, path: str, truncate: bool = True, **kwargs: Any) -> None:
        """Make an empty file."""
        with open(path, "wb" if truncate else "ab"):
            os.utime(path)

    def size(self, path: str) -> int:
        """Bytes."""
        return os.path.getsize(path)

    def ukey(self, path: str) -> str:
        """A text that changes with the file."""
        return hashlib.sha256(repr(sorted(self.info(path).items())).encode()).hexdigest()

    def checksum(self, path: str) -> int:
        """A number that changes with the file."""
        return int(self.ukey(path)[:12], 16)

    def read_block(self, path: str, offset: int, length: int | None, delimiter: bytes | None = None) -> bytes:
        """A part of a file; with a delimiter, from one to the next."""
        with open(path, "rb") as file:
            end = os.path.getsize(path) if length is None else offset + length
            start = self._after(file, offset, delimiter)
            end = self._after(file, end, delimiter)
            file.seek(start)
            return file.read(end - start)

    @staticmethod
    def _after(file: IO[bytes], at: int, delimiter: bytes | None) -> int:
        """The place behind the first delimiter from a place on."""
        if delimiter is None or at <= 0:
            return max(at, 0)
        file.seek(at)
        rest = file.read()
        found = rest.find(delimiter)
        return at + (len(rest) if found < 0 else found + len(delimiter))

    def sign(self, path: str, expiration: int = 100, **kwargs: Any) -> str:
        """Local files have no signed URLs."""
        raise NotImplementedError("Sign is not implemented for this filesystem")
