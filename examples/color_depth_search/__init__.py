"""Color-depth search: finds the images of a library that hold the same neuron as a mask."""
