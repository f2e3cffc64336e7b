"""Pages in a browser on this machine: to check clocks by eye and ear, and to correct them by hand."""
