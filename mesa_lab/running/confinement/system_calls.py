"""What a process may ask of the kernel: seccomp, a filter on system calls that a process of Linux gives itself for good.

Refused are the network, new processes and programs, signals and whatever else reaches other processes, and what changes files
without opening them. Source: https://docs.kernel.org/userspace-api/seccomp_filter.html; the numbers are those of the kernel's tables
(`arch/x86/entry/syscalls/syscall_64.tbl`, `include/uapi/asm-generic/unistd.h`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Final, NamedTuple

__all__ = ["drop_privileges", "is_offered", "restrict_system_calls"]

_SET_SECCOMP, _FILTER_MODE, _NO_NEW_PRIVILEGES = 22, 2, 38
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW: Final = 0x7FFF0000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_OTHER_NUMBERS: Final = 0x40000000
"""From here on are the calls of another convention (x32)."""
_IS_THREAD: Final = 0x10000


def _words(text: str) -> list[str]:
    return text.split()


def _numbers(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (pair.split(":") for pair in text.split())}


_NAMES: Final = _words(
    # the network, also by way of io_uring
    "socket io_uring_setup "
    # programs and processes
    "fork vfork execve execveat unshare setns ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal "
    "tkill rt_sigqueueinfo setpriority sched_setaffinity sched_setparam sched_setscheduler sched_setattr ioprio_set "
    # files, where nothing is opened
    "chmod fchmodat fchmodat2 chown lchown fchownat utime utimes futimesat utimensat setxattr lsetxattr removexattr lremovexattr "
    # memory that no limit counts
    "memfd_create shmget semget msgget mq_open "
    # the machine
    "mount umount2 pivot_root chroot bpf perf_event_open userfaultfd keyctl add_key request_key kexec_load kexec_file_load "
    "init_module finit_module delete_module reboot"
)
_OF_ITSELF: Final = ("kill", "tgkill", "rt_tgsigqueueinfo", "prlimit64")
"""Refused for other processes."""

_X86: Final = _numbers(
    "socket:41 io_uring_setup:425 fork:57 vfork:58 execve:59 execveat:322 unshare:272 setns:308 ptrace:101 process_vm_readv:310 "
    "process_vm_writev:311 pidfd_open:434 pidfd_getfd:438 pidfd_send_signal:424 tkill:200 rt_sigqueueinfo:129 setpriority:141 "
    "sched_setaffinity:203 sched_setparam:142 sched_setscheduler:144 sched_setattr:314 ioprio_set:251 chmod:90 fchmodat:268 "
    "fchmodat2:452 chown:92 lchown:94 fchownat:260 utime:132 utimes:235 futimesat:261 utimensat:280 setxattr:188 lsetxattr:189 "
    "removexattr:197 lremovexattr:198 memfd_create:319 shmget:29 semget:64 msgget:68 mq_open:240 mount:165 umount2:166 "
    "pivot_root:155 chroot:161 bpf:321 perf_event_open:298 userfaultfd:323 keyctl:250 add_key:248 request_key:249 kexec_load:246 "
    "kexec_file_load:320 init_module:175 finit_module:313 delete_module:176 reboot:169 kill:62 tgkill:234 rt_tgsigqueueinfo:297 "
    "prlimit64:302 clone:56 clone3:435"
)
_ARM: Final = _numbers(
    "socket:198 io_uring_setup:425 execve:221 execveat:281 unshare:97 setns:268 ptrace:117 process_vm_readv:270 "
    "process_vm_writev:271 pidfd_open:434 pidfd_getfd:438 pidfd_send_signal:424 tkill:130 rt_sigqueueinfo:138 setpriority:140 "
    "sched_setaffinity:122 sched_setparam:118 sched_setscheduler:119 sched_setattr:274 ioprio_set:30 fchmodat:53 fchmodat2:452 "
    "fchownat:54 utimensat:88 setxattr:5 lsetxattr:6 removexattr:14 lremovexattr:15 memfd_create:279 shmget:194 semget:190 "
    "msgget:186 mq_open:180 mount:40 umount2:39 pivot_root:41 chroot:51 bpf:280 perf_event_open:241 userfaultfd:282 keyctl:219 "
    "add_key:217 request_key:218 kexec_load:104 kexec_file_load:294 init_module:105 finit_module:273 delete_module:106 reboot:142 "
    "kill:129 tgkill:131 rt_tgsigqueueinfo:240 prlimit64:261 clone:220 clone3:435"
)


class _Machine(NamedTuple):
    """A kind of processor: what the kernel calls it, the numbers of its system calls, and that of `capset`."""

    architecture: int
    numbers: dict[str, int]
    capset: int


_MACHINES: Final = {"x86_64": _Machine(0xC000003E, _X86, 126), "aarch64": _Machine(0xC00000B7, _ARM, 91)}


def _machine() -> _Machine | None:
    wide = struct.calcsize("P") == 8
    return _MACHINES.get(platform.machine()) if sys.platform.startswith("linux") and wide else None


def is_offered() -> bool:
    """Whether this kernel and this processor have such a filter."""
    if _machine() is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_SECCOMP, _FILTER_MODE, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT  # a filter is wanted, and nothing is none


def restrict_system_calls() -> None:
    """Give up what strangers' code has no need of, for this thread and all that it starts; there is no way back.

    Raises:
        OSError: If the kernel does not do so.
    """
    machine = _machine()
    if machine is None:
        raise OSError(errno.ENOSYS, "This kernel has no filter on system calls.")
    lines = _filter(machine, os.getpid())
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SET_SECCOMP, _FILTER_MODE, program, 0, 0):
        failed = ctypes.get_errno()
        raise OSError(failed, f"seccomp: {os.strerror(failed)}")


def drop_privileges() -> None:
    """Give up what the administrator of the machine could do; no change for others."""
    machine = _machine()
    if machine is None:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    libc.syscall(ctypes.c_long(machine.capset), head, nothing)


def _filter(machine: _Machine, pid: int) -> list[tuple[int, int, int, int]]:
    """The program: for each call a test and an answer, each test skipping what does not concern it."""
    numbers = machine.numbers
    refuse = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.architecture),
        refuse,
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OTHER_NUMBERS),
        refuse,
        # The library of C then asks by the older call, whose flags can be looked at.
        (_EQUAL, 0, 1, numbers["clone3"]),
        (_RETURN, 0, 0, 0x00050000 | errno.ENOSYS),
        (_EQUAL, 0, 4, numbers["clone"]),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_ANY_BIT, 0, 1, _IS_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        refuse,
    ]
    for name in _OF_ITSELF:
        itself = [(_EQUAL, 0, 1, pid), (_RETURN, 0, 0, _ALLOW)]
        if name == "prlimit64":  # where 0 stands for the process itself
            itself += [(_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW)]
        lines += [(_EQUAL, 0, len(itself) + 2, numbers[name]), (_LOAD, 0, 0, _ARGUMENTS), *itself, refuse]
    for name in _NAMES:
        if name in numbers:
            lines += [(_EQUAL, 0, 1, numbers[name]), refuse]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]
