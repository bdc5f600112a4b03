"""Shape score: how far the signal of an image is from the shape of a mask, to rank matches anew."""
