"""All folders and models together, behind the window and the command line."""
