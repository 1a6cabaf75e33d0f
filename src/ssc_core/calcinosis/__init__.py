"""Finger CT: phalanges, calcinosis lesions and their areas."""

import lazy_loader

# imported when first used: command line and forms need the parameters alone
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "case": ["CalcinosisCase", "discover", "run_case"],
        "params": ["CalcinosisParams"],
        "pipeline": ["analyse"],
        "results": ["CalcinosisResult"],
    },
)
