"""Who ran what, how parallel, how long, for how much: read from the task table, where the engine records it of every job."""
