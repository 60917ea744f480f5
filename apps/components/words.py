"""Words of people, shown as they wrote them: nothing in them is markup."""

import re


def plain(text: object) -> str:
    """Return text that markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>~$:#|!&@])", r"\\\1", " ".join(str(text).split()))
