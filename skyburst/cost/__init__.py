"""What own hardware costs beside the cloud: from how many batches a week on it is the cheaper one.

Source of the model: Abe et al., Neuroscience Cloud Analysis As a Service, Neuron 2022, and `experiments/calculate_cost.py` of
NeuroCAAS.
"""
