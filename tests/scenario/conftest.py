"""A small scenario as text, and the reading of hostile variants of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from procure.scenario.complaint import Complaint, InvalidData
from procure.scenario.document import read_document
from procure.scenario.scenario import Scenario, build

TEXT = """\
name: base
horizon: {start: 2027-01-01, periods: 2, period: day}
accelerators:
  - {id: chip, vendor: nvidia, family: f, stack: cuda}
regions:
  - {id: us-east, provider: p, country: US, zone: us}
offers:
  - id: rented
    accelerator: chip
    region: us-east
    contract: on_demand
    price_usd_per_unit_hour: 2
workloads:
  - {id: chat, kind: inference, demand: 3, throughput: {chip: 1}}
limits:
  - {id: cap, quantity: spend, where: {vendor: nvidia}, max: 1 bn}
"""


def load(path: Path) -> Scenario:
    """Read, build, and place the complaints: what a planner's file goes through."""
    document = read_document(path)
    try:
        return build(document.data)
    except InvalidData as error:
        raise document.located(error) from None


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], Scenario]:
    """Return a function that reads a scenario from text or bytes."""

    def read_text(text: str | bytes, name: str = "base.yaml") -> Scenario:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path)

    return read_text


@pytest.fixture
def complaints(read: Callable[[str | bytes], Scenario], tmp_path: Path) -> Callable[[str | bytes], list[Complaint]]:
    """Return a function that reads text or bytes and returns the complaints, each of which has all its parts."""

    def read_complaints(text: str | bytes, name: str = "base.yaml") -> list[Complaint]:
        with pytest.raises(InvalidData) as caught:
            read(text, name)
        for complaint in caught.value.complaints:
            assert complaint.file, complaint
            assert complaint.file.startswith(str(tmp_path)), complaint
            assert complaint.row, complaint
            assert complaint.value, complaint
            assert complaint.expected, complaint
            assert complaint.remedy, complaint
            assert str(complaint) in str(caught.value)
        return list(caught.value.complaints)

    return read_complaints


@pytest.fixture
def base() -> str:
    """Return the text of the small scenario."""
    return TEXT
