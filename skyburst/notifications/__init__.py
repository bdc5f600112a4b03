"""Messages about jobs that have ended: by mail, to web hooks, to topics of SNS."""
