"""Frozen networks that turn images into feature vectors, for distances between sets of images. They
need torch; metrics see their arrays only."""
