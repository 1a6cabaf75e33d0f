"""Figures, drawn from results only."""
