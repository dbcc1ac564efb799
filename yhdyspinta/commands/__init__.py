"""One module a command, or a group of them; `yhdyspinta.cli` is their table of contents."""
