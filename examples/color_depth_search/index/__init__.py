"""The index of a library: for each place in the images, which images have signal there, in the order of their colours."""
