"""`python -m yhdyspinta.healthy URL`: the health check of a container; exit code 0 when it answers 200.

It loads nothing but the standard library, for it runs every few seconds. Certificates are checked (SSL_CERT_FILE).
"""

import sys
from urllib.error import URLError
from urllib.request import urlopen


def main(url: str) -> int:
    try:
        with urlopen(url, timeout=4) as answer:  # noqa: S310 - the set-up's own address
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as fault:
        print(f"{url}: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
