"""Registers this process group with the reaper, then becomes the command that follows.

A child registers itself before anything else, so that it is tracked even if the harness ends
while starting it. Until then the child holds the pipe open, and the reaper waits.

Standard library only. Run as `python register.py DESCRIPTOR COMMAND…`.
"""

import os
import signal
import sys
from contextlib import suppress

if __name__ == "__main__":
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    message = b'["track", "group", %d]' % os.getpid()
    with suppress(BrokenPipeError):  # the reaper has died: the harness tracks this group itself
        os.write(descriptor, len(message).to_bytes(4) + message)
    os.set_inheritable(descriptor, False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
    os.execv(command[0], command)
