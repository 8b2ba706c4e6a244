"""Errors of backup and restore, in the tree that `pipeline/errors.py` draws."""

from __future__ import annotations

from pipeline.errors import CoinlakeError


class BackupError(CoinlakeError):
    """A lake was not backed up or restored."""


class DamagedBackupError(BackupError):
    """A file of the backup is missing, or is not the one that was backed up."""

    def __init__(self, place: str, file: str, cause: str) -> None:
        super().__init__(f"the backup in {place} is damaged: {file} {cause}. Restore another one (--backup NAME)")


class NotEmptyError(BackupError):
    """The lake to restore into holds something."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: a backup is restored into an empty lake only. Let COINLAKE_HOME name another folder, or delete "
            f"this lake with pipeline/scripts/pipeline_down.sh --purge"
        )


class UnfinishedRestoreError(BackupError):
    """The lake holds a part of a backup; it must not start."""

    def __init__(self, backup: str, place: str) -> None:
        super().__init__(
            f"the restore of {backup} from {place} into this lake has not ended: run pipeline/scripts/lake_restore.sh "
            f"with the same words again, or delete this lake with pipeline/scripts/pipeline_down.sh --purge"
        )
