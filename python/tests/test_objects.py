"""Paths in object stores: what they are called, what they do, and who serves them."""

from __future__ import annotations

import pytest
from airflow.io.path import ObjectStoragePath as OldPath

from airflow.sdk import ObjectStoragePath, lineage
from airflow.sdk.io import attach, has_fs


@pytest.mark.parametrize(
    ("given", "shown", "protocol", "path", "bucket", "key", "conn_id"),
    [
        ("file:///tmp/x/y.txt", "file:///tmp/x/y.txt", "file", "/tmp/x/y.txt", "", "tmp/x/y.txt", None),
        ("/tmp/x", "/tmp/x", "", "/tmp/x", "", "tmp/x", None),
        ("s3://c@bucket/key/a.csv", "s3://c@bucket/key/a.csv", "s3", "bucket/key/a.csv", "bucket", "key/a.csv", "c"),
        ("memory://b/k", "memory://b/k", "memory", "/b/k", "b", "k", None),
        ("rel/x", "rel/x", "", "rel/x", "", "rel/x", None),
    ],
)
def test_what_a_path_is_called(given, shown, protocol, path, bucket, key, conn_id):
    found = ObjectStoragePath(given)
    assert (str(found), found.protocol, found.path) == (shown, protocol, path)
    assert (found.bucket, found.key, found.conn_id) == (bucket, key, conn_id)
    again = ObjectStoragePath.deserialize(found.serialize(), 1)
    assert again == found and hash(again) == hash(found)
    assert OldPath is ObjectStoragePath


def test_neighbours_and_what_is_below():
    base = ObjectStoragePath("s3://bucket/data", conn_id="aws")
    file = base / "2024" / "a.csv.gz"
    assert str(file) == "s3://aws@bucket/data/2024/a.csv.gz"
    assert (file.name, file.stem, file.suffix, file.suffixes) == ("a.csv.gz", "a.csv", ".gz", [".csv", ".gz"])
    assert str(file.parent) == "s3://aws@bucket/data/2024"
    assert [str(p) for p in file.parents][-1] == "s3://aws@bucket"
    assert str(file.with_suffix(".txt")).endswith("/a.csv.txt")
    assert file.is_relative_to(base) and str(file.relative_to(base)) == "2024/a.csv.gz"
    assert not ObjectStoragePath("s3://bucket/data2/x", conn_id="aws").is_relative_to(base)
    assert ObjectStoragePath("s3://bucket/data") != base
    with pytest.raises(ValueError, match="is not below"):
        base.relative_to(file)


def test_files_on_disk(tmp_path):
    base = ObjectStoragePath(f"file://{tmp_path}") / "a"
    with pytest.raises(FileNotFoundError):
        (base / "b").mkdir()
    (base / "b").mkdir(parents=True)
    file = base / "b" / "c.txt"
    assert file.write_text("héllo") == 5
    with file.open("a") as out:
        out.write("!")
    assert (file.read_text(), file.size(), file.stat().st_size) == ("héllo!", 7, 7)
    assert file.is_file() and base.is_dir() and not file.is_dir()
    file.copy(base / "d.txt")
    (base / "b").copy_into(ObjectStoragePath(f"file://{tmp_path}/e"), recursive=True)
    assert sorted(p.name for p in base.iterdir()) == ["b", "d.txt"]
    assert [str(p) for p in base.glob("**/*.txt")] == [str(base / "b" / "c.txt"), str(base / "d.txt")]
    moved = file.rename("z.txt")
    assert (moved.name, file.exists(), moved.read_block(0, 3, None)) == ("z.txt", False, "hé".encode())
    moved.unlink()
    with pytest.raises(FileNotFoundError):
        moved.unlink()
    moved.unlink(missing_ok=True)
    (base / "b").rmdir()
    with pytest.raises(IsADirectoryError, match="recursive=True"):
        base.copy(base / "x")


def test_a_filesystem_of_ones_own_and_none(tmp_path):
    class Files:
        protocol = "own"

        def exists(self, path):
            return path == "bucket/there"

    files = Files()
    attach("own", "login", fs=files)
    assert ObjectStoragePath("own://login@bucket/there").exists()
    assert not ObjectStoragePath("own://login@bucket/elsewhere").exists()
    assert has_fs("file") and not has_fs("nonsense")
    with pytest.raises(ValueError, match="No filesystem registered for scheme 'nonsense'"):
        ObjectStoragePath("nonsense://x/y").exists()


def test_lineage_is_collected_while_somebody_reads_it(tmp_path, monkeypatch):
    collector = lineage.HookLineageCollector()
    monkeypatch.setattr(lineage, "_collector", collector)
    source, target = (ObjectStoragePath(f"file://{tmp_path}/{name}") for name in "ab")
    source.write_text("x")
    source.copy(target)
    found = collector.collected_assets
    assert {info.asset.uri for info in found.inputs} == {f"file://{tmp_path}/a"}
    assert {info.asset.uri for info in found.outputs} == {f"file://{tmp_path}/a", f"file://{tmp_path}/b"}
    assert lineage.HookLineageReader().retrieve_hook_lineage().inputs == found.inputs
    quiet = lineage.NoOpCollector()
    quiet.add_input_asset(None, uri="file:///x")
    assert not quiet.has_collected
