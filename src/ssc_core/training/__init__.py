"""One trainer for all networks: a plain loop over torch that resumes exactly where it was stopped.

``fit`` trains one network, ``train_folds`` one per fold of a split by patient. What is learned comes from a
:class:`~ssc_core.training.task.Task`, what from in :class:`~ssc_core.training.task.Items`; nothing here knows
lungs, fingers or skin.
"""
