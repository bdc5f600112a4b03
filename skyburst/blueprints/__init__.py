"""Blueprints as documents with a history: what they say, what is wrong with them, how two differ, which there were."""
