"""Sound against sound: two microphones that heard the same scene."""
