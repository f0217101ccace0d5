"""Further models by open-clip-torch: SigLIP and DataComp."""
