"""What training changed: files, parameters and the singular values of every layer's ΔW."""
