"""Becomes a server process that cannot outlive its parent; run as a script, then replaced by exec.

    launch.py PARENT_PID USER SIGNAL COMMAND [ARGUMENT...]

An own process and not a `preexec_fn`, because Python between fork and exec can deadlock a parent
that has threads. USER may be empty: stay who we are. SIGNAL ("INT", "KILL") is what the server gets
when its parent dies.
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def main(parent: int, user: str, farewell: signal.Signals, command: list[str]) -> None:
    """Takes the parent's lifetime and the user's identity, then executes the command."""
    # A shell that starts `make run &` leaves SIGINT ignored, and SIGINT is what stops the server.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if user:
        become(user, paths_in(command))
    if sys.platform == "linux":
        # After setuid, which clears it.
        prctl(PR_SET_PDEATHSIG, farewell)
    if os.getppid() != parent:
        sys.exit("launch: the parent is gone")
    os.execv(command[0], command)  # noqa: S606 (no shell is the point)


def paths_in(command: list[str]) -> list[Path]:
    """The paths a command names, as `/path` or `name=/path`."""
    values = [word if word.startswith("/") else word.partition("=")[2] for word in command]
    return [Path(value) for value in values if value.startswith("/")]


def become(user: str, paths: list[Path]) -> None:
    """Gives up root for `user`.

    Where `user` may not enter a folder above `paths` (a checkout in /root, a temporary folder of
    mode 0700), it keeps one capability, to pass file permissions, rather than that we open folders
    to everybody.
    """
    entry = pwd.getpwnam(user)
    closed = [str(path) for path in paths if not may_enter(path)]
    refusal = f"launch: user {user} cannot enter the folders above {', '.join(closed)}"
    if closed and sys.platform != "linux":
        sys.exit(refusal)
    try:
        if closed:
            # Else setuid drops the capability, and access(2), by which Postgres looks for its
            # programs, leaves it out.
            prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        if closed:
            keep_only(CAP_DAC_OVERRIDE)
    except OSError as error:
        sys.exit(
            f"{refusal}, and the capability to pass them is refused ({error}): "
            "open the folders (chmod o+x) or use another one"
            if closed
            else f"launch: cannot become user {user}: {error}"
        )


def may_enter(path: Path) -> bool:
    """Whether everybody may pass through every folder above `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def keep_only(capability: int) -> None:
    """Drops all capabilities but one, which survives exec (capabilities(7), "ambient")."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; the second three are for capabilities from 32 on
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def prctl(option: int, *arguments: int) -> None:
    """prctl(2); raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *words) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], signal.Signals[f"SIG{sys.argv[3]}"], sys.argv[4:])
