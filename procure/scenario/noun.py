"""The base of the nouns: frozen, strict about keys, with identifiers that cannot be mistaken for one another."""

import re
import unicodedata
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_ID: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._/@+-]*$")


def parse_id(value: object) -> str:
    """Return an identifier: ASCII letters, digits and ``. _ / @ + -``, at most 120 characters.

    Letters of other alphabets are refused, since a Cyrillic ``а`` reads like a Latin ``a``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError("expected a name")
    for character in value:
        if ord(character) > 127:
            name = unicodedata.name(character, f"U+{ord(character):04X}")
            raise ValueError(f"expected plain ASCII: {character!r} is {name}")
    if len(value) > 120 or not _ID.fullmatch(value):
        raise ValueError(
            "expected letters, digits, dots and _ / @ + - after a first letter or digit, at most 120 in all"
        )
    return value


Id = Annotated[str, BeforeValidator(parse_id)]
Confidence = Literal["published", "measured", "estimated", "assumed"]


class Noun(BaseModel):
    """Frozen data of a scenario. Unknown keys are errors; changes are made by copy."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True)

    def data(self) -> dict[str, Any]:
        """Return the noun as plain data, without what is at its default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Sourced(Noun):
    """A noun whose figures say where they come from."""

    source: str = Field(default="", description="Where the figures come from")
    as_of: str = Field(default="", pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$", description="Date of the figures, ISO 8601")
    confidence: Confidence = Field(default="published", description="How well the figures are known")
    note: str = Field(default="", description="Remarks, and the reason of anything assumed")
