"""The analysis with which `skyburst doctor` tries a home out, on this machine and in every deployment."""
