"""`lowrank`: without arguments the app, which then must not wait for the command line's imports."""

import sys


def main() -> int:
    """Open the app, or hand over to the command line; the exit status."""
    if len(sys.argv) > 1:
        from tui import cli

        return cli.main()
    from tui.haste import begin

    begin()  # collecting garbage would take a fifth of the time to the first frame
    from tui.app import LowrankApp
    from tui.home import home

    app = LowrankApp(home())
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
