"""The exports of particular devices."""
