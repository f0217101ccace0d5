"""A folder of pictures: finding its files, keeping its index and details up to date, watching it."""
