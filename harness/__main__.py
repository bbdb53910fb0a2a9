"""`python -m harness` is `harness`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the current directory: a package in it must not replace a real one
    from harness.cli.main import main

    sys.exit(main())
