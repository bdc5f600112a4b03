"""AWS Batch of the local cloud: jobs are processes, the instances that they run on are entries of moto's EC2."""
