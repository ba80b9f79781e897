"""DAG files on disk."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from pathlib import Path
from typing import Any, Literal

MODIFIED_DAG_MODULE_NAME = "unusual_prefix_{path_hash}_{module_name}"
_IN_ZIP = re.compile(rf"((.*\.zip){re.escape(os.sep)})?(.*)")


def correct_maybe_zipped(fileloc: Any) -> Any:
    """The archive of a path inside of a zip file; other paths as they are."""
    if not fileloc:
        return fileloc
    found = _IN_ZIP.search(str(fileloc))
    archive = found.group(2) if found else None
    return archive if archive and zipfile.is_zipfile(archive) else fileloc


def open_maybe_zipped(fileloc: str, mode: Literal["r", "w", "x", "a"] = "r") -> Any:
    """Open a file that may be inside of a zip file."""
    import io

    found = _IN_ZIP.search(fileloc)
    archive, inside = (found.group(2), found.group(3)) if found else (None, None)
    if archive and inside and zipfile.is_zipfile(archive):
        return io.TextIOWrapper(zipfile.ZipFile(archive, mode=mode).open(inside))
    return open(fileloc, mode=mode)


def get_unique_dag_module_name(file_path: str) -> str:
    """A module name for a DAG file that no other path has."""
    path_hash = hashlib.sha1(file_path.encode("utf-8"), usedforsecurity=False).hexdigest()
    return MODIFIED_DAG_MODULE_NAME.format(path_hash=path_hash, module_name=re.sub(r"[.-]", "_", Path(file_path).stem))
