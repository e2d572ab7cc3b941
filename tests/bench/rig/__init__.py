"""Agreement of the model with the real rig: the same capacities through both, and what each shows."""
