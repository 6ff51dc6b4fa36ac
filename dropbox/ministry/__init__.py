"""The inbox of the ministry's Central Integrity Coordinator: released cards and nothing else."""
