"""Which folders lie on drives of other machines, whose changes this system cannot tell, or on some that may go."""

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

_PLUGGED = re.compile(r"usb\d|fw\d|mmc\d")
"""Buses in the names of a device's folder in ``/sys``; eMMC, which is built in, costs a little time by this."""

_SHARE = re.compile(r"\\\\(?![?.]\\)|\\\\[?.]\\UNC\\", re.IGNORECASE)


class Mounts:
    """The file systems that are mounted now; empty on Windows, which is asked drive by drive."""

    def __init__(self, kinds: Mapping[str, str], devices: Mapping[str, str] | None = None) -> None:
        self._kinds = kinds  # by folder, without "/" at the end; of two on one folder, the upper
        self._devices = devices or {}

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
        names = [part.mountpoint.rstrip("/") for part in parts]
        kinds = dict(zip(names, (part.fstype.lower() for part in parts), strict=True))
        return cls(kinds, dict(zip(names, (part.device for part in parts), strict=True)))

    def needs_polling(self, folder: Path) -> bool:
        """Whether what happens in ``folder`` is told by nobody. Only its name is looked at: no link is followed."""
        name = str(folder.absolute())
        if sys.platform == "win32":
            return is_share(name) or _drive_type(name) in _UNTOLD_DRIVES
        mounted = self._around(name)
        return mounted is not None and is_remote(self._kinds[mounted])

    def may_go(self, folder: Path) -> bool:
        """Whether what is open in ``folder`` may go at any moment: the drive is another machine's, or pulled out.

        Not told of Windows' USB disks, which call themselves fixed.
        """
        if self.needs_polling(folder):
            return True
        mounted = None if sys.platform == "win32" else self._around(str(folder.absolute()))
        if not mounted:  # the system's own
            return False
        return mounted.startswith("/Volumes/") or is_removable(self._devices.get(mounted, ""))

    def _around(self, name: str) -> str | None:
        while name not in self._kinds:
            above = name.rpartition("/")[0]
            if above == name:
                return None
            name = above
        return name

    def below(self, folder: Path) -> frozenset[tuple[str, str]]:
        """Where file systems are mounted in ``folder``, and their kinds."""
        prefix = str(folder.absolute()).rstrip("/") + "/"
        return frozenset((name, kind) for name, kind in self._kinds.items() if name.startswith(prefix))


def is_remote(kind: str) -> bool:
    """Whether other machines may change a file system of this kind, named as in the table of mounts."""
    return bool(_REMOTE.fullmatch(kind)) and not _LOCAL.fullmatch(kind)


def is_removable(device: str, devices: Path = Path("/sys/class/block")) -> bool:
    """Whether a device of Linux, ``/dev/sdb1``, can be pulled out: a stick, a card, a disk at USB or FireWire."""
    try:
        at = (devices / Path(device).name).resolve(strict=True)
        removable = [(each / "removable").read_text("ascii").strip() for each in (at, at.parent) if _tells(each)]
    except (OSError, ValueError):
        return False
    return "1" in removable or any(_PLUGGED.match(part) for part in at.parts)


def _tells(device: Path) -> bool:
    return (device / "removable").is_file()


def is_share(name: str) -> bool:
    r"""Whether a path of Windows is a network share's, like ``\\server\photos`` (a UNC path)."""
    return bool(_SHARE.match(name))


if sys.platform == "win32":

    def _drive_type(name: str) -> int:
        import ctypes

        drive = os.path.splitdrive(name.removeprefix("\\\\?\\"))[0]
        kind: int = ctypes.windll.kernel32.GetDriveTypeW(drive + "\\")
        return kind
