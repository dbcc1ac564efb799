"""What every service has for the data protection officer: Käyttöloki, with the check whether it is whole, and the frame
of the page that says what is held of one client [GEN-2, SEC-10; pages.md, Map].

An officer sees what concerns their own organisation: rows about its records, whoever looked or changed; of a record
that is gone, or that has no owner, what its own people did (docs/adr/audit-search.md).
"""

from pathlib import Path

from chassis.officer.pages import ROOMS, routes

FOLDER = Path(__file__).parent
__all__ = ["FOLDER", "ROOMS", "routes"]
