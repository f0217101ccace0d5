"""The models: pictures and texts in, unit vectors of one space out. Importing this loads nothing."""
