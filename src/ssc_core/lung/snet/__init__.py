"""The S-Net: networks that read total extent, ground glass and reticulation from one slice, in percent."""
