"""The five levels by a network (L-Net): training from level tables, prediction, heights in millimetres."""
