"""Synthetic slices with exact scores: textures, compositing, lesions (Jia et al. 2024)."""
