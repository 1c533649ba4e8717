"""`lowrank`: without arguments the app, which then must not wait for the command line's imports."""

import os
import signal
import sys

COMPLETION = "_LOWRANK_COMPLETE"
"""Set by a shell that asks what a word may be completed to; typer answers."""


def main() -> int:
    """Open the app, or hand over to the command line; the exit status. Whatever fails is said in one line."""
    try:
        return _main()
    except Exception as error:
        from tui.crash import complain

        return complain(error)


def _main() -> int:
    if len(sys.argv) > 1 or COMPLETION in os.environ:
        from tui.cli.main import main as command_line

        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one of them
                signal.signal(number, _exit)
        return command_line()
    from tui.terminal import refusal, show

    if told := refusal():
        from tui.cli.output import note

        note(f"lowrank: {told}")
        return 2
    from tui.startup_tuning import begin

    begin()  # collecting garbage would take a fifth of the time to the first frame
    from tui.app import LowrankApp
    from tui.home import home

    return show(LowrankApp(home()))


def _exit(number: int, _: object) -> None:
    """End as the signal does by default, after what is open has cleaned up: temporary folders, the engine's jobs."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
