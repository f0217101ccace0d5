"""What a search shows: the results page, thumbnails, exports and copies."""
