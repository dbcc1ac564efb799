"""`python -m yhdyspinta.documents write` writes them; `check` says what differs from what the code would write."""

import sys

from yhdyspinta.documents import ROOT, documents, stale


def main(arguments: list[str]) -> int:
    """The command; exit code 1 when something differs, 2 for a wrong command."""
    made = documents()
    if arguments == ["write"]:
        for path in stale(made):
            path.unlink()
        for path, content in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return 0
    if arguments == ["check"]:
        found = [path for path, content in made.items() if not path.is_file() or path.read_bytes() != content]
        for path in [*found, *stale(made)]:
            print(f"{path.relative_to(ROOT)} is not what the code says. Run `python -m yhdyspinta.documents write` and "
                  "commit.")
        return 1 if found or stale(made) else 0
    print("Say `write` or `check`.")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
