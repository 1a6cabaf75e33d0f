"""The same question in three dimensions: volumes of fingers and hands to lesions in mm3."""
