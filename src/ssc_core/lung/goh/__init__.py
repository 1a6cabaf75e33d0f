"""Goh scores of a chest CT: slices, levels, patient, stage, profile, change between two CTs."""
