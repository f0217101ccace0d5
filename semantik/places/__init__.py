"""Where pictures were taken: the places of the world, which is nearest, and what they are called."""
