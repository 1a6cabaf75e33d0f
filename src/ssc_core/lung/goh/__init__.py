"""Goh scores of a chest CT: slices, levels, patient, stage, profile, change between two CTs."""

import lazy_loader

# imported when first used: command line and forms need the parameters alone
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cascade": ["score_ct", "score_lungs"],
        "case": ["GohCase", "discover", "run_case"],
        "engines": ["scorer_of"],
        "params": ["GohParams"],
        "results": ["GohResult"],
        "scorer": ["SliceScorer"],
    },
)
