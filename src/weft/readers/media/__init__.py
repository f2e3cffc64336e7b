"""Video, sound, captions and telemetry inside media files."""
