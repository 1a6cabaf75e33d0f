"""The SSc workbench in napari: layers in, layers out; every number comes from ssc_core."""
