"""`python -m opencbr` is the command line."""

from opencbr.cli.main import main

main()
