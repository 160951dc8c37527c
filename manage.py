#!/usr/bin/env python3
"""The command line of the exchange."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must get a sentence, not a stack trace
    sys.exit("The exchange needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
if not __debug__:
    sys.exit("The exchange does not run under `python -O`: it would strip the assertions that guard its invariants.")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")
    from django.core.management import execute_from_command_line

    from exchange import compiled

    try:
        compiled.use_if_asked()
    except RuntimeError as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
