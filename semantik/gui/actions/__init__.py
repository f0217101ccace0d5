"""What the window does when its user acts."""
