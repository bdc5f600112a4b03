"""What a search leaves behind: the NeuronBridge document, the table and the page."""
