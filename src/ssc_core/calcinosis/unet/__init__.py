"""Phalanges by a U-Net (Chandrasekaran et al. 2021): training on drawn ones, and bones from what it says."""
