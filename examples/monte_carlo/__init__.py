"""Monte-Carlo integration with error bars. A template for items that are numbers and combiners that work as a tree."""
