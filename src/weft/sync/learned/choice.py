"""Which network compares faces with sounds: the one that a person named, or else the one that ships with weft."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from weft.core import Recording
from weft.sync.learned.network import Network, load_network

KEY = "sync_model"
"""Where ``Recording.details`` keeps the path of the person's own weights."""

SHIPPED = Path(__file__).parent / "models" / "grid.npz"


def network_for(recording: Recording) -> Network:
    """The network for a recording.

    Raises
    ------
    UnreadableError
        If the person named a file that holds no weights of weft.
    """
    named = recording.details.get(KEY, "")
    return load_network(Path(str(named))) if named else shipped_network()


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """The network that ships with weft, trained on seven people of the GRID corpus (see ``models/NOTICE``)."""
    return load_network(SHIPPED)
