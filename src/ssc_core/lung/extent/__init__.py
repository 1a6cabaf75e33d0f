"""The extent network: where ground glass and reticulation lie, and how much of the lung they take."""
