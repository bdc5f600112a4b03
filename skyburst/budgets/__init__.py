"""Budgets: what groups, people and analyses may spend, reserved before a job starts and settled when it has ended."""
