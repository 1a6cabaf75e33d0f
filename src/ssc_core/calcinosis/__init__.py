"""Finger CT: phalanges, calcinosis lesions and their areas."""
