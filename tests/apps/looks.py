"""What a page shows, for those who test it without a browser."""

import re

from streamlit.testing.v1 import AppTest

SAYING = ("title", "subheader", "caption", "markdown", "info", "warning", "error", "success")
DRAWN = ("vega_lite_chart", "plotly_chart", "dataframe")


def text(app: AppTest) -> str:
    """Return the words of a page and of the sidebar, as they are read."""
    said = "\n".join(str(element.value) for kind in SAYING for element in getattr(app, kind))
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", said)


def drawn(app: AppTest, *kinds: str) -> list[str]:
    """Return the alt text of each chart and table."""
    return [getattr(element, "proto", element).alt for kind in kinds or DRAWN for element in app.get(kind)]


def assert_sound(app: AppTest) -> None:
    """No exception, and nothing that only the eye can read."""
    assert not app.exception, [element.value for element in app.exception]
    for kind in DRAWN:
        for element in app.get(kind):
            assert len(element.proto.alt) > 10, (kind, element)
