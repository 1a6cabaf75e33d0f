"""The engine that turns paired readings into the papers' tables and figures.

``kinds`` says which columns a reading has, ``reading`` opens CSV files, ``pairing`` matches two readings,
``compare`` computes, ``tables`` lays out, ``save`` writes; ``engine`` joins them.
"""
