"""Images in, faces out: where they are, their points, what the mouth, eyes, brows and head do."""

from weft.faces.action_units import ActionUnits, action_units
from weft.faces.track import FaceTrack, track_faces

__all__ = ["ActionUnits", "FaceTrack", "action_units", "track_faces"]
