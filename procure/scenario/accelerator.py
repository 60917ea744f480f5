"""A chip that does the work."""

from typing import Literal

from pydantic import Field

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Sourced
from procure.scenario.units import Plain, Positive

Stack = Literal["cuda", "neuron", "xla", "rocm", "other"]


class Accelerator(Sourced):
    """A chip, with the figures that decide what can run on it and what it draws.

    A figure that is not known is left out; a limit that needs it then asks for it.
    """

    id: Id
    vendor: Id
    family: Id
    stack: Stack = Field(description="Software stack a codebase must be ported to")
    memory_gb: Positive | None = Field(default=None, description="Memory per chip, GB")
    bandwidth_gb_s: Positive | None = Field(default=None, description="Memory bandwidth per chip, GB/s")
    bf16_tflops: Positive | None = Field(default=None, description="Dense BF16 peak per chip, TFLOP/s")
    fp8_tflops: Positive | None = Field(default=None, description="Dense FP8 peak per chip, TFLOP/s")
    tdp_w: Plain | None = Field(default=None, description="Thermal design power per chip, W")
    scale_up_domain: Positive = Field(default=1.0, description="Chips in one high-bandwidth domain")
    available_from: When | None = Field(default=None, description="No delivery before this date")
