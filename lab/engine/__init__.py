"""The worker process: the only code that imports mlx, mlx_lm and transformers."""
