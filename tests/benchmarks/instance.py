"""What is measured: scenarios of the benchmark family and bundled ones, chosen on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario


@dataclass(frozen=True)
class Instance:
    """One scenario to measure: of the family by size, counts and seed, or a bundled one by its name."""

    name: str
    size: str = ""
    counts: str = ""
    seed: int = 0

    @property
    def group(self) -> str:
        """The line of a summary it belongs to."""
        return f"{self.size} {self.counts}" if self.size else "bundled"

    def scenario(self) -> "Scenario":
        """Return the scenario."""
        if self.size:
            from tests.benchmarks.family import family

            return family(self.size, self.counts, self.seed)
        import procure

        loaded: Scenario = procure.load(self.name)
        return loaded


def add_lists(parser: argparse.ArgumentParser, sizes: Sequence[str], seeds: Sequence[int], **more: Any) -> None:
    """Add the flags that choose instances, and further flags that take a list."""
    lists: dict[str, dict[str, Any]] = {
        "sizes": {"choices": ["S", "M", "L", "XL"], "default": sizes},
        "counts": {"choices": ["small", "large"], "default": ["small", "large"]},
        "seeds": {"type": int, "default": seeds},
        "scenarios": {"default": ["startup", "enterprise", "frontier-lab"]},
        **more,
    }
    for name, given in lists.items():
        shown = ", ".join(map(str, given.get("choices", [])))
        text = (f"any of {shown}; by default " if shown else "by default ") + " ".join(map(str, given["default"]))
        parser.add_argument(f"--{name}", nargs="*", help=text, **given)


def chosen(options: argparse.Namespace) -> list[Instance]:
    """Return the instances that the flags name."""
    return [Instance(name) for name in options.scenarios] + [
        Instance(f"{size}-{counts}-{seed}", size, counts, seed)
        for size, counts, seed in product(options.sizes, options.counts, options.seeds)
    ]
