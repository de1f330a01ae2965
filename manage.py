#!/usr/bin/env python
"""Django's command line for Bareme."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.terminal import CommandLine

    CommandLine(sys.argv).execute()
