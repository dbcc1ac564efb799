"""`python -m yhdyspinta` is the command `yhdyspinta`."""

from yhdyspinta.cli import main

main()
