"""Word statistics: which words texts use, and how often. A template for items of your own and workers that yield."""
