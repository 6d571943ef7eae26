"""`python -m holdfast_dev run` is the one-machine stack; `… token` prints a development token."""

import argparse
import asyncio
import sys

from holdfast_dev.config import ConfigError
from holdfast_dev.run import run
from holdfast_dev.tokens import token


def main(arguments: list[str]) -> int:
    """The exit status: 0, 1 where the work failed, 2 where the call or a setting is wrong."""
    parser = argparse.ArgumentParser(prog="python -m holdfast_dev", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run", help="start everything on this machine")
    words = verbs.add_parser("token", help="print a development token")
    words.add_argument("--role", default="customer")
    words.add_argument("--club")
    words.add_argument("--sub", default="me")
    call = parser.parse_args(arguments)
    try:
        if call.verb == "run":
            return asyncio.run(run())
        print(token(call.role, call.club, call.sub))
    except (ConfigError, ValueError) as error:
        print(f"holdfast: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
