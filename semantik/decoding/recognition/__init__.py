"""What stands in a picture and who is in it, told by models that run in decoder processes and nowhere else."""
