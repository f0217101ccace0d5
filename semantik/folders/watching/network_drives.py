"""Which folders lie on drives whose changes this system cannot tell: those of other machines above all."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)

_REMOTE = re.compile(
    r"""
    nfs\d? | cifs | smb\d? | smbfs | afpfs | afs | ncpfs | coda
    | ceph | glusterfs | lustre | beegfs | gpfs | ocfs2 | gfs2
    | 9p | virtiofs | vboxsf | vmhgfs | prl_fs  # the host's folders in a virtual machine, and Windows' in WSL
    | davfs\d? | webdav | ftp | autofs  # autofs: not mounted at the moment, and mostly NFS once it is
    | (?:fuse | fuseblk | macfuse | osxfuse | fusefs) \. .+ | fuse | macfuse | osxfuse | fusefs.*
    """,
    re.VERBOSE,
)
"""Kinds of file systems that other machines change. What is mounted by FUSE may be anything: sshfs, rclone, gvfs."""

_LOCAL = re.compile(
    r"(?:fuse|fuseblk|macfuse|osxfuse|fusefs)\."
    r"(?:mergerfs|unionfs.*|encfs|gocryptfs|cryfs|securefs|bindfs|ntfs.*|exfat.*|ext\d|apfs.*|zfs.*|lxcfs|portal)"
)
"""File systems mounted by FUSE that are of this machine."""

_UNTOLD_DRIVES = frozenset({2, 4, 5})
"""DRIVE_REMOVABLE, DRIVE_REMOTE and DRIVE_CDROM of Windows' GetDriveType. Watching a folder there holds it open,
so that a memory card could not be ejected."""

_SHARE = re.compile(r"\\\\(?![?.]\\)|\\\\[?.]\\UNC\\", re.IGNORECASE)


class Mounts:
    """The file systems that are mounted now; empty on Windows, which is asked drive by drive."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._kinds = kinds  # by folder, without "/" at the end; of two on one folder, the upper

    @classmethod
    def read(cls) -> Mounts:
        """Ask the system; no drive itself is touched, so that a server that does not answer holds up nothing."""
        if sys.platform == "win32":
            return cls({})
        import psutil

        try:
            parts = psutil.disk_partitions(all=True)
        except (OSError, psutil.Error) as error:
            log.info("the system does not tell what is mounted: %s", error)
            parts = []
        return cls({part.mountpoint.rstrip("/"): part.fstype.lower() for part in parts})

    def needs_polling(self, folder: Path) -> bool:
        """Whether what happens in ``folder`` is told by nobody. Only its name is looked at: no link is followed."""
        name = str(folder.absolute())
        if sys.platform == "win32":
            return is_share(name) or _drive_type(name) in _UNTOLD_DRIVES
        while name not in self._kinds:
            above = name.rpartition("/")[0]
            if above == name:
                return False
            name = above
        return is_remote(self._kinds[name])

    def below(self, folder: Path) -> frozenset[tuple[str, str]]:
        """Where file systems are mounted in ``folder``, and their kinds."""
        prefix = str(folder.absolute()).rstrip("/") + "/"
        return frozenset((name, kind) for name, kind in self._kinds.items() if name.startswith(prefix))


def is_remote(kind: str) -> bool:
    """Whether other machines may change a file system of this kind, named as in the table of mounts."""
    return bool(_REMOTE.fullmatch(kind)) and not _LOCAL.fullmatch(kind)


def is_share(name: str) -> bool:
    r"""Whether a path of Windows is a network share's, like ``\\server\photos`` (a UNC path)."""
    return bool(_SHARE.match(name))


if sys.platform == "win32":

    def _drive_type(name: str) -> int:
        import ctypes

        drive = os.path.splitdrive(name.removeprefix("\\\\?\\"))[0]
        kind: int = ctypes.windll.kernel32.GetDriveTypeW(drive + "\\")
        return kind
