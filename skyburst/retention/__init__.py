"""What of a job is deleted, and when: only what its specification asks for, and only what is the job's or was uploaded for it."""
