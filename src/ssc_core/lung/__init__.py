"""Chest CT: both lungs, the five Goh levels, areas and densities."""
