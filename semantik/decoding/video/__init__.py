"""Reading videos: the frames that differ."""
