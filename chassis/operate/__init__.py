"""Pages of every service for its operator (Tila, Jonot, Käsittelemättömät, Toimintasuunnitelma) and for the data
protection officer (Rajapinta) [pages.md, Map].

Each service shows what is its own, for nobody else may read it: its readiness, its queues, its dead letters. Who works
in several services sees the others' state beside it, fetched by the browser from each of them (docs/adr/operators.md).
"""

from pathlib import Path

from chassis.operate.pages import ROOMS, routes

FOLDER = Path(__file__).parent
__all__ = ["FOLDER", "ROOMS", "routes"]
