"""Child processes that end when this process ends, however it ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

_PR_SET_PDEATHSIG: Final = 1
_CLONE_NEWUSER: Final = 0x10000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    argv: Sequence[str | Path],
    *,
    on_parents_death: signal.Signals = signal.SIGTERM,
    uid: int | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] = subprocess.STDOUT,
    pass_fds: Sequence[int] = (),
    under_name_of: int | None = None,
    cwd: Path | str | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a child in a process group of its own, so that Ctrl-C reaches the supervisor alone, which stops all in order.

    `uid` makes it that unprivileged user (needs root). Call from the main thread: the kernel ties the child to the
    thread that forked it. `under_name_of` shows the child that user id as its own (a user namespace of one id), for
    programs that insist on a name where ours has none; it changes no rights. stderr goes where stdout goes, unless named.
    """
    who: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    child: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the argument vectors are ours
        [str(a) for a in argv],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        pass_fds=tuple(pass_fds),
        process_group=0,
        preexec_fn=_in_the_child(on_parents_death, under_name_of),  # noqa: PLW1509 - the only way to set a parent-death signal
        **who,
    )
    return child


def _in_the_child(number: signal.Signals, shown_uid: int | None) -> Callable[[], None]:
    # Runs after the change of user, which would clear the signal; the child may have lost its parent before this line.
    parent = os.getpid()

    def prepare() -> None:
        if _LIBC is None:
            return
        uid = os.geteuid()
        if shown_uid is not None and _LIBC.unshare(_CLONE_NEWUSER) == 0:
            with os.fdopen(os.open("/proc/self/uid_map", os.O_WRONLY), "w") as mapping:
                mapping.write(f"{shown_uid} {uid} 1")
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def stop(process: "subprocess.Popen[bytes]", *, by: Sequence[tuple[signal.Signals, float]]) -> int:
    """Send each signal in turn and wait its seconds; SIGKILL at the end. Returns the exit code."""
    for number, seconds in by:
        if process.poll() is not None:
            return process.returncode
        process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
    return process.wait()
