"""Submissions by upload: jobs that start when somebody puts a `*submit.json` beside data and a config, as NeuroCAAS has them.

The files and folders are those of NeuroCAAS, so that its clients work unchanged; docs/submissions.md has what each one means.
Sources: the job manager and clients of NeuroCAAS (Abe et al., Neuron 2022, doi:10.1016/j.neuron.2022.06.018).
"""
