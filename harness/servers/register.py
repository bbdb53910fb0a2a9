"""Puts this process group under the warden's care, then becomes the command that follows.

A child tells of itself before it is anything else: so it is known even if the harness ends at the
very moment of starting it. Until it is known it holds the pipe open, and the warden waits.

Standard library only. Run as `python register.py DESCRIPTOR COMMAND…`.
"""

import os
import signal
import sys

if __name__ == "__main__":
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    os.write(descriptor, f"group {os.getpid()}\n".encode())
    os.set_inheritable(descriptor, False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
    os.execv(command[0], command)
