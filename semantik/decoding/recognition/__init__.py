"""What stands or is to be seen in pixels: read in decoder processes, nowhere else."""
