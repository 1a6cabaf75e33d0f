"""Files in, files out: slides, volumes, finger images, regions, masks, tables."""
