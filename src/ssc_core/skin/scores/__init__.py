"""Skin scores: from features of patches to Image Patch, Biopsy, Diagnostic and Fibrosis Scores.

Correia et al. 2020, with what its discussion asks for next. ``docs/skin-scores.md`` explains every choice.
"""
