"""Images in, faces out: detection, landmarks, and what their geometry says."""
