"""`area.results.v1`: what the area's BI reports each month [6]."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Data
from contracts.fields import Cents, Code, CodeList, Month, MunicipalityCode, Number

ResultCode = Annotated[Code, CodeList("area-results")]
CostCode = Annotated[Code, CodeList("area-costs")]


class ResultsReported(Data):
    """The area's results of a month in a municipality; a later one replaces it [6]."""

    KEY = "{municipality}:{month}:results"

    month: Month
    municipality: MunicipalityCode
    measures: Annotated[dict[ResultCode, Number], Field(min_length=1)]


class CostsReported(Data):
    """The area's costs of a month in a municipality; a later one replaces it [6]."""

    KEY = "{municipality}:{month}:costs"

    month: Month
    municipality: MunicipalityCode
    items: Annotated[dict[CostCode, Cents], Field(min_length=1)]
