"""Where jobs run: one folder a home, each implementing the ports."""
