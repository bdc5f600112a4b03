"""Widefield imaging: denoise a video by patches, then demix it into components."""
