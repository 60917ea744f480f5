"""What one owner sees of the store: every query that is asked here is of the owner's own rows."""

from dataclasses import dataclass
from functools import cached_property

from procure.runs.drafts import Drafts
from procure.runs.jobs import Jobs
from procure.runs.plans import Plans
from procure.runs.scenarios import Scenarios
from procure.runs.store import Store
from procure.runs.sweeps import Sweeps


@dataclass(frozen=True)
class Desk:
    """The scenarios, drafts, jobs, plans and trade-offs of one owner.

    Parameters
    ----------
    store
        Where they are kept.
    owner
        Who asks: ``local`` without sign-in, the signed-in name otherwise. The rows of others are not found.
    """

    store: Store
    owner: str

    @cached_property
    def scenarios(self) -> Scenarios:
        """Saved scenarios and their versions."""
        return Scenarios(self.store, self.owner)

    @cached_property
    def drafts(self) -> Drafts:
        """Unsaved work."""
        return Drafts(self.store, self.owner)

    @cached_property
    def jobs(self) -> Jobs:
        """Solves that were asked for."""
        return Jobs(self.store, self.owner)

    @cached_property
    def plans(self) -> Plans:
        """Plans that were found."""
        return Plans(self.store, self.owner)

    @cached_property
    def sweeps(self) -> Sweeps:
        """Trade-offs."""
        return Sweeps(self.store, self.owner)
