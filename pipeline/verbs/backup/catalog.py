"""The backups in a store: which there are, what of them is known, and which go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.manifest import (
    Checked,
    Files,
    Manifest,
    files_from_json,
    files_to_json,
    is_manifest,
    read_manifest,
)
from pipeline.verbs.backup.stores import Store

UNFINISHED = "unfinished.json"
"""What a backup that was cut has copied: the next one continues from there."""


def names(store: Store) -> list[str]:
    """Return the names of the whole backups in a store, the oldest first."""
    return sorted(name for name in store.sizes() if is_manifest(name))


def load(store: Store, name: str | None = None) -> tuple[str, Manifest]:
    """Return a backup by its name, by default the newest.

    Raises:
        BackupError: there is none, or it cannot be read.
    """
    known = names(store)
    if not known:
        raise BackupError(f"there is no whole backup in {store.place}")
    chosen = known[-1] if name is None else name
    if chosen not in known:
        raise BackupError(f"there is no backup {chosen} in {store.place}; it has {', '.join(known)}")
    return chosen, read_manifest(chosen, _text(store, chosen))


def known_files(store: Store) -> dict[str, Checked]:
    """Return the files that need not be copied again: listed by a backup, whole or cut, and there in full size."""
    sizes = store.sizes()
    listed: dict[str, Checked] = {}
    for name in filter(is_manifest, sizes):
        listed |= read_manifest(name, _text(store, name)).files
    if UNFINISHED in sizes:
        with suppress(ValueError):  # a note that was cut costs no more than copying again
            listed |= files_from_json(json.loads(_text(store, UNFINISHED)))
    return {path: file for path, file in listed.items() if sizes.get(path) == file.size}


def note_unfinished(store: Store, files: Files) -> None:
    """Note what has been copied without a manifest yet."""
    store.write(UNFINISHED, [json.dumps(files_to_json(files)).encode()])


def complete(store: Store, name: str, manifest: Manifest) -> None:
    """Write the manifest, from which on the backup counts."""
    store.write(name, [manifest.to_json().encode()])
    if UNFINISHED in store.sizes():
        store.delete(UNFINISHED)


def prune(store: Store, keep: int) -> list[str]:
    """Delete all backups but the newest `keep`, and each file that none of those needs; return the deleted ones.

    The manifests go first: a cut leaves files too many, which the next call deletes, and never a backup with too few.
    """
    known = names(store)
    old, kept = known[:-keep], known[-keep:]
    for name in old:
        store.delete(name)
    needed: set[str] = set(kept)
    for name in kept:
        needed |= read_manifest(name, _text(store, name)).files.keys()
    for path in _ours(store.sizes()):
        if path not in needed:
            store.delete(path)
    return old


def _ours(sizes: Mapping[str, int]) -> list[str]:
    """Return the paths that only a backup makes; whatever else lies in the folder is not ours to delete."""
    return [path for path in sizes if path.startswith(("files/", "home/"))]


def _text(store: Store, name: str) -> str:
    return b"".join(store.read(name)).decode()
