"""What the main window shows, and where."""
