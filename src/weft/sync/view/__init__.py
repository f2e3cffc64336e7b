"""A recording seen on its reference clock, values made between samples, masks where there are none."""
