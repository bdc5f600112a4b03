"""The life of a job: plan, dispatch, work, watch, combine, finish; written once for all homes."""
