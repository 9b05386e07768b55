"""The door: flags in, exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tuner.cli.exits import Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # What a command needs is imported when it runs: `tuner --help` must stay quick.
    from tuner.cli.parser import parse  # noqa: PLC0415
    from tuner.errors import InputError, TunerError  # noqa: PLC0415

    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        return int(options.run(options))
    except InputError as error:
        _complain(error)
        return Exit.USAGE
    except TunerError as error:
        _complain(error)
        return Exit.INCOMPLETE
    except KeyboardInterrupt:
        print("tuner: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, and Python must not try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE


def _complain(error: Exception) -> None:
    from tuner.report._clean import clean  # noqa: PLC0415

    print(f"tuner: {clean(str(error), longest=2000)}", file=sys.stderr)
    hint = getattr(error, "hint", "")
    if hint:
        print(f"  {clean(hint, longest=2000)}", file=sys.stderr)
