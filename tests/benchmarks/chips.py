"""The accelerators of the benchmark family: figures of the bundled catalogue, frozen so that they compare."""

from dataclasses import dataclass
from typing import Final, Literal

from procure.scenario.accelerator import Accelerator


@dataclass(frozen=True)
class Chip:
    """An accelerator, and how it is sold: chips and kW of a unit, list price, its only provider."""

    id: str
    family: str
    stack: Literal["cuda", "neuron", "xla", "rocm", "other"]
    memory_gb: float
    bandwidth_gb_s: float
    bf16_tflops: float
    best_tflops: float
    chips_per_unit: int
    kw_per_unit: float
    usd_per_chip_hour: float
    only: str | None = None

    @property
    def vendor(self) -> str:
        """The first word of the id."""
        return self.id.split("-")[0]

    def noun(self) -> Accelerator:
        """Return the accelerator of a scenario."""
        return Accelerator(
            id=self.id, vendor=self.vendor, family=self.family, stack=self.stack, memory_gb=self.memory_gb,
            bandwidth_gb_s=self.bandwidth_gb_s, bf16_tflops=self.bf16_tflops,
        )  # fmt: skip


CATALOGUE: Final = (
    Chip("nvidia-h100-sxm", "H100", "cuda", 80, 3350, 989.4, 1979, 8, 10.2, 6.88),
    Chip("nvidia-b200-sxm", "B200", "cuda", 180, 7700, 2250, 4500, 8, 14.3, 14.24),
    Chip("amd-mi300x", "Instinct", "rocm", 192, 5300, 1307.4, 2614.9, 8, 10.93, 6.0),
    Chip("google-tpu-v6e", "TPU", "xla", 32, 1638, 918, 918, 8, 4.22, 2.7, "gcp"),
    Chip("aws-trainium2", "Trainium", "neuron", 96, 2900, 667, 1299, 16, 11.11, 3.24, "aws"),
    Chip("nvidia-h200-sxm", "H200", "cuda", 141, 4800, 989.5, 1979, 8, 10.2, 7.91),
    Chip("nvidia-l40s", "L40S", "cuda", 48, 864, 366.5, 733, 4, 2.55, 1.86),
    Chip("amd-mi355x", "Instinct", "rocm", 288, 8000, 2516.6, 4600, 8, 20.4, 11.55),
    Chip("nvidia-gb200-nvl72", "GB200", "cuda", 186, 8000, 2500, 5000, 72, 120, 15.3),
    Chip("google-tpu-v5e", "TPU", "xla", 16, 819, 197, 394, 8, 2.5, 1.2, "gcp"),
    Chip("intel-gaudi3", "Gaudi", "other", 128, 3670, 1835, 1835, 8, 13.11, 4.5),
    Chip("nvidia-b300-sxm", "B300", "cuda", 270, 7700, 2250, 4500, 8, 15.73, 17.8),
    Chip("aws-inferentia2", "Inferentia", "neuron", 32, 820, 190, 190, 12, 5.25, 1.08, "aws"),
    Chip("nvidia-a100-sxm-80gb", "A100", "cuda", 80, 2039, 312, 624, 8, 5.83, 3.43),
    Chip("google-tpu-v7x", "TPU", "xla", 192, 7380, 2307, 4614, 64, 85.33, 6.79, "gcp"),
    Chip("nvidia-gb300-nvl72", "GB300", "cuda", 287.5, 8000, 2500, 5000, 72, 140, 18.0),
    Chip("aws-trainium3", "Trainium", "neuron", 144, 4900, 671, 2517, 144, 140, 6.28, "aws"),
    Chip("amd-mi325x", "Instinct", "rocm", 256, 6000, 1307.4, 2614.9, 8, 14.6, 7.2),
    Chip("microsoft-maia-200", "Maia", "other", 216, 7000, 2500, 5000, 8, 10.9, 7.0, "azure"),
    Chip("nvidia-l4", "L4", "cuda", 24, 300.1, 121, 242.5, 8, 1.05, 0.81),
)
REFERENCE: Final = CATALOGUE[0]
"""The chip that amounts are told in."""
