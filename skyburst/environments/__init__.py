"""Environments: run a command of any language on one dataset, watched and bounded, and keep all that it leaves."""
