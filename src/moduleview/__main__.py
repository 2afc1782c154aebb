"""``python -m moduleview`` is the command ``moduleview``."""

import sys

from moduleview.cli import main

if __name__ == "__main__":
    sys.exit(main())
