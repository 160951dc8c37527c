"""Become COMMAND, and never outlive the parent.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL as-is|namespace|nobody COMMAND…

Does before exec, in a process of its own, what would be unsafe between fork and exec of a threaded parent: leaves root
for a user namespace or for `nobody`, and asks Linux for DEATH_SIGNAL when the parent dies. Standard library only.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
ID_IN_NAMESPACE = 1000


def enter_user_namespace() -> None:
    """Root outside, an ordinary user inside: PostgreSQL refuses to run as root, its files stay ours."""
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{ID_IN_NAMESPACE} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{ID_IN_NAMESPACE} {gid} 1")


def become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def die_with_parent(*, parent_pid: int, death_signal: int) -> None:
    """Linux only; elsewhere a child of a killed supervisor has to be stopped by hand."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent_pid:
        sys.exit("The supervisor is gone.")


def main() -> None:
    parent_pid, death_signal, identity, *command = sys.argv[1:]
    if identity == "namespace":
        enter_user_namespace()
    elif identity == "nobody":
        become_nobody()
    # Last, because a change of credentials clears the signal.
    die_with_parent(parent_pid=int(parent_pid), death_signal=int(death_signal))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
