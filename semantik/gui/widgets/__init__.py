"""What every window is made of: widgets, keys, sizes, looks and background tasks."""
