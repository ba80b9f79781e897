"""Paths in object stores and on disks, with the methods of ``pathlib``."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import IO, Any, ClassVar

from airflow.sdk.io.store import ObjectStore, attach

__all__ = ["ObjectStoragePath"]

_LOCAL = frozenset({"", "file", "local"})


class ObjectStoragePath:
    """``scheme://connection@bucket/key``: a file or folder, reached with the login of a connection.

    Nothing is opened before it is needed. ``file://`` is always there; other schemes come with provider packages
    (``s3``: amazon, ``gs``: google, ``abfs``: microsoft.azure) or with fsspec itself.
    """

    __version__: ClassVar[int] = 1
    sep: ClassVar[str] = "/"
    root_marker: ClassVar[str] = "/"
    __slots__ = ("_conn_id", "_path", "_protocol", "_storage_options")

    def __init__(self, *args: Any, protocol: str | None = None, conn_id: str | None = None, **storage_options: Any):
        first = args[0] if args else "."
        if isinstance(first, ObjectStoragePath):
            scheme, path, known = first._protocol, first._path, first._conn_id
            storage_options = {**first._storage_options, **storage_options}
        else:
            scheme, path, known = _split(os.fspath(first))
        self._protocol: str = protocol if protocol is not None else scheme
        self._conn_id: str | None = conn_id if conn_id is not None else known
        self._storage_options: dict[str, Any] = storage_options
        self._path: str = _normal(self._protocol, path)
        for part in args[1:]:
            self._path = self._joined(part)

    def _joined(self, part: Any) -> str:
        text = part._path if isinstance(part, ObjectStoragePath) else os.fspath(part)
        if text.startswith("/"):
            return text if self._protocol in _LOCAL else _normal(self._protocol, f"{self.drive}{text}")
        return _normal(self._protocol, f"{self._path.rstrip('/')}/{text}" if self._path not in ("", ".") else text)

    def _at(self, path: str) -> ObjectStoragePath:
        """Another path of the same store."""
        other = object.__new__(type(self))
        other._protocol, other._conn_id, other._storage_options = self._protocol, self._conn_id, self._storage_options
        other._path = _normal(self._protocol, path)
        return other

    # What it is.

    @property
    def protocol(self) -> str:
        """The scheme; empty for plain paths."""
        return self._protocol

    @property
    def conn_id(self) -> str | None:
        """The connection."""
        return self._conn_id

    @property
    def storage_options(self) -> dict[str, Any]:
        """Options of the filesystem."""
        return dict(self._storage_options)

    @property
    def path(self) -> str:
        """The path as the filesystem takes it: with the bucket, without the scheme."""
        return self._path

    @property
    def store(self) -> ObjectStore:
        """The store."""
        return attach(self._protocol or "file", self._conn_id, storage_options=self._storage_options)

    @property
    def fs(self) -> Any:
        """The filesystem, with the connection's login."""
        return self.store.fs

    @property
    def drive(self) -> str:
        """The bucket."""
        return "" if self._protocol in _LOCAL else self._path.lstrip("/").partition("/")[0]

    bucket = container = drive

    @property
    def root(self) -> str:
        """The mark of an absolute path."""
        return "/" if self._protocol not in _LOCAL or self._path.startswith("/") else ""

    @property
    def anchor(self) -> str:
        """Bucket and root."""
        return self.drive + self.root

    @property
    def key(self) -> str:
        """The path within the bucket."""
        text = self._path.lstrip("/")
        return text if self._protocol in _LOCAL else text.partition("/")[2]

    @property
    def namespace(self) -> str:
        """Scheme and bucket."""
        return f"{self._protocol}://{self.bucket}" if self.bucket else self._protocol

    @property
    def parts(self) -> tuple[str, ...]:
        """The anchor and each name."""
        names = [part for part in self.key.split("/") if part]
        return ((self.anchor,) if self.anchor else ()) + tuple(names)

    @property
    def name(self) -> str:
        """The last name."""
        return self.key.rstrip("/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return posixpath.splitext(self.name)[1]

    @property
    def suffixes(self) -> list[str]:
        """All endings of the name."""
        return [f".{part}" for part in self.name.lstrip(".").split(".")[1:]]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return posixpath.splitext(self.name)[0]

    @property
    def parent(self) -> ObjectStoragePath:
        """The folder; a bucket's is itself."""
        if not self.key:
            return self
        above = self._path.rstrip("/").rpartition("/")[0]
        return self._at(above or ("/" if self._path.startswith("/") else ""))

    @property
    def parents(self) -> tuple[ObjectStoragePath, ...]:
        """All folders, the nearest first."""
        found: list[ObjectStoragePath] = []
        at = self
        while (above := at.parent) is not at and above._path != at._path:
            found.append(above)
            at = above
        return tuple(found)

    def joinpath(self, *parts: Any) -> ObjectStoragePath:
        """A path below this one."""
        found = self
        for part in parts:
            found = found._at(found._joined(part))
        return found

    def __truediv__(self, part: Any) -> ObjectStoragePath:
        return self.joinpath(part)

    def with_name(self, name: str) -> ObjectStoragePath:
        """Its neighbour of that name."""
        if not self.name:
            raise ValueError(f"{self!s} has an empty name")
        return self.parent / name

    def with_stem(self, stem: str) -> ObjectStoragePath:
        """Its neighbour with another name and the same ending."""
        return self.with_name(stem + self.suffix)

    def with_suffix(self, suffix: str) -> ObjectStoragePath:
        """Its neighbour with another ending."""
        return self.with_name(self.stem + suffix)

    def is_absolute(self) -> bool:
        """Whether it says where it is."""
        return self._protocol not in _LOCAL or self._path.startswith("/")

    def absolute(self) -> ObjectStoragePath:
        """With the current folder before it, if it is relative."""
        return self if self.is_absolute() else self._at(os.path.join(os.getcwd(), self._path))

    def resolve(self, strict: bool = False) -> ObjectStoragePath:
        """Without ``.`` and ``..``."""
        if self._protocol in _LOCAL:
            return self._at(os.path.realpath(self._path))
        return self._at(f"{self.drive}{posixpath.normpath('/' + self.key)}")

    def expanduser(self) -> ObjectStoragePath:
        """With the home folder for ``~``."""
        return self._at(os.path.expanduser(self._path)) if self._protocol in _LOCAL else self

    def is_relative_to(self, other: Any, *more: Any) -> bool:
        """Whether it is the other or below it, in the same store."""
        other = self._other(other).joinpath(*more)
        same = (self._protocol, self._conn_id) == (other._protocol, other._conn_id)
        above = other._path.rstrip("/")
        return same and (self._path.rstrip("/") == above or self._path.startswith(above + "/"))

    def relative_to(self, other: Any, *more: Any) -> ObjectStoragePath:
        """What is left of it below the other."""
        base = self._other(other).joinpath(*more)
        if not self.is_relative_to(base):
            raise ValueError(f"{self!s} is not below {base!s}")
        return type(self)(self._path[len(base._path.rstrip("/")) :].lstrip("/") or ".", protocol="")

    def match(self, pattern: str) -> bool:
        """Whether its name and folders fit a pattern."""
        from pathlib import PurePosixPath

        return PurePosixPath("/" + self.key).match(pattern)

    def _other(self, other: Any) -> ObjectStoragePath:
        return other if isinstance(other, ObjectStoragePath) else type(self)(other)

    def as_posix(self) -> str:
        """As text."""
        return str(self)

    def as_uri(self) -> str:
        """As a URI without the connection."""
        return f"{self._protocol or 'file'}://{self._uri_path()}"

    def _uri_path(self) -> str:
        return self._path.lstrip("/") if self._protocol not in _LOCAL else self._path

    def __str__(self) -> str:
        if not self._protocol:
            return self._path
        login = f"{self._conn_id}@" if self._conn_id else ""
        return f"{self._protocol}://{login}{self._uri_path()}"

    def __repr__(self) -> str:
        return f"ObjectStoragePath({self._path!r}, protocol={self._protocol!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectStoragePath) and self._identity() == other._identity()

    def __lt__(self, other: ObjectStoragePath) -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash((self._protocol, self._path, self._conn_id))

    def _identity(self) -> tuple[Any, ...]:
        return self._protocol, self._path, self._conn_id, sorted(self._storage_options.items())

    def samestore(self, other: Any) -> bool:
        """Whether both are on one filesystem."""
        return isinstance(other, ObjectStoragePath) and self.store == other.store

    # What is there.

    def exists(self, **kwargs: Any) -> bool:
        """Whether something is there."""
        answer: bool = self.fs.exists(self._path)
        return answer

    def is_file(self) -> bool:
        """Whether it is a file."""
        answer: bool = self.fs.isfile(self._path)
        return answer

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        answer: bool = self.fs.isdir(self._path)
        return answer

    def stat(self, **kwargs: Any) -> Any:
        """Size, kind, time of change, and what else the store says."""
        from airflow.sdk.io.stat import stat_result

        return stat_result(self.fs.info(self._path), protocol=self._protocol or "file", conn_id=self._conn_id)

    def size(self) -> int:
        """Bytes."""
        number: int = self.fs.size(self._path)
        return number

    def ukey(self) -> str:
        """A text that changes with the file."""
        text: str = self.fs.ukey(self._path)
        return text

    def checksum(self) -> int:
        """A number that changes with the file."""
        number: int = self.fs.checksum(self._path)
        return number

    def samefile(self, other_path: Any) -> bool:
        """Whether both are one file."""
        other = self._other(other_path)
        if not self.samestore(other):
            return False
        return self._path == other._path or self.stat() == other.stat()

    def iterdir(self) -> Iterator[ObjectStoragePath]:
        """What is in the folder."""
        if not self.is_dir():
            raise NotADirectoryError(str(self))
        for found in self.fs.ls(self._path, detail=False):
            if found.rstrip("/") != self._path.rstrip("/"):
                yield self._at(found)

    def glob(self, pattern: str, **kwargs: Any) -> Iterator[ObjectStoragePath]:
        """What below it fits a pattern."""
        yield from map(self._at, self.fs.glob(f"{self._path.rstrip('/')}/{pattern}"))

    def rglob(self, pattern: str, **kwargs: Any) -> Iterator[ObjectStoragePath]:
        """What fits a pattern at any depth below it."""
        yield from self.glob(f"**/{pattern}")

    def walk(self, **kwargs: Any) -> Iterator[tuple[ObjectStoragePath, list[str], list[str]]]:
        """Folders below it, with the names in them."""
        for folder, folders, files in self.fs.walk(self._path):
            yield self._at(folder), list(folders), list(files)

    # Reading and writing.

    def open(self, mode: str = "r", **kwargs: Any) -> IO[Any]:
        """Open the file."""
        options = dict(kwargs)
        if self._protocol in _LOCAL:
            options.pop("buffering", None)
        file: IO[Any] = self.fs.open(self._path, mode, **options)
        self._report(writes=any(letter in mode for letter in "wax+"))
        return file

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """The file's text."""
        with self.open("rb") as file:
            text: str = file.read().decode(encoding or "utf-8", errors or "strict")
            return text

    def read_bytes(self) -> bytes:
        """The file's bytes."""
        with self.open("rb") as file:
            content: bytes = file.read()
            return content

    def write_text(self, data: str, encoding: str | None = None, errors: str | None = None, **kwargs: Any) -> int:
        """Write a text."""
        with self.open("wb") as file:
            file.write(data.encode(encoding or "utf-8", errors or "strict"))
        return len(data)

    def write_bytes(self, data: bytes) -> int:
        """Write bytes."""
        with self.open("wb") as file:
            file.write(data)
        return len(data)

    def read_block(self, offset: int, length: int | None, delimiter: bytes | None = None) -> bytes:
        """A part of the file; with a delimiter, whole records of it."""
        content: bytes = self.fs.read_block(self._path, offset=offset, length=length, delimiter=delimiter)
        return content

    def sign(self, expiration: int = 100, **kwargs: Any) -> str:
        """A URL that lets its holder read the file for so many seconds, where the store can make one."""
        text: str = self.fs.sign(self._path, expiration=expiration, **kwargs)
        return text

    def touch(self, mode: int = 0o666, exist_ok: bool = True, truncate: bool = False) -> None:
        """Make an empty file, unless it is there."""
        there = self.exists()
        if there and not exist_ok:
            raise FileExistsError(str(self))
        if not there or truncate or self._protocol in _LOCAL:
            self.fs.touch(self._path, truncate=truncate or not there)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the folder."""
        if self.exists():
            if not exist_ok or self.is_file():
                raise FileExistsError(str(self))
            return
        if parents:
            self.fs.makedirs(self._path, exist_ok=True)
        elif self._protocol in _LOCAL and not self.parent.exists():
            raise FileNotFoundError(str(self.parent))
        else:
            self.fs.mkdir(self._path, create_parents=False)

    def rmdir(self, recursive: bool | None = None) -> None:
        """Remove the folder; in stores, with all that is in it."""
        if not self.is_dir():
            raise NotADirectoryError(str(self))
        if recursive is None:
            recursive = self._protocol not in _LOCAL
        if not recursive:
            self.fs.rmdir(self._path)
        else:
            self.fs.rm(self._path, recursive=True)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the file."""
        if not self.exists():
            if missing_ok:
                return
            raise FileNotFoundError(str(self))
        self.fs.rm(self._path, recursive=False)

    def rename(self, target: Any, **kwargs: Any) -> ObjectStoragePath:
        """Give it another name; where it is then."""
        return self.replace(target)

    def replace(self, target: Any) -> ObjectStoragePath:
        """Give it another name, in the place of what is there; where it is then."""
        plain = isinstance(target, str) and "://" not in target
        other = self._at(target if target.startswith("/") else f"{self.parent._path}/{target}") if plain else target
        other = self._other(other)
        self.move(other)
        return other

    def copy(self, dst: Any, recursive: bool = False, **kwargs: Any) -> None:
        """Copy it to another place or store; bytes are passed on as they come."""
        other = self._other(dst)
        if not recursive and self.is_dir():
            raise IsADirectoryError(f"{self!s} is a folder; say recursive=True to copy it")
        self._report(writes=False)
        if self.samestore(other):
            self.fs.copy(self._path, other._path, recursive=recursive, **kwargs)
        elif self.is_dir():
            for file in self.fs.find(self._path):
                source = self._at(file)
                target = (
                    other / source.key if self._protocol not in _LOCAL else other / file[len(self._path) :].lstrip("/")
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                source._stream(target, **kwargs)
        else:
            self._stream(other / self.name if other.is_dir() else other, **kwargs)
        other._report(writes=True)

    def _stream(self, other: ObjectStoragePath, **kwargs: Any) -> None:
        import shutil

        with self.fs.open(self._path, "rb") as source, other.fs.open(other._path, "wb", **kwargs) as target:
            shutil.copyfileobj(source, target, 1 << 20)

    def copy_into(self, target_dir: Any, recursive: bool = False, **kwargs: Any) -> None:
        """Copy it into a folder, under its own name."""
        self.copy(self._other(target_dir) / self.name, recursive=recursive, **kwargs)

    def move(self, path: Any, recursive: bool = False, **kwargs: Any) -> None:
        """Move it to another place or store."""
        other = self._other(path)
        if self.samestore(other):
            self.fs.mv(self._path, other._path, **kwargs)
            return
        self.copy(other, recursive=recursive, **kwargs)
        self.fs.rm(self._path, recursive=recursive)

    def move_into(self, target_dir: Any, recursive: bool = False, **kwargs: Any) -> None:
        """Move it into a folder, under its own name."""
        self.move(self._other(target_dir) / self.name, recursive=recursive, **kwargs)

    def _report(self, *, writes: bool) -> None:
        """Tell who collects lineage."""
        from airflow.sdk.lineage import get_hook_lineage_collector

        collector = get_hook_lineage_collector()
        add = collector.add_output_asset if writes else collector.add_input_asset
        add(context=self, uri=str(self if self._protocol else self.absolute().as_uri()))

    @classmethod
    def cwd(cls) -> ObjectStoragePath:
        """The current folder."""
        return cls(os.getcwd())

    @classmethod
    def home(cls) -> ObjectStoragePath:
        """The home folder."""
        return cls(os.path.expanduser("~"))

    # As an XCom.

    def serialize(self) -> dict[str, Any]:
        """As plain data."""
        return {"path": str(self), "conn_id": self._conn_id, "kwargs": dict(self._storage_options)}

    @classmethod
    def deserialize(cls, data: dict[str, Any], version: int) -> ObjectStoragePath:
        """From plain data."""
        if version > cls.__version__:
            raise ValueError(f"a path of version {version} can't be read by version {cls.__version__}")
        return cls(data["path"], conn_id=data["conn_id"], **data["kwargs"])


def _split(text: str) -> tuple[str, str, str | None]:
    """Scheme, path and connection of a URI or a plain path."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "", text, None
    head, slash, tail = rest.partition("/")
    conn_id, at, bucket = head.rpartition("@")
    return scheme, bucket + slash + tail if at else rest, conn_id or None


def _normal(protocol: str, path: str) -> str:
    """A path as filesystems write it."""
    parts: Iterable[str] = path.split("/")
    if protocol == "":
        return posixpath.normpath(path) if ".." not in parts else path
    if protocol in _LOCAL:
        return os.path.abspath(path) if path else "/"
    if protocol == "memory":
        return "/" + path.strip("/")
    if protocol in ("http", "https"):
        return path
    return "/".join(part for part in parts if part not in ("", "."))
