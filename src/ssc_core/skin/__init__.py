"""Trichrome biopsies: dermis, fields, stain and morphometry."""

import lazy_loader

# imported when first used: command line and forms need the parameters alone
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "case": ["SkinCase", "discover", "run_case"],
        "params": ["SkinParams"],
        "pipeline": ["analyse"],
        "results": ["SkinResult"],
    },
)
