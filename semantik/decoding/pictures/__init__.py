"""Reading pictures: one opener for each kind of format, upright RGB for all."""
