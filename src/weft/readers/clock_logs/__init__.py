"""What daemons that keep clocks together wrote about them: PTP and NTP."""
