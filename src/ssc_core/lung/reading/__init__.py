"""Human readings: scores by eye, consensus, and how far readers agree with heat maps."""
