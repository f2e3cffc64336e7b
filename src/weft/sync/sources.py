"""Every source of evidence, in the order in which they are asked.

Stamps come first because they are read in no time and tell the others where to search;
then content, the surest and cheapest first, so that a slow source can leave alone what is
already known. To add one, write ``sync/<family>/<kind>.py`` with a function
``relate(question) -> Relations`` and name it here.
"""

from __future__ import annotations

from weft.sync.events.pairs import relate_by_events
from weft.sync.face.pairs import relate_by_faces
from weft.sync.motion.pairs import relate_by_pictures, relate_by_sensors
from weft.sync.relations import Source
from weft.sync.sound.pairs import relate_by_sound
from weft.sync.stamps.loose import relate_by_stamps

SOURCES: dict[str, tuple[Source, float]] = {
    "reading stamps": (relate_by_stamps, 0.02),
    "comparing sound": (relate_by_sound, 0.4),
    "comparing inertial units": (relate_by_sensors, 0.02),
    "comparing events": (relate_by_events, 0.1),
    "comparing pictures' motion": (relate_by_pictures, 0.15),
    "comparing faces with sound": (relate_by_faces, 0.3),
}
"""What is being done to the function that does it and its usual share of the work."""
