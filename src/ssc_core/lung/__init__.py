"""Chest CT: both lungs, the five Goh levels, areas and densities."""

import lazy_loader

# imported when first used: command line and forms need the parameters alone
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "case": ["LungCase", "discover", "run_case"],
        "params": ["LungParams"],
        "pipeline": ["analyse"],
        "results": ["LungResult"],
    },
)
