"""Replacement heat maps: what each place of a slice contributes to its scores, and what follows from that."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "derived": ["choose_threshold", "derived_scores", "pattern_masks", "scores_of_masks"],
        "params": ["HeatmapParams"],
        "replacement": ["HeatMap", "refined_heatmaps", "replacement_heatmap"],
        "scorer_network": ["network_of"],
        "texture": ["check_healthy", "find_healthy", "mirrored"],
        "slice_map": ["slice_heatmap"],
        "source": ["Healthy", "healthy_texture"],
        "truth": ["against_truth"],
    },
)
