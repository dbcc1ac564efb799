"""How long facts and figures are kept [7]. Facts of both generations alike."""

from chassis import retention
from chassis.retention import Kept, older
from contracts.fields import DataClass
from services.reporting import facts

KEPT = (
    *retention.CHASSIS,
    *(older(f"{schema}.{table.name}", DataClass.OPEN, "open", "at", "what another system told of a month")
      if table.taken_in else
      Kept(f"{schema}.{table.name}", DataClass.PSEUDONYMOUS, retention.reason_of("pseudonymous"), "pseudonymous",
           by="timer old facts")
      for schema in facts.GENERATIONS for table in facts.TABLES),
    Kept("generation", DataClass.OPEN, "which of the two generations is read", lasts="as long as the service"),
    Kept("projection_offsets", DataClass.OPEN, "how far the topics are read", lasts="as long as the service"),
    older("projection_seen", DataClass.OPEN, "audit", "seen_at",
          "ids of events folded: longer than any topic that may bring them again"),
    older("disclosed", DataClass.OPEN, "open", "at", "what was hidden once stays hidden as long as figures stand"),
    older("figures", DataClass.OPEN, "open", "at"),
)
