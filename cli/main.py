"""`ffp8`: one command for each job.

Exit codes: 0 good, 1 mismatch or failed build, 2 usage, 3 missing tool.
"""

import signal
import sys
from importlib.metadata import version

from ffp8.synth.errors import Mismatched, MissingTool, ToolFailed

from . import blocks, boards, build, devices, doctor, formats, generate, report, synth, verify
from .parser import Parser, UsageError, choose

__all__ = ["main"]

VERBS = {
    "build": build,
    "generate": generate,
    "verify": verify,
    "synth": synth,
    "report": report,
    "formats": formats,
    "blocks": blocks,
    "boards": boards,
    "devices": devices,
    "doctor": doctor,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    # A plain kill cleans up like an interrupt from the keyboard.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(words)
    except (UsageError, ValueError) as error:
        # What the library's constructors refuse is what somebody typed.
        return fail(str(error), 2)
    except MissingTool as error:
        return fail(str(error), 3)
    except (ToolFailed, Mismatched) as error:
        return fail(str(error), 1)
    except KeyboardInterrupt:
        return fail("interrupted; nothing was written, and earlier results are as they were", 1)
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        sys.stderr.close()
        return 0


def run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        print(f"ffp8 {version('ffp8')}")
        return 0
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    verb = VERBS[choose("Command", words[0], VERBS)]
    parser = Parser(prog=f"ffp8 {words[0]}", description=verb.__doc__)
    verb.add_arguments(parser, words[1:])
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return verb.run(parser.parse_args(words[1:]))


def overview() -> str:
    lines = ["usage: ffp8 COMMAND [BLOCK] [options]", "", "commands:"]
    for name, verb in VERBS.items():
        summary = (verb.__doc__ or "").strip().splitlines()[0]
        lines.append(f"  {name:10}{summary}")
    lines += ["", "ffp8 COMMAND --help tells more; ffp8 build needs no options."]
    return "\n".join(lines)


def fail(message: str, code: int) -> int:
    print(f"ffp8: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
