python -m pytest testing.py
