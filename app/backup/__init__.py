"""Backups: the whole database at one moment with the originals of pictures, as a folder; and what restores it.

BackupError           it cannot be done; the message says why, and names the file or the setting
├── DamagedError      a file of the backup is missing, altered or cut short
└── OccupiedError     there is something where something is to be written
"""

from app.backup.manifest import BackupError, DamagedError, Manifest, OccupiedError
from app.backup.restoring import restore
from app.backup.taking import take

__all__ = ["BackupError", "DamagedError", "Manifest", "OccupiedError", "restore", "take"]
