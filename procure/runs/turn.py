"""Who does what must not be done twice at once waits for the turn."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from procure.runs.tables import Lock


def take_turn(session: Session, name: str) -> None:
    """Wait until nobody else has the turn of this name, and have it until the session ends."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    first = insert(Lock).values(name=name, turn=0)
    session.execute(first.on_conflict_do_update(index_elements=[Lock.name], set_={"turn": Lock.turn + 1}))
