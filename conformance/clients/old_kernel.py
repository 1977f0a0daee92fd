"""Runs a program as on a kernel without Landlock: the calls that it begins with do not exist.

    python old_kernel.py PROGRAM ARGUMENT…
"""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
# `landlock_create_ruleset`, on every processor.
FIRST_CALL = 444
LOAD_NUMBER = (0x20, 0, 0, 0)
IS_FIRST_CALL = (0x15, 0, 1, FIRST_CALL)
NO_SUCH_CALL = (0x06, 0, 0, 0x00050000 | 38)
ALLOW = (0x06, 0, 0, 0x7FFF0000)


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def main():
    instructions = (LOAD_NUMBER, IS_FIRST_CALL, NO_SUCH_CALL, ALLOW)
    code = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(len(instructions), ctypes.cast(buffer, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)
    for call in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if library.prctl(*call) != 0:
            sys.exit(f"prctl {call[0]}: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
