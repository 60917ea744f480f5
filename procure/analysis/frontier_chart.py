"""A trade-off as a picture in a file of its own."""

import io
from typing import Any, Final, Literal

from procure.analysis.frontier import Frontier
from procure.plan.charts.frontier import chart
from procure.plan.view.frontier import of_rows

Form = Literal["html", "svg", "png"]
FORMS: Final[dict[str, Form]] = {".html": "html", ".svg": "svg", ".png": "png"}


def picture(found: Frontier, form: Form) -> bytes:
    """Return the chart of cost against the values varied as a file's content; HTML is self-contained.

    Raises
    ------
    Empty
        When no point has a plan.
    """
    drawn = chart(of_rows(found.rows), found.path)
    if form == "html":
        return str(drawn.to_html(inline=True)).encode()
    stream: Any = io.BytesIO() if form == "png" else io.StringIO()
    drawn.save(stream, format=form)
    content = stream.getvalue()
    return content if isinstance(content, bytes) else content.encode()
