"""Trichrome biopsies: dermis, fields, stain and morphometry."""
